//! `socket/http_core`: the large parts of HTTP that few programs need. They are brotli and zstd, and cookies
//! with the public suffix list. They form a separate library, so that only programs that use them pay for
//! them.
#![allow(unsafe_code)]

luasocket::export_entry_points! {
    luaopen_socket_http_core;
    luaopen_socket_all_codings => socket_all_codings;
    luaopen_socket_cookies => socket_cookies;
}
