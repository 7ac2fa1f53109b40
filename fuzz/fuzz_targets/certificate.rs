//! Certificates, as a server shows them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| luasocket::fuzzing::run("certificate", data));
