//! A child that was forked while a thread of its parent's held the lease does not hold it too.

use std::fs::File;

use serde_json::json;

use crate::helper::Helper;
use crate::scene::{RIGHT, Scene};

#[test]
fn a_forked_child_does_not_keep_the_lease_of_a_killed_parent() {
    let scene = Scene::new();
    scene.fault(json!({"on": "login", "fault": "hold"}));
    let steps = json!([
        {"do": "login in a thread"}, {"do": "wait"}, {"do": "fork"}, {"do": "wait"}
    ]);
    let mut parent = Helper::start(&scene.options(RIGHT), steps);
    scene.wait_for_logins(1);
    parent.go();
    let child: i32 = parent.line_of("forked").parse().unwrap();
    parent.line_of("waiting");
    let mut waiter = Helper::login(&scene.options(RIGHT));
    waiter.wait_until_it_waits();
    // The child has the parent's standard input, and lives as long as this end of it.
    parent.kill_keeping_its_children();
    // SAFETY: a plain call; signal 0 only asks.
    assert_eq!(unsafe { libc::kill(child, 0) }, 0);
    let (status, words) = waiter.whole_outcome();
    assert_eq!(status, "TSM_E_LOGIN_BLOCKED");
    assert!(words.contains("may leave in 5 s"), "{words}");
    assert_eq!(scene.login_after(6, RIGHT), "OK");
    // SAFETY: as above; it ends with the pipe in any case.
    assert_eq!(unsafe { libc::kill(child, libc::SIGKILL) }, 0);
}

#[test]
fn a_forked_child_does_not_end_the_lease_of_its_parent() {
    let scene = Scene::new();
    scene.fault(json!({"on": "login", "fault": "hold"}));
    let steps = json!([
        {"do": "login in a thread"}, {"do": "wait"}, {"do": "fork"}, {"do": "wait"}
    ]);
    let mut parent = Helper::start(&scene.options("wrong"), steps);
    scene.wait_for_logins(1);
    parent.go();
    let child: i32 = parent.line_of("forked").parse().unwrap();
    // SAFETY: a plain call on the child that was just made.
    assert_eq!(unsafe { libc::kill(child, libc::SIGKILL) }, 0);
    let mut waiter = Helper::login(&scene.options("wrong"));
    waiter.wait_until_it_waits();
    scene.drop_faults();
    assert_eq!(waiter.outcome(), "TSM_E_LOGIN_BLOCKED");
    assert_eq!(scene.logins(), 1);
}

#[test]
fn a_forked_child_keeps_no_lock_however_many_there_are() {
    const ACCOUNTS: usize = 70;
    let scene = Scene::new();
    scene.fault(json!({"on": "login", "fault": "hold", "times": -1}));
    let mut steps = Vec::new();
    for n in 0..ACCOUNTS {
        let username = format!("user {n}");
        scene.contact(&username, RIGHT);
        let own = json!({"username": username});
        steps.extend([
            json!({"do": "login in a thread", "options": own}),
            json!({"do": "wait"}),
        ]);
    }
    steps.extend([json!({"do": "fork"}), json!({"do": "wait"})]);
    let mut parent = Helper::start(&scene.options(RIGHT), steps.into());
    for n in 1..=ACCOUNTS {
        scene.wait_for_logins(n as u64);
        parent.line_of("waiting");
        parent.go();
    }
    let child: i32 = parent.line_of("forked").parse().unwrap();
    let locks: Vec<File> = scene
        .files("lock")
        .iter()
        .map(|path| File::open(path).unwrap())
        .collect();
    assert_eq!(locks.len(), ACCOUNTS);
    assert!(locks.iter().all(|lock| lock.try_lock().is_err()));
    parent.kill_keeping_its_children();
    // SAFETY: a plain call; signal 0 only asks.
    assert_eq!(unsafe { libc::kill(child, 0) }, 0);
    assert!(locks.iter().all(|lock| lock.try_lock().is_ok()));
    // SAFETY: as above; it ends with the pipe in any case.
    assert_eq!(unsafe { libc::kill(child, libc::SIGKILL) }, 0);
}
