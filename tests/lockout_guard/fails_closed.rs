//! A store that cannot be used, or stops being usable: nothing is sent, nothing takes its place,
//! the words say what to do, and once the trouble is over the same process logs in.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use serde_json::{Map, Value, json};
use thingspace_session::{Config, Status};

use crate::helper::{Helper, Job};
use crate::scene::{RIGHT, Scene, USER, is_root, until_hashed, with};

const NOBODY: u32 = 65534;

/// Options without a store: the default one, in the user's state directory.
fn options(scene: &Scene, password: &str) -> Map<String, Value> {
    with(scene.options(password), json!({"store": null}))
}

/// A helper whose user has this home.
fn at_home(scene: &Scene, home: Option<&Path>, steps: Value) -> Job {
    let job = Helper::job(&options(scene, RIGHT), steps);
    job.env("XDG_STATE_HOME", None).env("HOME", home)
}

#[track_caller]
fn assert_says_what_to_set((status, words): (String, String)) {
    assert_eq!(status, "TSM_E_STORE", "{words}");
    for told in ["No login is sent", "TSM_STORE", "file:DIR", "memory:"] {
        assert!(words.contains(told), "{words}");
    }
}

#[test]
fn while_files_or_memory_or_the_disk_are_at_their_end_nothing_is_sent() {
    for trouble in ["no files", "full disk", "no memory"] {
        let scene = Scene::new();
        let login = |password: &str| json!({"do": "login", "options": {"password": password}});
        let steps = json!([
            {"do": trouble}, login(RIGHT), login("wrong"), {"do": "no limits"},
            login(RIGHT), {"do": "wait"},
            {"do": trouble}, {"do": "relogin"}, {"do": "no limits"},
            {"do": "wait"}, {"do": "relogin"}, {"do": "relogin"},
        ]);
        let mut helper = at_home(&scene, Some(scene.root()), steps).start();
        for _ in 0..2 {
            let (status, words) = helper.whole_outcome();
            match trouble {
                "no memory" => assert_eq!(status, "TSM_E_INTERNAL", "{words}"),
                _ => assert_says_what_to_set((status, words)),
            }
        }
        assert_eq!(helper.outcome(), "OK", "{trouble}");
        until_hashed(&scene.root().join(".local/state/thingspace-session"));
        helper.line_of("waiting");
        helper.go();
        // A renewal. The hash of its password it has made before.
        let (renewed, logins) = match trouble {
            "no memory" => ("OK", 2),
            _ => ("TSM_E_STORE", 1),
        };
        assert_eq!(helper.outcome(), renewed, "{trouble}");
        assert_eq!(scene.logins(), logins, "{trouble}");
        scene.contact(USER, "changed");
        helper.line_of("waiting");
        helper.go();
        assert_eq!(helper.outcome(), "TSM_E_CREDENTIALS", "{trouble}");
        assert_eq!(helper.outcome(), "TSM_E_LOGIN_BLOCKED", "{trouble}");
        // And the guard is the one of all processes.
        let next = json!([{"do": "login"}]);
        let mut next = at_home(&scene, Some(scene.root()), next).start();
        assert_eq!(next.outcome(), "TSM_E_LOGIN_BLOCKED", "{trouble}");
        assert_eq!(scene.most_strikes(), 1, "{trouble}");
    }
}

#[test]
fn a_rejection_that_could_not_be_saved_is_not_sent_again() {
    let scene = Scene::new();
    // The disk is full when the answer comes.
    scene.fault(json!({"on": "login", "fault": "hold"}));
    let steps = json!([
        {"do": "login in a thread"}, {"do": "wait"}, {"do": "full disk"}, {"do": "wait"},
        {"do": "login"}, {"do": "no limits"}, {"do": "login"}, {"do": "login"}
    ]);
    let mut helper = Helper::start(&scene.options("wrong"), steps);
    scene.wait_for_logins(1);
    helper.line_of("waiting");
    helper.go();
    helper.line_of("waiting");
    scene.drop_faults();
    assert_eq!(helper.outcome(), "TSM_E_CREDENTIALS");
    helper.go();
    assert_eq!(helper.outcome(), "TSM_E_STORE");
    for _ in 0..2 {
        assert_eq!(helper.outcome(), "TSM_E_LOGIN_BLOCKED");
    }
    assert_eq!(scene.login_after(10, "wrong"), "TSM_E_LOGIN_BLOCKED");
    assert_eq!(scene.most_strikes(), 1);
    assert_eq!(scene.slots(), (1, 0));
}

#[test]
fn a_user_without_a_home_is_told_what_to_set() {
    let scene = Scene::new();
    let login = json!([{"do": "login"}]);
    for home in [None, Some(Path::new("")), Some(Path::new("relative"))] {
        let mut helper = at_home(&scene, home, login.clone()).start();
        assert_says_what_to_set(helper.whole_outcome());
    }
    let file = scene.root().join("file");
    fs::write(&file, "").unwrap();
    for home in [Path::new("/proc"), Path::new("/dev/null"), &file] {
        let mut helper = at_home(&scene, Some(home), login.clone()).start();
        assert_says_what_to_set(helper.whole_outcome());
    }
    assert_eq!(scene.sandbox.counter("connections"), 0);
}

#[test]
fn a_home_that_this_user_may_not_write_is_said_to_be_one_until_it_is() {
    if !is_root() {
        // Only root can be two users.
        return;
    }
    let scene = Scene::new();
    fs::set_permissions(scene.root(), fs::Permissions::from_mode(0o755)).unwrap();
    let home = scene.root().join("home");
    fs::create_dir(&home).unwrap();
    let steps = json!([
        {"do": "become", "user": NOBODY}, {"do": "login"}, {"do": "wait"}, {"do": "login"}
    ]);
    let mut helper = at_home(&scene, Some(&home), steps).start();
    assert_says_what_to_set(helper.whole_outcome());
    assert_eq!(scene.sandbox.counter("connections"), 0);
    chown(&home, Some(NOBODY), None).unwrap();
    helper.go();
    assert_eq!(helper.outcome(), "OK");
}

#[test]
fn after_one_run_by_another_user_it_is_said_whose_the_directory_is() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    fs::set_permissions(scene.root(), fs::Permissions::from_mode(0o755)).unwrap();
    let home = scene.root().join("home");
    for directory in ["", ".local", ".local/state"] {
        let directory = home.join(directory);
        fs::create_dir(&directory).unwrap();
        chown(&directory, Some(NOBODY), None).unwrap();
    }
    let login = json!([{"do": "login"}]);
    // As with sudo and the user's own environment.
    let mut by_root = at_home(&scene, Some(&home), login).start();
    assert_eq!(by_root.outcome(), "OK");
    let steps = json!([{"do": "become", "user": NOBODY}, {"do": "login"}]);
    let mut by_user = at_home(&scene, Some(&home), steps).start();
    let (status, words) = by_user.whole_outcome();
    assert_eq!(scene.logins(), 1);
    assert!(words.contains(&home.display().to_string()), "{words}");
    assert!(words.contains("belongs to the user 0"), "{words}");
    assert_says_what_to_set((status, words));
}

#[test]
fn a_directory_is_named_so_that_it_is_the_same_wherever_a_program_starts() {
    for store in [
        "file:~/.tsm",
        "file:state",
        "file:./state",
        "file:../x",
        "file:~",
        "state",
        "file",
    ] {
        let error = Config::new().set("store", store).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument, "{store}");
        assert!(error.message().starts_with("store: "), "{error}");
    }
    let error = Config::new().set("store", "file:~/.tsm").unwrap_err();
    for told in ["absolute", "~"] {
        assert!(error.message().contains(told), "{error}");
    }
}

#[test]
fn one_directory_by_several_names_is_one_guard() {
    let scene = Scene::new();
    let directory = scene.directory();
    let above = scene.root().join("above");
    symlink(scene.root(), &above).unwrap();
    let names = [
        format!("file:{}", directory.display()),
        format!("file:{}/", directory.display()),
        format!("file:{}/../store", directory.display()),
        format!("file:{}", above.join("store").display()),
    ];
    for (n, store) in names.iter().cycle().take(12).enumerate() {
        let _ = scene.login_with(&format!("wrong {n}"), json!({"store": store}));
    }
    assert_eq!(scene.most_strikes(), 3);
}

#[test]
fn what_a_secrets_file_ends_with_costs_no_strike() {
    for (option, value) in [
        ("password", "IMgr8\n"),
        ("password", "IMgr8\r\n"),
        ("password", "\u{7f}IMgr8"),
        ("username", "zbeeblebrox\n"),
        ("username", "zbeeble\tbrox"),
        ("username", "zbeeblebrox\u{85}"),
    ] {
        let error = Config::new().set(option, value).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument, "{value:?}");
        assert!(error.message().contains("control character"), "{error}");
        assert!(!error.message().contains("IMgr8"), "{error}");
    }
    for (option, value) in [
        ("password", " IMgr8 \u{e4}\u{20ac}"),
        ("username", "zbeeblebröx"),
    ] {
        Config::new().set(option, value).unwrap();
    }
}
