//! Where the proxy listens, and where it does not.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::process::Command;

use rustix::process::Signal;

use super::ACCOUNT;
use super::clients::has;
use super::scene::Scene;
use super::served::Served;

#[test]
fn only_loopback_is_listened_on() {
    let scene = Scene::new();
    for address in [
        "0.0.0.0:0",
        "[::]:0",
        "192.0.2.1:0",
        "example.org:80",
        "8080",
        "",
    ] {
        let done = scene.run(&["proxy", "--listen", address]);
        assert_eq!(done.status, Some(64), "{address}: {}", done.err);
        assert_eq!(done.out, "");
    }
    let served = Served::start(&mut scene.command(&["proxy", "--listen", "localhost:0"]));
    assert!(served.address.starts_with("http://127.0.0.1:"));
    assert_eq!(served.get(ACCOUNT).status, 200);
}

#[test]
fn a_port_in_use_is_told() {
    let scene = Scene::new();
    let served = Served::start(&mut scene.command(&["proxy"]));
    let done = scene.run(&["proxy", "--listen", served.host()]);
    assert_eq!(done.status, Some(74), "{}", done.err);
    assert!(done.err.contains("in use"), "{}", done.err);
}

#[test]
fn settings_are_checked_before_it_listens() {
    let scene = Scene::new();
    let done = scene.done(scene.command(&["proxy"]).env("TSM_TIMEOUT_MS", "soon"));
    assert_eq!(done.status, Some(1), "{}", done.err);
    assert_eq!(done.out, "");
}

#[test]
fn a_socket_of_this_machine_is_its_users_alone() {
    let scene = Scene::new();
    let path = scene.folder.join("proxy.sock");
    let name = path.to_str().unwrap();
    let mode = |mode| std::fs::set_permissions(&scene.folder, PermissionsExt::from_mode(mode));

    mode(0o777).unwrap();
    let done = scene.run(&["proxy", "--unix", name]);
    assert_eq!(done.status, Some(74));
    assert!(done.err.contains("others can change"), "{}", done.err);
    mode(0o700).unwrap();

    // What nobody listens on any more is in nobody's way.
    drop(UnixListener::bind(&path).unwrap());
    let served = Served::start(&mut scene.command(&["proxy", "--unix", name]));
    assert_eq!(served.address, name);
    let about = std::fs::metadata(&path).unwrap();
    assert_eq!(about.permissions().mode() & 0o777, 0o600);

    let done = scene.run(&["proxy", "--unix", name]);
    assert_eq!(done.status, Some(74));
    assert!(done.err.contains("in use"), "{}", done.err);

    if has("curl") {
        let url = format!("http://localhost{ACCOUNT}");
        let mut curl = Command::new("curl");
        let got = curl
            .args(["-sS", "--fail", "--unix-socket", name, &url])
            .output()
            .unwrap();
        assert!(
            got.status.success(),
            "{}",
            String::from_utf8_lossy(&got.stderr)
        );
    }
    served.signal(Signal::TERM.as_raw());
    assert_eq!(served.end().0.code(), Some(0));
    assert!(!path.exists());

    std::fs::write(&path, "not a socket").unwrap();
    let done = scene.run(&["proxy", "--unix", name]);
    assert_eq!(done.status, Some(74), "{}", done.err);
    assert_eq!(std::fs::read(&path).unwrap(), b"not a socket");
}
