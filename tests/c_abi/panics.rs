//! Proof that no panic gets out: a library built so that each export can be made to panic inside,
//! and every export of it called.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use crate::compiler::{
    build_program, functions, library_folder, library_in, program, root, scratch, succeed,
};

#[test]
fn the_library_exports_what_the_header_declares_and_nothing_else() {
    let declared: BTreeSet<_> = functions().into_iter().map(|(name, _)| name).collect();
    assert_eq!(exports(&library_in(&library_folder())), declared);
    assert_eq!(exports(&library_in(&PANICKING)), declared);
}

#[test]
fn every_export_survives_a_panic_inside() {
    let returns: Vec<_> = functions();
    for export in exports(&library_in(&PANICKING)) {
        let output = call("probe", &export, &export);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.contains(&format!("injected into {export}")),
            "{export}: no panic was injected: {said}"
        );
        assert!(
            output.status.success(),
            "{export}: {} {said}",
            output.status
        );
        let (_, returned) = returns.iter().find(|(name, _)| *name == export).unwrap();
        let value = String::from_utf8_lossy(&output.stdout);
        match returned.as_str() {
            "tsm_status" => assert_eq!(value, "99", "{export}"),
            "int64_t" => assert_eq!(value, "-1", "{export}"),
            "int32_t" | "uint32_t" | "size_t" | "const uint8_t *" => {
                assert_eq!(value, "0", "{export}")
            }
            "tsm_config *" | "tsm_call *" => assert_eq!(value, "0", "{export}"),
            "void" | "const char *" => {}
            other => panic!("{export} returns {other}: what should a panic give?"),
        }
    }
}

#[test]
fn the_error_of_a_panic_says_where_it_was() {
    let output = call("message", "tsm_config_set", "");
    let message = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(
        message.contains("tsm_config_set: injected into tsm_config_set"),
        "{message}"
    );
}

#[test]
fn a_panic_in_every_export_leaves_the_host_alive() {
    let output = call("all", "*", "");
    assert!(output.status.success(), "{output:?}");
}

/// Runs the probe with panics injected into the exports that `wanted` names.
fn call(mode: &str, wanted: &str, export: &str) -> Output {
    static PROBE: LazyLock<PathBuf> =
        LazyLock::new(|| build_program(&root().join("tests/c/panic_probe.c"), &PANICKING));
    program(&PROBE)
        .args([mode, export])
        .env("TSM_PANIC_IN", wanted)
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap()
}

/// The folder of the library that can be made to panic. It has a target folder of its own, so that
/// nothing else ever links with it.
static PANICKING: LazyLock<PathBuf> = LazyLock::new(|| {
    let target = scratch().join("panicking");
    succeed(
        Command::new(env!("CARGO"))
            .args(["build", "-p", "thingspace-session", "--lib", "--locked"])
            .arg("--manifest-path")
            .arg(root().join("Cargo.toml"))
            .arg("--target-dir")
            .arg(&target)
            .env("TSM_PANIC_TEST", "1")
            .env("CARGO_PROFILE_DEV_DEBUG", "none")
            // What the outer cargo set for this test is not meant for the inner one.
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("CARGO_BUILD_TARGET"),
    );
    target.join("debug")
});

fn exports(library: &Path) -> BTreeSet<String> {
    let nm = env::var("NM").unwrap_or_else(|_| "nm".into());
    succeed(
        Command::new(nm)
            .args(["--dynamic", "--defined-only"])
            .arg(library),
    )
    .lines()
    .filter_map(|line| line.split_whitespace().last())
    .map(str::to_owned)
    .collect()
}
