//! Base64, quoted-printable, line ends and dot stuffing.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| luasocket::fuzzing::run("mime", data));
