//! The program: what it prints, and how it ends.

mod common;

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use common::*;
use serde_json::Value;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_thingspace-sandbox"));
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Started with `--json` and the rest; with the line it printed.
fn started(arguments: &[&str]) -> (Child, Value) {
    let mut child = program()
        .arg("--json")
        .args(arguments)
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().expect("a pipe"))
        .read_line(&mut line)
        .expect("a line");
    (child, serde_json::from_str(&line).expect("JSON"))
}

fn url<'a>(line: &'a Value, name: &str) -> &'a str {
    line[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} in {line}"))
}

#[test]
fn json_tells_how_to_reach_it_and_it_ends_with_its_standard_input() {
    let (mut child, line) = started(&["--exit-with-stdin"]);
    assert_eq!(line["pid"], child.id());
    assert_eq!(
        Client::to(url(&line, "base_url"))
            .call("GET", "/api/nowhere", &[], b"")
            .status,
        404
    );
    assert_eq!(
        Client::to(url(&line, "soap_url"))
            .call("GET", "/api/v2/SessionService.svc", &[], b"")
            .status,
        405
    );
    assert_eq!(
        Client::to(url(&line, "control_url"))
            .call("GET", "/state", &[], b"")
            .status,
        200
    );
    assert!(
        url(&line, "base_url").ends_with("/api") && url(&line, "soap_url").ends_with("/api/v2")
    );
    for name in ["tls_base_url", "bad_tls_base_url"] {
        assert!(
            url(&line, name).starts_with("https://localhost:")
                && url(&line, name).ends_with("/api")
        );
        socket_to(url(&line, name));
    }
    let ca_file = PathBuf::from(url(&line, "ca_file"));
    assert!(ca_file.exists());

    drop(child.stdin.take());
    assert!(child.wait().expect("it ends").success());
    assert!(!ca_file.exists() && !ca_file.parent().expect("a folder").exists());
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it_and_leaves_nothing() {
    for signal in ["-INT", "-TERM"] {
        let (mut child, line) = started(&[]);
        let killed = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(killed.success() && child.wait().expect("it ends").success());
        assert!(
            !PathBuf::from(url(&line, "ca_file"))
                .parent()
                .expect("a folder")
                .exists()
        );
    }
}

#[test]
fn what_a_killed_one_left_is_swept_up_by_the_next() {
    let (mut child, line) = started(&[]);
    let folder = PathBuf::from(url(&line, "ca_file"))
        .parent()
        .expect("a folder")
        .to_path_buf();
    child.kill().expect("it is killed");
    child.wait().expect("it ends");
    drop(start());
    assert!(!folder.exists());
}

#[test]
fn the_text_says_how_to_reach_it_and_what_to_try() {
    let mut child = program()
        .arg("--exit-with-stdin")
        .spawn()
        .expect("it starts");
    drop(child.stdin.take());
    let mut text = String::new();
    child
        .stdout
        .take()
        .expect("a pipe")
        .read_to_string(&mut text)
        .expect("text");
    child.wait().expect("it ends");
    for word in [
        "/api/v2",
        "https://localhost:",
        "ca.pem",
        "zbeeblebrox",
        "static-test-token",
        "curl ",
        "/clock",
    ] {
        assert!(text.contains(word), "{word} in {text}");
    }
}

#[test]
fn ports_can_be_chosen_and_a_taken_one_is_named() {
    let taken = start();
    let port = taken.control_url().rsplit(':').next().expect("a port");
    let output = program().args(["--port", port]).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && text.contains(&format!("127.0.0.1:{port}")),
        "{text}"
    );
}

#[test]
fn help_says_all_and_wrong_options_are_refused() {
    let help = program().arg("--help").output().expect("it runs");
    let text = String::from_utf8_lossy(&help.stdout).into_owned();
    assert!(help.status.success());
    for word in [
        "--port",
        "--control-port",
        "--tls-port",
        "--json",
        "--exit-with-stdin",
        "curl ",
        "/faults",
        "process_late",
    ] {
        assert!(text.contains(word), "{word}");
    }
    let wrong = program().arg("--prot").output().expect("it runs");
    assert_eq!(wrong.status.code(), Some(2));
}
