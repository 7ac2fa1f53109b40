//! The hosts file and nsswitch.conf.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| luasocket::fuzzing::run("hosts_file", data));
