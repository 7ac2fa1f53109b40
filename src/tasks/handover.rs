//! What the library with the scheduler hands over to the one for TLS, which has statics of its own: through the
//! registry, as C functions. Both are of one version, or the second is not loaded.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use mlua::ffi::{self, lua_State};

use super::door::Interest;

/// What every operation looks at.
#[repr(C)]
pub struct Flags {
    /// How many schedulers there are in the process.
    pub schedulers: AtomicU32,
    /// How many tasks run, one in another.
    pub running: AtomicU32,
    /// How often a scheduler has been made or given up.
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

/// How a wait ended, for a C function to return.
#[repr(C)]
pub struct Answer {
    /// One of the constants below.
    pub kind: u32,
    /// For `FAILED` the error number.
    pub code: c_int,
    /// For `OUTSIDE` the nanoseconds that the caller may wait; the largest number: without end.
    pub nanoseconds: u64,
    /// For `CANCELLED` the message.
    pub length: usize,
    /// As much of it as is kept.
    pub text: [u8; 128],
}

/// What was waited for has come.
pub const READY: u32 = 0;
/// The limit of the wait itself is up.
pub const LIMIT: u32 = 1;
/// A deadline around it is up.
pub const DEADLINE: u32 = 2;
/// The descriptor was given up.
pub const CLOSED: u32 = 3;
/// The task was cancelled.
pub const CANCELLED: u32 = 4;
/// The descriptor cannot be waited for.
pub const FAILED: u32 = 5;
/// Nothing switches here. Only a scheduler says so.
#[cfg_attr(not(all(feature = "tasks", any(target_os = "linux", target_os = "android"))), allow(dead_code))]
pub const OUTSIDE: u32 = 6;

/// Waits for one of `count` descriptors, for so many nanoseconds at most.
pub type Wait = unsafe extern "C-unwind" fn(*mut c_void, *mut lua_State, *mut Interest, usize, u64) -> Answer;

/// In a userdata of the registry, as long as there is a scheduler.
#[repr(C)]
pub struct Handover {
    /// Null once the state is being closed.
    pub scheduler: *mut c_void,
    /// See the type.
    pub wait: Wait,
    /// Ends an operation that did not have to wait.
    pub settle: unsafe extern "C-unwind" fn(*mut c_void, *mut lua_State),
    /// Says that a descriptor is given up.
    pub forget: unsafe extern "C-unwind" fn(*mut c_void, c_int),
}

/// The names in the registry. They end in the version of this interface.
pub const HANDOVER: &std::ffi::CStr = c"luasocket-rs tasks 1";
const FLAGS: &std::ffi::CStr = c"luasocket-rs flags 1";

/// Publishes this library's flags. May raise.
///
/// # Safety
/// The state is the running one, with two free slots.
pub unsafe fn publish(state: *mut lua_State) {
    // SAFETY: balanced; the address is of a static.
    unsafe {
        ffi::lua_pushlightuserdata(state, ptr::from_ref(&OWN).cast_mut().cast());
        ffi::lua_setfield(state, ffi::LUA_REGISTRYINDEX, FLAGS.as_ptr());
    }
}

/// Takes over the flags that another library has published, if there is one in this state. May raise.
///
/// # Safety
/// As [`publish`]'s.
pub unsafe fn take_over(state: *mut lua_State) {
    // SAFETY: balanced; only this library's other half stores anything under the name.
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
    /// The handover that was found last: as of which change, and for the state with which registry.
    static FOUND: Cell<(u32, *const c_void, *const Handover)> =
        const { Cell::new((0, ptr::null(), ptr::null())) };
}

/// The handover of a state with a scheduler. May raise.
///
/// # Safety
/// The state is the running one, with a free slot; nothing is owned.
pub unsafe fn find(state: *mut lua_State) -> Option<&'static Handover> {
    // SAFETY: balanced. The userdata stays in the registry, so that it lives as long as the state; what is found is used
    // at once. A state with a scheduler counts a change when it is closed, so that what was found before is not taken for
    // one of a later state with its registry in the same place.
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
