//! `thingspace doctor` on set-ups that are broken: each fault is named on its line, with what to do
//! about it, and the exit status is that of the first failure.

#[cfg(unix)]
mod files;
mod network;
mod options;
mod proxies;
#[cfg(unix)]
mod redis;
#[cfg(target_os = "linux")]
mod stores;
mod tls;

use std::process::Command;

use serde_json::Value;

use crate::scene::{Done, Scene};

/// What `doctor --json` has found.
pub struct Report {
    exit: i32,
    object: Value,
    text: String,
}

impl Report {
    pub fn of(done: &Done) -> Report {
        let object = serde_json::from_str(&done.out)
            .unwrap_or_else(|_| panic!("it is one JSON object: {} {}", done.out, done.err));
        let report = Report {
            exit: done.status.expect("it ends by itself"),
            object,
            text: done.out.clone(),
        };
        let first = report.findings().find(|found| !found["status"].is_null());
        let status = first.map_or(0, |found| found["status"].as_i64().unwrap_or_default());
        assert_eq!(i64::from(report.exit), status, "{}", report.text);
        for found in report.findings() {
            let is_plain = ["ok", "not tried"]
                .iter()
                .any(|plain| found["verdict"] == *plain);
            assert_eq!(found["remedy"] == "", is_plain, "{found}");
        }
        report
    }

    pub fn findings(&self) -> impl Iterator<Item = &Value> {
        self.object["findings"]
            .as_array()
            .expect("it has findings")
            .iter()
    }

    /// A finding of this check and verdict whose message and remedy have these words.
    #[track_caller]
    pub fn names(&self, check: &str, verdict: &str, message: &str, remedy: &str) -> &Report {
        let has = |found: &Value, key: &str, words: &str| {
            found[key].as_str().is_some_and(|text| text.contains(words))
        };
        let is_it = |found: &&Value| {
            found["check"] == check
                && found["verdict"] == verdict
                && has(found, "message", message)
                && has(found, "remedy", remedy)
        };
        let found = self.findings().any(|found| is_it(&found));
        assert!(
            found,
            "{check}, {verdict}, {message:?}, {remedy:?}:\n{self}"
        );
        self
    }

    /// The only failure is of this check; the exit status is its.
    #[track_caller]
    pub fn fails(&self, status: i32, check: &str, message: &str, remedy: &str) -> &Report {
        self.names(check, "failed", message, remedy);
        let failures = self.findings().filter(|found| found["verdict"] == "failed");
        assert_eq!((failures.count(), self.exit), (1, status), "{self}");
        self
    }

    #[track_caller]
    pub fn warns(&self, check: &str, message: &str, remedy: &str) -> &Report {
        self.names(check, "warning", message, remedy);
        assert_eq!(self.exit, 0, "{self}");
        self
    }

    #[track_caller]
    pub fn hides(&self, secret: &str) -> &Report {
        assert!(!self.text.contains(secret), "{self}");
        self
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for found in self.findings() {
            writeln!(f, "{found}")?;
        }
        Ok(())
    }
}

/// `doctor --json` with these variables changed; "" is one that is not there.
pub fn doctor(scene: &Scene, variables: &[(&str, &str)]) -> Report {
    report(scene, &mut command(scene, variables))
}

pub fn command(scene: &Scene, variables: &[(&str, &str)]) -> Command {
    let mut command = scene.command(&["doctor", "--json"]);
    set(&mut command, variables);
    command
}

pub fn set(command: &mut Command, variables: &[(&str, &str)]) {
    for (name, value) in variables {
        match *value {
            "" => command.env_remove(name),
            value => command.env(name, value),
        };
    }
}

pub fn report(scene: &Scene, command: &mut Command) -> Report {
    let report = Report::of(&scene.done(command));
    report.hides("IMgr8");
    report
}

#[test]
fn a_sound_set_up_is_told_line_by_line_and_no_login_is_sent() {
    let scene = Scene::new();
    let report = doctor(&scene, &[]);
    assert_eq!(report.exit, 0, "{report}");
    for check in [
        "library",
        "configuration",
        "environment",
        "files",
        "guard",
        "proxy",
        "names",
        "connection",
        "tls",
        "answer",
    ] {
        report.names(check, "ok", "", "");
    }
    assert_eq!(scene.sandbox.counter("login"), 0);
    assert_eq!(scene.sandbox.counter("oauth"), 0);
    assert!(!scene.folder.join("store").exists());
    let words = scene.run(&["doctor"]);
    assert_eq!(words.status, Some(0));
    assert!(words.out.contains("\nok        names"), "{}", words.out);
    assert!(
        words
            .out
            .lines()
            .last()
            .is_some_and(|line| line.contains(" failed, ")),
        "{}",
        words.out
    );
    assert!(!words.out.contains('\x1b'), "{}", words.out);
}

#[test]
fn with_login_it_logs_in_once_and_only_where_all_is_well() {
    let scene = Scene::new();
    let login = |variables: &[(&str, &str)]| {
        let mut command = scene.command(&["doctor", "--json", "--login"]);
        set(&mut command, variables);
        report(&scene, &mut command)
    };
    let well = login(&[]);
    well.names("api token", "ok", "", "")
        .names("login", "ok", "gave a session token", "");
    assert_eq!(scene.sandbox.counter("login"), 1);
    login(&[]).names("login", "ok", "shared was adopted", "");
    assert_eq!(scene.sandbox.counter("login"), 1);
    let fixed = [
        ("TSM_API_TOKEN", "x"),
        ("TSM_APP_KEY", ""),
        ("TSM_APP_SECRET", ""),
    ];
    login(&fixed).names("api token", "not tried", "a fixed one", "");
    let broken = login(&[("TSM_BASE_URL", "http://127.0.0.1:1/api")]);
    broken.names("login", "not tried", "", "");
    scene.expire();
    let other = format!("file:{}", scene.folder.join("other").display());
    let rejected = login(&[("TSM_STORE", &other), ("TSM_PASSWORD", "wrong")]);
    rejected
        .fails(10, "login", "rejected", "correct it")
        .hides("wrong");
    let no_key = login(&[("TSM_STORE", &other), ("TSM_APP_SECRET", "worse")]);
    no_key
        .fails(14, "api token", "", "app_key")
        .names("login", "not tried", "", "");
    no_key.hides("worse");
}

#[test]
fn a_guard_that_blocks_is_told_with_its_time() {
    let scene = Scene::new();
    let lost = serde_json::json!({"on": "login", "fault": "close_after"});
    scene.sandbox.control("POST", "/faults", lost);
    assert_ne!(scene.run(&["token"]).status, Some(0));
    doctor(&scene, &[]).fails(12, "guard", "the next login may leave in", "Wait");

    let other = format!("file:{}", scene.folder.join("other").display());
    let wrong = [("TSM_STORE", other.as_str()), ("TSM_PASSWORD", "wrong")];
    let mut token = scene.command(&["token"]);
    set(&mut token, &wrong);
    assert_eq!(scene.done(&mut token).status, Some(10));
    let report = doctor(&scene, &wrong);
    report.fails(12, "guard", "rejected this password", "unblock");
    doctor(&scene, &wrong[..1]).names("guard", "ok", "1 of 3 logins", "");
}

#[test]
fn a_damaged_record_is_told() {
    let scene = Scene::new();
    assert_eq!(scene.run(&["token"]).status, Some(0));
    let files = std::fs::read_dir(scene.folder.join("store")).expect("there is a store");
    for file in files {
        let path = file.expect("it can be listed").path();
        if path.extension().is_some_and(|ending| ending == "json") {
            std::fs::write(path, "garbage").expect("it can be written");
        }
    }
    doctor(&scene, &[]).warns("guard", "the record is damaged", "known to be right");
}
