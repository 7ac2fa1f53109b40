//! Calls of scripts: how errors are reported, and how an interrupt stops a script.

use std::ffi::c_int;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use luasocket::entry::INTERRUPTED;
use mlua::ffi::{self, lua_State};

use super::Interpreter;
use crate::process;

/// The state that an interrupt stops.
static RUNNING: AtomicPtr<lua_State> = AtomicPtr::new(ptr::null_mut());

impl Interpreter {
    /// Calls a function with the `arguments` values above it. Reports an error with a traceback.
    pub(super) unsafe fn call(self, arguments: c_int, results: c_int) -> bool {
        // SAFETY: the message handler is inserted below the function and removed again.
        unsafe {
            let place = ffi::lua_gettop(self.state) - arguments;
            ffi::lua_pushcfunction(self.state, add_traceback);
            ffi::lua_insert(self.state, place);
            RUNNING.store(self.state, Ordering::SeqCst);
            INTERRUPTED.store(false, Ordering::SeqCst);
            process::on_interrupt(interrupt);
            let status = ffi::lua_pcall(self.state, arguments, results, place);
            process::end_on_interrupt();
            if INTERRUPTED.swap(false, Ordering::SeqCst) {
                process::end_reminders();
            }
            ffi::lua_remove(self.state, place);
            self.report(status)
        }
    }

    /// Prints and removes the error on top, unless the status is a success.
    pub(super) unsafe fn report(self, status: c_int) -> bool {
        if status == ffi::LUA_OK {
            return true;
        }
        self.text(-1, |message| match self.name {
            Some(name) => process::write_error(&[name.to_bytes(), b": ", message]),
            None => process::write_error(&[message]),
        });
        // SAFETY: the error is on top.
        unsafe { ffi::lua_pop(self.state, 1) };
        false
    }
}

/// The message handler for errors in scripts. It adds a traceback.
unsafe extern "C-unwind" fn add_traceback(state: *mut lua_State) -> c_int {
    // SAFETY: Lua calls it with the error as the only value on the stack. There is room for more.
    unsafe {
        let mut message = ffi::lua_tolstring(state, 1, ptr::null_mut());
        if message.is_null() {
            if ffi::luaL_callmeta(state, 1, c"__tostring".as_ptr()) != 0
                && ffi::lua_type(state, -1) == ffi::LUA_TSTRING
            {
                return 1;
            }
            let kind = ffi::lua_typename(state, ffi::lua_type(state, 1));
            message = ffi::lua_pushfstring(state, c"(error object is a %s value)".as_ptr(), kind);
        }
        ffi::luaL_traceback(state, state, message, 1);
        1
    }
}

/// The first interrupt raises an error in the script. The second ends the process.
extern "C" fn interrupt(_: c_int) {
    let mask = ffi::LUA_MASKCALL | ffi::LUA_MASKRET | ffi::LUA_MASKLINE | ffi::LUA_MASKCOUNT;
    process::end_on_interrupt();
    // A wait in this library returns now, and then the hook raises.
    INTERRUPTED.store(true, Ordering::SeqCst);
    process::remind(remind);
    // SAFETY: setting a hook is the only thing that Lua allows at any time, on the thread that runs the
    // state. This library's own threads have signals blocked.
    unsafe {
        ffi::lua_sethook(RUNNING.load(Ordering::SeqCst), Some(stop), mask, 1);
    }
}

/// Ends a wait that had not begun when the interrupt came.
extern "C" fn remind(_: c_int) {
    if INTERRUPTED.load(Ordering::SeqCst) {
        process::remind(remind);
    }
}

unsafe extern "C-unwind" fn stop(state: *mut lua_State, _: *mut ffi::lua_Debug) {
    // SAFETY: a hook may raise.
    unsafe {
        ffi::lua_sethook(state, None, 0, 0);
        INTERRUPTED.store(false, Ordering::SeqCst);
        process::end_reminders();
        ffi::luaL_error(state, c"interrupted!".as_ptr());
    }
}
