//! The files of the store, and who may do what with them: what others own or can write is refused,
//! links are not followed, and nothing is sent where nothing can be written.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde_json::json;
use thingspace_session::Status;

use crate::helper::Helper;
use crate::scene::{RIGHT, Scene, is_root, until_hashed};

const NOBODY: u32 = 65534;

#[test]
fn the_directory_is_0700_and_its_files_are_0600() {
    let scene = Scene::new();
    let share = json!({"share_token": "true"});
    scene.login_with(RIGHT, share).unwrap();
    until_hashed(&scene.directory());
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().mode() & 0o7777;
    assert_eq!(mode(&scene.directory()), 0o700);
    for file in fs::read_dir(scene.directory()).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
    assert!(scene.files("new").is_empty());
}

#[test]
fn what_is_no_plain_file_of_ours_is_refused_and_nothing_is_sent() {
    let scene = Scene::new();
    scene.prove(RIGHT);
    let elsewhere = scene.root().join("elsewhere");
    for ending in ["json", "lock"] {
        let path = scene.file(ending);
        let whole = fs::read(&path).unwrap();
        let refused = |why: &str| {
            assert_eq!(scene.login(RIGHT), Err(Status::Store), "{ending}: {why}");
            match path.is_dir() {
                true => fs::remove_dir(&path).unwrap(),
                false => fs::remove_file(&path).unwrap(),
            }
            fs::write(&path, &whole).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        };
        fs::write(&elsewhere, &whole).unwrap();
        fs::remove_file(&path).unwrap();
        symlink(&elsewhere, &path).unwrap();
        refused("a link");

        fs::remove_file(&path).unwrap();
        symlink(scene.root().join("nowhere"), &path).unwrap();
        refused("a link to nowhere");

        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        refused("a directory");

        fs::remove_file(&path).unwrap();
        let name = std::ffi::CString::new(path.as_os_str().as_bytes()).unwrap();
        // SAFETY: a plain call with a terminated path.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        refused("a pipe");

        fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).unwrap();
        refused("its group can write it");

        if is_root() {
            std::os::unix::fs::chown(&path, Some(NOBODY), None).unwrap();
            refused("another user's");
        }
    }
    assert_eq!(scene.logins(), 1);
    assert!(scene.login(RIGHT).is_ok());
}

#[test]
fn a_directory_that_others_own_or_can_write_is_refused_and_nothing_is_sent() {
    let scene = Scene::new();
    let login = |directory: &Path| {
        let store = format!("file:{}", directory.display());
        scene.login_with(RIGHT, json!({"store": store}))
    };
    let own = scene.root().join("own");
    assert!(login(&own).is_ok());

    let link = scene.root().join("link");
    symlink(&own, &link).unwrap();
    assert_eq!(login(&link), Err(Status::Store));
    let nowhere = scene.root().join("nowhere");
    symlink(scene.root().join("not there"), &nowhere).unwrap();
    assert_eq!(login(&nowhere), Err(Status::Store));

    for mode in [0o720, 0o702, 0o777] {
        fs::set_permissions(&own, fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(login(&own), Err(Status::Store), "{mode:o}");
    }
    fs::set_permissions(&own, fs::Permissions::from_mode(0o700)).unwrap();

    let file = scene.root().join("file");
    fs::write(&file, "").unwrap();
    assert_eq!(login(&file), Err(Status::Store));
    assert_eq!(login(&file.join("below")), Err(Status::Store));

    assert_eq!(login(&foreign(&scene)), Err(Status::Store));
    assert_eq!(scene.logins(), 1);
}

/// A directory of another user's, whoever this test runs as.
fn foreign(scene: &Scene) -> PathBuf {
    if !is_root() {
        return "/usr".into();
    }
    let foreign = scene.root().join("foreign");
    fs::create_dir(&foreign).unwrap();
    std::os::unix::fs::chown(&foreign, Some(NOBODY), None).unwrap();
    foreign
}

#[test]
fn a_directory_that_cannot_be_written_sends_nothing() {
    let scene = Scene::new();
    fs::set_permissions(scene.root(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(scene.directory()).unwrap();
    if is_root() {
        // Root writes wherever it likes: the helper is somebody else.
        std::os::unix::fs::chown(scene.directory(), Some(NOBODY), None).unwrap();
    }
    fs::set_permissions(scene.directory(), fs::Permissions::from_mode(0o500)).unwrap();
    let steps = match is_root() {
        true => json!([{"do": "become", "user": NOBODY}, {"do": "login"}]),
        false => json!([{"do": "login"}]),
    };
    let mut helper = Helper::start(&scene.options(RIGHT), steps);
    assert_eq!(helper.outcome(), "TSM_E_STORE");
    assert_eq!(scene.sandbox.counter("connections"), 0);
    fs::set_permissions(scene.directory(), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn on_a_full_disk_nothing_is_sent_and_the_record_stays_whole() {
    let scene = Scene::new();
    assert_eq!(scene.login("wrong"), Err(Status::Credentials));
    let before = fs::read(scene.file("json")).unwrap();
    let steps = json!([{"do": "full disk"}, {"do": "login"}]);
    for _ in 0..3 {
        let mut helper = Helper::start(&scene.options(RIGHT), steps.clone());
        assert_eq!(helper.outcome(), "TSM_E_STORE");
    }
    assert_eq!(scene.logins(), 1);
    assert_eq!(fs::read(scene.file("json")).unwrap(), before);
    assert!(scene.files("new").is_empty());
    assert!(scene.login(RIGHT).is_ok());
}

#[test]
fn a_link_in_place_of_a_new_record_is_removed_and_not_followed() {
    let scene = Scene::new();
    scene.prove(RIGHT);
    let new = scene.file("json").with_extension("new");
    let elsewhere = scene.root().join("elsewhere");
    fs::write(&elsewhere, "untouched").unwrap();
    symlink(&elsewhere, &new).unwrap();
    scene.unblock();
    scene.prove(RIGHT);
    assert!(fs::symlink_metadata(&new).is_err());
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "untouched");
}
