//! Whether a wait in the running code may switch stacks.

use mlua::ffi::{self, lua_State};

use super::Scheduler;

/// Whether a wait in the running code may switch stacks.
pub fn may_switch(scheduler: &Scheduler, state: *mut lua_State) -> bool {
    // A program may get here on its own stack, or on the stack of another state's task. This task's exit
    // cannot leave such a stack.
    let here = std::ptr::from_ref(&state).addr();
    scheduler.current.is_some()
        && scheduler.blocked == 0
        && scheduler.range.contains(&here)
        && !is_in_finalizer(state)
        && !is_in_hook(state)
        && is_of(scheduler, state)
}

/// Whether it is impossible to wait for tasks here, inside a task or outside. That is so in a finalizer and
/// in a hook.
pub fn is_nowhere(state: *mut lua_State) -> bool {
    is_in_finalizer(state) || is_in_hook(state)
}

/// Whether the scheduler belongs to the state.
fn is_of(scheduler: &Scheduler, state: *mut lua_State) -> bool {
    // SAFETY: reads an address.
    scheduler.registry == unsafe { ffi::lua_topointer(state, ffi::LUA_REGISTRYINDEX) }
}

/// Whether a finalizer is running. The collector is stopped during a finalizer.
fn is_in_finalizer(state: *mut lua_State) -> bool {
    #[cfg(any(feature = "lua52", feature = "lua53"))]
    // SAFETY: a query without side effects.
    return unsafe { ffi::lua_gc(state, ffi::LUA_GCISRUNNING, 0) == 0 };
    #[cfg(any(feature = "lua54", feature = "lua55"))]
    // SAFETY: a query without side effects. It returns -1 in a finalizer, and 0 when the program has stopped
    // the collector.
    return unsafe { ffi::lua_gc(state, ffi::LUA_GCISRUNNING) == -1 };
    #[cfg(any(feature = "lua51", feature = "luajit"))]
    {
        let _ = state;
        false
    }
}

/// Whether a debug hook is running.
fn is_in_hook(state: *mut lua_State) -> bool {
    #[cfg(any(feature = "lua53", feature = "lua54", feature = "lua55"))]
    // SAFETY: reads the levels of the running coroutine. No level is kept.
    unsafe {
        if ffi::lua_gethookmask(state) == 0 {
            return false;
        }
        let mut level = 0;
        let mut record: ffi::lua_Debug = std::mem::zeroed();
        while ffi::lua_getstack(state, level, &mut record) != 0 {
            if ffi::lua_getinfo(state, c"n".as_ptr(), &mut record) != 0
                && !record.namewhat.is_null()
                && std::ffi::CStr::from_ptr(record.namewhat) == c"hook"
            {
                return true;
            }
            level += 1;
        }
    }
    let _ = state;
    false
}
