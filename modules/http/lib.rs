//! `socket/http_core`: what of HTTP is large and seldom needed, a library of its own so that programs pay for it only
//! when they use it: brotli and zstd, and cookies with the list of public suffixes.
#![allow(unsafe_code)]

luasocket::export_entry_points! {
    luaopen_socket_http_core;
    luaopen_socket_all_codings => socket_all_codings;
    luaopen_socket_cookies => socket_cookies;
}
