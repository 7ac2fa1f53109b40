//! Calls of the C library that no safe crate covers: the resolver's full answers, raw socket options, error
//! texts. Nothing here uses Lua.
#![allow(unsafe_code)]

pub mod interrupt;
pub mod large_pages;
pub mod libc;
#[cfg(tls_openssl)]
pub mod openssl;
pub mod process;
pub mod resolver;
#[cfg(unix)]
mod unix;
#[cfg(all(
    feature = "module",
    target_os = "linux",
    target_env = "gnu",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod unwinder;
#[cfg(windows)]
mod windows;

use std::mem::MaybeUninit;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arrayvec::ArrayVec;
use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use socket2::{SockAddr, SockRef};

#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub use windows::*;

/// Locks a mutex. A panic of another thread leaves none of this library's data half changed.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A broken device or driver.
pub const IO: Errno = Errno::from_raw_os_error(libc::EIO);
/// No memory is left.
pub const NO_MEMORY: Errno = Errno::from_raw_os_error(libc::ENOMEM);
/// The other end reads no more.
pub const BROKEN_PIPE: Errno = Errno::from_raw_os_error(libc::EPIPE);

/// Receives at most `limit` bytes and appends them to `into`. Zero means the end of the stream.
pub fn recv_append(fd: BorrowedFd<'_>, into: &mut Vec<u8>, limit: usize) -> Result<usize, Errno> {
    append(into, limit, |space| {
        rustix::net::recv(fd, space, rustix::net::RecvFlags::empty()).map(|((filled, _), _)| filled.len())
    })
}

/// Receives one datagram of at most `limit` bytes and appends it to `into`. Returns the sender's address.
pub fn recv_from_append(fd: BorrowedFd<'_>, into: &mut Vec<u8>, limit: usize) -> Result<SockAddr, Errno> {
    let mut sender = Err(IO);
    append(into, limit, |space| {
        let (count, address) = recv_from(fd, space)?;
        sender = Ok(address);
        Ok(count)
    })?;
    sender
}

/// Like [`recv_from_append`], without an allocation.
pub fn recv_from_array<const N: usize>(
    fd: BorrowedFd<'_>,
    into: &mut ArrayVec<u8, N>,
    limit: usize,
) -> Result<SockAddr, Errno> {
    let length = into.len();
    let space = into.spare_capacity_mut();
    let most = space.len().min(limit);
    let (count, sender) = recv_from(fd, space.get_mut(..most).unwrap_or_default())?;
    // SAFETY: the kernel has written `count` bytes, no more than there was space for.
    unsafe { into.set_len(length + count.min(most)) };
    Ok(sender)
}

fn recv_from(fd: BorrowedFd<'_>, space: &mut [MaybeUninit<u8>]) -> Result<(usize, SockAddr), Errno> {
    SockRef::from(&fd).recv_from(space).map_err(|error| Errno::from_io_error(&error).unwrap_or(IO))
}

/// Appends at most `limit` bytes that `read` puts into uninitialised memory. It returns how many bytes at the
/// start of that memory it has initialised.
pub fn append<E: From<Errno>>(
    into: &mut Vec<u8>,
    limit: usize,
    read: impl FnOnce(&mut [MaybeUninit<u8>]) -> Result<usize, E>,
) -> Result<usize, E> {
    if into.try_reserve(limit).is_err() {
        return Err(NO_MEMORY.into());
    }
    let length = into.len();
    let space = into.spare_capacity_mut();
    let most = space.len().min(limit);
    let count = read(space.get_mut(..most).unwrap_or_default())?;
    // SAFETY: `read` returns the length of the part that it has initialised.
    unsafe { into.set_len(length + count.min(most)) };
    Ok(count)
}

fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(IO)
}
