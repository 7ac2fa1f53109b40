//! The names that can complete a piece of Lua at the prompt.

use std::cell::RefCell;
use std::ffi::{CStr, c_int};
use std::ptr;

use mlua::ffi::{self, lua_State};

use super::Interpreter;

/// The number of `__index` links that are followed.
const LEVELS: usize = 8;

/// A search for the fields of the value that `path` leads to from the globals.
struct Search<'a> {
    path: &'a [&'a [u8]],
    names: RefCell<Vec<String>>,
}

impl Interpreter {
    /// The names of the fields of `a.b`, given as `["a", "b"]`. Includes those of its metatable's `__index`.
    /// Calls no metamethod.
    pub fn names(self, path: &[&[u8]]) -> Vec<String> {
        let search = Search { path, names: RefCell::default() };
        self.protected(collect, &search);
        search.names.into_inner()
    }
}

/// Owns nothing while it calls Lua. Only a lack of memory can end it early.
fn collect(lua: Interpreter, search: &Search<'_>) -> bool {
    // SAFETY: each step adds one value to the stack, and there is room for all.
    unsafe {
        let state = lua.state;
        ffi::luaL_checkstack(
            state,
            c_int::try_from(search.path.len() + 6 * LEVELS).unwrap_or(c_int::MAX),
            ptr::null(),
        );
        ffi::lua_pushglobaltable(state);
        for name in search.path {
            if !field(state, name) {
                return true;
            }
        }
        for _ in 0..LEVELS {
            if ffi::lua_type(state, -1) == ffi::LUA_TTABLE {
                list(state, &search.names);
            }
            if !index_of_metatable(state) {
                break;
            }
        }
    }
    true
}

/// Pushes a field of the value on top, without metamethods. Returns false when there is none.
unsafe fn field(state: *mut lua_State, name: &[u8]) -> bool {
    // SAFETY: only tables are indexed, without metamethods.
    unsafe {
        for _ in 0..LEVELS {
            if ffi::lua_type(state, -1) == ffi::LUA_TTABLE {
                ffi::lua_pushlstring(state, name.as_ptr().cast(), name.len());
                ffi::lua_rawget(state, -2);
                if ffi::lua_type(state, -1) != ffi::LUA_TNIL {
                    return true;
                }
                ffi::lua_pop(state, 1);
            }
            if !index_of_metatable(state) {
                return false;
            }
        }
    }
    false
}

/// Pushes the `__index` of the metatable of the value on top. Returns whether it is a table.
unsafe fn index_of_metatable(state: *mut lua_State) -> bool {
    const INDEX: &CStr = c"__index";
    // SAFETY: a value is on top. The metatable is indexed without metamethods.
    unsafe {
        if ffi::lua_getmetatable(state, -1) == 0 {
            return false;
        }
        ffi::lua_pushstring(state, INDEX.as_ptr());
        ffi::lua_rawget(state, -2);
        ffi::lua_type(state, -1) == ffi::LUA_TTABLE
    }
}

/// Adds the string keys of the table on top.
unsafe fn list(state: *mut lua_State, names: &RefCell<Vec<String>>) {
    // SAFETY: the table is not changed. A key that is a string is not converted.
    unsafe {
        ffi::lua_pushnil(state);
        while ffi::lua_next(state, -2) != 0 {
            ffi::lua_pop(state, 1);
            if ffi::lua_type(state, -1) == ffi::LUA_TSTRING {
                let mut length = 0;
                let bytes = ffi::lua_tolstring(state, -1, &mut length);
                let key = std::slice::from_raw_parts(bytes.cast(), length);
                if let Ok(key) = std::str::from_utf8(key) {
                    names.borrow_mut().push(key.to_owned());
                }
            }
        }
    }
}
