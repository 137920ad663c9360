//! The programs of `tests/c/`, each with a sandbox of its own. A test here is a line; what it
//! checks is told in the program.

use std::path::PathBuf;
use std::process::Command;

use thingspace_sandbox::{Options, Sandbox};

use crate::compiler::{build_program, library_folder, program, root, scratch, succeed};
use crate::early;

macro_rules! programs {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                run(stringify!($name));
            }
        )*

        #[test]
        fn every_program_is_run() {
            let run = [$(stringify!($name)),*, "panic_probe", "sigpipe"];
            for entry in std::fs::read_dir(root().join("tests/c")).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_stem().unwrap().to_str().unwrap();
                let is_program = path.extension().is_some_and(|extension| extension == "c");
                assert!(!is_program || run.contains(&name), "{name}.c is run by no test");
            }
        }
    };
}

programs! {
    arguments
    by_hand
    calls
    cancel
    config
    errors
    events
    exchange
    carried
    expiry
    fork
    fork_storm
    free
    handles
    log
    names
    open
    responses
    soap
    storm
    tokens
}

fn run(name: &str) {
    let built = build(name);
    let sandbox = Sandbox::start(Options::default()).unwrap();
    succeed(&mut in_sandbox(program(&built), &sandbox));
}

fn build(name: &str) -> PathBuf {
    let source = root().join("tests/c").join(name).with_extension("c");
    build_program(&source, &library_folder())
}

#[test]
fn sigpipe() {
    let built = build("sigpipe");
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let mut plain = in_sandbox(program(&built), &sandbox);
    succeed(plain.env("TSM_BASE_URL", early::serve_plain()));
    let (base_url, certificate) = early::serve_tls();
    let ca_file = scratch().join("early.pem");
    std::fs::write(&ca_file, certificate).unwrap();
    let mut over_tls = in_sandbox(program(&built), &sandbox);
    succeed(
        over_tls
            .env("TSM_BASE_URL", base_url)
            .env("TSM_CA_FILE", ca_file),
    );
}

/// The environment that `tsm_config_load_env` and `sandbox_control.h` read.
pub fn in_sandbox(mut command: Command, sandbox: &Sandbox) -> Command {
    command
        .env("TSM_BASE_URL", sandbox.base_url())
        .env("TSM_SOAP_URL", sandbox.soap_url())
        .env("TSM_USERNAME", "zbeeblebrox")
        .env("TSM_PASSWORD", "IMgr8")
        .env("TSM_APP_KEY", "key")
        .env("TSM_APP_SECRET", "secret")
        .env("TSM_STORE", "memory:")
        .env("TSM_SANDBOX_CONTROL", sandbox.control_url());
    command
}
