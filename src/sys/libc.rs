//! The system's numbers, types and resolver calls under their POSIX names: those of the C library on Unix, those of WinSock
//! on Windows.

#[cfg(unix)]
pub use ::libc::*;

#[cfg(windows)]
pub use super::windows::numbers::*;
