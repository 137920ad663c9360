//! `thingspace token`: one login for all, and nothing of the network where it is shared.

use serde_json::{Value, json};

use crate::scene::{Done, Scene};

#[test]
fn a_token_is_printed_and_shared() {
    let scene = Scene::new();
    let first = scene.run(&["token"]);
    assert_eq!(first.status, Some(0), "{}", first.err);
    assert_eq!(first.out.len(), 37, "{}", first.out);
    let requests = scene.sandbox.counter("requests");
    assert_eq!(scene.run(&["token"]).out, first.out);
    // Neither a password nor anything else is needed for that.
    let mut command = scene.command(&["token"]);
    for secret in ["TSM_PASSWORD", "TSM_APP_SECRET", "TSM_APP_KEY"] {
        command.env_remove(secret);
    }
    assert_eq!(scene.done(&mut command).out, first.out);
    assert_eq!(scene.sandbox.counter("requests"), requests);
}

#[test]
fn sixty_four_at_once_send_one_login() {
    let scene = Scene::new();
    let tokens: Vec<Done> = std::thread::scope(|scope| {
        let run = || scene.run(&["token", "-q"]);
        let all: Vec<_> = (0..64).map(|_| scope.spawn(run)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for done in &tokens {
        assert_eq!((done.status, &*done.err), (Some(0), ""));
        assert_eq!(done.out, tokens[0].out);
    }
    assert_eq!(scene.sandbox.counter("login"), 1);
}

#[test]
fn without_sharing_each_logs_in() {
    let scene = Scene::new();
    let first = scene.run(&["token", "--share-token", "false"]);
    let second = scene.run(&["token", "--share-token=false"]);
    assert_eq!((first.status, second.status), (Some(0), Some(0)));
    assert_eq!(scene.sandbox.counter("login"), 2);
}

#[test]
fn every_format_says_the_same() {
    let scene = Scene::new();
    let session = scene.run(&["token"]).out.trim().to_owned();
    let api = scene.run(&["token", "--api"]).out.trim().to_owned();
    for (arguments, wanted) in [
        (&["--all"][..], format!("{session}\n{api}\n")),
        (&["--header"], format!("VZ-M2M-Token: {session}\n")),
        (
            &["--api", "--header"],
            format!("Authorization: Bearer {api}\n"),
        ),
        (
            &["--all", "--format", "env"],
            format!(
                "export THINGSPACE_SESSION_TOKEN='{session}'\n\
                 export THINGSPACE_API_TOKEN='{api}'\n"
            ),
        ),
        (
            &["--format", "fish"],
            format!("set -gx THINGSPACE_SESSION_TOKEN '{session}'\n"),
        ),
        (
            &["--format", "powershell", "--api"],
            format!("$Env:THINGSPACE_API_TOKEN = '{api}'\n"),
        ),
        (
            &["--format", "cmd"],
            format!("set \"THINGSPACE_SESSION_TOKEN={session}\"\r\n"),
        ),
        (
            &["--header", "--session-token-header", "SessionToken"],
            format!("SessionToken: {session}\n"),
        ),
    ] {
        let done = scene.run(&[&["token"], arguments].concat());
        assert_eq!((done.status, done.out), (Some(0), wanted), "{}", done.err);
    }
    let done = scene.run(&["token", "--all", "--format", "json"]);
    let both: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(both, json!({"session_token": session, "api_token": api}));
    assert_eq!(scene.sandbox.counter("login"), 1);
}

#[test]
fn with_soap_there_is_one_token() {
    let scene = Scene::new();
    let all = scene.run(&["token", "--all", "--protocol", "soap"]);
    assert_eq!(
        (all.status, all.out.lines().count()),
        (Some(0), 1),
        "{}",
        all.err
    );
    let api = scene.run(&["token", "--api", "--protocol", "soap"]);
    assert_eq!((api.status, &*api.out), (Some(1), ""));
}

#[test]
fn a_failed_login_is_told_by_its_status() {
    let scene = Scene::new();
    let mut wrong = scene.command(&["token"]);
    wrong.env("TSM_PASSWORD", "hunter2");
    let done = scene.done(&mut wrong);
    assert_eq!((done.status, &*done.out), (Some(10), ""));
    assert!(done.err.starts_with("thingspace: "), "{}", done.err);
    assert!(!done.err.contains("hunter2"));
    // It is not sent again.
    assert_eq!(scene.done(&mut wrong).status, Some(12));
    assert_eq!(scene.sandbox.counter("login"), 1);
}

#[test]
fn the_log_is_on_standard_error_as_wanted() {
    let scene = Scene::new();
    let done = scene.run(&["-v", "token"]);
    assert!(done.err.contains("thingspace: logged in\n"), "{}", done.err);
    scene
        .sandbox
        .control("POST", "/expire", json!({"what": "all"}));
    let done = scene.run(&["request", "GET", "/m2m/v1/accounts/0000123456-00001", "-vv"]);
    assert!(done.err.contains("thingspace: debug: GET "), "{}", done.err);
    let done = scene.run(&["token", "-q", "--share-token=false"]);
    assert_eq!((done.status, &*done.err), (Some(0), ""));
}
