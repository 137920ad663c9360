//! How it ends when it is told to: soon, whatever it waits for, and by the signal that came.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::scene::{Scene, without_container};

/// How long its calls may take: what it does not end by itself, nothing ends.
const DAY_MS: &str = "86400000";

fn start(scene: &Scene, arguments: &[&str]) -> Child {
    let mut command = scene.command(arguments);
    command
        .env("TSM_TIMEOUT_MS", DAY_MS)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// The signal that ended it, and what it said.
fn end(mut child: Child) -> (Option<i32>, String) {
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    let status = child.wait().unwrap();
    (status.signal(), without_container(&said))
}

#[test]
fn a_hung_login_ends_at_once_and_its_slot_stays() {
    for number in [Signal::INT, Signal::TERM, Signal::HUP] {
        let scene = Scene::new();
        let hang = json!({"on": "login", "fault": "hold", "times": -1});
        scene.sandbox.control("POST", "/faults", hang);
        let child = start(&scene, &["token"]);
        let held = json!({"counter": "held", "at_least": 1});
        scene.sandbox.control("POST", "/await", held);
        wait_until_it_was_told(&child);
        signal(&child, number);
        let (by, said) = end(child);
        assert_eq!(by, Some(number.as_raw()), "{said}");
        assert!(said.contains("a login was under way"), "{said}");
        let done = scene.run(&["unblock", "--yes", "--json"]);
        assert!(done.out.contains("\"still_counting\":1"), "{}", done.out);
    }
}

#[test]
fn a_hung_request_costs_no_slot() {
    let scene = Scene::new();
    scene.run(&["login"]);
    let hang = json!({"on": "api", "fault": "hold", "times": -1});
    scene.sandbox.control("POST", "/faults", hang);
    let child = start(
        &scene,
        &["request", "GET", "/m2m/v1/accounts/0000123456-00001"],
    );
    let held = json!({"counter": "held", "at_least": 1});
    scene.sandbox.control("POST", "/await", held);
    signal(&child, Signal::INT);
    assert_eq!(end(child), (Some(Signal::INT.as_raw()), String::new()));
    let done = scene.run(&["unblock", "--yes", "--json"]);
    assert!(done.out.contains("\"still_counting\":0"), "{}", done.out);
}

#[test]
fn a_diagnosis_ends_without_a_failure_that_is_none() {
    let scene = Scene::new();
    let hang = json!({"on": "any", "fault": "hold", "times": -1});
    scene.sandbox.control("POST", "/faults", hang);
    let mut child = start(&scene, &["doctor"]);
    let held = json!({"counter": "held", "at_least": 1});
    scene.sandbox.control("POST", "/await", held);
    signal(&child, Signal::INT);
    let mut found = String::new();
    let mut out = child.stdout.take().unwrap();
    out.read_to_string(&mut found).unwrap();
    assert_eq!(end(child).0, Some(Signal::INT.as_raw()));
    assert!(
        found.contains("names") && !found.contains("\nfailed"),
        "{found}"
    );
}

#[test]
fn whoever_waits_for_standard_input_can_be_ended() {
    let scene = Scene::new();
    scene.run(&["login"]);
    for arguments in [&["request", "POST", "/x", "-d", "-"][..], &["relogin", "-"]] {
        let child = start(&scene, arguments);
        // It has its handlers by then, or the system's own way holds.
        wait_for_threads(&child);
        signal(&child, Signal::INT);
        let (by, _) = end(child);
        assert_eq!(by, Some(Signal::INT.as_raw()));
    }
}

/// Goes on when it knows of the login that has begun: the thread of its call is told whenever it
/// wakes, and has done so once more when it sleeps for the second time.
fn wait_until_it_was_told(child: &Child) {
    let status = format!("/proc/{}/status", child.id());
    let sleeps = || {
        let status = std::fs::read_to_string(&status).unwrap();
        let mut lines = status.lines();
        let count = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        count.unwrap().trim().parse::<u64>().unwrap()
    };
    let before = sleeps();
    while sleeps() < before + 2 {
        std::thread::yield_now();
    }
}

fn wait_for_threads(child: &Child) {
    let tasks = format!("/proc/{}/task", child.id());
    while std::fs::read_dir(&tasks).map_or(0, Iterator::count) < 2 {
        std::thread::yield_now();
    }
}

#[test]
fn what_was_ignored_stays_ignored() {
    let scene = Scene::new();
    let hang = json!({"on": "login", "fault": "hold"});
    scene.sandbox.control("POST", "/faults", hang);
    let mut command = scene.program("sh");
    command
        .arg("-c")
        .arg(format!(
            "trap '' HUP INT; exec {} token -q",
            Scene::binary().display()
        ))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let held = json!({"counter": "held", "at_least": 1});
    scene.sandbox.control("POST", "/await", held);
    signal(&child, Signal::HUP);
    signal(&child, Signal::INT);
    scene.sandbox.control("DELETE", "/faults", json!(null));
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 37));
}
