//! Lets other threads end a wait for ready sockets. On Windows only a socket can: one that sends to itself.

use std::net::{Ipv4Addr, UdpSocket};

use rustix::fd::{AsFd, BorrowedFd};
use rustix::io::Errno;

use crate::sys;

/// Lets other threads wake the wait.
pub struct Waker(UdpSocket);

impl Waker {
    /// A waker that has not been used.
    pub fn new() -> Result<Waker, Errno> {
        let pair = || {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            // Datagrams from other sockets are dropped.
            socket.connect(socket.local_addr()?)?;
            socket.set_nonblocking(true)?;
            Ok(Waker(socket))
        };
        pair().map_err(|error: std::io::Error| Errno::from_io_error(&error).unwrap_or(sys::IO))
    }

    /// Wakes the wait.
    pub fn wake(&self) {
        // When there is no room, earlier datagrams wake it.
        let _ = self.0.send(&[1]);
    }

    /// Resets the waker.
    pub fn clear(&self) {
        let mut byte = [0_u8; 1];
        while self.0.recv(&mut byte).is_ok() {}
    }

    /// The socket that is readable once the wait is to end.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
