//! The system's numbers, types and resolver calls under their POSIX names: those of the C library on Unix, those of WinSock
//! on Windows.

#[cfg(unix)]
pub use ::libc::*;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub use ::libc::{IPV6_ADD_MEMBERSHIP as IPV6_JOIN_GROUP, IPV6_DROP_MEMBERSHIP as IPV6_LEAVE_GROUP};

#[cfg(windows)]
pub use super::windows::numbers::*;
