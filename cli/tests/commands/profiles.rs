//! Profiles: from where, for what, and what is refused.

use std::fs;

use crate::scene::{Done, Scene};

/// The scene's account, but what says where the platform is, who logs in, and how.
fn without_account(scene: &Scene, arguments: &[&str]) -> std::process::Command {
    let mut command = scene.command(arguments);
    for (variable, _) in scene.account() {
        command.env_remove(variable);
    }
    command
        .env("XDG_CONFIG_HOME", &scene.folder)
        .env("APPDATA", &scene.folder);
    command
}

fn write(scene: &Scene, text: &str) -> std::path::PathBuf {
    let path = scene.folder.join("thingspace").join("config.toml");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    }
    path
}

fn secret(scene: &Scene, name: &str, text: &str) {
    let path = scene.folder.join("thingspace").join(name);
    fs::write(&path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// A whole account in a profile, with its secrets beside it.
fn account(scene: &Scene, name: &str) -> String {
    format!(
        "[{name}]\nbase_url = {:?}\nusername = 'zbeeblebrox'\napp_key = 'key'\n\
         password_file = 'password'\napp_secret_file = 'app_secret'\nstore = {:?}\n",
        scene.sandbox.base_url(),
        scene.account().last().unwrap().1,
    )
}

#[test]
fn a_profile_is_all_that_a_script_needs() {
    let scene = Scene::new();
    write(
        &scene,
        &(account(&scene, "default") + &account(&scene, "other")),
    );
    secret(&scene, "password", "IMgr8\n");
    secret(&scene, "app_secret", "secret\n");
    let run = |arguments: &[&str]| scene.done(&mut without_account(&scene, arguments));
    let token = run(&["token"]);
    assert_eq!(token.status, Some(0), "{}", token.err);
    assert_eq!(run(&["token", "--profile", "other"]).out, token.out);
    let mut by_variable = without_account(&scene, &["token"]);
    assert_eq!(
        scene
            .done(by_variable.env("THINGSPACE_PROFILE", "other"))
            .out,
        token.out
    );
    let unknown = run(&["token", "--profile", "othr"]);
    assert_eq!(unknown.status, Some(1));
    assert!(
        unknown.err.contains("there is default, other"),
        "{}",
        unknown.err
    );
}

#[test]
fn flags_win_over_the_environment_and_that_over_a_profile() {
    let scene = Scene::new();
    write(
        &scene,
        "[default]\nrealm = 'profile'\nusername = 'profile'\npassword_file = '/none'\n",
    );
    let outcome = |done: &Done| done.err.clone();
    let mut command = without_account(&scene, &["unblock", "--yes", "-v", "--store=memory:"]);
    assert!(
        outcome(&scene.done(&mut command)).contains("profile at profile"),
        ""
    );
    command.env("TSM_USERNAME", "environment");
    assert!(
        outcome(&scene.done(&mut command)).contains("environment at profile"),
        ""
    );
    command.args(["--realm", "flag"]);
    assert!(
        outcome(&scene.done(&mut command)).contains("environment at flag"),
        ""
    );
    // A password of the environment does not contradict the file of a profile.
    let mut command = scene.command(&["token"]);
    command
        .env("XDG_CONFIG_HOME", &scene.folder)
        .env("APPDATA", &scene.folder);
    let done = scene.done(&mut command);
    assert_eq!(done.status, Some(0), "{}", done.err);
}

#[test]
fn what_is_wrong_in_it_is_told_with_its_place() {
    let scene = Scene::new();
    for (text, words) in [
        (
            "[default]\npasword_file = 'x'\n",
            "config.toml:2: there is no option \"pasword_file\"",
        ),
        (
            "[default]\npassword = 'hunter2'\n",
            "name that as password_file",
        ),
        ("[default\n", "config.toml:1: "),
        (
            "[default]\npassword_file = \"C:\\Users\\x\"\n",
            "is given in single quotes",
        ),
        ("username = 'u'\n", "config.toml:1: "),
    ] {
        write(&scene, text);
        let done = scene.done(&mut without_account(&scene, &["token"]));
        assert_eq!((done.status, &*done.out), (Some(1), ""));
        assert!(done.err.contains(words), "{}", done.err);
        assert!(!done.err.contains("hunter2"), "{}", done.err);
        // What needs no settings does not mind.
        let done = scene.done(&mut without_account(&scene, &["completion", "bash"]));
        assert_eq!(done.status, Some(0));
    }
    write(&scene, &account(&scene, "default"));
    let done = scene.done(&mut without_account(&scene, &["token"]));
    assert_eq!(done.status, Some(1));
    let place = "config.toml:6)";
    assert!(
        done.err.contains("app_secret") && done.err.trim().ends_with(place),
        "{}",
        done.err
    );
    // What another place sets instead is not said to stand in it.
    let mut command = without_account(&scene, &["token"]);
    let done = scene.done(command.env("TSM_APP_SECRET_FILE", "/no/such/file"));
    assert_eq!(done.status, Some(1));
    assert!(done.err.contains("/no/such/file"), "{}", done.err);
    assert!(!done.err.contains("config.toml"), "{}", done.err);
}

#[cfg(unix)]
#[test]
fn what_others_can_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let scene = Scene::new();
    let path = write(&scene, &account(&scene, "default"));
    for mode in [0o664, 0o646] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let done = scene.done(&mut without_account(&scene, &["token"]));
        assert_eq!(done.status, Some(1));
        assert!(done.err.contains("chmod go-w"), "{}", done.err);
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_plain_file_is_refused_and_not_waited_for() {
    let scene = Scene::new();
    let path = write(&scene, "");
    let put = |kind: &str| {
        fs::remove_file(&path).unwrap();
        let (program, arguments) = match kind {
            "pipe" => ("mkfifo", &["-m", "600"][..]),
            "folder" => ("mkdir", &[][..]),
            device => ("ln", &["-s", device][..]),
        };
        let mut command = scene.program(program);
        let done = scene.done(command.args(arguments).arg(&path));
        assert_eq!(done.status, Some(0), "{}", done.err);
    };
    for (kind, words) in [
        ("pipe", "is not a plain file"),
        ("/dev/zero", "is not a plain file"),
        ("/dev/null", "is not a plain file"),
        ("/no/such/file", "is a link that leads nowhere"),
        ("folder", "is not a plain file"),
    ] {
        put(kind);
        for profile in [&["token"][..], &["token", "--profile", "default"]] {
            let done = scene.done(&mut without_account(&scene, profile));
            assert_eq!(done.status, Some(1), "{kind}");
            assert!(done.err.contains(words), "{}", done.err);
        }
    }
}

#[test]
fn a_file_that_is_far_too_long_is_refused() {
    let scene = Scene::new();
    let path = write(&scene, "");
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_len(1 << 21).unwrap();
    let done = scene.done(&mut without_account(&scene, &["token"]));
    assert_eq!(done.status, Some(1));
    assert!(done.err.contains("is longer than"), "{}", done.err);
}

#[test]
fn what_is_missing_may_stand_in_a_profile_and_where_is_said() {
    let scene = Scene::new();
    let file = scene.folder.join("thingspace").join("config.toml");
    let done = scene.done(&mut without_account(&scene, &["token"]));
    assert_eq!(done.status, Some(1));
    assert!(done.err.contains("username is missing"), "{}", done.err);
    assert!(done.err.contains(file.to_str().unwrap()), "{}", done.err);
    let mut nowhere = without_account(&scene, &["token"]);
    let done = scene.done(nowhere.env_remove("XDG_CONFIG_HOME").env_remove("APPDATA"));
    assert!(
        done.err.contains("must be set in the environment"),
        "{}",
        done.err
    );
}

#[cfg(unix)]
#[test]
fn a_profile_whose_name_is_no_text_is_not_passed_over() {
    use std::os::unix::ffi::OsStrExt;

    let scene = Scene::new();
    let name = std::ffi::OsStr::from_bytes(b"\xff");
    let done = scene.done(scene.command(&["token"]).env("THINGSPACE_PROFILE", name));
    assert_eq!(done.status, Some(1));
    assert!(done.err.contains("THINGSPACE_PROFILE"), "{}", done.err);
}
