//! The calls of Windows.

pub mod numbers;

use std::borrow::Cow;
use std::ffi::{CStr, c_int, c_void};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fd::{AsRawFd, BorrowedFd};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use windows_sys::Win32::Networking::WinSock as winsock;
use windows_sys::Win32::System::Diagnostics::Debug::{
    FORMAT_MESSAGE_FROM_SYSTEM, FORMAT_MESSAGE_IGNORE_INSERTS, FormatMessageA,
};
use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
};

use super::interrupt::is_interrupted;
use super::last_error;
use crate::message::Message;

/// The event of a descriptor that can be read. PollFlags::IN is two bits on Windows, and a poll answers with one.
pub const READABLE: PollFlags = PollFlags::RDNORM;
/// Windows has no SIGPIPE.
pub const QUIET: SendFlags = SendFlags::empty();
/// Every socket of this library is non-blocking, and Windows has no flag for one call.
pub const AT_ONCE: RecvFlags = RecvFlags::empty();
/// The value of `socket._SETSIZE`, as LuaSocket has it on Windows.
pub const SET_SIZE: i64 = 64;
/// The type of both numbers in SO_LINGER's value.
pub type LingerPart = u16;

/// The longest wait of one system call. With the runner, ^C is noticed between two of them.
const SLICE: Duration =
    if cfg!(feature = "runner") { Duration::from_millis(50) } else { Duration::from_secs(24 * 3600) };

/// Prepares the process: starts WinSock, and keeps this library in memory. Lua unloads a library when its
/// state is closed, and one of the library's threads may still be waiting for a name server then.
pub fn prepare_process() {
    static PREPARED: Once = Once::new();
    PREPARED.call_once(|| {
        // A failure is reported by the first call that needs WinSock.
        let _ = rustix::net::wsa_startup();
        let flags = GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS;
        let address: fn() = prepare_process;
        let mut module = std::ptr::null_mut();
        // SAFETY: the address is one of this library. The handle is written to a local.
        unsafe { GetModuleHandleExW(flags, address as *const u16, &mut module) };
    });
}

/// The text for an error number.
pub fn error_text(code: i32) -> Message {
    match fixed_text(code) {
        Some(text) => Message::new(text),
        None if code >= winsock::WSABASEERR => Message::new("Unknown error"),
        None => {
            let text = system_text(code);
            let text = text.trim_ascii_end();
            let text = text.strip_suffix(b".").unwrap_or(text);
            if text.is_empty() { Message::new("Unknown error") } else { Message::new(text) }
        }
    }
}

/// The text of WinSock's errors, as its documentation names them, and of files' errors, as the C library does.
fn fixed_text(code: i32) -> Option<&'static str> {
    Some(match code {
        2 | 3 => "No such file or directory",
        4 => "Too many open files",
        5 => "Permission denied",
        8 | 14 => "Not enough space",
        32 => "Device or resource busy",
        80 | 183 => "File exists",
        112 => "No space left on device",
        winsock::WSAEINTR => "Interrupted function call",
        winsock::WSAEACCES => "permission denied",
        winsock::WSAEFAULT => "Bad address",
        winsock::WSAEINVAL => "Invalid argument",
        winsock::WSAEMFILE => "Too many open files",
        winsock::WSAEWOULDBLOCK => "Resource temporarily unavailable",
        winsock::WSAEINPROGRESS => "Operation now in progress",
        winsock::WSAEALREADY => "Operation already in progress",
        winsock::WSAENOTSOCK => "Socket operation on nonsocket",
        winsock::WSAEDESTADDRREQ => "Destination address required",
        winsock::WSAEMSGSIZE => "Message too long",
        winsock::WSAEPROTOTYPE => "Protocol wrong type for socket",
        winsock::WSAENOPROTOOPT => "Bad protocol option",
        winsock::WSAEPROTONOSUPPORT => "Protocol not supported",
        winsock::WSAESOCKTNOSUPPORT => "Socket type not supported",
        winsock::WSAEOPNOTSUPP => "Operation not supported",
        winsock::WSAEPFNOSUPPORT => "Protocol family not supported",
        winsock::WSAEAFNOSUPPORT => "Address family not supported by protocol family",
        winsock::WSAEADDRINUSE => "address already in use",
        winsock::WSAEADDRNOTAVAIL => "Cannot assign requested address",
        winsock::WSAENETDOWN => "Network is down",
        winsock::WSAENETUNREACH => "Network is unreachable",
        winsock::WSAENETRESET => "Network dropped connection on reset",
        winsock::WSAENOBUFS => "No buffer space available",
        winsock::WSAEISCONN => "already connected",
        winsock::WSAENOTCONN => "Socket is not connected",
        winsock::WSAESHUTDOWN => "Cannot send after socket shutdown",
        winsock::WSAEHOSTDOWN => "Host is down",
        winsock::WSAEHOSTUNREACH => "No route to host",
        winsock::WSAEPROCLIM => "Too many processes",
        winsock::WSASYSNOTREADY => "Network subsystem is unavailable",
        winsock::WSAVERNOTSUPPORTED => "Winsock.dll version out of range",
        winsock::WSANOTINITIALISED => "Successful WSAStartup not yet performed",
        winsock::WSAEDISCON => "Graceful shutdown in progress",
        winsock::WSAHOST_NOT_FOUND => "host not found",
        winsock::WSATRY_AGAIN => "Nonauthoritative host not found",
        winsock::WSANO_RECOVERY => "Nonrecoverable name lookup error",
        winsock::WSANO_DATA => "Valid name, no data record of requested type",
        _ => return None,
    })
}

/// The system's own text for an error number, in one line. Empty if it has none.
pub fn system_text(code: i32) -> Vec<u8> {
    let mut text = [0u8; 256];
    /// `FORMAT_MESSAGE_MAX_WIDTH_MASK`: line breaks become spaces.
    const ONE_LINE: u32 = 0xff;
    let flags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | ONE_LINE;
    // SAFETY: the buffer is writable for the length given.
    let length = unsafe {
        FormatMessageA(
            flags,
            std::ptr::null(),
            code as u32,
            0,
            text.as_mut_ptr(),
            text.len() as u32,
            std::ptr::null(),
        )
    };
    text.get(..length as usize).unwrap_or_default().to_vec()
}

/// Sets an option. `value` has the bytes of the option's C type.
pub fn set_option_bytes(fd: BorrowedFd<'_>, level: c_int, name: c_int, value: &[u8]) -> Result<(), Errno> {
    // SAFETY: the system reads `value.len()` bytes.
    let status = unsafe {
        winsock::setsockopt(fd.as_raw_fd() as usize, level, name, value.as_ptr(), value.len() as i32)
    };
    if status == 0 { Ok(()) } else { Err(last_error()) }
}

/// Reads an option into the bytes of its C type. Returns the number of bytes.
pub fn option_bytes(fd: BorrowedFd<'_>, level: c_int, name: c_int, value: &mut [u8]) -> Result<usize, Errno> {
    let mut length = value.len() as i32;
    // SAFETY: the system writes at most `length` bytes.
    let status =
        unsafe { winsock::getsockopt(fd.as_raw_fd() as usize, level, name, value.as_mut_ptr(), &mut length) };
    if status == 0 { Ok(length as usize) } else { Err(last_error()) }
}

/// Polls one descriptor for at most `milliseconds`; -1 means no limit. Returns what is ready, or nothing
/// after a timeout.
pub fn poll_one(fd: BorrowedFd<'_>, events: PollFlags, milliseconds: c_int) -> Result<PollFlags, Errno> {
    let mut watched = [PollFd::from_borrowed_fd(fd, events)];
    let limit = u64::try_from(milliseconds).ok().map(Duration::from_millis);
    poll_within(&mut watched, limit)?;
    Ok(watched[0].revents())
}

/// Polls descriptors. `None` means no limit.
pub fn poll(descriptors: &mut [PollFd<'_>], limit: Option<&Timespec>) -> Result<usize, Errno> {
    let limit = limit.map(|limit| {
        Duration::new(u64::try_from(limit.tv_sec).unwrap_or(0), u32::try_from(limit.tv_nsec).unwrap_or(0))
    });
    poll_within(descriptors, limit)
}

/// WSAPoll waits no longer than 32 bits of milliseconds, and refuses an empty list.
fn poll_within(descriptors: &mut [PollFd<'_>], limit: Option<Duration>) -> Result<usize, Errno> {
    let started = std::time::Instant::now();
    loop {
        let left = limit.map_or(SLICE, |limit| limit.saturating_sub(started.elapsed()));
        let slice = left.min(SLICE);
        let ready = if descriptors.is_empty() {
            std::thread::sleep(slice);
            0
        } else {
            // Rounded up, so that no wait ends too early.
            let milliseconds = slice.as_micros().div_ceil(1000) as i64;
            let slice =
                Timespec { tv_sec: milliseconds / 1000, tv_nsec: (milliseconds % 1000 * 1_000_000) as _ };
            rustix::event::poll(descriptors, Some(&slice))?
        };
        if ready > 0 || limit.is_some_and(|limit| started.elapsed() >= limit) {
            return Ok(ready);
        }
        if is_interrupted() {
            return Err(Errno::INTR);
        }
    }
}

/// Sleeps for a time. ^C in the runner ends the sleep.
pub fn sleep(time: Duration) {
    let _ = poll_within(&mut [], Some(time));
}

/// Accepts a connection: non-blocking, and not inherited by child processes.
pub fn accept(fd: BorrowedFd<'_>) -> Result<socket2::Socket, Errno> {
    let accepted = socket2::SockRef::from(&fd).accept().and_then(|(accepted, _)| {
        accepted.set_nonblocking(true)?;
        Ok(accepted)
    });
    accepted.map_err(|error| Errno::from_io_error(&error).unwrap_or(super::IO))
}

/// Windows has no signals.
pub fn with_signals_blocked<T>(function: impl FnOnce() -> T) -> T {
    function()
}

/// The machine's host name.
pub fn host_name() -> Result<Vec<u8>, Errno> {
    let mut name = [0u8; 257];
    // SAFETY: the buffer is writable for the length given. That length leaves room for the final zero byte.
    let status = unsafe { winsock::gethostname(name.as_mut_ptr(), name.len() as i32 - 1) };
    match CStr::from_bytes_until_nul(&name) {
        Ok(name) if status == 0 => Ok(name.to_bytes().to_vec()),
        _ => Err(last_error()),
    }
}

/// The time since 1970 on the wall clock.
pub fn wall_clock() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}

/// The monotonic clock.
pub fn monotonic_clock() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}

/// A monotonic clock that is quick to read.
#[cfg(tasks)]
pub fn coarse_clock() -> Duration {
    monotonic_clock()
}

/// Checks that a descriptor is a socket.
#[cfg(tasks)]
pub fn check(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    let mut kind = [0; 4];
    option_bytes(fd, numbers::SOL_SOCKET, winsock::SO_TYPE, &mut kind).map(drop)
}

/// Closes a descriptor. An error is ignored.
///
/// # Safety
/// The caller owns the number, and forgets it.
pub unsafe fn close(number: c_int) {
    // SAFETY: the condition of this function.
    unsafe { winsock::closesocket(number as usize) };
}

/// Windows cannot make a number refer to another socket. Always false.
///
/// # Safety
/// As on other systems.
pub unsafe fn duplicate_to(_from: c_int, _to: c_int) -> bool {
    false
}

/// The path that a script's bytes name.
pub fn path(bytes: &[u8]) -> Cow<'_, Path> {
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(text) => Cow::Borrowed(Path::new(text)),
        Cow::Owned(text) => Cow::Owned(PathBuf::from(text)),
    }
}

/// The descriptor of a Lua file is that of a C library that this library need not share.
///
/// # Safety
/// As on other systems.
pub unsafe fn file_number(_file: *mut c_void) -> Option<c_int> {
    None
}
