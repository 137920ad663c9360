//! How the shared library is linked, and the build for the panic test.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=TSM_PANIC_TEST");
    link_shared_library();
    panics_for_the_panic_test();
}

/// `dlclose` must not take away code that the exit handlers of threads still need. A SONAME is
/// given by what installs the library, cargo-c or `packaging/`: programs of a build tree record the
/// file's name.
fn link_shared_library() {
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
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
