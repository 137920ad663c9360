//! On machines that lack something: HOME, its rights, a user of one's own.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};

use crate::scene::Scene;

#[test]
fn without_home_only_what_needs_it_fails() {
    let scene = Scene::new();
    // The scene has none.
    assert_eq!(scene.run(&["token"]).status, Some(0));
    let done = scene.run(&["token", "--profile", "x"]);
    assert_eq!(done.status, Some(1));
    assert!(done.err.contains("HOME"), "{}", done.err);
    let mut command = scene.command(&["token"]);
    let done = scene.done(command.env_remove("TSM_STORE"));
    assert_eq!(done.status, Some(40), "{}", done.err);
    assert!(done.err.contains("TSM_STORE"), "{}", done.err);
    for home in ["", "relative", "/no/such/folder", "/dev/null"] {
        let done = scene.done(scene.command(&["token"]).env("HOME", home));
        assert_eq!((done.status, &*done.err), (Some(0), ""), "{home:?}");
    }
}

/// Who has no rights here, if this is root.
const NOBODY: u32 = 65534;

#[test]
fn a_home_of_another_user_is_left_out_with_a_warning() {
    let scene = Scene::new();
    if fs::metadata(&scene.folder).unwrap().permissions().mode() & 0o700 == 0 || !is_root() {
        return;
    }
    let home = scene.folder.join("home");
    fs::create_dir_all(home.join(".config/thingspace")).unwrap();
    fs::write(home.join(".config/thingspace/config.toml"), "[default]\n").unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    let store = scene.folder.join("nobodys");
    fs::create_dir(&store).unwrap();
    chown(&store, Some(NOBODY), Some(NOBODY)).unwrap();
    let binary = scene.folder.join("thingspace");
    fs::copy(Scene::binary(), &binary).unwrap();
    let as_nobody = |arguments: &[&str]| {
        let mut command = scene.program("setpriv");
        command
            .args([
                "--reuid",
                "65534",
                "--regid",
                "65534",
                "--clear-groups",
                "--",
            ])
            .arg(&binary)
            .args(arguments)
            .env("HOME", &home)
            .env("TSM_STORE", format!("file:{}/store", store.display()));
        scene.done(&mut command)
    };
    let done = as_nobody(&["token"]);
    assert_eq!(done.status, Some(0), "{}", done.err);
    assert!(
        done.err.contains("is left out: Permission denied"),
        "{}",
        done.err
    );
    assert_eq!(as_nobody(&["token", "-q"]).err, "");
    let done = as_nobody(&["token", "--profile", "default"]);
    assert_eq!(done.status, Some(1), "{}", done.err);
    // Another user's store is no place for a token.
    let mut command = scene.command(&["token"]);
    let store = format!("file:{}/store", store.display());
    let done = scene.done(command.env("TSM_STORE", store));
    assert_eq!((done.status, &*done.out), (Some(40), ""), "{}", done.err);
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
