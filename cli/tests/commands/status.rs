//! `thingspace status`: what it tells of each state of the lockout guard, that it changes nothing,
//! and that it waits for nobody.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};
use thingspace_session::{Call, Config, Session, Status};

use crate::scene::Scene;

const RIGHT: &str = "IMgr8";

/// The token of a login by another program of this account, or what it fails with.
fn log_in(scene: &Scene, password: &str) -> Result<String, Status> {
    let mut config = Config::new();
    for (variable, value) in scene.account() {
        let option = variable.trim_start_matches("TSM_").to_lowercase();
        config.set(&option, &value).expect("it is an option");
    }
    for (option, value) in [("password", password), ("share_token", "true")] {
        config.set(option, value).expect("it is an option");
    }
    let session = Session::login(&config, &Call::new()).map_err(|error| error.status())?;
    until_hashed(scene);
    Ok(session.token().expect("it has one").reveal().to_owned())
}

/// Goes on when it is noted that the password works: nothing of this process writes any more then.
fn until_hashed(scene: &Scene) {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        let record = fs::read_to_string(record(scene)).unwrap_or_default();
        let record: Value = serde_json::from_str(&record).unwrap_or_default();
        if record["succeeded"].is_string() {
            return;
        }
        assert!(Instant::now() < patience, "it is never noted");
        std::thread::yield_now();
    }
}

/// What `status --json` tells, and its exit status.
fn status(scene: &Scene) -> (i32, Value) {
    status_of(scene, &mut scene.command(&["status", "--json"]))
}

fn status_of(scene: &Scene, command: &mut std::process::Command) -> (i32, Value) {
    let done = scene.done(command);
    let object = serde_json::from_str(&done.out).expect("it is one JSON object");
    (done.status.expect("it ends by itself"), object)
}

fn fault(scene: &Scene, on: &str, fault: &str, more: Value) {
    let mut body = json!({"on": on, "fault": fault});
    let object = body.as_object_mut().expect("it is an object");
    object.extend(more.as_object().cloned().unwrap_or_default());
    scene.sandbox.control("POST", "/faults", body);
}

fn record(scene: &Scene) -> PathBuf {
    let files = fs::read_dir(scene.folder.join("store")).expect("there is a store");
    let mut paths = files.map(|file| file.expect("it can be listed").path());
    let is_record = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "json");
    paths.find(is_record).expect("there is a record")
}

/// Each file of the store, with what it holds and when it was changed.
fn files(scene: &Scene) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let Ok(files) = fs::read_dir(scene.folder.join("store")) else {
        return BTreeMap::new();
    };
    let files = files.map(|file| {
        let path = file.expect("it can be listed").path();
        let changed = fs::metadata(&path).and_then(|about| about.modified());
        let content = fs::read(&path).expect("it can be read");
        (path, (content, changed.expect("it has a time")))
    });
    files.collect()
}

#[test]
fn before_the_first_login_nothing_is_known_and_nothing_is_made() {
    let scene = Scene::new();
    let (exit, status) = status(&scene);
    assert_eq!(exit, 0);
    for (key, value) in [
        ("may_login", json!(true)),
        ("record", json!("none")),
        ("slots_used", json!(0)),
        ("slots_left", json!(3)),
        ("next_login_in_s", json!(0)),
        ("last_login", Value::Null),
        ("token_age_s", Value::Null),
        ("why", Value::Null),
    ] {
        assert_eq!(status[key], value, "{key}");
    }
    assert!(!scene.folder.join("store").exists());
    assert_eq!(scene.sandbox.counter("connections"), 0);
}

#[test]
fn a_login_and_its_token_are_told_without_the_token() {
    let scene = Scene::new();
    let token = log_in(&scene, RIGHT).expect("it logs in");
    let (before, connections) = (files(&scene), scene.sandbox.counter("connections"));
    let (exit, status) = status(&scene);
    assert_eq!((exit, &status["record"]), (0, &json!("whole")));
    assert_eq!(status["last_login"]["succeeded"], json!(true));
    assert!(status["last_login"]["ended_at"].is_string());
    assert!(status["token_age_s"].is_u64());
    let words = scene.run(&["status"]);
    assert!(
        words.out.contains("last login    succeeded"),
        "{}",
        words.out
    );
    for text in [status.to_string(), words.out] {
        assert!(!text.contains(&token), "{text}");
    }
    assert_eq!(files(&scene), before);
    assert_eq!(scene.sandbox.counter("connections"), connections);
}

#[test]
fn a_rejected_password_is_told_and_another_may_be_sent() {
    let scene = Scene::new();
    assert_eq!(log_in(&scene, "wrong"), Err(Status::Credentials));
    let mut wrong = scene.command(&["status", "--json"]);
    let (exit, told) = status_of(&scene, wrong.env("TSM_PASSWORD", "wrong"));
    assert_eq!(exit, 12);
    for (key, value) in [
        ("may_login", json!(false)),
        ("slots_used", json!(1)),
        ("slots_refused", json!(1)),
        ("rejected_passwords", json!(1)),
        ("next_login_in_s", Value::Null),
        ("next_login_at", Value::Null),
    ] {
        assert_eq!(told[key], value, "{key}");
    }
    assert_eq!(told["last_login"]["status"], json!(10));
    assert!(
        told["why"]
            .as_str()
            .is_some_and(|why| why.contains("rejected this password"))
    );
    assert_eq!(status(&scene).0, 0);
    let mut without = scene.command(&["status", "--json"]);
    assert_eq!(status_of(&scene, without.env_remove("TSM_PASSWORD")).0, 0);
}

#[test]
fn a_password_that_cannot_be_read_is_told() {
    let scene = Scene::new();
    let mut command = scene.command(&["status", "--json"]);
    command.env_remove("TSM_PASSWORD");
    command.env("TSM_PASSWORD_FILE", scene.folder.join("no-such-file"));
    let (exit, told) = status_of(&scene, &mut command);
    assert_eq!((exit, &told["may_login"]), (1, &json!(false)));
    let why = told["why"].as_str().expect("it says why");
    assert!(why.contains("password_file: "), "{why}");
}

#[test]
fn after_a_lost_answer_the_next_login_has_its_time() {
    let scene = Scene::new();
    fault(&scene, "login", "close_after", json!({}));
    assert_eq!(log_in(&scene, RIGHT), Err(Status::Network));
    let (exit, status) = status(&scene);
    assert_eq!(exit, 12);
    let wait = status["next_login_in_s"].as_u64().expect("it has a time");
    assert!((1..=5).contains(&wait), "{wait}");
    assert!(status["next_login_at"].is_string());
    let words = scene.run(&["status"]);
    assert_eq!(words.status, Some(12));
    assert!(words.out.contains("1 of unknown fate"), "{}", words.out);
}

/// Another login begins, and its answer does not come: what is known of the one before stays.
#[test]
fn the_last_success_outlasts_what_comes_after_it() {
    let scene = Scene::new();
    let token = log_in(&scene, RIGHT).expect("it logs in");
    let (_, succeeded) = status(&scene);
    let at = &succeeded["last_success_at"];
    assert_eq!(at, &succeeded["last_login"]["ended_at"]);
    let once = scene.run(&["status"]).out;
    assert!(!once.contains("last success"), "{once}");
    fault(&scene, "login", "close_after", json!({}));
    assert_eq!(scene.run(&["relogin", &token]).status, Some(30));
    assert_eq!(&status(&scene).1["last_success_at"], at);
    let words = scene.run(&["status"]).out;
    let line = format!("ago, at {}", at.as_str().expect("it is a time"));
    let told = words.lines().find(|line| line.starts_with("last success"));
    assert!(told.is_some_and(|told| told.ends_with(&line)), "{words}");
}

#[test]
fn of_a_locked_contact_is_told_who_can_help() {
    let scene = Scene::new();
    let at_once = json!({"strikes_to_lock": 1});
    scene.sandbox.control("POST", "/settings", at_once);
    assert_eq!(log_in(&scene, "wrong"), Err(Status::Credentials));
    assert_eq!(log_in(&scene, RIGHT), Err(Status::Locked));
    // A login may leave: only it can find out that the contact is not locked any more.
    assert_eq!(status(&scene).0, 0);
    let words = scene.run(&["status"]).out;
    let next = words.lines().find(|line| line.starts_with("next login"));
    assert!(next.is_some_and(|next| next.contains("support")), "{words}");
    let doctor = scene.run(&["doctor"]).out;
    let guard = doctor.split("guard ").nth(1).expect("it is told");
    assert!(guard.contains("is locked"), "{doctor}");
    assert!(guard.contains("-> Have Verizon's support"), "{doctor}");
}

#[test]
fn it_waits_for_no_login_under_way() {
    let scene = Scene::new();
    fault(&scene, "login", "hold", json!({"hold": "login"}));
    std::thread::scope(|scope| {
        let login = scope.spawn(|| log_in(&scene, RIGHT));
        let await_held = json!({"counter": "held", "at_least": 1});
        scene.sandbox.control("POST", "/await", await_held);
        let (exit, under_way) = status(&scene);
        assert_eq!((exit, &under_way["logins_under_way"]), (12, &json!(1)));
        let words = scene.run(&["status"]).out;
        for told in [
            "its answer has not come",
            "s after the one that is under way ends",
        ] {
            assert!(words.contains(told), "{words}");
        }
        let release = json!({"hold": "login"});
        scene.sandbox.control("POST", "/release", release);
        login.join().expect("it ends").expect("it logs in");
    });
    let (exit, ended) = status(&scene);
    assert_eq!((exit, &ended["logins_under_way"]), (0, &json!(0)));
}

#[test]
fn a_login_whose_program_ended_is_found_by_the_next_try() {
    let scene = Scene::new();
    fault(&scene, "login", "hold", json!({"times": -1}));
    let mut program = scene.command(&["login"]).spawn().expect("it starts");
    let await_held = json!({"counter": "held", "at_least": 1});
    scene.sandbox.control("POST", "/await", await_held);
    program.kill().expect("it is there");
    program.wait().expect("it ends");
    let words = scene.run(&["status"]).out;
    assert!(words.contains("after the next try"), "{words}");

    assert_eq!(log_in(&scene, RIGHT), Err(Status::LoginBlocked));
    let words = scene.run(&["status"]).out;
    for told in ["next login    in ", "its answer never came"] {
        assert!(words.contains(told), "{words}");
    }
}

#[test]
fn what_the_platform_asked_to_wait_is_told() {
    let scene = Scene::new();
    fault(
        &scene,
        "login",
        "status",
        json!({"status": 429, "retry_after": 90}),
    );
    assert_eq!(log_in(&scene, RIGHT), Err(Status::RateLimited));
    let (exit, status) = status(&scene);
    assert_eq!(exit, 12);
    let hold = status["retry_after_s"].as_u64().expect("it has a time");
    assert!(hold > 60, "{hold}");
}

#[test]
fn a_record_that_cannot_be_read_is_told() {
    let scene = Scene::new();
    log_in(&scene, RIGHT).expect("it logs in");
    let record = record(&scene);
    fs::write(&record, "garbage").expect("it can be written");
    let (exit, damaged) = status(&scene);
    assert_eq!((exit, &damaged["record"]), (0, &json!("damaged")));
    assert!(
        damaged["damage"]
            .as_str()
            .is_some_and(|why| why.contains("is no record"))
    );
    assert_eq!(damaged["slots_left"], json!(1));
    assert_eq!(fs::read(&record).expect("it is there"), b"garbage");

    // Another lies aside already.
    let aside = record.with_extension("unreadable");
    fs::write(&aside, "older garbage").expect("it can be written");
    let (exit, again) = status(&scene);
    assert_eq!((exit, &again["slots_left"]), (12, &json!(0)));

    fs::write(&record, r#"{"format": 99}"#).expect("it can be written");
    let newer = scene.run(&["status"]);
    assert_eq!(newer.status, Some(40));
    assert!(newer.err.contains("newer version"), "{}", newer.err);
}

#[test]
fn a_store_that_cannot_be_used_ends_with_40() {
    let scene = Scene::new();
    let path = scene.folder.join("plain");
    fs::write(&path, "").expect("it can be written");
    for (store, words) in [
        (format!("file:{}", path.display()), "not a directory"),
        (format!("file:{}/below", path.display()), "not a directory"),
        ("redis://127.0.0.1:1".to_owned(), "refused"),
    ] {
        let mut command = scene.command(&["status", "--json"]);
        command.env("TSM_STORE", &store).env("HOME", &scene.folder);
        let (exit, status) = status_of(&scene, &mut command);
        assert_eq!((exit, &status["status"]), (40, &json!(40)), "{store}");
        let why = status["message"].as_str().unwrap_or_default();
        assert!(why.to_lowercase().contains(words), "{why}");
        assert_eq!(status["name"], json!("TSM_E_STORE"));
    }
}
