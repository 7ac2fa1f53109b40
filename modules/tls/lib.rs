//! `socket/tls_core`: the native part of `socket.tls`. It is a separate library, so that only programs that
//! use TLS load the system's TLS library.
#![allow(unsafe_code)]

luasocket::export_entry_points! {
    luaopen_socket_tls_core => socket_tls_core;
}
