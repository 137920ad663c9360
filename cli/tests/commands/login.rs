//! `thingspace login`, `logout`, `relogin` and `unblock`: each sends a login where it must, and
//! none where another was quicker.

use serde_json::{Value, json};

use crate::scene::Scene;

fn object(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

#[test]
fn a_login_says_whether_it_sent_one() {
    let scene = Scene::new();
    let first = scene.run(&["login"]);
    assert_eq!((first.status, &*first.out), (Some(0), ""));
    assert!(
        first.err.contains("logged in as zbeeblebrox"),
        "{}",
        first.err
    );
    let second = scene.run(&["login"]);
    assert!(second.err.contains("no login was sent"), "{}", second.err);
    let third = object(&scene.run(&["login", "--json"]).out);
    assert_eq!(third["logged_in"], false);
    let alone = object(&scene.run(&["login", "--json", "--share-token=false"]).out);
    assert_eq!(
        (&alone["logged_in"], &alone["shared"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(scene.run(&["login", "-q"]).err, "");
    assert_eq!(scene.sandbox.counter("login"), 2);
}

#[test]
fn a_logout_ends_what_is_shared_and_logs_nobody_in() {
    let scene = Scene::new();
    let nothing = scene.run(&["logout"]);
    assert_eq!(nothing.status, Some(0), "{}", nothing.err);
    assert!(
        nothing.err.contains("nothing to log out of"),
        "{}",
        nothing.err
    );
    assert_eq!(scene.sandbox.counter("requests"), 0);
    scene.run(&["login"]);
    let mut without_password = scene.command(&["logout", "--json"]);
    let done = scene.done(without_password.env_remove("TSM_PASSWORD"));
    assert_eq!(object(&done.out)["logged_out"], true, "{}", done.err);
    assert_eq!(
        object(&scene.run(&["logout", "--json"]).out)["logged_out"],
        false
    );
    let counter = |name| scene.sandbox.counter(name);
    assert_eq!((counter("login"), counter("logout")), (1, 1));
    // What has expired is over, too.
    scene.run(&["login"]);
    scene.expire();
    assert_eq!(scene.run(&["logout"]).status, Some(0));
    assert_eq!(counter("login"), 2);
}

#[test]
fn no_login_is_sent_that_the_next_command_would_not_know_of() {
    let scene = Scene::new();
    let get = ["request", "GET", "/m2m/v1/accounts/0000123456-00001"];
    let commands: [&[&str]; 6] = [
        &["token"],
        &["login"],
        &["relogin", "x"],
        &["exec", "--", "true"],
        &["doctor", "--login"],
        &get,
    ];
    for arguments in commands {
        let mut command = scene.command(arguments);
        let done = scene.done(command.env("TSM_STORE", "memory:"));
        assert_eq!(done.status, Some(1), "{arguments:?}: {}", done.err);
        assert!(done.err.contains("TSM_STORE"), "{}", done.err);
    }
    assert_eq!(scene.sandbox.counter("login"), 0);
}

#[test]
fn a_relogin_compares_first() {
    let scene = Scene::new();
    let old = scene.run(&["token"]).out.trim().to_owned();
    let done = object(&scene.run(&["relogin", &old, "--json"]).out);
    assert_eq!(done["logged_in"], true);
    let new = scene.run(&["token"]).out;
    assert_ne!(new.trim(), old);
    // By now another one is shared.
    let mut command = scene.command(&["relogin", "-", "--json"]);
    let done = scene.fed(&mut command, &format!("{old}\n"));
    assert_eq!(object(&done.out)["logged_in"], false, "{}", done.err);
    assert_eq!(scene.run(&["token"]).out, new);
    assert_eq!(scene.sandbox.counter("login"), 2);
}

#[test]
fn sixteen_relogins_at_once_send_one_login() {
    let scene = Scene::new();
    let old = scene.run(&["token"]).out.trim().to_owned();
    scene.expire();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| assert_eq!(scene.run(&["relogin", &old]).status, Some(0)));
        }
    });
    assert_eq!(scene.sandbox.counter("login"), 2);
}

#[test]
fn unblock_says_what_was_forgotten_and_wants_to_be_meant() {
    let scene = Scene::new();
    let mut wrong = scene.command(&["token"]);
    assert_eq!(
        scene.done(wrong.env("TSM_PASSWORD", "hunter2")).status,
        Some(10)
    );
    let unsure = scene.run(&["unblock"]);
    assert_eq!((unsure.status, &*unsure.out), (Some(64), ""));
    let done = scene.run(&["unblock", "--yes"]);
    assert_eq!(done.status, Some(0), "{}", done.err);
    assert!(
        done.out
            .contains("forgotten: 1 login and 1 rejected password"),
        "{}",
        done.out
    );
    let done = object(&scene.run(&["unblock", "--yes", "--json"]).out);
    let wanted = json!({"forgotten_logins": 0, "forgotten_passwords": 0, "still_counting": 0});
    assert_eq!(done, wanted);
}

#[test]
fn a_login_that_the_guard_refuses_is_told_once() {
    let scene = Scene::new();
    let login = |password| scene.done(scene.command(&["login"]).env("TSM_PASSWORD", password));
    assert_eq!(login("wrong").status, Some(10));
    let refused = login("wrong");
    assert_eq!(refused.status, Some(12));
    let said = refused.err.matches("no login is sent").count();
    assert_eq!(said, 1, "{}", refused.err);
}
