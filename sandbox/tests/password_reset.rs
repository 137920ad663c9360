//! The password reset: a random new password, good at once, told once.

mod common;

use common::*;
use serde_json::{Value, json};
use thingspace_sandbox::Sandbox;

const RESET: &str = "/m2m/v1/session/password/actions/reset";

fn reset(sandbox: &Sandbox, headers: &[(&str, &str)], body: Value) -> Reply {
    call(sandbox, "PUT", RESET, headers, body.to_string().as_bytes())
}

#[test]
fn the_new_password_is_random_good_at_once_and_told_once() {
    let sandbox = start();
    let token = login(&sandbox);
    let both = [BEARER, JSON, ("VZ-M2M-Token", token.as_str())];
    let mut old = "IMgr8".to_string();
    for _ in 0..2 {
        let reply = reset(&sandbox, &both, json!({"oldPassword": old}));
        assert_eq!(reply.status, 200, "{}", reply.text());
        let new = reply.json()["newPassword"]
            .as_str()
            .expect("text")
            .to_string();
        assert_ne!(new, old);
        assert_eq!(login_as(&sandbox, "zbeeblebrox", &old).status, 400);
        assert_eq!(login_as(&sandbox, "zbeeblebrox", &new).status, 200);
        old = new;
    }
    assert_eq!(list(&sandbox, &token).status, 200);
    assert_eq!(
        (
            sandbox.counter("password_reset"),
            sandbox.counter("password_reset_ok")
        ),
        (2, 2)
    );
    for call in [("GET", "/log"), ("GET", "/state")] {
        let shown = sandbox.control(call.0, call.1, Value::Null).to_string();
        assert!(!shown.contains(&old) && !shown.contains("IMgr8"));
    }
}

#[test]
fn it_wants_both_tokens_and_the_old_password() {
    let sandbox = start();
    let token = login(&sandbox);
    let right = json!({"oldPassword": "IMgr8"});
    let session = ("VZ-M2M-Token", token.as_str());
    assert_eq!(reset(&sandbox, &[session], right.clone()).status, 401);
    assert_eq!(
        reset(&sandbox, &[BEARER], right.clone()).error_code(),
        "UnifiedWebService.REQUEST_FAILED.SessionToken.Format"
    );
    let both = [BEARER, session];
    for (body, code) in [
        (
            json!({"oldPassword": "wrong"}),
            "UnifiedWebService.REQUEST_FAILED.InvalidUserNameOrPassword",
        ),
        (
            json!({"oldpassword": "IMgr8"}),
            "UnifiedWebService.INPUT_INVALID.RequestUndefined",
        ),
    ] {
        let reply = reset(&sandbox, &both, body);
        assert_eq!((reply.status, reply.error_code().as_str()), (400, code));
    }
    advance(&sandbox, 20 * MINUTE);
    assert_eq!(reset(&sandbox, &both, right).error_code(), EXPIRED);
    assert_eq!(contact(&sandbox, "zbeeblebrox")["strikes"], 0);
    assert_eq!(sandbox.counter("password_reset_ok"), 0);
    login(&sandbox);
}

#[test]
fn a_wrong_old_password_can_be_a_strike() {
    let sandbox = start();
    let token = login(&sandbox);
    set(&sandbox, json!({"wrong_old_password_strikes": true}));
    let both = [BEARER, ("VZ-M2M-Token", token.as_str())];
    for strikes in 1..=5 {
        reset(&sandbox, &both, json!({"oldPassword": "wrong"}));
        assert_eq!(contact(&sandbox, "zbeeblebrox")["strikes"], strikes);
    }
    let locked = reset(&sandbox, &both, json!({"oldPassword": "IMgr8"}));
    assert_eq!(
        locked.error_code(),
        "UnifiedWebService.REQUEST_FAILED.UserLocked"
    );
}

#[test]
fn its_answer_can_be_lost() {
    let sandbox = start();
    let token = login(&sandbox);
    fault(
        &sandbox,
        json!({"on": "password_reset", "fault": "close_after"}),
    );
    let mut client = Client::to(sandbox.base_url());
    client.send(
        "PUT",
        &format!("/api{RESET}"),
        &[BEARER, ("VZ-M2M-Token", token.as_str())],
        br#"{"oldPassword": "IMgr8"}"#,
    );
    assert!(client.receive().is_err());
    assert_eq!(login_as(&sandbox, "zbeeblebrox", "IMgr8").status, 400);
    let line = &sandbox.control("GET", "/log", Value::Null)[1];
    assert_eq!(
        (&line["kind"], &line["username"], &line["status"]),
        (
            &json!("password_reset"),
            &json!("zbeeblebrox"),
            &Value::Null
        )
    );
}
