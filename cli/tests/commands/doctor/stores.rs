//! Directories that are no place for the lockout guard.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use super::{Report, doctor, report};
use crate::scene::Scene;

fn made(path: &Path, mode: u32) -> String {
    fs::create_dir_all(path).expect("it can be made");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("they can be set");
    format!("file:{}", path.display())
}

#[test]
fn a_directory_that_others_can_change_is_named() {
    let scene = Scene::new();
    let path = scene.folder.join("open");
    let open = made(&path, 0o777);
    let report = doctor(&scene, &[("TSM_STORE", &open)]);
    report.fails(40, "store", "others can write it; chmod go-w", "TSM_STORE");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("they can be set");
    doctor(&scene, &[("TSM_STORE", &open)]).names("guard", "ok", "", "");
    assert_eq!(fs::read_dir(&path).expect("it is there").count(), 0);
    // Only root can give it away.
    if chown(&path, Some(1234), None).is_ok() {
        let report = doctor(&scene, &[("TSM_STORE", &open)]);
        report.fails(40, "store", "belongs to the user 1234", "TSM_STORE");
    }
}

#[test]
fn what_is_no_directory_is_named() {
    let scene = Scene::new();
    let path = scene.folder.join("plain");
    fs::write(&path, "").expect("it can be written");
    for store in [
        format!("file:{}", path.display()),
        format!("file:{}/x", path.display()),
    ] {
        let report = doctor(&scene, &[("TSM_STORE", &store)]);
        report.fails(40, "store", "not a directory", "TSM_STORE");
    }
    let report = doctor(&scene, &[("TSM_STORE", ""), ("HOME", "")]);
    report.fails(40, "store", "HOME is not set", "TSM_STORE");
    doctor(&scene, &[("TSM_STORE", "memory:")]).warns("store", "forgets", "file:DIR");
}

/// With a file system of its own on the directory, which this prepares. It takes root, or a system
/// that lets others be root for themselves.
fn mounted(scene: &Scene, options: &str, prepare: &str) -> Report {
    let directory = scene.folder.join("mounted");
    let store = made(&directory, 0o700);
    let is_root = fs::metadata("/proc/self").is_ok_and(|about| {
        use std::os::unix::fs::MetadataExt;
        about.uid() == 0
    });
    let script = format!(
        "mount -t tmpfs -o mode=700,{options} none \"$0\" && {{ {prepare}; }} && exec \"$1\" \
         doctor --json"
    );
    let mut command: Command = scene.program("/usr/bin/unshare");
    command
        .arg(if is_root { "-m" } else { "-rm" })
        .args(["/bin/sh", "-c", &script])
        .arg(&directory)
        .arg(Scene::binary())
        .env("TSM_STORE", store)
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    report(scene, &mut command)
}

#[test]
fn a_read_only_mount_and_a_full_one_are_told_apart() {
    let scene = Scene::new();
    let report = mounted(&scene, "size=64k", "mount -o remount,ro \"$0\"");
    report.fails(40, "store", "", "The file system is read-only");
    let fill = "head -c 100000 /dev/zero > \"$0/fill\" 2>/dev/null || true";
    let report = mounted(&scene, "size=64k", fill);
    report.fails(40, "store", "No space left", "The file system is full");
    let report = mounted(&scene, "nr_inodes=1", "true");
    report.fails(40, "store", "No space left", "The file system is full");
    let report = mounted(&scene, "size=64k", "true");
    // The machine runs; or, where the tests run in one, the container.
    report.warns(
        "store",
        "it is there only as long as the",
        "Mount a volume that lasts",
    );
}
