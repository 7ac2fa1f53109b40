//! `socket.core`, `socket.unix` and `socket.serial`.

pub mod channel;
pub mod core;
pub mod descriptor;
pub mod dns;
pub mod error;
pub mod inet;
pub mod object;
pub mod options;
pub mod resolve;
pub mod select;
pub mod stream;
pub mod tcp;
pub mod timeout;
pub mod wait;
