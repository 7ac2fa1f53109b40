//! The C library functions that the runner needs. Lua reads and writes through C's own buffers. Output that
//! does not use the same buffers comes in the wrong order.
#![allow(unsafe_code)]

#[cfg(not(windows))]
mod unix;
#[cfg(windows)]
mod windows;

use std::ffi::{CStr, c_char, c_int};
use std::io::Write;

#[cfg(not(windows))]
pub use unix::{end_on_interrupt, end_reminders, on_interrupt, remind};
#[cfg(windows)]
pub use windows::{end_on_interrupt, end_reminders, on_interrupt, remind};

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
