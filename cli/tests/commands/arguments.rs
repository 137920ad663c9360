//! Help, misuse, and what is printed for shells.

use crate::scene::Scene;

#[test]
fn help_is_for_everybody() {
    let scene = Scene::new();
    for arguments in [
        &["--help"][..],
        &["-h"],
        &["token", "--help"],
        &["--version"],
    ] {
        let done = scene.run(arguments);
        assert_eq!((done.status, &*done.err), (Some(0), ""));
        assert!(done.out.contains("thingspace"), "{}", done.out);
    }
    // A broken set-up hides no help, and needs no account.
    let mut command = scene.command(&["request", "--help"]);
    assert_eq!(scene.done(command.env_clear()).status, Some(0));
}

#[test]
fn misuse_ends_with_64() {
    let scene = Scene::new();
    for wrong in [
        &[][..],
        &["tokn"],
        &["token", "--no-such-flag"],
        &["token", "--format", "yaml"],
        &["token", "--header", "--format", "json"],
        &["-q", "-v", "token"],
        &["request", "GET"],
        &["request", "GET", "/x", "-H", "no colon"],
        &["completion", "tcsh"],
        &["exec"],
    ] {
        let done = scene.run(wrong);
        assert_eq!(
            (done.status, &*done.out),
            (Some(64), ""),
            "{wrong:?}: {}",
            done.err
        );
        assert!(!done.err.is_empty());
    }
    let done = scene.run(&["tokn"]);
    assert!(done.err.starts_with("thingspace: "), "{}", done.err);
    assert!(done.err.contains("'token'"), "{}", done.err);
}

#[test]
fn no_secret_is_an_argument() {
    let scene = Scene::new();
    for secret in [
        "--password",
        "--app-secret",
        "--api-token",
        "--store-password",
        "--proxy",
    ] {
        let done = scene.run(&["token", secret, "hunter2"]);
        assert_eq!(done.status, Some(64), "{secret}");
    }
}

#[test]
fn an_option_that_is_wrong_is_named() {
    let scene = Scene::new();
    let done = scene.run(&["token", "--timeout-ms", "soon"]);
    assert_eq!(done.status, Some(1), "{}", done.err);
    assert!(
        done.err.starts_with("thingspace: timeout_ms: "),
        "{}",
        done.err
    );
    let done = scene.done(scene.command(&["token"]).env("TSM_TIMEOUT_MS", "soon"));
    assert!(done.err.contains("TSM_TIMEOUT_MS"), "{}", done.err);
}

#[test]
fn completions_are_those_that_were_generated() {
    let scene = Scene::new();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let done = scene.run(&["completion", shell]);
        assert_eq!((done.status, &*done.err), (Some(0), ""));
        assert!(done.out.contains("share-token"), "{shell}");
    }
}

/// A program that reads JSON finds some, whatever went wrong.
#[test]
fn with_json_a_failure_is_an_object_too() {
    let scene = Scene::new();
    let store = ("TSM_STORE", "file:/dev/null");
    let profile = ("THINGSPACE_PROFILE", "none");
    let option = ("TSM_TIMEOUT_MS", "soon");
    let password = ("TSM_PASSWORD", "wrong");
    for (arguments, (variable, value), status, name) in [
        (&["status", "--json"][..], store, 40, "TSM_E_STORE"),
        (&["login", "--json"], store, 40, "TSM_E_STORE"),
        (&["logout", "--json"], store, 40, "TSM_E_STORE"),
        (&["unblock", "--yes", "--json"], store, 40, "TSM_E_STORE"),
        (&["token", "--format", "json"], store, 40, "TSM_E_STORE"),
        (&["status", "--json"], profile, 1, "TSM_E_INVALID_ARGUMENT"),
        (&["login", "--json"], option, 1, "TSM_E_INVALID_ARGUMENT"),
        (
            &["relogin", "x", "--json"],
            password,
            10,
            "TSM_E_CREDENTIALS",
        ),
        (&["unblock", "--json"], ("A", "b"), 64, "EX_USAGE"),
        (&["relogin", "-", "--json"], ("A", "b"), 74, "EX_IOERR"),
        (
            &["status", "--json", "--nonsense"],
            ("A", "b"),
            64,
            "EX_USAGE",
        ),
        (&["nonsense", "--json"], ("A", "b"), 64, "EX_USAGE"),
    ] {
        let done = scene.done(scene.command(arguments).env(variable, value));
        assert_eq!(done.status, Some(status), "{arguments:?}: {}", done.err);
        let told: serde_json::Value = serde_json::from_str(&done.out)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", done.out));
        assert_eq!(told["status"], status, "{told}");
        assert_eq!(told["name"], name, "{told}");
        let message = told["message"].as_str().unwrap();
        assert!(done.err.contains(message), "{told} {}", done.err);
    }
    let done = scene.run(&["exec", "--", "sh", "-c", "exit 3", "--json"]);
    assert_eq!((done.status, &*done.out), (Some(3), ""));
}
