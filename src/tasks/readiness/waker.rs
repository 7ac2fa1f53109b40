//! Lets other threads end a wait for ready descriptors.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;

/// Lets other threads wake the wait.
pub struct Waker {
    read: OwnedFd,
    /// The other end, where eventfd is not used.
    #[cfg(not(epoll))]
    write: OwnedFd,
}

impl Waker {
    /// A waker that has not been used.
    #[cfg(epoll)]
    pub fn new() -> Result<Waker, Errno> {
        use rustix::event::{EventfdFlags, eventfd};
        Ok(Waker { read: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)? })
    }

    /// A waker that has not been used.
    #[cfg(not(epoll))]
    pub fn new() -> Result<Waker, Errno> {
        let pair = || {
            let (read, write) = std::os::unix::net::UnixStream::pair()?;
            read.set_nonblocking(true)?;
            write.set_nonblocking(true)?;
            Ok(Waker { read: read.into(), write: write.into() })
        };
        pair().map_err(|error: std::io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
    }

    /// Wakes the wait.
    pub fn wake(&self) {
        #[cfg(epoll)]
        let write = &self.read;
        #[cfg(not(epoll))]
        let write = &self.write;
        // When there is no room, earlier bytes wake it.
        let _ = rustix::io::write(write, &1_u64.to_ne_bytes());
    }

    /// Resets the waker.
    pub fn clear(&self) {
        let mut bytes = [0_u8; 512];
        while rustix::io::read(&self.read, &mut bytes).is_ok_and(|count| count == bytes.len()) {}
    }

    /// The descriptor that is readable once the wait is to end.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.read.as_fd()
    }
}
