//! The C library functions that the runner needs. Lua reads and writes through C's own buffers. Output that
//! does not use the same buffers comes in the wrong order.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int};
use std::io::Write;

const INIT: &CStr = c"=LUA_INIT";

#[cfg(feature = "lua52")]
const INIT_OF_VERSION: Option<&CStr> = Some(c"=LUA_INIT_5_2");
#[cfg(feature = "lua53")]
const INIT_OF_VERSION: Option<&CStr> = Some(c"=LUA_INIT_5_3");
#[cfg(feature = "lua54")]
const INIT_OF_VERSION: Option<&CStr> = Some(c"=LUA_INIT_5_4");
#[cfg(feature = "lua55")]
const INIT_OF_VERSION: Option<&CStr> = Some(c"=LUA_INIT_5_5");
#[cfg(any(feature = "lua51", feature = "luajit"))]
const INIT_OF_VERSION: Option<&CStr> = None;

/// The C library starts the program here.
#[unsafe(no_mangle)]
unsafe extern "C" fn main(count: c_int, values: *const *const c_char) -> c_int {
    let count = usize::try_from(count).unwrap_or(0);
    // SAFETY: the C library passes `count` C strings. They live as long as the process.
    let arguments: Vec<&'static CStr> =
        unsafe { (0..count).map(|place| CStr::from_ptr(*values.add(place))).collect() };
    if crate::run(&arguments) { libc::EXIT_SUCCESS } else { libc::EXIT_FAILURE }
}

/// The chunk name and the text of `LUA_INIT_5_4` (for the version in use), or else of `LUA_INIT`.
pub fn initial_statement() -> Option<(&'static CStr, &'static CStr)> {
    INIT_OF_VERSION.into_iter().chain([INIT]).find_map(|name| {
        let variable = name.to_bytes_with_nul().get(1..)?;
        // SAFETY: the name ends in a zero byte. The text is loaded before any Lua code runs and not used
        // afterwards. So nothing has changed the environment before that.
        let value = unsafe { libc::getenv(variable.as_ptr().cast()) };
        // SAFETY: the environment holds C strings.
        (!value.is_null()).then(|| (name, unsafe { CStr::from_ptr(value) }))
    })
}

/// Calls `handler` on an interrupt. A blocked system call is not restarted afterwards. So a script that reads
/// from the terminal stops at once.
pub fn on_interrupt(handler: extern "C" fn(c_int)) {
    set_action(libc::SIGINT, handler as libc::sighandler_t, 0);
}

/// Lets an interrupt end the process. Async-signal-safe.
pub fn end_on_interrupt() {
    set_action(libc::SIGINT, libc::SIG_DFL, 0);
}

/// Calls `handler` in a second. An interrupt that comes just before a wait begins does not end that wait; this
/// signal does. Reads from the terminal go on. Async-signal-safe.
pub fn remind(handler: extern "C" fn(c_int)) {
    set_action(libc::SIGALRM, handler as libc::sighandler_t, libc::SA_RESTART);
    // SAFETY: a plain call.
    unsafe { libc::alarm(1) };
}

/// Takes `remind` back.
pub fn end_reminders() {
    // SAFETY: a plain call.
    unsafe { libc::alarm(0) };
    set_action(libc::SIGALRM, libc::SIG_DFL, 0);
}

fn set_action(signal: c_int, action: libc::sighandler_t, flags: c_int) {
    // SAFETY: a structure of plain values. The handlers do only what a signal handler may do.
    unsafe {
        let mut settings: libc::sigaction = std::mem::zeroed();
        settings.sa_sigaction = action;
        settings.sa_flags = flags;
        libc::sigemptyset(&mut settings.sa_mask);
        libc::sigaction(signal, &settings, std::ptr::null_mut());
    }
}

/// Whether standard input is a terminal.
pub fn is_terminal() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stdin())
}

/// Writes one line to standard error.
pub fn write_error(parts: &[&[u8]]) {
    let mut stderr = std::io::stderr().lock();
    for part in parts {
        // A failure cannot be reported anywhere.
        let _ = stderr.write_all(part);
    }
    let _ = stderr.write_all(b"\n");
}

/// Writes to C's standard output and flushes its buffer.
pub fn write(parts: &[&[u8]]) {
    // SAFETY: C's standard output may be open or in error, but it is never invalid.
    unsafe {
        for byte in parts.iter().copied().flatten() {
            libc::putchar(c_int::from(*byte));
        }
        libc::fflush(std::ptr::null_mut());
    }
}

/// Reads the next byte of C's standard input.
pub fn read() -> Option<u8> {
    // SAFETY: C's standard input may be open or in error, but it is never invalid.
    u8::try_from(unsafe { libc::getchar() }).ok()
}
