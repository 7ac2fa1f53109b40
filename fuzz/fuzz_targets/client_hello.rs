//! The ClientHello of a TLS client.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| luasocket::fuzzing::run("client_hello", data));
