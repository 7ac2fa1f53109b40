//! The interface that the library with the scheduler gives to the TLS library, which has its own statics. It
//! consists of C functions in the registry. Both libraries have the same version, or the second is not
//! loaded.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use mlua::ffi::{self, lua_State};

use super::interest::Interest;
use crate::binding::CAPACITY;

/// Counters that every operation reads.
#[repr(C)]
pub struct Flags {
    /// The number of schedulers in the process.
    pub schedulers: AtomicU32,
    /// The number of running tasks; a task can run inside another.
    pub running: AtomicU32,
    /// The number of times that a scheduler was created or closed.
    pub changes: AtomicU32,
}

static OWN: Flags =
    Flags { schedulers: AtomicU32::new(0), running: AtomicU32::new(0), changes: AtomicU32::new(0) };
static FOREIGN: AtomicPtr<Flags> = AtomicPtr::new(ptr::null_mut());

/// The flags of this process.
pub fn flags() -> &'static Flags {
    let foreign = FOREIGN.load(Ordering::Relaxed);
    // SAFETY: it is a static of a library that is never unloaded.
    if foreign.is_null() { &OWN } else { unsafe { &*foreign } }
}

/// The result of a wait, in a form that a C function can return.
#[repr(C)]
pub struct Answer {
    /// One of the constants below.
    pub kind: u32,
    /// The error number, for `FAILED`.
    pub code: c_int,
    /// The nanoseconds that the caller may wait, for `OUTSIDE`. The largest number means no limit.
    pub nanoseconds: u64,
    /// The length of the message, for `CANCELLED`. If it does not fit here, the registry has the whole message.
    pub length: usize,
    /// The message, or its beginning.
    pub text: [u8; CAPACITY],
}

/// The event has come.
pub const READY: u32 = 0;
/// The time limit of the wait itself has expired.
pub const LIMIT: u32 = 1;
/// An enclosing deadline has expired.
pub const DEADLINE: u32 = 2;
/// The object gave up the descriptor.
pub const CLOSED: u32 = 3;
/// The task was cancelled.
pub const CANCELLED: u32 = 4;
/// The descriptor does not support waiting.
pub const FAILED: u32 = 5;
/// Switching is not possible here. Only a scheduler returns this.
#[cfg_attr(not(tasks), allow(dead_code))]
pub const OUTSIDE: u32 = 6;

/// An operation has ended without having to wait.
pub const OPERATION: u32 = 0;
/// A wait has failed.
pub const FAILED_WAIT: u32 = 1;

/// Waits for one of `count` descriptors, for at most the given nanoseconds.
pub type Wait = unsafe extern "C-unwind" fn(*mut c_void, *mut lua_State, *mut Interest, usize, u64) -> Answer;

/// Kept in a userdata in the registry while there is a scheduler.
#[repr(C)]
pub struct Handover {
    /// Null when the state is being closed.
    pub scheduler: *mut c_void,
    /// See the type.
    pub wait: Wait,
    /// Lets other tasks run if it is their turn, after one of the events below.
    pub settle: unsafe extern "C-unwind" fn(*mut c_void, *mut lua_State, u32),
    /// Reports that a descriptor is given up, and whether its file stays open under another number.
    pub forget: unsafe extern "C-unwind" fn(*mut c_void, c_int, bool),
}

/// The names in the registry. They end with the version of this interface.
pub const HANDOVER: &std::ffi::CStr = c"luasocket-rs tasks 3";
const FLAGS: &std::ffi::CStr = c"luasocket-rs flags 1";

/// Publishes this library's flags. May raise.
///
/// # Safety
/// The state is the running one, with two free slots.
pub unsafe fn publish(state: *mut lua_State) {
    // SAFETY: balanced stack use. The address is of a static.
    unsafe {
        ffi::lua_pushlightuserdata(state, ptr::from_ref(&OWN).cast_mut().cast());
        ffi::lua_setfield(state, ffi::LUA_REGISTRYINDEX, FLAGS.as_ptr());
    }
}

/// Uses the flags that another library has published in this state, if there is one. May raise.
///
/// # Safety
/// As for [`publish`].
pub unsafe fn take_over(state: *mut lua_State) {
    // SAFETY: balanced stack use. Only the other library of this project stores a value under this name.
    unsafe {
        ffi::lua_getfield(state, ffi::LUA_REGISTRYINDEX, FLAGS.as_ptr());
        let found = ffi::lua_touserdata(state, -1).cast::<Flags>();
        ffi::lua_settop(state, -2);
        if !found.is_null() && !ptr::eq(found, &OWN) {
            FOREIGN.store(found, Ordering::Relaxed);
            crate::socket::descriptor::number_apart();
        }
    }
}

thread_local! {
    /// The handover found last: the count of changes at that time, and the registry of its state.
    static FOUND: Cell<(u32, *const c_void, *const Handover)> =
        const { Cell::new((0, ptr::null(), ptr::null())) };
}

/// The handover of a state with a scheduler. May raise.
///
/// # Safety
/// The state is the running one, with a free slot. Nothing is owned.
pub unsafe fn find(state: *mut lua_State) -> Option<&'static Handover> {
    // SAFETY: balanced stack use. The userdata stays in the registry, so it lives as long as the state. The
    // result is used at once. Closing a state with a scheduler counts as a change. So the cached value is not
    // used for a later state whose registry has the same address.
    unsafe {
        let changes = flags().changes.load(Ordering::Relaxed);
        let registry = ffi::lua_topointer(state, ffi::LUA_REGISTRYINDEX);
        let (as_of, of, known) = FOUND.get();
        let mut found = known;
        if as_of != changes || of != registry || known.is_null() {
            ffi::lua_getfield(state, ffi::LUA_REGISTRYINDEX, HANDOVER.as_ptr());
            found = ffi::lua_touserdata(state, -1).cast_const().cast::<Handover>();
            ffi::lua_settop(state, -2);
            FOUND.set((changes, registry, found));
        }
        found.as_ref().filter(|handover| !handover.scheduler.is_null())
    }
}
