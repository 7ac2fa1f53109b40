//! The calls of Unix systems.

use std::borrow::Cow;
use std::ffi::{CStr, OsStr, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
pub use rustix::event::poll;
use rustix::fd::{AsRawFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use rustix::time::{ClockId, clock_gettime};

use super::interrupt::is_interrupted;
use super::{append, last_error};
use crate::message::Message;

/// The event of a descriptor that can be read.
pub const READABLE: PollFlags = PollFlags::IN;
/// Prevents SIGPIPE on every send, whatever the process does with that signal (add.23).
#[cfg(not(target_vendor = "apple"))]
pub const QUIET: SendFlags = SendFlags::NOSIGNAL;
/// Apple's systems have no such flag. They use an option on each socket.
#[cfg(target_vendor = "apple")]
pub const QUIET: SendFlags = SendFlags::empty();
/// Receives without waiting, even on a socket that blocks.
pub const AT_ONCE: RecvFlags = RecvFlags::DONTWAIT;
/// The value of `socket._SETSIZE`.
pub const SET_SIZE: i64 = 1024;
/// The type of both numbers in SO_LINGER's value.
pub type LingerPart = c_int;

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

/// Reads at most `limit` bytes and appends them to `into`. Zero means the end of the file.
pub fn read_append(fd: BorrowedFd<'_>, into: &mut Vec<u8>, limit: usize) -> Result<usize, Errno> {
    append(into, limit, |space| rustix::io::read(fd, space).map(|(filled, _)| filled.len()))
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

/// Makes the process ignore SIGPIPE, as LuaSocket does. LuaSec on top of these sockets relies on it, and so do
/// users of pipes (KEEP-7). A program with this library linked in decides for itself.
pub fn prepare_process() {
    // SAFETY: sets SIG_IGN, which needs no handler.
    #[cfg(feature = "module")]
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

/// Closes a descriptor. The system's `EBADF` is ignored.
///
/// # Safety
/// The caller owns the number, and forgets it.
pub unsafe fn close(number: c_int) {
    // SAFETY: the condition of this function.
    unsafe { libc::close(number) };
}

/// Makes the number `to` refer to the same file as `from`. Closes what `to` referred to before.
///
/// # Safety
/// The caller owns both numbers.
#[cfg(not(target_vendor = "apple"))]
pub unsafe fn duplicate_to(from: c_int, to: c_int) -> bool {
    // SAFETY: the condition of this function.
    unsafe { libc::dup3(from, to, libc::O_CLOEXEC) == to }
}

/// Makes the number `to` refer to the same file as `from`. Closes what `to` referred to before.
///
/// # Safety
/// The caller owns both numbers.
#[cfg(target_vendor = "apple")]
pub unsafe fn duplicate_to(from: c_int, to: c_int) -> bool {
    // SAFETY: the condition of this function.
    unsafe { libc::dup2(from, to) == to && libc::fcntl(to, libc::F_SETFD, libc::FD_CLOEXEC) != -1 }
}

/// The path that a script's bytes name.
pub fn path(bytes: &[u8]) -> Cow<'_, Path> {
    Cow::Borrowed(Path::new(OsStr::from_bytes(bytes)))
}

/// Sleeps for a time. Signals do not end the sleep, but ^C in the runner does.
pub fn sleep(time: Duration) {
    use rustix::thread::{NanosleepRelativeResult, Timespec, nanosleep};
    let Some(end) = Instant::now().checked_add(time) else { return };
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let Ok(left) = Timespec::try_from(left) else { return };
        match nanosleep(&left) {
            NanosleepRelativeResult::Interrupted(_) if !is_interrupted() => {}
            _ => return,
        }
    }
}

/// Accepts a connection: non-blocking, and closed on exec.
#[cfg(not(target_vendor = "apple"))]
pub fn accept(fd: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    use rustix::net::{SocketFlags, accept_with};
    accept_with(fd, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK)
}

/// Accepts a connection: non-blocking, and closed on exec.
#[cfg(target_vendor = "apple")]
pub fn accept(fd: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    let accepted = rustix::net::accept(fd)?;
    rustix::io::fcntl_setfd(&accepted, rustix::io::FdFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&accepted, true)?;
    // Without this option a send would raise SIGPIPE. New sockets get it from socket2.
    let _ = socket2::SockRef::from(&accepted).set_nosigpipe(true);
    Ok(accepted)
}

/// The time since 1970 on the wall clock.
pub fn wall_clock() -> Duration {
    duration(ClockId::Realtime)
}

/// The monotonic clock.
pub fn monotonic_clock() -> Duration {
    duration(ClockId::Monotonic)
}

/// A monotonic clock that is quick to read. Its resolution is a few milliseconds where the system has such a
/// clock.
#[cfg(tasks)]
pub fn coarse_clock() -> Duration {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let clock = ClockId::MonotonicCoarse;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let clock = ClockId::Monotonic;
    duration(clock)
}

/// Checks that a descriptor exists.
#[cfg(all(tasks, not(any(epoll, kqueue))))]
pub fn check(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    rustix::io::fcntl_getfd(fd).map(drop)
}

fn duration(clock: ClockId) -> Duration {
    let now = clock_gettime(clock);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// The descriptor of a C stream.
///
/// # Safety
/// The stream is open.
pub unsafe fn file_number(file: *mut c_void) -> Option<c_int> {
    // SAFETY: the condition of this function.
    Some(unsafe { libc::fileno(file.cast()) }).filter(|number| *number >= 0)
}
