//! The entry points that Lua looks for in the native library.
#![allow(unsafe_code)]

use mlua::ffi::lua_State;
use mlua::{Lua, Result, Table};

use crate::binding::native;

macro_rules! entry_points {
    ($($(#[$doc:meta])* $name:ident => $open:path;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Safety
            /// Called by Lua's module loader with the running state.
            #[unsafe(no_mangle)]
            pub unsafe extern "C-unwind" fn $name(state: *mut lua_State) -> std::ffi::c_int {
                // SAFETY: this is the C function that `native` makes, called as Lua calls it.
                unsafe { native($open)(state) }
            }
        )*

        /// Each entry point by its name without `luaopen_`, for a state of this program.
        pub fn openers(lua: &Lua) -> Result<Table> {
            let openers = lua.create_table()?;
            $(
                let name = stringify!($name).trim_start_matches("luaopen_");
                // SAFETY: the entry point may be called in any state of this program's Lua.
                openers.raw_set(name, unsafe { lua.create_c_function($name) }?)?;
            )*
            Ok(openers)
        }
    };
}

entry_points! {
    /// `socket.core`
    luaopen_socket_core => crate::socket::core::open;
    /// `socket.unix`
    luaopen_socket_unix => crate::socket::unix::open;
    /// `socket.serial`
    luaopen_socket_serial => crate::socket::serial::open;
    /// The internal `socket_protected_call`
    luaopen_socket_protected_call => crate::socket::core::open_protected_call;
    /// The internal `socket_http`
    luaopen_socket_http => crate::http::open;
    /// The internal `socket_idna`
    luaopen_socket_idna => crate::idna::open;
    /// The native part of `socket.tls`
    luaopen_socket_tls => crate::tls::open;
    /// `mime.core`
    luaopen_mime_core => crate::mime::open;
    /// The native part of `socket.url`
    luaopen_socket_url => crate::url::open;
}
