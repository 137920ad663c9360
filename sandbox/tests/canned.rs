//! Canned answers: resources that the sandbox does not know, behind the checks of both tokens.

mod common;

use common::*;
use serde_json::{Value, json};
use thingspace_sandbox::Sandbox;

fn can(sandbox: &Sandbox, answer: Value) {
    sandbox.control("POST", "/answers", answer);
}

fn get(sandbox: &Sandbox, path: &str, headers: &[(&str, &str)]) -> Reply {
    call(sandbox, "GET", path, headers, b"")
}

#[test]
fn a_canned_answer_is_served_behind_both_tokens() {
    let sandbox = start();
    let path = "/m2m/v1/sms/0000123456-00001/history";
    assert_eq!(get(&sandbox, path, &[BEARER]).status, 400);
    can(
        &sandbox,
        json!({
            "method": "GET",
            "path": path,
            "status": 202,
            "headers": {"X-Page": "1"},
            "body": {"messages": []},
        }),
    );

    assert_eq!(get(&sandbox, path, &[]).json()["fault"]["code"], "900902");
    let unknown = ("Authorization", "Bearer unknown");
    assert_eq!(
        get(&sandbox, path, &[unknown]).json()["fault"]["code"],
        "900901"
    );
    assert_eq!(
        get(&sandbox, path, &[BEARER]).error_code(),
        "UnifiedWebService.REQUEST_FAILED.SessionToken.Format"
    );
    let token = login(&sandbox);
    let both = [BEARER, ("VZ-M2M-Token", token.as_str())];
    let reply = get(&sandbox, &format!("{path}?next=2"), &both);
    assert_eq!((reply.status, reply.json()), (202, json!({"messages": []})));
    assert_eq!(
        (reply.header("content-type"), reply.header("x-page")),
        (Some("application/json"), Some("1"))
    );
    advance(&sandbox, 20 * MINUTE);
    assert_eq!(get(&sandbox, path, &both).error_code(), EXPIRED);
    assert_eq!(
        (
            sandbox.counter("api"),
            sandbox.counter("api_ok"),
            sandbox.counter("api_unauthorized"),
            sandbox.counter("api_expired")
        ),
        (5, 1, 2, 1)
    );
    assert_eq!(last_line(&sandbox)["kind"], "api");
}

#[test]
fn faults_on_api_hit_canned_answers_too() {
    let sandbox = start();
    let token = login(&sandbox);
    can(&sandbox, json!({"path": "/intelligence/v1/x"}));
    fault(&sandbox, json!({"on": "api", "fault": "expired"}));
    let both = [BEARER, ("VZ-M2M-Token", token.as_str())];
    assert_eq!(
        get(&sandbox, "/intelligence/v1/x", &both).error_code(),
        EXPIRED
    );
    assert_eq!(get(&sandbox, "/intelligence/v1/x", &both).status, 200);
}

#[test]
fn some_endpoints_want_the_session_token_in_another_header() {
    let sandbox = start();
    let path = "/m2m/v1/intelligence/aggregate";
    can(
        &sandbox,
        json!({"path": path, "session_token_header": "SessionToken", "body": "yes"}),
    );
    let token = login(&sandbox);
    let usual = get(&sandbox, path, &[BEARER, ("VZ-M2M-Token", token.as_str())]);
    assert_eq!(
        usual.error_code(),
        "UnifiedWebService.REQUEST_FAILED.SessionToken.Format"
    );
    let other = get(&sandbox, path, &[BEARER, ("SessionToken", token.as_str())]);
    assert_eq!((other.status, other.text()), (200, "yes"));
    assert_eq!(last_line(&sandbox)["session_token"], json!(token));
}

#[test]
fn the_newest_that_fits_answers() {
    let sandbox = start();
    let token = login(&sandbox);
    let both = [BEARER, ("VZ-M2M-Token", token.as_str())];
    can(&sandbox, json!({"path_prefix": "/m2m/v1/", "body": "all"}));
    can(
        &sandbox,
        json!({"path": "/m2m/v1/plans/x", "method": "GET", "body": "plans"}),
    );
    can(
        &sandbox,
        json!({"path": "/m2m/v1/plans/x", "method": "DELETE", "body": "gone"}),
    );
    assert_eq!(get(&sandbox, "/m2m/v1/plans/x", &both).text(), "plans");
    assert_eq!(get(&sandbox, "/m2m/v1/plans/xy", &both).text(), "all");
    let account = "/m2m/v1/accounts/0000123456-00001";
    assert_eq!(get(&sandbox, account, &both).text(), "all");
    assert_eq!(
        call(&sandbox, "POST", "/m2m/v1/anything", &both, b"").text(),
        "all"
    );
    assert_eq!(get(&sandbox, "/elsewhere", &both).status, 404);

    let shown = sandbox.control("GET", "/state", Value::Null)["answers"].clone();
    assert_eq!(shown[0], json!({"path_prefix": "/m2m/v1/", "body": "all"}));
    sandbox.control("DELETE", "/answers", Value::Null);
    assert_eq!(get(&sandbox, "/m2m/v1/plans/x", &both).status, 400);
    assert_eq!(
        get(&sandbox, account, &both).json()["accountName"],
        "0000123456-00001"
    );
}

#[test]
fn tokens_and_sessions_cannot_be_canned() {
    let sandbox = start();
    can(&sandbox, json!({"path_prefix": "/", "status": 500}));
    assert_eq!(fetch_api_token(&sandbox).status, 200);
    let token = login(&sandbox);
    let both = [BEARER, ("VZ-M2M-Token", token.as_str())];
    assert_eq!(get(&sandbox, "/anything/at/all", &both).status, 500);
    let logout = call(&sandbox, "POST", "/m2m/v1/session/logout", &both, b"");
    assert_eq!(logout.status, 200);
}

#[test]
fn what_is_no_canned_answer_is_refused() {
    let sandbox = start();
    let mut client = Client::to(sandbox.control_url());
    for wrong in [
        json!({}),
        json!({"path": "m2m/v1/x"}),
        json!({"path": "/a", "path_prefix": "/a"}),
        json!({"path": "/a", "status": 100}),
        json!({"path": "/a", "session_token_header": "Session-Token"}),
        json!({"path": "/a", "bodi": "x"}),
    ] {
        let reply = client.call("POST", "/answers", &[], wrong.to_string().as_bytes());
        assert_eq!(reply.status, 400, "{wrong}");
    }
}
