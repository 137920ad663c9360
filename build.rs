//! Generates the C header from `src/ffi/` into OUT_DIR, where a test compares it with the committed
//! `include/tsm.h`. `TSM_UPDATE_HEADER=1 cargo build` (`make header`) writes the committed one too;
//! an ordinary build writes only into its own folder.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// In the order the header shows them.
const SOURCES: &[&str] = &[
    "config", "log", "call", "session", "request", "exchange", "response", "error", "version",
];

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("tsm.h");
    for path in ["build.rs", "cbindgen.toml", "src/ffi"] {
        println!("cargo::rerun-if-changed={path}");
    }
    println!("cargo::rerun-if-env-changed=TSM_UPDATE_HEADER");
    println!("cargo::rerun-if-env-changed=TSM_PANIC_TEST");

    generate(&root, &out);
    if env::var_os("TSM_UPDATE_HEADER").is_some() {
        update(&out, &root.join("include/tsm.h"));
    }
    link_shared_library();
    panics_for_the_panic_test();
}

fn generate(root: &Path, header: &Path) {
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml");
    SOURCES
        .iter()
        .map(|name| root.join("src/ffi").join(name).with_extension("rs"))
        .fold(
            cbindgen::Builder::new().with_config(config),
            |builder, source| builder.with_src(source),
        )
        .generate()
        .expect("src/ffi is what cbindgen understands")
        .write_to_file(header);
}

fn update(generated: &Path, committed: &Path) {
    let new = fs::read(generated).expect("just written");
    if fs::read(committed).ok().as_ref() != Some(&new) {
        fs::write(committed, new).expect("include/tsm.h can be written");
    }
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
