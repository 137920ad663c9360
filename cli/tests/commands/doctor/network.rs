//! Names, connections, answers that are not the platform's, and clocks.

use std::net::SocketAddr;

use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};

use super::doctor;
use crate::scene::Scene;

#[test]
fn a_name_that_does_not_resolve_is_named() {
    let scene = Scene::new();
    let report = doctor(&scene, &[("TSM_BASE_URL", "https://platform.invalid/api")]);
    report.fails(30, "names", "platform.invalid", "spelling");
    for check in ["connection", "tls", "answer", "clock"] {
        report.names(check, "not tried", "names failed", "");
    }
}

#[test]
fn a_port_that_refuses_is_told_from_one_that_never_answers() {
    let scene = Scene::new();
    // Bound, so that it is nobody else's, and not listened on.
    let gone = Socket::new(Domain::IPV4, Type::STREAM, None).expect("there are sockets");
    let any: SocketAddr = "127.0.0.1:0".parse().expect("it is an address");
    gone.bind(&any.into()).expect("it can be bound");
    let address = gone.local_addr().expect("it has an address");
    let address = address.as_socket().expect("it is of a network");
    let refused = format!("http://{address}/api");
    doctor(&scene, &[("TSM_BASE_URL", &refused)]).fails(
        30,
        "connection",
        "refused",
        "the port of the URL",
    );

    let (_listener, address, _queued) = black_hole();
    let silent = format!("http://{address}/api");
    let soon = ("TSM_CONNECT_TIMEOUT_MS", "300");
    let report = doctor(&scene, &[("TSM_BASE_URL", &silent), soon]);
    report.fails(31, "connection", "no connection within", "firewall");
}

/// A port to which connections are neither made nor refused.
fn black_hole() -> (Socket, SocketAddr, Vec<Socket>) {
    let new = || Socket::new(Domain::IPV4, Type::STREAM, None).expect("there are sockets");
    let listener = new();
    let any: SocketAddr = "127.0.0.1:0".parse().expect("it is an address");
    listener.bind(&any.into()).expect("it can be bound");
    listener.listen(0).expect("it can listen");
    let address = listener.local_addr().expect("it has an address");
    let queued = (0..4).map(|_| {
        let socket = new();
        socket.set_nonblocking(true).expect("it can be set");
        let _ = socket.connect(&address);
        socket
    });
    let queued = queued.collect();
    let address = address.as_socket().expect("it is of a network");
    (listener, address, queued)
}

/// The next answer is this one.
fn answers(scene: &Scene, fault: &str, more: Value) {
    let mut body = json!({"on": "any", "fault": fault});
    let object = body.as_object_mut().expect("it is an object");
    object.extend(more.as_object().cloned().unwrap_or_default());
    scene.sandbox.control("POST", "/faults", body);
}

#[test]
fn what_answers_in_the_platforms_place_is_named() {
    let scene = Scene::new();
    let to = json!({"location": "http://portal.invalid/in?token=hunter2"});
    for (fault, more, exit, message, remedy) in [
        ("html", json!({}), 23, "an HTML page", "portal"),
        ("html", json!({"status": 403}), 23, "an HTML page", "portal"),
        ("redirect", to, 23, "http://portal.invalid/in,", "sign in"),
        (
            "status",
            json!({"status": 404}),
            23,
            "HTTP 404",
            "the path in the URL",
        ),
        (
            "status",
            json!({"status": 503}),
            22,
            "HTTP 503",
            "Try again later",
        ),
        ("close_before", json!({}), 30, "", "firewall"),
    ] {
        answers(&scene, fault, more);
        let report = doctor(&scene, &[]);
        report
            .fails(exit, "answer", message, remedy)
            .hides("hunter2");
    }
    answers(&scene, "status", json!({"status": 401}));
    doctor(&scene, &[]).warns(
        "answer",
        "HTTP 401 without a word",
        "is where ThingSpace is",
    );
    answers(&scene, "answer", json!({"status": 200, "body": "{}"}));
    doctor(&scene, &[]).warns("answer", "HTTP 200", "is where ThingSpace is");
}

#[test]
fn a_clock_that_is_off_is_told() {
    let scene = Scene::new();
    let says = |date: String| {
        let body = json!({"fault": {"code": "900902", "message": "Missing Credentials"}});
        json!({"status": 401, "body": body, "headers": {"Date": date}})
    };
    let now = std::time::SystemTime::now();
    let hour = std::time::Duration::from_secs(3600);
    for (time, words) in [(now + hour, "behind"), (now - hour, "ahead of")] {
        answers(&scene, "status", says(httpdate::fmt_http_date(time)));
        doctor(&scene, &[]).warns("clock", words, "NTP");
    }
    answers(&scene, "status", says(httpdate::fmt_http_date(now)));
    doctor(&scene, &[]).names("clock", "ok", "", "");
}

#[test]
fn soap_is_asked_for_a_fault() {
    let scene = Scene::new();
    let soap = ("TSM_PROTOCOL", "soap");
    doctor(&scene, &[soap]).names("answer", "ok", "SessionToken", "");
    answers(&scene, "html", json!({}));
    doctor(&scene, &[soap]).fails(23, "answer", "an HTML page", "portal");
    assert_eq!(scene.sandbox.counter("soap_login"), 0);
}
