//! `socket.core`, `socket.unix` and `socket.serial`.

pub mod channel;
pub mod core;
pub mod datagram;
pub mod described;
pub mod descriptor;
pub mod dns;
pub mod error;
pub mod family;
pub mod hosts;
pub mod inet;
pub mod listening;
pub mod lookups;
pub mod object;
pub mod options;
pub mod protect;
pub mod race;
pub mod recorded;
pub mod resolve;
pub mod select;
#[cfg(unix)]
pub mod serial;
#[cfg(not(unix))]
#[path = "missing.rs"]
pub mod serial;
pub mod service;
pub mod stream;
pub mod stream_object;
pub mod tcp;
pub mod timeout;
pub mod udp;
#[cfg(unix)]
pub mod unix;
#[cfg(not(unix))]
#[path = "missing.rs"]
pub mod unix;
#[cfg(unix)]
pub mod unix_address;
#[cfg(unix)]
pub mod unix_datagram;
#[cfg(unix)]
pub mod unix_stream;
pub mod wait;
