//! Passwords and other secrets from files: changed while the program runs, in every way that files
//! are changed, and at every moment. A change costs no failed login that it need not cost.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use thingspace_session::{Call, Status};

use crate::scene::{RIGHT, Scene, USER, get, refused, session, with};

/// How a secret in a file is changed.
enum Change {
    /// As Compose's bind mounts and editors without care do.
    InPlace,
    /// As careful editors and provisioning tools do.
    Renamed,
    /// As Kubernetes does: the file is a link by way of a folder that is swapped.
    LinkSwapped,
}

impl Change {
    fn write(&self, scene: &Scene, secret: &str) {
        let path = file(scene);
        match self {
            Change::InPlace => write(&path, secret),
            Change::Renamed => {
                let new = scene.root().join("new");
                write(&new, secret);
                fs::rename(&new, &path).unwrap();
            }
            Change::LinkSwapped => {
                let data = scene.root().join(format!("..{secret}"));
                fs::create_dir(&data).unwrap();
                write(&data.join("secret"), secret);
                let (new, current) = (scene.root().join("..new"), scene.root().join("..data"));
                symlink(&data, &new).unwrap();
                fs::rename(&new, current).unwrap();
                let _ = symlink("..data/secret", &path);
            }
        }
    }
}

fn file(scene: &Scene) -> PathBuf {
    scene.root().join("secret")
}

fn write(path: &Path, secret: &str) {
    fs::write(path, format!("{secret}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Options of a session whose secret of this name is in the file.
fn from_file(scene: &Scene, option: &str) -> Map<String, Value> {
    let options = match option {
        "app_secret" => scene.fetching(RIGHT),
        _ => scene.options(RIGHT),
    };
    let path = file(scene).display().to_string();
    with(
        options,
        json!({option: null, format!("{option}_file"): path}),
    )
}

/// Makes a change while an answer is held by this fault.
fn meanwhile<T: Send>(
    scene: &Scene,
    mut fault: Value,
    call: impl FnOnce() -> T + Send,
    change: impl FnOnce(),
) -> T {
    fault["hold"] = json!("meanwhile");
    scene.fault(fault);
    std::thread::scope(|scope| {
        let call = scope.spawn(call);
        let held = json!({"counter": "held", "at_least": 1});
        scene.sandbox.control("POST", "/await", held);
        change();
        let held = json!({"hold": "meanwhile"});
        scene.sandbox.control("POST", "/release", held);
        call.join().unwrap()
    })
}

#[test]
fn a_new_password_is_taken_without_a_restart_or_a_strike() {
    for change in [Change::InPlace, Change::Renamed, Change::LinkSwapped] {
        let scene = Scene::new();
        change.write(&scene, RIGHT);
        let session = session(&from_file(&scene, "password")).unwrap();
        scene.contact(USER, "Trillian1");
        change.write(&scene, "Trillian1");
        scene.expire();
        assert_eq!(get(&session), Ok(200));
        assert_eq!(scene.logins(), 2);
        assert_eq!(scene.most_strikes(), 0);
    }
}

#[test]
fn a_password_that_was_changed_while_it_was_rejected_is_sent_in_the_same_call() {
    for change in [Change::InPlace, Change::Renamed, Change::LinkSwapped] {
        let scene = Scene::new();
        change.write(&scene, RIGHT);
        let session = session(&from_file(&scene, "password")).unwrap();
        scene.contact(USER, "Trillian1");
        scene.expire();
        let got = meanwhile(
            &scene,
            json!({"on": "login", "fault": "hold"}),
            || get(&session),
            || change.write(&scene, "Trillian1"),
        );
        assert_eq!(got, Ok(200));
        assert_eq!(scene.logins(), 3);
        assert_eq!(scene.most_strikes(), 1);
        assert_eq!(scene.slots(), (0, 0));
    }
}

#[test]
fn a_rejected_password_that_is_in_the_file_still_is_not_sent_again() {
    let scene = Scene::new();
    write(&file(&scene), "wrong");
    let options = from_file(&scene, "password");
    assert_eq!(refused(&options).status(), Status::Credentials);
    assert_eq!(refused(&options).status(), Status::LoginBlocked);
    // Nor one that was rejected before.
    write(&file(&scene), "wrong too");
    assert_eq!(refused(&options).status(), Status::Credentials);
    write(&file(&scene), "wrong");
    assert_eq!(refused(&options).status(), Status::LoginBlocked);
    assert_eq!(scene.logins(), 2);
    write(&file(&scene), RIGHT);
    assert!(session(&options).is_ok());
    assert_eq!(scene.logins(), 3);
}

#[test]
fn a_call_sends_a_changed_password_once_however_often_it_changes() {
    let scene = Scene::new();
    write(&file(&scene), "wrong");
    let options = from_file(&scene, "password");
    scene.fault(json!({"on": "login", "fault": "hold", "skip": 1, "hold": "second"}));
    let error = meanwhile(
        &scene,
        json!({"on": "login", "fault": "hold"}),
        || {
            std::thread::scope(|scope| {
                let login = scope.spawn(|| refused(&options));
                let held = json!({"counter": "held", "at_least": 2});
                scene.sandbox.control("POST", "/await", held);
                write(&file(&scene), RIGHT);
                let second = json!({"hold": "second"});
                scene.sandbox.control("POST", "/release", second);
                login.join().unwrap()
            })
        },
        || write(&file(&scene), "wrong too"),
    );
    assert_eq!(error.status(), Status::Credentials);
    assert_eq!(scene.logins(), 2);
}

#[test]
fn the_file_is_not_needed_until_a_login_is() {
    let scene = Scene::new();
    let shares = json!({"share_token": "true"});
    write(&file(&scene), RIGHT);
    let options = with(from_file(&scene, "password"), shares);
    let first = session(&options).unwrap();
    fs::remove_file(file(&scene)).unwrap();
    let second = session(&options).unwrap();
    assert_eq!(first.token().unwrap(), second.token().unwrap());
    scene.expire();
    assert_eq!(get(&second), Err(Status::InvalidArgument));
    assert_eq!((scene.logins(), scene.slots()), (1, (0, 0)));
    write(&file(&scene), RIGHT);
    assert_eq!(get(&second), Ok(200));
}

#[test]
fn a_file_that_is_of_no_use_is_named_and_costs_nothing() {
    let scene = Scene::new();
    let options = from_file(&scene, "password");
    let path = file(&scene);
    let says = |words: &str| {
        let error = refused(&options);
        assert_eq!(error.status(), Status::InvalidArgument);
        let message = error.message();
        let names = message.contains("password_file") && message.contains(path.to_str().unwrap());
        assert!(names && message.contains(words), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    };
    says("No such file");
    write(&path, "");
    says("is empty");
    write(&path, "hunter2\nhunter2");
    says("control character");
    write(&path, "hunter2");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    says("others can read it");
    assert_eq!((scene.logins(), scene.slots()), (0, (0, 0)));
}

#[test]
fn an_application_secret_that_was_changed_while_it_was_refused_is_sent_in_the_same_call() {
    for (written, asked) in [("secret", 2), ("old", 1)] {
        let scene = Scene::new();
        write(&file(&scene), "old");
        let options = from_file(&scene, "app_secret");
        let logged_in = meanwhile(
            &scene,
            json!({"on": "oauth", "fault": "hold"}),
            || session(&options).map(drop).map_err(|error| error.status()),
            || write(&file(&scene), written),
        );
        assert_eq!(logged_in.is_ok(), written == "secret", "{logged_in:?}");
        assert_eq!(scene.sandbox.counter("oauth"), asked);
    }
}

#[test]
fn an_api_token_that_was_refused_is_read_from_its_file_again() {
    let scene = Scene::new();
    write(&file(&scene), "static-test-token");
    let session = session(&from_file(&scene, "api_token")).unwrap();
    let refuse = || scene.fault(json!({"on": "api", "fault": "api_token_rejected"}));
    refuse();
    assert_eq!(get(&session), Err(Status::ApiToken));
    let held = session.api_token(&Call::new()).unwrap();
    assert_eq!(held.reveal(), "static-test-token");
    refuse();
    write(&file(&scene), "another");
    assert_eq!(
        get(&session),
        Err(Status::ApiToken),
        "the sandbox knows no such token"
    );
    write(&file(&scene), "static-test-token");
    assert_eq!(get(&session), Ok(200));
    assert_eq!(scene.logins(), 1);
}
