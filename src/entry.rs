//! The functions that Lua's module loader calls, one for each native module. The libraries in `modules/`
//! export them under the names that the loader expects.
#![allow(unsafe_code)]

use std::ffi::c_int;

pub use mlua::ffi::{lua_CFunction as EntryPoint, lua_State};
#[cfg(not(feature = "module"))]
use mlua::{Lua, Result, Table};

use crate::binding::{Call, Outcome, native};
#[cfg(feature = "runner")]
pub use crate::sys::interrupt::INTERRUPTED;

macro_rules! entry_points {
    ($($(#[$meta:meta])* $name:ident => $open:path;)*) => {
        $(
            $(#[$meta])*
            ///
            /// # Safety
            /// Called by Lua's module loader with the running state.
            pub unsafe extern "C-unwind" fn $name(state: *mut lua_State) -> c_int {
                // SAFETY: `native` makes this C function, and it is called as Lua calls it.
                unsafe { native($open)(state) }
            }
        )*

        /// Each entry point by its name, for a Lua state of this program.
        #[cfg(not(feature = "module"))]
        pub(crate) fn openers(lua: &Lua) -> Result<Table> {
            let openers = lua.create_table()?;
            $(
                // SAFETY: the entry point may be called in any Lua state of this program.
                openers.raw_set(stringify!($name), unsafe { lua.create_c_function($name) }?)?;
            )*
            Ok(openers)
        }
    };
}

entry_points! {
    /// `socket.core`
    socket_core => crate::socket::core::open;
    /// `socket.unix`
    socket_unix => crate::socket::unix::open;
    /// `socket.serial`
    socket_serial => crate::socket::serial::open;
    /// The internal `socket_protected_call`
    socket_protected_call => crate::socket::protect::open_protected_call;
    /// The internal `socket_http`
    socket_http => crate::http::open;
    /// The internal `socket_http_client`
    socket_http_client => crate::http::client::open;
    /// The internal `socket_codings`
    socket_codings => crate::codings::open;
    /// The same, with every coding of the library for HTTP
    socket_all_codings => crate::codings::open;
    /// The internal `socket_cookies`
    #[cfg(feature = "cookies")]
    socket_cookies => crate::cookies::open;
    /// The internal `socket_http_server`
    socket_http_server => crate::http::serving::open;
    /// The internal `socket_idna`
    socket_idna => crate::idna::open;
    /// The internal `socket_late`
    socket_late => crate::late::open;
    /// The internal `socket_hmac`
    socket_hmac => crate::hmac::open;
    /// The native part of `socket.tasks`
    socket_tasks => crate::tasks::open;
    /// The internal `socket_version`
    socket_version => version;
    /// The native part of `socket.tls`
    socket_tls_core => crate::tls::open;
    /// `mime.core`
    mime_core => crate::mime::open;
    /// The native part of `socket.url`
    socket_url => crate::url::open;
}

/// The version. The Lua file of `socket.tls` compares it with the version of the TLS library.
fn version(call: &mut Call<'_>) -> Outcome {
    // SAFETY: nothing is owned here. The TLS library is opened next and reads what is published here.
    unsafe { crate::tasks::handover::publish(call.raw_state()) };
    call.push_bytes(crate::VERSION);
    Ok(1)
}

/// Makes `require "socket.native_entries"` call a function. This works even in a sandbox that does not let
/// scripts load libraries.
///
/// # Safety
/// Called by Lua's module loader with the running state.
#[cfg(feature = "module")]
pub unsafe fn announce(state: *mut lua_State, list: unsafe extern "C-unwind" fn(*mut lua_State) -> c_int) {
    // SAFETY: Lua gives a C function free slots. Nothing is owned.
    unsafe { crate::binding::entries::preload(state, c"socket.native_entries", list) }
}

#[cfg(feature = "module")]
#[doc(hidden)]
pub use crate::binding::entries::push as push_entries;

/// The number of tasks of a state that were started and have never run.
///
/// # Safety
/// The state belongs to this program, it has a free slot, and nothing runs in it.
#[cfg(feature = "tasks")]
pub unsafe fn tasks_never_run(state: *mut lua_State) -> usize {
    // SAFETY: the conditions of this function.
    unsafe { crate::tasks::never_run(state) }
}

/// Defines a library's entry points under the names that Lua's module loader expects. The first is a function
/// that returns a table of all the others.
#[doc(hidden)]
#[macro_export]
macro_rules! export_entry_points {
    ($list:ident; $($exported:ident => $name:ident;)*) => {
        /// The entry points of this library.
        ///
        /// # Safety
        /// Called by Lua's module loader with the running state.
        #[unsafe(no_mangle)]
        pub unsafe extern "C-unwind" fn $list(state: *mut $crate::entry::lua_State) -> std::ffi::c_int {
            let entries: &[(&std::ffi::CStr, $crate::entry::EntryPoint)] = &[$(
                (
                    match std::ffi::CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                        Ok(name) => name,
                        Err(_) => c"",
                    },
                    $crate::entry::$name,
                ),
            )*];
            // SAFETY: called as Lua calls it.
            unsafe { $crate::entry::push_entries(state, entries) };
            1
        }

        $crate::export_entry_points! { $($exported => $name;)* }
    };
    ($($exported:ident => $name:ident;)*) => {
        $(
            #[doc = concat!("`", stringify!($name), "`")]
            ///
            /// # Safety
            /// Called by Lua's module loader with the running state.
            #[unsafe(no_mangle)]
            pub unsafe extern "C-unwind" fn $exported(state: *mut $crate::entry::lua_State) -> std::ffi::c_int {
                // SAFETY: called as Lua calls it.
                unsafe { $crate::entry::$name(state) }
            }
        )*
    };
}
