//! The keys of this library's entries in Lua's registry.

use std::ffi::c_void;
use std::ptr;

/// A registry key that no script can make: the address of a static of this library.
pub(super) fn key(place: &'static u8) -> *const c_void {
    ptr::from_ref(place).cast()
}
