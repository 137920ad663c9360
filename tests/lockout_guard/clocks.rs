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
