//! `newtry` and `protect`: turn the library's failures into exceptions and back. They can be yielded across
//! (add.25). They are native if Lua's C interface has protected calls that can be yielded across. Otherwise
//! they are written in Lua.

#[cfg(any(feature = "lua53", feature = "lua54", feature = "lua55"))]
pub use resumable::define;

use crate::binding::{Call, Outcome};

/// Opens the internal module `socket_protected_call`: a `pcall` that can be yielded across on every Lua
/// version. The protocols written in Lua use it.
pub fn open_protected_call(call: &mut Call<'_>) -> Outcome {
    run_protected_call(call);
    Ok(1)
}

/// Runs the file. Its argument states whether this Lua's `pcall` can be yielded across. A test at run time
/// would call functions that a host may have replaced.
fn run_protected_call(call: &mut Call<'_>) {
    call.push_boolean(cfg!(not(feature = "lua51")));
    call.run_source(c"=socket.core", include_str!("protected_call.lua"), 1);
}

/// Adds `newtry` and `protect` to the table on top of the stack.
#[cfg(not(any(feature = "lua53", feature = "lua54", feature = "lua55")))]
pub fn define(call: &mut Call<'_>) {
    call.push_value(-1);
    run_protected_call(call);
    call.run_source(c"=socket.core", include_str!("protect.lua"), 2);
    call.pop(1);
}

#[cfg(any(feature = "lua53", feature = "lua54", feature = "lua55"))]
mod resumable {
    use std::ffi::c_int;

    use crate::binding::{Call, NativeFunction, Outcome, Raise, native};

    /// The upvalue for the argument of `newtry` or `protect`: the finalizer, or the protected function.
    const FUNCTION: c_int = 0;
    /// The upvalue for the metatable of the exceptions that `try` raises. No other table has it.
    const EXCEPTION: c_int = 1;

    /// Adds `newtry` and `protect` to the table on top of the stack.
    pub fn define(call: &mut Call<'_>) {
        call.new_table(0, 1);
        call.push_boolean(false);
        call.set_field(-2, b"__metatable");
        for (name, function) in [("newtry", native(newtry)), ("protect", native(protect))] {
            call.push_nil();
            call.push_value(-2);
            call.push_function_keeping(function, 2);
            call.set_field(-3, name.as_bytes());
        }
        call.pop(1);
    }

    /// `newtry([finalizer])`: returns a function
    fn newtry(call: &mut Call<'_>) -> Outcome {
        make(call, native(attempt))
    }

    /// `protect(f)`: returns a function
    fn protect(call: &mut Call<'_>) -> Outcome {
        make(call, native(protected))
    }

    /// Pushes a closure with two upvalues: the argument of this call and the metatable of the exceptions.
    fn make(call: &mut Call<'_>, function: NativeFunction) -> Outcome {
        call.set_top(1);
        call.push_kept(EXCEPTION);
        call.push_function_keeping(function, 2);
        Ok(1)
    }

    /// The function that `newtry` returns. It returns its arguments if the first one is truthy.
    fn attempt(call: &mut Call<'_>) -> Outcome {
        if call.truthy(1) { Ok(call.count()) } else { fail(call) }
    }

    /// Calls the finalizer, then raises the second argument.
    #[cold]
    fn fail(call: &mut Call<'_>) -> Outcome {
        call.set_top(2);
        call.push_kept(FUNCTION);
        if call.kind(3).is_absent() {
            return raise(call, true);
        }
        call.finish_protected(0, raise)
    }

    /// Raises the second value as an exception. If the finalizer failed, raises its error instead.
    fn raise(call: &mut Call<'_>, finalized: bool) -> Outcome {
        const MESSAGE: c_int = 2;
        if finalized {
            call.set_top(MESSAGE);
            call.new_table(1, 0);
            call.insert(MESSAGE);
            call.set_element(MESSAGE, 1);
            call.push_kept(EXCEPTION);
            call.set_metatable(MESSAGE);
        }
        Err(Raise::Value)
    }

    /// The function that `protect` returns. It calls the protected function with its own arguments.
    fn protected(call: &mut Call<'_>) -> Outcome {
        let arguments = call.count();
        call.push_kept(FUNCTION);
        call.insert(1);
        call.finish_protected(arguments, unwrap)
    }

    /// Returns the results of the protected function.
    fn unwrap(call: &mut Call<'_>, success: bool) -> Outcome {
        if success { Ok(call.count()) } else { catch(call) }
    }

    /// Returns `nil` and the message of an exception. Raises other errors again.
    #[cold]
    fn catch(call: &mut Call<'_>) -> Outcome {
        if !call.push_metatable(1) {
            return Err(Raise::Value);
        }
        call.push_kept(EXCEPTION);
        let is_exception = call.address(2) == call.address(3);
        call.set_top(1);
        if !is_exception {
            return Err(Raise::Value);
        }
        call.push_nil();
        call.push_element(1, 1);
        Ok(2)
    }
}
