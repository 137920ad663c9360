//! How the shared library is linked, and the build for the panic test.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=TSM_PANIC_TEST");
    link_shared_library();
    panics_for_the_panic_test();
}

/// On Linux a program records the library by its SONAME, and `dlclose` must not take away code that
/// the exit handlers of threads still need.
fn link_shared_library() {
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libthingspace_session.so");
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}

/// A build for one test only, in which every export can be made to panic.
fn panics_for_the_panic_test() {
    println!("cargo::rustc-check-cfg=cfg(tsm_panic_test)");
    if env::var_os("TSM_PANIC_TEST").is_some() {
        println!("cargo::rustc-cfg=tsm_panic_test");
    }
}
