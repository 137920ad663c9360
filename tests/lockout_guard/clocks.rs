//! Clocks that jump: what was lost counts as long as before, whatever time the machine says it is.

use serde_json::json;

use crate::helper::{Helper, Job};
use crate::scene::{RIGHT, Scene, USER, is_root};

fn login(scene: &Scene, password: &str) -> Job {
    Helper::job(&scene.options(password), json!([{"do": "login"}]))
}

#[test]
fn a_machine_that_starts_anew_makes_nothing_older() {
    if !is_root() {
        // Only root can mount.
        return;
    }
    let scene = Scene::new();
    scene.lose_answers(-1);
    assert_eq!(login(&scene, RIGHT).start().outcome(), "TSM_E_NETWORK");
    let boot = |name: &str| {
        let path = scene.root().join(name);
        std::fs::write(&path, name).unwrap();
        path
    };
    for (name, seconds) in [("one", 1_000_000), ("two", 0), ("three", 500)] {
        let job = login(&scene, RIGHT).booted(&boot(name));
        let mut early = job.after(seconds).start();
        let (status, words) = early.whole_outcome();
        assert_eq!(status, "TSM_E_NETWORK", "{words}");
        assert!(words.contains("this one was not sent"), "{words}");
    }
    assert_eq!(scene.logins(), 1);
    // By the clock of one boot it becomes older.
    let job = login(&scene, RIGHT).booted(&boot("three"));
    let mut later = job.after(506).start();
    assert_eq!(later.outcome(), "TSM_E_NETWORK");
    assert_eq!(scene.logins(), 2);
}

#[test]
fn hosts_that_share_a_directory_and_ask_by_turns_do_not_keep_each_other_from_logging_in() {
    if !is_root() {
        // Only root can mount.
        return;
    }
    let scene = Scene::new();
    scene.lose_answers(1);
    let boot = |name: &str| {
        let path = scene.root().join(name);
        std::fs::write(&path, name).unwrap();
        path
    };
    let ask = |host: &str, seconds| {
        let job = login(&scene, RIGHT).booted(&boot(host));
        job.after(seconds).start().outcome()
    };
    // Each asks again when it was told to, and the other has asked in between.
    let outcomes = [("one", 0), ("two", 1003), ("one", 6), ("two", 1009)].map(|(host, seconds)| {
        let outcome = ask(host, seconds);
        outcome.starts_with("TSM_E_").then_some(outcome)
    });
    let lost = Some("TSM_E_NETWORK".to_owned());
    assert_eq!(outcomes, [lost.clone(), lost, None, None]);
    assert_eq!(scene.logins(), 3);
}

#[test]
fn a_clock_that_was_set_back_makes_nothing_older_and_nothing_younger() {
    let scene = Scene::new();
    scene.prove(RIGHT);
    scene.lose_answers(-1);
    for seconds in [0, 6, 67] {
        assert_eq!(scene.login_after(seconds, RIGHT), "TSM_E_NETWORK");
    }
    scene.contact(USER, "changed");
    for seconds in [900, 60, 30, 0] {
        scene.login_after(seconds, RIGHT);
    }
    assert_eq!(scene.logins(), 4);
    assert_eq!(scene.login_after(901, RIGHT), "TSM_E_NETWORK");
    assert_eq!(scene.logins(), 5);
}
