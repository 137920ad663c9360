//! Secrets are where they must be, and nowhere else: not in the list of processes, not in logs, not
//! in memory that another process or a core dump could show.

use std::fs;
use std::process::Stdio;

use serde_json::json;

use crate::scene::Scene;

const SECRETS: [&str; 2] = ["IMgr8", "static-test-token"];

#[test]
fn a_process_that_waits_shows_nothing() {
    let scene = Scene::new();
    let hang = json!({"on": "login", "fault": "hold"});
    scene.sandbox.control("POST", "/faults", hang);
    let mut command = scene.command(&["token", "-vv", "--password-file", "-"]);
    command
        .env_remove("TSM_PASSWORD")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"IMgr8\n").unwrap();
    let held = json!({"counter": "held", "at_least": 1});
    scene.sandbox.control("POST", "/await", held);
    let proc = |name: &str| fs::read(format!("/proc/{}/{name}", child.id())).unwrap();
    let arguments = String::from_utf8_lossy(&proc("cmdline")).into_owned();
    assert!(
        SECRETS.iter().all(|secret| !arguments.contains(secret)),
        "{arguments}"
    );
    // Its files there are root's: the mark of a process that leaves no core dump.
    use std::os::unix::fs::MetadataExt;
    let owner = fs::metadata(format!("/proc/{}/environ", child.id()))
        .unwrap()
        .uid();
    assert_eq!(owner, 0);
    scene.sandbox.control("DELETE", "/faults", json!(null));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let token = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    for secret in SECRETS.iter().chain(&[token.trim()]) {
        assert!(!said.contains(secret), "{said}");
    }
}

#[test]
fn a_crash_leaves_no_core() {
    let scene = Scene::new();
    let hang = json!({"on": "login", "fault": "hold"});
    scene.sandbox.control("POST", "/faults", hang);
    let mut command = scene.program("sh");
    command
        .arg("-c")
        .arg(format!(
            "ulimit -c unlimited; exec {} token",
            Scene::binary().display()
        ))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let held = json!({"counter": "held", "at_least": 1});
    scene.sandbox.control("POST", "/await", held);
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::ABORT).unwrap();
    use std::os::unix::process::ExitStatusExt;
    assert!(!child.wait().unwrap().core_dumped());
}
