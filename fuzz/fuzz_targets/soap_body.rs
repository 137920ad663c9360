//! Whatever a program gives as the body of a SOAP call makes an envelope or an error.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| thingspace_session_fuzz::soap_body(data));
