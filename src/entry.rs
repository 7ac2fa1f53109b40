//! The entry points that Lua looks for in the native library.
#![allow(unsafe_code)]

use mlua::ffi::lua_State;

use crate::binding::native;

macro_rules! entry_points {
    ($($(#[$doc:meta])* $name:ident => $open:path;)*) => {$(
        $(#[$doc])*
        ///
        /// # Safety
        /// Called by Lua's module loader with the running state.
        #[unsafe(no_mangle)]
        pub unsafe extern "C-unwind" fn $name(state: *mut lua_State) -> std::ffi::c_int {
            // SAFETY: this is the C function that `native` makes, called as Lua calls it.
            unsafe { native($open)(state) }
        }
    )*};
}

entry_points! {
    /// `socket.core`
    luaopen_socket_core => crate::socket::core::open;
}
