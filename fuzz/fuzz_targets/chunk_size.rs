//! The first line of a chunk of a body.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| luasocket::fuzzing::run("chunk_size", data));
