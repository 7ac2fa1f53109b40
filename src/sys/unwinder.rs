//! The C compiler's unwinder, loaded when it is first used.
//!
//! Rust's standard library needs it for panics alone. Loading it takes a third of the time of `require "socket"`,
//! and Lua written in C never uses it. LuaJIT does, and has loaded it already. A copy linked into this library
//! would be a second unwinder: LuaJIT's errors, which pass through our frames, would meet functions of both. So
//! its functions are forwarded to the program's own unwinder, or to the system's library when the program has none.
//! The names are hidden: no other library gets them.

use std::ffi::CStr;
use std::io::Write;
use std::sync::OnceLock;

/// A function of the unwinder. Each takes at most three arguments, of at most the size of a pointer.
type Function = unsafe extern "C-unwind" fn(usize, usize, usize) -> usize;

/// Calls the function `F` of [`NAMES`].
///
/// # Safety
/// The arguments are those that the function takes.
unsafe extern "C-unwind" fn forward<const F: usize>(first: usize, second: usize, third: usize) -> usize {
    const { assert!(F < NAMES.len()) };
    static FOUND: OnceLock<[usize; NAMES.len()]> = OnceLock::new();
    let Some(address) = FOUND.get_or_init(find).get(F).copied().filter(|address| *address != 0) else {
        let _ =
            std::io::stderr().write_all(b"luasocket-rs: cannot load libgcc_s.so.1, which a panic needs\n");
        std::process::abort();
    };
    // SAFETY: `find` returns the address of the function with this name. All take integers or pointers in the
    // registers of the first three arguments, and ignore those that they do not take.
    unsafe { std::mem::transmute::<usize, Function>(address)(first, second, third) }
}

/// Finds all functions at once: those of the program's own unwinder, as the dynamic linker would choose them, or
/// else those of the system's library. LuaJIT's errors come from the former. 0 means that a function is
/// missing: without it a panic cannot unwind, and the process ends.
fn find() -> [usize; NAMES.len()] {
    let mut found = [0; NAMES.len()];
    for (address, name) in found.iter_mut().zip(NAMES) {
        // SAFETY: the names are C strings. The library is never closed, so its functions stay valid.
        *address = unsafe {
            let chosen = libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr());
            if chosen.is_null() {
                let library = libc::dlopen(c"libgcc_s.so.1".as_ptr(), libc::RTLD_NOW);
                if library.is_null() { 0 } else { libc::dlsym(library, name.as_ptr()).addr() }
            } else {
                chosen.addr()
            }
        };
    }
    found
}

#[cfg(target_arch = "x86_64")]
macro_rules! jump {
    () => {
        "jmp"
    };
}
#[cfg(target_arch = "aarch64")]
macro_rules! jump {
    () => {
        "b"
    };
}

macro_rules! forwarded {
    ($($index:literal $name:literal)*) => {
        const NAMES: &[&CStr] = &[$(match CStr::from_bytes_with_nul(concat!($name, "\0").as_bytes()) {
            Ok(name) => name,
            Err(_) => c"",
        }),*];
        $(std::arch::global_asm!(
            concat!(".text\n.globl ", $name, "\n.hidden ", $name, "\n.type ", $name, ", %function"),
            concat!($name, ":"),
            concat!(jump!(), " {}"),
            sym forward::<$index>
        );)*
    };
}

// All that the standard library uses.
forwarded! {
    0 "_Unwind_Resume"
    1 "_Unwind_RaiseException"
    2 "_Unwind_DeleteException"
    3 "_Unwind_GetLanguageSpecificData"
    4 "_Unwind_GetRegionStart"
    5 "_Unwind_GetTextRelBase"
    6 "_Unwind_GetDataRelBase"
    7 "_Unwind_SetGR"
    8 "_Unwind_SetIP"
    9 "_Unwind_GetIP"
    10 "_Unwind_GetIPInfo"
    11 "_Unwind_GetCFA"
    12 "_Unwind_Backtrace"
    13 "_Unwind_FindEnclosingFunction"
}
