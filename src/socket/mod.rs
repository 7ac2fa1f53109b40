//! `socket.core`, `socket.unix` and `socket.serial`.

pub mod channel;
pub mod core;
pub mod datagram;
pub mod descriptor;
pub mod dns;
pub mod error;
pub mod hosts;
pub mod inet;
pub mod listening;
pub mod object;
pub mod options;
pub mod protect;
pub mod race;
pub mod recorded;
pub mod resolve;
pub mod select;
pub mod serial;
pub mod service;
pub mod stream;
pub mod tcp;
pub mod timeout;
pub mod udp;
pub mod unix;
pub mod unix_datagram;
pub mod unix_stream;
pub mod wait;
