//! Certificates that a server sends.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| luasocket::fuzzing::run("certificate", data));
