//! Files of secrets that a session would not take, or should not.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{Report, doctor};
use crate::scene::Scene;

/// What is found of a password file with this in it.
fn with_password_file(scene: &Scene, text: Option<&[u8]>, mode: u32) -> Report {
    let path = scene.folder.join("password");
    let _ = fs::remove_file(&path);
    if let Some(text) = text {
        fs::write(&path, text).expect("it can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("they can be set");
    }
    let path = path.to_str().expect("it is text");
    doctor(scene, &[("TSM_PASSWORD", ""), ("TSM_PASSWORD_FILE", path)])
}

#[test]
fn a_file_that_would_not_be_taken_is_named_and_never_shown() {
    let scene = Scene::new();
    for (text, mode, message, remedy) in [
        (None, 0, "No such file", "check the path"),
        (
            Some(&b"IMgr8"[..]),
            0o640,
            "others can read it",
            "chmod go-rwx",
        ),
        (Some(b"\n"), 0o600, "is empty", "write the secret"),
        (
            Some(b"\xef\xbb\xbfIMgr8"),
            0o600,
            "byte order mark",
            "without one",
        ),
        (
            Some(b"I\x00M\x00g\x00\xff\xff"),
            0o600,
            "UTF-8",
            "save it as UTF-8",
        ),
        (
            Some(b"IMgr8\r\nmore\r\n"),
            0o600,
            "control character",
            "nothing but the password",
        ),
    ] {
        with_password_file(&scene, text, mode).fails(1, "files", message, remedy);
    }
}

#[test]
fn a_file_that_may_surprise_is_a_warning() {
    let scene = Scene::new();
    for (text, message, remedy) in [
        (&b"IMgr8\r\n"[..], "CR and LF", "sed -i"),
        (b" IMgr8", "a blank", "Take it out"),
    ] {
        with_password_file(&scene, Some(text), 0o600).warns("files", message, remedy);
    }
    let relative = [("TSM_PASSWORD", ""), ("TSM_PASSWORD_FILE", "password")];
    with_password_file(&scene, Some(b"IMgr8"), 0o600).names("files", "ok", "can be read", "");
    doctor(&scene, &relative).warns("files", "this working directory", "absolute");
}
