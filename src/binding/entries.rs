//! The entry points of a library as values, for hosts whose scripts cannot load a library by its file.

use std::ffi::CStr;

use mlua::ffi::{self, lua_State};

use super::NativeFunction;

/// Pushes a table of entry points by their names.
///
/// # Safety
/// `state` is the running state with a few free slots; may raise, so nothing may be owned.
pub unsafe fn push(state: *mut lua_State, entries: &[(&CStr, NativeFunction)]) {
    // SAFETY: balanced use of two slots; the names end in a zero byte.
    unsafe {
        ffi::lua_createtable(state, 0, 16);
        for (name, function) in entries {
            ffi::lua_pushcclosure(state, *function, 0);
            ffi::lua_setfield(state, -2, name.as_ptr());
        }
    }
}

/// Has `require` find a native function for a module, whatever of the package library a host shows its scripts.
///
/// # Safety
/// As for [`push`].
pub unsafe fn preload(state: *mut lua_State, module: &CStr, function: NativeFunction) {
    // SAFETY: reads of the registry and one write, with balanced pushes; what is no table is left alone.
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
