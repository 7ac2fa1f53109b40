//! Response heads.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| luasocket::fuzzing::run("response_head", data));
