//! At a terminal, which `script` plays: the password is asked for when a login needs it, and not
//! before.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use crate::scene::{Done, Scene};

/// `thingspace` with these arguments, at a terminal, and without a password.
fn command(scene: &Scene, arguments: &str) -> Command {
    let mut command = scene.program("script");
    let line = format!("{} {arguments}", Scene::binary().display());
    command.env_remove("TSM_PASSWORD").args([
        "--quiet",
        "--return",
        "--command",
        &line,
        "/dev/null",
    ]);
    command
}

/// What a person sees who types this.
fn at_terminal(scene: &Scene, arguments: &str, typed: &str) -> Done {
    scene.fed(&mut command(scene, arguments), typed)
}

#[test]
fn a_password_is_asked_for_when_a_login_needs_it() {
    let scene = Scene::new();
    let first = at_terminal(&scene, "login", "IMgr8\n");
    assert_eq!(first.status, Some(0), "{}", first.out);
    assert!(
        first.out.contains("Password of zbeeblebrox: "),
        "{}",
        first.out
    );
    assert!(
        first.out.contains("logged in as zbeeblebrox"),
        "{}",
        first.out
    );
    let second = at_terminal(&scene, "token", "");
    assert_eq!(second.status, Some(0), "{}", second.out);
    assert!(!second.out.contains("Password"), "{}", second.out);
}

#[test]
fn ctrl_c_ends_the_question_as_it_ends_everything() {
    let scene = Scene::new();
    let mut login = command(&scene, "login")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut shown = login.stdout.take().expect("it is piped");
    let mut question = [0; "Password of zbeeblebrox: ".len()];
    shown.read_exact(&mut question).expect("it asks");
    let mut keys = login.stdin.take().expect("it is piped");
    keys.write_all(b"\x03").expect("it listens");
    let mut rest = String::new();
    shown.read_to_string(&mut rest).expect("it is text");
    assert!(!rest.contains("thingspace: "), "{rest}");
    assert_eq!(login.wait().expect("it ends").code(), Some(130));
    assert_eq!(scene.sandbox.counter("login"), 0);
}
