//! A gateway that answers for a platform that has judged: whatever the client sees, a wrong
//! password is a strike and a right one begins a session.

mod common;

use common::*;
use serde_json::{Value, json};
use thingspace_sandbox::Sandbox;

/// Faults of a login, and the status that the client sees; none when it sees no whole answer.
fn lies() -> Vec<(Value, Option<u16>)> {
    let mut lies: Vec<(Value, Option<u16>)> = [500, 502, 503, 504, 520, 524]
        .map(|status| {
            let fault = json!({
                "fault": "status",
                "status": status,
                "body": "<html><body>Gateway</body></html>",
                "process": true,
            });
            (fault, Some(status))
        })
        .into();
    lies.extend([
        (json!({"fault": "html", "process": true}), Some(200)),
        (json!({"fault": "wrong_json", "process": true}), Some(200)),
        (
            json!({"fault": "redirect", "location": "/", "process": true}),
            Some(302),
        ),
        (
            json!({"fault": "gateway_fault", "code": 101504, "process": true}),
            Some(504),
        ),
        (
            json!({"fault": "gateway_fault", "code": 101505, "process": true}),
            Some(500),
        ),
        (
            json!({"fault": "gateway_fault", "code": 101504, "xml": true, "process": true}),
            Some(504),
        ),
        (
            json!({"fault": "gateway_fault", "code": 900800, "process": true}),
            Some(429),
        ),
        (json!({"fault": "expired", "process": true}), Some(400)),
        (
            json!({"fault": "huge", "bytes": 30000, "process": true}),
            Some(200),
        ),
        (json!({"fault": "half_body"}), None),
        (
            json!({"fault": "half_body", "status": 504, "body": "<html>cut off</html>"}),
            None,
        ),
        (json!({"fault": "close_after"}), None),
        (json!({"fault": "reset_after"}), None),
    ]);
    lies
}

fn lie(sandbox: &Sandbox, what: &Value, password: &str) -> Option<Reply> {
    let mut what = what.clone();
    what["on"] = json!("login");
    fault(sandbox, what);
    sent_login(sandbox, password).receive().ok()
}

#[test]
fn a_wrong_password_is_a_strike_whatever_the_client_sees() {
    let sandbox = start();
    for (what, status) in lies() {
        sandbox.control("POST", "/reset", Value::Null);
        let seen = lie(&sandbox, &what, "wrong").map(|reply| reply.status);
        assert_eq!(seen, status, "{what}");
        assert_eq!(contact(&sandbox, "zbeeblebrox")["strikes"], 1, "{what}");
        assert_eq!(sandbox.counter("login_failed"), 1, "{what}");
    }
}

#[test]
fn a_right_password_begins_a_session_that_is_kept() {
    let sandbox = start();
    for (what, status) in lies() {
        sandbox.control("POST", "/reset", Value::Null);
        let seen = lie(&sandbox, &what, "IMgr8").map(|reply| reply.status);
        assert_eq!(seen, status, "{what}");
        assert_eq!(sandbox.counter("login_ok"), 1, "{what}");
        assert_eq!(end_sessions(&sandbox), 1, "{what}");
    }
}

#[test]
fn every_lie_can_say_when_to_come_again() {
    let sandbox = start();
    for (mut what, status) in lies() {
        if status.is_none() {
            continue;
        }
        what["retry_after"] = json!(120);
        what["headers"] = json!({"X-Served-By": "edge"});
        let reply = lie(&sandbox, &what, "IMgr8").expect("an answer");
        assert_eq!(
            (reply.header("retry-after"), reply.header("x-served-by")),
            (Some("120"), Some("edge")),
            "{what}"
        );
    }
}

#[test]
fn without_process_nothing_is_judged() {
    let sandbox = start();
    lie(
        &sandbox,
        &json!({"fault": "gateway_fault", "code": 101503}),
        "wrong",
    );
    let half = json!({"fault": "half_body", "body": "<html/>", "process": false});
    lie(&sandbox, &half, "wrong");
    assert_eq!(sandbox.counter("login"), 2);
    assert_eq!(contact(&sandbox, "zbeeblebrox")["strikes"], 0);
}

#[test]
fn the_gateway_speaks_of_its_codes_in_both_shapes() {
    let sandbox = start();
    let json = lie(
        &sandbox,
        &json!({"fault": "gateway_fault", "code": 101505, "status": 502}),
        "IMgr8",
    )
    .expect("an answer");
    assert_eq!(
        (json.status, &json.json()["fault"]["code"]),
        (502, &json!("101505"))
    );
    set(&sandbox, json!({"gateway_code_type": "number"}));
    let number = lie(
        &sandbox,
        &json!({"fault": "gateway_fault", "code": 900802}),
        "IMgr8",
    );
    let number = number.expect("an answer").json();
    assert_eq!(number["fault"]["code"], 900802);
    let xml = lie(
        &sandbox,
        &json!({"fault": "gateway_fault", "code": 101504, "xml": true}),
        "IMgr8",
    )
    .expect("an answer");
    assert!(xml.text().starts_with("<am:fault") && xml.text().contains("<am:code>101504<"));
}

#[test]
fn a_late_or_held_lie_is_still_a_lie() {
    let sandbox = start();
    fault(
        &sandbox,
        json!({"on": "login", "fault": "delay", "ms": 1, "status": 524, "body": "late"}),
    );
    let reply = login_as(&sandbox, "zbeeblebrox", "wrong");
    assert_eq!((reply.status, reply.text()), (524, "late"));
    fault(
        &sandbox,
        json!({"on": "login", "fault": "drip", "ms": 1, "status": 502, "body": "drip"}),
    );
    let reply = login_as(&sandbox, "zbeeblebrox", "wrong");
    assert_eq!((reply.status, reply.text()), (502, "drip"));
    assert_eq!(contact(&sandbox, "zbeeblebrox")["strikes"], 2);
}

#[test]
fn a_soap_login_can_be_lied_about_too() {
    let sandbox = start();
    let envelope =
        include_str!("documents/soap-login-request.xml").replace(">username<", ">zbeeblebrox<");
    fault(
        &sandbox,
        json!({"on": "soap_login", "fault": "status", "status": 504, "process": true}),
    );
    let reply = soap(&sandbox, "SessionService", "LogIn", &envelope);
    assert_eq!(reply.status, 504);
    assert_eq!(contact(&sandbox, "zbeeblebrox")["strikes"], 1);
}
