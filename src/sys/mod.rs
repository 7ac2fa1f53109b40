//! Calls of the C library that no safe crate covers: the resolver's full answers, raw socket options, error
//! texts. Nothing here uses Lua.
#![allow(unsafe_code)]

pub mod interrupt;
#[cfg(tls_openssl)]
pub mod openssl;
pub mod process;
pub mod resolver;

use std::ffi::{CStr, c_int, c_void};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};

use arrayvec::ArrayVec;
use rustix::event::PollFlags;
use rustix::io::Errno;
use socket2::{SockAddr, SockRef};

use crate::binding::Message;

/// The C library's text for an error number.
pub fn error_text(code: i32) -> Message {
    let mut text = [0u8; 128];
    // SAFETY: the buffer is writable for the length given. On success it holds a C string.
    let status = unsafe { libc::strerror_r(code, text.as_mut_ptr().cast(), text.len()) };
    match CStr::from_bytes_until_nul(&text) {
        Ok(text) if status == 0 && !text.is_empty() => Message::new(text.to_bytes()),
        _ => Message::format(format_args!("Unknown error {code}")),
    }
}

/// Sets an option. `value` has the bytes of the option's C type.
pub fn set_option_bytes(fd: BorrowedFd<'_>, level: c_int, name: c_int, value: &[u8]) -> Result<(), Errno> {
    // SAFETY: the kernel reads `value.len()` bytes.
    let status = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            level,
            name,
            value.as_ptr().cast::<c_void>(),
            value.len() as libc::socklen_t,
        )
    };
    if status == 0 { Ok(()) } else { Err(last_error()) }
}

/// Reads an option into the bytes of its C type. Returns the number of bytes.
pub fn option_bytes(fd: BorrowedFd<'_>, level: c_int, name: c_int, value: &mut [u8]) -> Result<usize, Errno> {
    let mut length = value.len() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes.
    let status = unsafe {
        libc::getsockopt(fd.as_raw_fd(), level, name, value.as_mut_ptr().cast::<c_void>(), &mut length)
    };
    if status == 0 { Ok(length as usize) } else { Err(last_error()) }
}

/// Polls one descriptor for at most `milliseconds`; -1 means no limit. Returns what is ready, or nothing
/// after a timeout. Safe crates offer `ppoll`, which also returns the time left and takes a quarter longer.
pub fn poll_one(fd: BorrowedFd<'_>, events: PollFlags, milliseconds: c_int) -> Result<PollFlags, Errno> {
    let mut watched = libc::pollfd { fd: fd.as_raw_fd(), events: events.bits(), revents: 0 };
    // SAFETY: the kernel reads and writes the one entry.
    match unsafe { libc::poll(&mut watched, 1, milliseconds) } {
        -1 => Err(last_error()),
        _ => Ok(PollFlags::from_bits_retain(watched.revents)),
    }
}

/// Receives at most `limit` bytes and appends them to `into`. Zero means the end of the stream.
pub fn recv_append(fd: BorrowedFd<'_>, into: &mut Vec<u8>, limit: usize) -> Result<usize, Errno> {
    append(into, limit, |space| {
        rustix::net::recv(fd, space, rustix::net::RecvFlags::empty()).map(|((filled, _), _)| filled.len())
    })
}

/// Reads at most `limit` bytes and appends them to `into`. Zero means the end of the file.
pub fn read_append(fd: BorrowedFd<'_>, into: &mut Vec<u8>, limit: usize) -> Result<usize, Errno> {
    append(into, limit, |space| rustix::io::read(fd, space).map(|(filled, _)| filled.len()))
}

/// Receives one datagram of at most `limit` bytes and appends it to `into`. Returns the sender's address.
pub fn recv_from_append(fd: BorrowedFd<'_>, into: &mut Vec<u8>, limit: usize) -> Result<SockAddr, Errno> {
    let mut sender = Err(Errno::IO);
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
    SockRef::from(&fd).recv_from(space).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
}

/// Writes to a descriptor of any kind. No SIGPIPE reaches the process.
pub fn write_quietly(fd: BorrowedFd<'_>, data: &[u8]) -> Result<usize, Errno> {
    quietly(|| rustix::io::write(fd, data))
}

/// Makes the kernel send a part of a file to a socket, without SIGPIPE. Zero means the end of the file.
#[cfg(target_os = "linux")]
pub fn sendfile_quietly(
    to: BorrowedFd<'_>,
    from: BorrowedFd<'_>,
    position: &mut u64,
    count: usize,
) -> Result<usize, Errno> {
    quietly(|| rustix::fs::sendfile(to, from, Some(position), count))
}

/// Runs a system call. No SIGPIPE reaches the process, however the process handles that signal. Only sending
/// to sockets has a flag for this. So the signal is blocked during the call. If the call raised it, it is
/// removed from this thread's pending signals.
fn quietly(function: impl FnOnce() -> Result<usize, Errno>) -> Result<usize, Errno> {
    // SAFETY: the signal sets are locals that are initialised before they are read. `sigwait` is only called
    // when the signal is blocked, and pending for this thread because its own call raised it. So it returns
    // at once.
    unsafe {
        let mut pipe: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut pipe);
        libc::sigaddset(&mut pipe, libc::SIGPIPE);
        let is_pending = || {
            let mut pending: libc::sigset_t = std::mem::zeroed();
            libc::sigpending(&mut pending) == 0 && libc::sigismember(&pending, libc::SIGPIPE) == 1
        };
        let mut before: libc::sigset_t = std::mem::zeroed();
        if libc::pthread_sigmask(libc::SIG_BLOCK, &pipe, &mut before) != 0 {
            return Err(Errno::INVAL);
        }
        // A signal that was already pending belongs to the process, and stays pending.
        let foreign = is_pending();
        let result = function();
        if result == Err(Errno::PIPE) && !foreign && is_pending() {
            let mut taken = 0;
            libc::sigwait(&pipe, &mut taken);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut());
        result
    }
}

fn append(
    into: &mut Vec<u8>,
    limit: usize,
    read: impl FnOnce(&mut [MaybeUninit<u8>]) -> Result<usize, Errno>,
) -> Result<usize, Errno> {
    if into.try_reserve(limit).is_err() {
        return Err(Errno::NOMEM);
    }
    let length = into.len();
    let space = into.spare_capacity_mut();
    let most = space.len().min(limit);
    let count = read(space.get_mut(..most).unwrap_or_default())?;
    // SAFETY: `read` returns the length of the part that it has initialised.
    unsafe { into.set_len(length + count.min(most)) };
    Ok(count)
}

/// Makes the process ignore SIGPIPE, as LuaSocket does. LuaSec on top of these sockets relies on it.
#[cfg(feature = "module")]
pub fn ignore_sigpipe() {
    // SAFETY: sets SIG_IGN, which needs no handler.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
    }
}

/// Runs `function` with all signals blocked. A thread that it starts never runs the program's signal
/// handlers: they belong to the program's own threads.
pub fn with_signals_blocked<T>(function: impl FnOnce() -> T) -> T {
    // SAFETY: the sets are locals that are filled before they are read.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        let blocked = libc::pthread_sigmask(libc::SIG_BLOCK, &all, &mut before) == 0;
        let result = function();
        if blocked {
            libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut());
        }
        result
    }
}

/// The machine's host name.
pub fn host_name() -> Result<Vec<u8>, Errno> {
    let mut name = [0u8; 256];
    // SAFETY: the buffer is writable for the length given. That length leaves room for the final zero byte.
    let status = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) };
    match CStr::from_bytes_until_nul(&name) {
        Ok(name) if status == 0 => Ok(name.to_bytes().to_vec()),
        _ => Err(last_error()),
    }
}

fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}
