//! Large pages for the large strings that Lua makes. Lua copies a string into fresh memory, and the system clears
//! large pages five times faster than small ones.

use super::Call;

/// Calls a function that makes a string of this length.
#[cfg(not(target_os = "linux"))]
pub(super) fn with_large_pages<R>(call: &mut Call<'_>, _: usize, make: impl FnOnce(&mut Call<'_>) -> R) -> R {
    make(call)
}

#[cfg(target_os = "linux")]
pub(super) use linux::with_large_pages;

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::c_void;
    use std::ptr;
    use std::sync::OnceLock;

    use mlua::ffi::{self, lua_Alloc};

    use super::Call;
    use crate::sys::large_pages::{LARGE, prefer_large_pages};

    /// The allocator of the first state that makes a large string. States with another allocator get no large pages.
    static ORIGINAL: OnceLock<lua_Alloc> = OnceLock::new();

    /// Calls a function that makes a string of this length. If that is large, Lua's allocator meanwhile asks for
    /// large pages. An error must not leave `make`.
    pub(in super::super) fn with_large_pages<R>(
        call: &mut Call<'_>,
        length: usize,
        make: impl FnOnce(&mut Call<'_>) -> R,
    ) -> R {
        if length < LARGE {
            return make(call);
        }
        let state = call.state;
        let mut data = ptr::null_mut();
        // SAFETY: `allocate` passes everything to the allocator that it replaces, with the same data. So it may stay
        // in place for any time. During `make` a finalizer may come here again: then `allocate` is the allocator, and
        // is left in place.
        unsafe {
            let found = ffi::lua_getallocf(state, &mut data);
            let original = *ORIGINAL.get_or_init(|| found);
            if !ptr::fn_addr_eq(found, original) {
                return make(call);
            }
            ffi::lua_setallocf(state, allocate, data);
            let result = make(call);
            ffi::lua_setallocf(state, original, data);
            result
        }
    }

    /// Allocates as the original does. Asks for large pages for a new block.
    unsafe extern "C" fn allocate(
        data: *mut c_void,
        block: *mut c_void,
        old_size: usize,
        size: usize,
    ) -> *mut c_void {
        let Some(original) = ORIGINAL.get() else { return ptr::null_mut() };
        // SAFETY: Lua passes what it would pass to the original.
        let memory = unsafe { original(data, block, old_size, size) };
        if block.is_null() && !memory.is_null() {
            prefer_large_pages(memory.cast_const().cast(), size);
        }
        memory
    }
}
