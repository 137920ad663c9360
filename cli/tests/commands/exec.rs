//! `thingspace exec`: tokens in the environment of a command, and its exit status.
#![cfg(unix)]

use crate::scene::Scene;

#[test]
fn a_command_has_the_tokens_and_its_own_exit_status() {
    let scene = Scene::new();
    let script = "printf '%s %s' \"$THINGSPACE_SESSION_TOKEN\" \"$THINGSPACE_API_TOKEN\"; exit 7";
    let done = scene.run(&["exec", "--", "sh", "-c", script]);
    assert_eq!(done.status, Some(7), "{}", done.err);
    let tokens = scene.run(&["token", "--all"]).out.trim().replace('\n', " ");
    assert_eq!(done.out, tokens);
    let done = scene.run(&["exec", "--protocol=soap", "--", "sh", "-c", script]);
    assert_eq!(done.out.trim().len(), 36, "{}", done.out);
}

/// A command that wants them can have them from a file, which it may read as its user may.
#[test]
fn secrets_of_the_session_are_not_handed_on() {
    let scene = Scene::new();
    scene.run(&["login"]);
    let mut command = scene.command(&["exec", "--", "env"]);
    command
        .env("TSM_APP_SECRET", "secret")
        .env("TSM_STORE_PASSWORD", "of-the-store")
        .env("TSM_PROXY", "none")
        .env("TSM_APP_SECRET_FILE", "")
        .env("TSM_API_TOKEN_FILE", "")
        .env("OTHER_PASSWORD", "its-own");
    let done = scene.done(&mut command);
    assert_eq!(done.status, Some(0), "{}", done.err);
    let mut names: Vec<&str> = done
        .out
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0))
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "OTHER_PASSWORD",
            "THINGSPACE_API_TOKEN",
            "THINGSPACE_SESSION_TOKEN",
            "TSM_API_TOKEN_FILE",
            "TSM_APP_KEY",
            "TSM_APP_SECRET_FILE",
            "TSM_BASE_URL",
            "TSM_SOAP_URL",
            "TSM_STORE",
            "TSM_USERNAME",
        ]
    );
}

#[test]
fn its_arguments_are_its_own() {
    let scene = Scene::new();
    let done = scene.run(&[
        "exec", "-q", "--", "printf", "%s|", "--json", "-q", "--", "a b",
    ]);
    assert_eq!(done.out, "--json|-q|--|a b|");
}

#[test]
fn what_cannot_be_run_is_told_as_shells_do() {
    let scene = Scene::new();
    scene.run(&["login"]);
    for (command, status) in [("no-such-command", 127), ("/etc/passwd", 126), ("/", 126)] {
        let done = scene.run(&["exec", "-q", "--", command]);
        assert_eq!(done.status, Some(status), "{command}: {}", done.err);
        assert!(done.err.contains(command), "{}", done.err);
    }
}

#[test]
fn a_command_meets_signals_as_if_it_were_run_by_a_shell() {
    let scene = Scene::new();
    scene.run(&["login"]);
    for signal in ["INT", "TERM", "PIPE", "HUP"] {
        let done = scene.run(&[
            "exec",
            "-q",
            "--",
            "sh",
            "-c",
            &format!("kill -{signal} $$"),
        ]);
        assert_eq!(done.status, None, "{signal}");
    }
}
