//! Requests that nobody should send, and pages that should not be able to: refused, and nothing of
//! them reaches the platform.

use std::fs::{self, Permissions};
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::ACCOUNT;
use super::scene::Scene;
use super::served::Served;

#[test]
fn what_can_be_read_in_two_ways_ends_the_connection() {
    let scene = Scene::new();
    let served = Served::start(&mut scene.command(&["proxy", "-q"]));
    let host = format!("Host: {}\r\n", served.host());
    let smuggled = format!("GET {ACCOUNT} HTTP/1.1\r\n{host}\r\n");
    for (request, status) in [
        (
            format!(
                "POST / HTTP/1.1\r\n{host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n\
                 0\r\n\r\n"
            ),
            400,
        ),
        (
            format!("POST / HTTP/1.1\r\n{host}Content-Length: 0\r\nContent-Length: 5\r\n\r\n"),
            400,
        ),
        (
            format!("POST / HTTP/1.1\r\n{host}Transfer-Encoding: xchunked\r\n\r\n"),
            400,
        ),
        (
            format!("POST / HTTP/1.1\r\n{host}Transfer-Encoding : chunked\r\n\r\n"),
            400,
        ),
        (format!("GET / HTTP/1.1\r\n{host}A: b\r\n c\r\n\r\n"), 400),
        (format!("GET / HTTP/1.1\r\n{host}A: b\nC: d\r\n\r\n"), 400),
        (format!("GET / HTTP/1.1\n{host}\n"), 400),
        (
            format!("POST / HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n0x5\r\n"),
            400,
        ),
        (
            format!("POST / HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n5;a\nb\r\n"),
            400,
        ),
        (
            format!("POST / HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n"),
            400,
        ),
        (
            format!("GET http://{}/ HTTP/1.1\r\n{host}\r\n", served.host()),
            400,
        ),
        (format!("GET //evil/ HTTP/1.1\r\n{host}\r\n"), 400),
        (format!("GET /x/../../evil HTTP/1.1\r\n{host}\r\n"), 400),
        (format!("CONNECT evil:443 HTTP/1.1\r\n{host}\r\n"), 501),
        (format!("TRACE / HTTP/1.1\r\n{host}\r\n"), 501),
        (
            format!("GET / HTTP/1.1\r\n{host}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
            501,
        ),
        (
            format!("GET /{} HTTP/1.1\r\n{host}\r\n", "x".repeat(20_000)),
            431,
        ),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 505),
        ("\x16\x03\x01\x02\0\x01\0\x01\u{7f}\n".to_owned(), 400),
        (format!("GET {ACCOUNT} HTTP/1.1\r\nHost: evil\r\n\r\n"), 421),
        (format!("GET {ACCOUNT} HTTP/1.1\r\n\r\n"), 400),
        (
            format!("GET {ACCOUNT} HTTP/1.1\r\n{host}Origin: http://evil\r\n\r\n"),
            403,
        ),
        (
            format!("GET {ACCOUNT} HTTP/1.1\r\n{host}Sec-Fetch-Site: cross-site\r\n\r\n"),
            403,
        ),
        (
            format!("OPTIONS {ACCOUNT} HTTP/1.1\r\n{host}Origin: http://evil\r\n\r\n"),
            403,
        ),
    ] {
        let mut client = served.client();
        client.send(&request);
        client.send(&smuggled);
        let answer = client.answer();
        assert_eq!(answer.status, status, "{request:?}: {}", answer.text());
        assert_eq!(answer.header("thingspace-status"), Some("1"), "{request:?}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        client.stop_sending();
        assert!(client.is_over(), "{request:?} let another in");
    }
    assert_eq!(scene.sandbox.counter("requests"), 0);
    assert_eq!(served.get(ACCOUNT).status, 200);
}

/// The proxy's own bearer, readable by these.
fn bearer_file(scene: &Scene, mode: u32) -> PathBuf {
    let file = scene.folder.join("bearer");
    fs::write(&file, "its-own-bearer\n").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
    file
}

#[test]
fn its_own_bearer_is_wanted_and_kept() {
    let scene = Scene::new();
    let file = bearer_file(&scene, 0o644);
    let file = file.to_str().unwrap();
    let arguments = ["proxy", "-q", "--bearer-file", file];
    let refused = scene.run(&arguments);
    assert_eq!(refused.status, Some(1), "{}", refused.err);
    assert!(
        refused.err.contains("others can read it"),
        "{}",
        refused.err
    );

    fs::set_permissions(file, Permissions::from_mode(0o600)).unwrap();
    for unsendable in ["two words", "behind \n", "one\ntwo\n", "caf\u{e9}"] {
        fs::write(file, unsendable).unwrap();
        let refused = scene.run(&arguments);
        assert_eq!(refused.status, Some(64), "{unsendable:?}: {}", refused.err);
        assert!(!refused.err.contains(unsendable.trim()), "{}", refused.err);
    }
    fs::write(file, "its-own-bearer\n").unwrap();
    let served = Served::start(&mut scene.command(&arguments));
    let get = |headers: &str| {
        let mut client = served.client();
        let host = served.host();
        client.send(&format!(
            "GET {ACCOUNT} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n"
        ));
        client.answer()
    };
    for wrong in [
        "",
        "Authorization: Bearer its-own-bearex\r\n",
        "VZ-M2M-Token: its-own-bearer\r\n",
    ] {
        let answer = get(wrong);
        assert_eq!(answer.status, 401, "{wrong}");
        assert!(answer.header("www-authenticate").is_some());
    }
    assert_eq!(scene.sandbox.counter("requests"), 0);
    assert_eq!(get("Authorization: Bearer its-own-bearer\r\n").status, 200);
    let log = scene
        .sandbox
        .control("GET", "/log", serde_json::json!(null));
    assert!(!log.to_string().contains("its-own-bearer"));
}

/// More than are served at a time, who stop where this ends.
fn halted(served: &Served, request: &str) -> Vec<TcpStream> {
    let client = |_| {
        let mut stream = TcpStream::connect(served.host()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    };
    (0..300).map(client).collect()
}

#[test]
fn who_halts_midway_keeps_no_other_out() {
    let scene = Scene::new();
    let served = Served::start(&mut scene.command(&["proxy", "-q"]));
    let host = format!("Host: {}\r\n", served.host());
    for request in [
        "",
        "POST /x HTTP/1.1\r\n",
        &format!("POST /x HTTP/1.1\r\n{host}Content-Length: 10\r\n\r\n1"),
        &format!("POST /x HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n5\r\n"),
        &format!("POST /x HTTP/1.1\r\n{host}Content-Length: 9999999\r\n\r\n1"),
        &format!("POST /m2m/v1/session/login HTTP/1.1\r\n{host}Content-Length: 10\r\n\r\n"),
    ] {
        let others = halted(&served, request);
        assert_eq!(served.get(ACCOUNT).status, 200, "{request}");
        drop(others);
    }
}

#[test]
fn who_shows_no_bearer_is_refused_before_a_body_is_waited_for() {
    let scene = Scene::new();
    let file = bearer_file(&scene, 0o600);
    let arguments = ["proxy", "-q", "--bearer-file", file.to_str().unwrap()];
    let served = Served::start(&mut scene.command(&arguments));
    let host = format!("Host: {}\r\n", served.host());
    let post = format!("POST {ACCOUNT} HTTP/1.1\r\n{host}Content-Length: 10\r\n\r\n1");
    let others = halted(&served, &post);
    let mut client = served.client();
    let bearer = "Authorization: Bearer its-own-bearer\r\n";
    client.send(&format!("GET {ACCOUNT} HTTP/1.1\r\n{host}{bearer}\r\n"));
    assert_eq!(client.answer().status, 200);
    drop(others);
    let mut client = served.client();
    client.send(&post);
    assert_eq!(client.answer().status, 401);
}

#[test]
fn a_client_that_leaves_midway_is_forgotten() {
    let scene = Scene::new();
    let served = Served::start(&mut scene.command(&["proxy", "-q"]));
    let host = format!("Host: {}\r\n", served.host());
    for part in [
        "GET".to_owned(),
        format!("GET {ACCOUNT} HTTP/1.1\r\n{host}"),
        format!("POST {ACCOUNT} HTTP/1.1\r\n{host}Content-Length: 10\r\n\r\n12345"),
        format!("POST {ACCOUNT} HTTP/1.1\r\n{host}Content-Length: 10000000\r\n\r\n12345"),
        format!("POST {ACCOUNT} HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n5\r\n123"),
    ] {
        let mut client = served.client();
        client.send(&part);
        client.stop_sending();
        assert!(client.is_over(), "{part:?}");
    }
    assert_eq!(scene.sandbox.counter("api"), 0);
    assert_eq!(served.get(ACCOUNT).status, 200);
}
