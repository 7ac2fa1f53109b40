//! Errors that a native function returns and the trampoline raises.

use std::ffi::c_int;

use mlua::ffi;

use super::{Message, ScratchBuffer};
use crate::memory;
use crate::sys::large_pages::prefer_large_pages;

/// The types that the argument checks of Lua's standard library expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A string. A number is converted.
    String,
    /// A number, or a string that Lua converts to one.
    Number,
    /// A number without a fraction.
    #[cfg(any(feature = "lua53", feature = "lua54", feature = "lua55"))]
    Integer,
    /// A table.
    Table,
}

/// An error that the trampoline raises once the native function has returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raise {
    /// `bad argument #n to 'f' (x expected, got y)`, in the interpreter's own words.
    Type(c_int, Expected),
    /// `bad argument #n to 'f' (message)`.
    Argument(c_int, Message),
    /// `bad argument #n to 'f' (invalid option 'x')`, where x is the argument.
    Option(c_int),
    /// The message, with the position of the caller in front.
    Error(Message),
    /// The value on top of the stack, unchanged.
    Value,
}

impl Raise {
    /// There is not enough memory.
    pub fn out_of_memory() -> Self {
        Raise::Error(Message::new("not enough memory"))
    }

    /// A bad argument with a fixed text.
    pub fn argument(index: c_int, text: impl AsRef<[u8]>) -> Self {
        Raise::Argument(index, Message::new(text))
    }

    /// Raises the error. This takes about eight stack slots. A native function starts with twenty
    /// (`LUA_MINSTACK`), and none that can raise has pushed more than twelve.
    ///
    /// # Safety
    /// `state` is the running state. No frame above the trampoline's may own anything.
    pub(super) unsafe fn raise(self, state: *mut ffi::lua_State) -> c_int {
        // SAFETY: the checks of the auxiliary library are called with values that fail them, so they do not
        // return. If one returns nevertheless, the fixed text below is raised.
        unsafe {
            match self {
                Raise::Type(index, Expected::String) => {
                    ffi::luaL_checklstring(state, index, std::ptr::null_mut());
                }
                Raise::Type(index, Expected::Number) => {
                    ffi::luaL_checknumber(state, index);
                }
                #[cfg(any(feature = "lua53", feature = "lua54", feature = "lua55"))]
                Raise::Type(index, Expected::Integer) => {
                    ffi::luaL_checkinteger(state, index);
                }
                Raise::Type(index, Expected::Table) => ffi::luaL_checktype(state, index, ffi::LUA_TTABLE),
                Raise::Argument(index, message) => {
                    let text = push_message(state, &message);
                    ffi::luaL_argerror(state, index, text);
                }
                Raise::Option(index) => {
                    let name = ffi::lua_tolstring(state, index, std::ptr::null_mut());
                    let text = ffi::lua_pushfstring(state, c"invalid option '%s'".as_ptr(), name);
                    ffi::luaL_argerror(state, index, text);
                }
                Raise::Error(message) => {
                    ffi::luaL_where(state, 1);
                    push_message(state, &message);
                    ffi::lua_concat(state, 2);
                    ffi::lua_error(state);
                }
                Raise::Value => {
                    ffi::lua_error(state);
                }
            }
            ffi::lua_pushlstring(state, c"bad argument".as_ptr(), 12);
            ffi::lua_error(state)
        }
    }
}

/// An empty buffer with room for `capacity` bytes, or the error to raise when there is no memory. For sizes
/// that may be large: elsewhere a failed allocation ends the process.
// Without inlining, a result returned through memory is read in pieces of other sizes than it was written in.
// That costs 5 ns.
#[inline(always)]
pub fn buffer(capacity: usize) -> Result<ScratchBuffer, Raise> {
    let mut buffer = ScratchBuffer::take();
    let before = buffer.capacity();
    reserve(&mut buffer, capacity)?;
    if buffer.capacity() > before {
        prefer_large_pages(buffer.as_ptr(), buffer.capacity());
    }
    Ok(buffer)
}

/// Makes room for `more` bytes in a growing buffer, or returns the error to raise.
pub fn reserve(buffer: &mut Vec<u8>, more: usize) -> Result<(), Raise> {
    buffer.try_reserve(more).map_err(|_| Raise::out_of_memory())
}

/// Checks that a result built from many small allocations will fit in memory, so that we can raise "not
/// enough memory".
pub fn check_memory(bytes: usize) -> Result<(), Raise> {
    memory::check(bytes).map_err(|_| Raise::out_of_memory())
}

/// Pushes a message. The pointer is to Lua's copy, which ends in a zero byte.
unsafe fn push_message(state: *mut ffi::lua_State, message: &Message) -> *const std::ffi::c_char {
    let text = message.as_bytes();
    // SAFETY: the bytes are valid for the length given.
    unsafe {
        ffi::lua_pushlstring(state, text.as_ptr().cast(), text.len());
        ffi::lua_tolstring(state, -1, std::ptr::null_mut())
    }
}
