//! At a terminal, which `script` plays: the password is asked for when a login needs it, and not
//! before.

use crate::scene::{Done, Scene};

/// What a person sees who types this.
fn at_terminal(scene: &Scene, arguments: &str, typed: &str) -> Done {
    let mut command = scene.program("script");
    let line = format!("{} {arguments}", Scene::binary().display());
    command.env_remove("TSM_PASSWORD").args([
        "--quiet",
        "--return",
        "--command",
        &line,
        "/dev/null",
    ]);
    scene.fed(&mut command, typed)
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
