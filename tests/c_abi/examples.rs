//! The C examples do what they say, the one on the header's first page included.

use std::fs;
use std::path::Path;

use thingspace_sandbox::{Options, Sandbox};

use crate::compiler::{build_program, library_folder, program, root, scratch, succeed};
use crate::programs::in_sandbox;

/// What the examples of all languages print.
const STORY: &str = "logged in; 2 devices
the token expired and was renewed; 2 devices
the token expired and was renewed by hand; 2 devices
";

/// Compiles and runs an example against a sandbox; what it printed, and the sandbox.
fn run(source: &Path) -> (String, Sandbox) {
    let built = build_program(source, &library_folder());
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let printed = succeed(&mut in_sandbox(program(&built), &sandbox));
    (printed, sandbox)
}

#[test]
fn devices_is_mended_once_by_the_library_and_once_by_hand() {
    let (printed, sandbox) = run(&root().join("examples/c/devices.c"));
    assert_eq!(printed, STORY);
    let counters = ["login", "logout", "api", "api_expired"].map(|name| sandbox.counter(name));
    assert_eq!(counters, [4, 2, 5, 2]);
}

#[test]
fn devices_soap_does_the_same() {
    let (printed, sandbox) = run(&root().join("examples/c/devices_soap.c"));
    assert_eq!(printed, STORY);
    let names = [
        "soap_login",
        "soap_logout",
        "soap_call",
        "soap_call_expired",
        "oauth",
    ];
    let counters = names.map(|name| sandbox.counter(name));
    assert_eq!(counters, [4, 2, 5, 2, 0]);
}

#[test]
fn the_example_on_the_headers_first_page_runs() {
    let header = fs::read_to_string(root().join("include/tsm.h")).unwrap();
    let example: String = header
        .lines()
        .skip_while(|line| !line.contains("#include <stdio.h>"))
        .take_while(|line| !line.contains("cc program.c"))
        .map(|line| line.trim_start_matches(" *").to_owned() + "\n")
        .collect();
    let source = scratch().join("manual.c");
    fs::write(&source, example).unwrap();
    let (printed, _) = run(&source);
    assert!(printed.contains("0000123456-00001"), "{printed}");
}
