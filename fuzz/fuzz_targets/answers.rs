//! Whatever a server answers is judged without a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| thingspace_session_fuzz::answers(data));
