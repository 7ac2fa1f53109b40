//! Strings that use this library's memory, on Lua 5.5 (`lua_pushexternalstring`). A large result is not copied.
//!
//! Lua does not count this memory: `collectgarbage("count")` does not show it, and it does not change the pace of
//! the collector. The same is true for the strings that Lua's own buffers make. This module counts the memory, so
//! that the garbage stays bounded.

use std::alloc::{Layout, realloc};
use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use mlua::ffi::{self, lua_State};

use super::{Call, Raise};

/// Strings of this length or more are not copied. Pieces of 64 KB are: their buffers are used again.
const LARGE: usize = 128 << 10;
/// Garbage up to this size is always tolerated.
const TOLERATED: usize = 16 << 20;

/// The memory of all such strings in the process.
static HELD: AtomicUsize = AtomicUsize::new(0);
/// The part of `HELD` that was left after the last full collection. It is less if more has been freed since.
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// Whether a string of this length is pushed without a copy. A state with an allocator of its own gets a copy in
/// memory of that allocator, because the program may use it to limit memory. Apple's systems may unload this library
/// before Lua frees its strings.
pub(super) fn is_wanted(call: &Call<'_>, length: usize) -> bool {
    // SAFETY: reads the state's allocator. Only its address is used.
    let allocator = || unsafe { ffi::lua_getallocf(call.state, ptr::null_mut()) };
    !cfg!(target_vendor = "apple")
        && length >= LARGE
        && allocator() as *const c_void == ffi::luaL_alloc as *const c_void
}

/// Pushes a string with the memory of `bytes`. The caller must own nothing else, because Lua may raise.
pub(super) fn push(call: &mut Call<'_>, mut bytes: Vec<u8>) -> Result<(), Raise> {
    if bytes.capacity() == bytes.len() {
        bytes.try_reserve_exact(1).map_err(|_| Raise::out_of_memory())?;
    }
    let length = bytes.len();
    // Lua's strings end in a zero byte.
    bytes.push(0);
    let mut bytes = ManuallyDrop::new(bytes);
    let (memory, capacity) = shrink(bytes.as_mut_ptr(), length + 1, bytes.capacity());
    HELD.fetch_add(capacity, Ordering::Relaxed);
    // SAFETY: the memory holds `length` bytes and a zero. It belongs to Lua from here on: if Lua raises, it has
    // called `free` before. This library stays loaded until the process ends (`is_wanted`), and `free` with it.
    unsafe {
        ffi::lua_pushexternalstring(
            call.state,
            memory.cast_const().cast(),
            length,
            Some(free),
            ptr::without_provenance_mut(capacity),
        );
        set_pace(call.state, length);
    }
    Ok(())
}

/// Gives unused memory back to the allocator if that is worth it. Returns the new place and capacity.
fn shrink(memory: *mut u8, used: usize, capacity: usize) -> (*mut u8, usize) {
    if capacity - used < used / 8 {
        return (memory, capacity);
    }
    let Ok(layout) = Layout::array::<u8>(capacity) else { return (memory, capacity) };
    // SAFETY: a vector has allocated the memory with this layout. `used` is not zero and below the capacity. After a
    // failure, the memory is unchanged.
    let smaller = unsafe { realloc(memory, layout, used) };
    if smaller.is_null() { (memory, capacity) } else { (smaller, used) }
}

/// Frees a string's memory. Lua calls it in any thread that runs the state, also while it closes the state.
unsafe extern "C" fn free(capacity: *mut c_void, memory: *mut c_void, _: usize, _: usize) -> *mut c_void {
    let capacity = capacity.addr();
    HELD.fetch_sub(capacity, Ordering::Relaxed);
    // SAFETY: `push` passed this memory of a vector and its capacity. Lua calls this once for each string.
    drop(unsafe { Vec::from_raw_parts(memory.cast::<u8>(), 0, capacity) });
    ptr::null_mut()
}

/// Tells the collector of `length` new bytes, as Lua's own buffers do. The collector then takes one step. A full
/// collection follows if the garbage may be as large as everything in use.
///
/// # Safety
/// `state` is the running state. Finalizers may run, so no frame may own anything.
unsafe fn set_pace(state: *mut lua_State, length: usize) {
    let live = LIVE.fetch_min(HELD.load(Ordering::Relaxed), Ordering::Relaxed);
    // SAFETY: as above.
    unsafe {
        // A program that has stopped the collector expects no finalizers.
        if ffi::lua_gc(state, ffi::LUA_GCISRUNNING) != 1 {
            return;
        }
        ffi::lua_gc(state, ffi::LUA_GCSTEP, length);
        let kilobytes = usize::try_from(ffi::lua_gc(state, ffi::LUA_GCCOUNT)).unwrap_or(0);
        let most = live.saturating_mul(2).saturating_add(kilobytes << 10).saturating_add(TOLERATED);
        if HELD.load(Ordering::Relaxed) > most {
            ffi::lua_gc(state, ffi::LUA_GCCOLLECT);
            LIVE.store(HELD.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }
}
