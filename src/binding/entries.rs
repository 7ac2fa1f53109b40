//! The entry points of a library as Lua values, for hosts whose scripts cannot load a library from its file.

use std::ffi::CStr;

use mlua::ffi::{self, lua_State};

use super::NativeFunction;

/// Pushes a table of entry points, with their names as keys.
///
/// # Safety
/// `state` is the running state with a few free slots. May raise, so nothing may be owned.
pub unsafe fn push(state: *mut lua_State, entries: &[(&CStr, NativeFunction)]) {
    // SAFETY: balanced use of two slots. The names end in a zero byte.
    unsafe {
        ffi::lua_createtable(state, 0, 16);
        for (name, function) in entries {
            ffi::lua_pushcclosure(state, *function, 0);
            ffi::lua_setfield(state, -2, name.as_ptr());
        }
    }
}

/// Makes `require` of a module call a native function. Works even if the host hides some or all of the
/// `package` library from its scripts.
///
/// # Safety
/// As for [`push`].
pub unsafe fn preload(state: *mut lua_State, module: &CStr, function: NativeFunction) {
    // SAFETY: reads of the registry and one write, with balanced stack use. A value that is not a table is
    // left alone.
    unsafe {
        let top = ffi::lua_gettop(state);
        #[cfg(any(feature = "lua51", feature = "luajit"))]
        let path = [c"_LOADED", c"package", c"preload"];
        #[cfg(not(any(feature = "lua51", feature = "luajit")))]
        let path = [c"_PRELOAD"];
        ffi::lua_pushvalue(state, ffi::LUA_REGISTRYINDEX);
        for field in path {
            if ffi::lua_type(state, -1) == ffi::LUA_TTABLE {
                ffi::lua_pushstring(state, field.as_ptr());
                ffi::lua_rawget(state, -2);
            }
        }
        if ffi::lua_type(state, -1) == ffi::LUA_TTABLE {
            ffi::lua_pushstring(state, module.as_ptr());
            ffi::lua_pushcclosure(state, function, 0);
            ffi::lua_rawset(state, -3);
        }
        ffi::lua_settop(state, top);
    }
}
