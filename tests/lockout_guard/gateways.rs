//! Gateways that answer for a platform that has judged: whatever they say, and however often a
//! program with a wrong password starts again, the account is not locked.

use std::time::Duration;

use serde_json::{Map, Value, json};
use thingspace_session::Status;

use crate::helper::Helper;
use crate::scene::{RIGHT, Scene, login, refused, slots_of, until_hashed, with};

/// What may come back from a login that the platform has judged, as faults of the sandbox.
fn lies() -> Vec<Value> {
    let page = "<html><head><title>nginx</title></head><body>Sorry</body></html>";
    let html = |status: u16| json!({"fault": "html", "status": status, "body": page});
    let empty = |status: u16| json!({"fault": "status", "status": status});
    let says =
        |status: u16, body: Value| json!({"fault": "status", "status": status, "body": body});
    let code = |status: u16, code: &str| says(status, json!({"errorCode": code}));
    let fault = |code: u32, xml: bool| json!({"fault": "gateway_fault", "code": code, "xml": xml});
    let mut lies = Vec::new();
    for status in [500, 502, 503, 504, 520, 521, 522, 523, 524] {
        lies.push(html(status));
    }
    for code in [101_500, 101_503, 101_504, 101_505, 101_508, 303_001] {
        lies.extend([fault(code, false), fault(code, true)]);
    }
    lies.extend([200, 202, 400, 401, 403, 404, 407, 408, 429].map(html));
    lies.extend([204, 401, 403, 429, 500, 502, 504].map(empty));
    lies.extend([
        json!({"fault": "redirect", "location": "/elsewhere"}),
        json!({"fault": "redirect", "location": "/elsewhere", "status": 307}),
        json!({"fault": "wrong_json"}),
        json!({"fault": "wrong_json", "status": 400}),
        json!({"fault": "huge", "bytes": 100_000}),
        says(200, json!("{\"sessionToken\":\"")),
        says(504, json!({"error": "upstream request timeout"})),
        says(
            400,
            json!({"error": "unauthorized", "cause": "unauthorized for given token"}),
        ),
        code(503, "UnifiedWebService.REQUEST_FAILED.ServiceUnavailable"),
        code(503, "UnifiedWebService.REQUEST_ONHOLD.Maintenance"),
        code(400, "UnifiedWebService.REQUEST_ONHOLD.Maintenance"),
        code(400, "UnifiedWebService.REQUEST_CANCELLED.Any"),
        code(400, "UnifiedWebService.REQUEST_FAILED.UnexpectedError"),
        code(500, "UnifiedWebService.REQUEST_FAILED.LoginFailed"),
        code(400, "DeserializationFailed"),
        json!({"fault": "status", "status": 503, "retry_after": 1}),
    ]);
    for lie in &mut lies {
        lie["process"] = json!(true);
    }
    lies.extend([
        json!({"fault": "half_body"}),
        json!({"fault": "half_body", "status": 504, "body": page}),
        json!({"fault": "reset_after"}),
        json!({"fault": "close_after"}),
    ]);
    for lie in &mut lies {
        lie["times"] = json!(-1);
    }
    lies
}

/// A contact for a lie, with a store of its own.
struct Deceived {
    lie: Value,
    username: String,
    options: Map<String, Value>,
}

/// Each lie on REST and on SOAP.
fn deceived(scene: &Scene, lies: Vec<Value>, password: &str) -> Vec<Deceived> {
    let mut all = Vec::new();
    for (n, lie) in lies.into_iter().enumerate() {
        for (on, options) in [
            ("login", scene.fetching(password)),
            ("soap_login", scene.soap(password)),
        ] {
            let username = format!("{on}-{n}");
            scene.contact(&username, RIGHT);
            let store = format!("file:{}", scene.root().join(&username).display());
            let own = json!({"username": username, "store": store});
            let mut lie = lie.clone();
            lie["on"] = json!(on);
            all.push(Deceived {
                lie,
                username,
                options: with(options, own),
            });
        }
    }
    all
}

/// One lie of each kind.
fn some_lies() -> Vec<Value> {
    let codes = json!({"errorCode": "UnifiedWebService.REQUEST_FAILED.ServiceUnavailable"});
    vec![
        json!({"fault": "html", "process": true, "times": -1}),
        json!({"fault": "status", "status": 502, "process": true, "times": -1}),
        json!({"fault": "status", "status": 503, "body": codes, "process": true, "times": -1}),
        json!({"fault": "gateway_fault", "code": 101_504, "process": true, "times": -1}),
        json!({"fault": "half_body", "times": -1}),
        json!({"fault": "reset_after", "times": -1}),
    ]
}

#[test]
fn a_crash_loop_behind_any_of_them_sends_one_login_at_once() {
    let scene = Scene::new();
    let all = deceived(&scene, lies(), "wrong");
    for one in &all {
        scene.fault(one.lie.clone());
        let before = scene.logins();
        for n in 0..8 {
            let error = refused(&one.options);
            assert_ne!(error.status(), Status::Credentials, "{}: {error}", one.lie);
            assert!(error.retryable(), "{}: {error}", one.lie);
            let wait = error.retry_after().expect("it says when");
            assert!(wait <= Duration::from_secs(5), "{}: {error}", one.lie);
            let words = match n {
                0 => "may have counted it: the next login may leave in",
                _ => "this one was not sent: the next one may leave in",
            };
            assert!(error.message().contains(words), "{}: {error}", one.lie);
        }
        scene.drop_faults();
        assert_eq!(scene.logins() - before, 1, "{}", one.lie);
        assert_eq!(slots_of(&one.options), (0, 1), "{}", one.lie);
    }
    let state = scene.sandbox.control("GET", "/state", Value::Null);
    for one in &all {
        let contact = &state["contacts"][&one.username];
        assert_eq!(contact["max_strikes"], 1, "{}", one.lie);
    }
}

/// For each account a crash loop of three logins, in a process that starts so many seconds from
/// now; each sends so many.
fn crash_loops(scene: &Scene, seconds: u64, all: &[Deceived], logins: u64) {
    let looped = |one: &Deceived| {
        let login = json!({"do": "login", "times": 3, "options": one.options});
        [json!({"do": "wait"}), login]
    };
    let steps: Vec<Value> = all.iter().flat_map(looped).collect();
    let job = Helper::job(&Map::new(), steps.into());
    let mut helper = job.after(seconds).start();
    for one in all {
        let about = format!("{} after {seconds} s: {}", one.username, one.lie);
        scene.fault(one.lie.clone());
        let before = scene.logins();
        helper.go();
        for _ in 0..3 {
            let (status, words) = helper.whole_outcome();
            let wrong = ["OK", "TSM_E_CREDENTIALS"].contains(&&*status);
            assert!(!wrong, "{about}: {status} {words}");
        }
        scene.drop_faults();
        assert_eq!(scene.logins() - before, logins, "{about}");
    }
}

#[test]
fn a_crash_loop_that_never_ends_sends_three_logins() {
    let scene = Scene::new();
    let all = deceived(&scene, some_lies(), "wrong");
    for (seconds, logins) in [(0, 1), (6, 1), (67, 1), (1000, 0), (1_000_000, 0)] {
        crash_loops(&scene, seconds, &all, logins);
    }
    let state = scene.sandbox.control("GET", "/state", Value::Null);
    for one in &all {
        let contact = &state["contacts"][&one.username];
        assert_eq!(contact["max_strikes"], 3, "{}", one.lie);
        assert_eq!(contact["locked"], false, "{}", one.lie);
    }
}

#[test]
fn a_password_that_has_worked_is_back_15_minutes_after_an_outage_of_any_length() {
    let scene = Scene::new();
    let all = deceived(&scene, some_lies(), RIGHT);
    for one in &all {
        assert!(login(&one.options).is_ok());
    }
    for one in &all {
        until_hashed(&scene.root().join(&one.username));
    }
    // The last probe falls into the end of it.
    for (seconds, logins) in [(0, 1), (6, 1), (67, 1), (968, 1), (969, 0), (100_000, 1)] {
        crash_loops(&scene, seconds, &all, logins);
    }
    let login = |one: &Deceived| json!({"do": "login", "options": one.options});
    let steps: Vec<Value> = all.iter().map(login).collect();
    let job = Helper::job(&Map::new(), steps.into());
    let mut helper = job.after(100_901).start();
    for one in &all {
        assert_eq!(helper.outcome(), "OK", "{}", one.lie);
    }
    assert_eq!(scene.most_strikes(), 0);
}
