//! What the proxy is for: tokens are added, renewed once for all, and never taken from a client.

use std::process::Command;

use serde_json::json;

use super::scene::Scene;
use super::served::Served;
use super::{ACCOUNT, DEVICES};

fn served(scene: &Scene) -> Served {
    Served::start(&mut scene.command(&["proxy", "-q"]))
}

fn with(scene: &Scene, name: &str, value: &str) -> Command {
    let mut command = scene.command(&["proxy", "-q"]);
    command.env(name, value);
    command
}

fn expire(scene: &Scene) {
    scene
        .sandbox
        .control("POST", "/expire", json!({"what": "session"}));
}

#[test]
fn many_clients_over_expiries_cost_one_login_each() {
    let scene = Scene::new();
    let served = served(&scene);
    for expiries in 1..=3 {
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let mut client = served.client();
                    for _ in 0..4 {
                        let host = served.host();
                        client.send(&format!("GET {ACCOUNT} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
                        assert_eq!(client.answer().status, 200);
                    }
                });
            }
        });
        assert_eq!(scene.sandbox.counter("login"), expiries);
        expire(&scene);
    }
}

#[test]
fn a_clients_own_tokens_go_nowhere() {
    let scene = Scene::new();
    let served = served(&scene);
    let mut client = served.client();
    client.send(&format!(
        "GET {ACCOUNT} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer mine\r\nVZ-M2M-Token: mine\r\n\
         SessionToken: mine\r\nProxy-Authorization: mine\r\nX-Other: stays\r\n\
         Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: mine\r\n\r\n",
        served.host()
    ));
    assert_eq!(client.answer().status, 200);
    let log = scene.sandbox.control("GET", "/log", json!(null));
    let last = log.as_array().unwrap().last().unwrap();
    assert_eq!(last["headers"]["x-other"], "stays");
    assert!(!last["headers"].to_string().contains("mine"), "{last}");
    // An offer of HTTP/2 is passed over, and not on.
    assert_eq!(last["headers"]["upgrade"], json!(null));
}

#[test]
fn the_sessions_own_calls_are_answered_here() {
    let scene = Scene::new();
    let served = served(&scene);
    for path in [
        "/m2m/v1/session/login",
        "/m2m/v1/session/logout",
        "/m2m//v1/session/%6cogin?a=b",
        "/ts/v1/oauth2/token",
    ] {
        let answer = served.post(path, br#"{"username":"zbeeblebrox","password":"wrong"}"#);
        assert_eq!(answer.said(), (200, Some("0")), "{path}");
        assert!(answer.text().contains("held-by-thingspace-proxy"), "{path}");
    }
    assert_eq!(scene.sandbox.counter("requests"), 0);
    assert_eq!(served.get(ACCOUNT).status, 200);
    assert_eq!(scene.sandbox.counter("login"), 1);
}

#[test]
fn a_login_by_soap_does_not_pass() {
    let scene = Scene::new();
    let served = served(&scene);
    for path in ["/v2/SessionService.svc", "/v2//sessionservice%2esvc/"] {
        let answer = served.post(path, b"<LogIn/>");
        assert_eq!(answer.said(), (501, Some("1")), "{path}");
        assert!(answer.text().contains("SOAP"), "{}", answer.text());
    }
    assert_eq!(scene.sandbox.counter("requests"), 0);
}

#[test]
fn a_body_is_sent_again_unless_it_is_too_long_to_be_held() {
    let scene = Scene::new();
    let served = served(&scene);
    assert_eq!(served.get(ACCOUNT).status, 200);
    for length in [0, 1024 * 1024 - 2] {
        expire(&scene);
        let body = format!("{{{}}}", " ".repeat(length));
        let answer = served.post(DEVICES, body.as_bytes());
        assert_eq!(answer.said(), (200, None), "{length}");
    }
    expire(&scene);
    let body = format!("{{{}}}", " ".repeat(1024 * 1024));
    let answer = served.post(DEVICES, body.as_bytes());
    // As it came, and told from an answer to a request that must not be sent again.
    assert_eq!(answer.said(), (400, Some("13")));
    assert_eq!(answer.header("thingspace-retryable"), Some("true"));
    assert!(answer.text().contains("SessionToken.Expired"));
    assert_eq!(scene.sandbox.counter("login"), 4);
    assert_eq!(served.post(DEVICES, body.as_bytes()).said(), (200, None));
    assert_eq!(scene.sandbox.counter("login"), 4);
}

#[test]
fn what_stays_refused_is_the_platforms_answer() {
    let scene = Scene::new();
    let served = Served::start(&mut with(&scene, "TSM_AUTO_RELOGIN", "false"));
    assert_eq!(served.get(ACCOUNT).said(), (200, None));
    expire(&scene);
    let answer = served.get(ACCOUNT);
    assert_eq!(answer.said(), (400, Some("13")));
    assert_eq!(answer.header("thingspace-retryable"), Some("false"));
    assert!(answer.text().contains("SessionToken.Expired"));
}

#[test]
fn a_login_that_fails_is_told_and_not_repeated() {
    let scene = Scene::new();
    let served = Served::start(&mut with(&scene, "TSM_PASSWORD", "wrong"));
    let answer = served.get(ACCOUNT);
    assert_eq!(answer.said(), (502, Some("10")));
    let said = answer.json();
    assert_eq!(said["status"], 10);
    assert_eq!(said["name"], "TSM_E_CREDENTIALS");
    assert!(!said["message"].as_str().unwrap().is_empty());
    for _ in 0..8 {
        assert_eq!(served.get(ACCOUNT).said(), (503, Some("12")));
    }
    assert_eq!(scene.sandbox.counter("login"), 1);
}

#[test]
fn a_login_of_unknown_fate_is_told_until_the_next_may_be_sent() {
    let scene = Scene::new();
    let served = served(&scene);
    let fault = json!({"on": "login", "fault": "close_before", "times": -1});
    scene.sandbox.control("POST", "/faults", fault);
    assert_eq!(served.get(ACCOUNT).status, 502);
    let answer = served.get(ACCOUNT);
    assert_eq!(answer.said(), (502, Some("30")));
    assert_eq!(scene.sandbox.counter("login"), 1);
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!(seconds > 0);
    assert_eq!(answer.json()["retry_after"], seconds);
}

#[test]
fn a_soap_session_is_refused_at_the_start() {
    let scene = Scene::new();
    let mut command = scene.command(&["proxy", "--protocol", "soap"]);
    let done = scene.done(&mut command);
    assert_eq!(done.status, Some(64), "{}", done.err);
    assert!(done.err.contains("SOAP"), "{}", done.err);
}
