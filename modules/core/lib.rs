//! `socket/core`: the native part of every module except TLS and the large parts of HTTP.
#![allow(unsafe_code)]

use std::ffi::c_int;

use luasocket::entry::{announce, lua_State, socket_core};

/// `socket.core`
///
/// # Safety
/// Called by Lua's module loader with the running state.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_socket_core(state: *mut lua_State) -> c_int {
    // SAFETY: called as Lua calls it.
    unsafe {
        announce(state, luaopen_socket_native_entries);
        socket_core(state)
    }
}

luasocket::export_entry_points! {
    luaopen_socket_native_entries;
    luaopen_socket_unix => socket_unix;
    luaopen_socket_serial => socket_serial;
    luaopen_socket_protected_call => socket_protected_call;
    luaopen_socket_http => socket_http;
    luaopen_socket_http_client => socket_http_client;
    luaopen_socket_codings => socket_codings;
    luaopen_socket_http_server => socket_http_server;
    luaopen_socket_idna => socket_idna;
    luaopen_socket_hmac => socket_hmac;
    luaopen_socket_late => socket_late;
    luaopen_socket_tasks => socket_tasks;
    luaopen_socket_url => socket_url;
    luaopen_socket_version => socket_version;
    luaopen_mime_core => mime_core;
}
