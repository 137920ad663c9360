//! The control port: over HTTP and without it, what it changes and what it refuses.

mod common;

use common::*;
use serde_json::{Value, json};

#[test]
fn speaks_json_over_http() {
    let sandbox = start();
    let mut client = Client::to(sandbox.control_url());
    let state = client.call("GET", "/state", &[], b"");
    assert_eq!(
        (state.status, &state.json()["settings"]["strikes_to_lock"]),
        (200, &json!(5))
    );
    let settings = client.call("POST", "/settings", &[], br#"{"strikes_to_lock": 3}"#);
    assert_eq!(
        (
            settings.status,
            &settings.json()["settings"]["strikes_to_lock"]
        ),
        (200, &json!(3))
    );
    let refused = client.call("POST", "/settings", &[], b"{nonsense");
    assert!(refused.status == 400 && refused.json()["error"].is_string());
    assert_eq!(
        (sandbox.counter("requests"), sandbox.counter("connections")),
        (0, 0)
    );
}

#[test]
fn refuses_what_it_does_not_know_and_names_the_nearest() {
    let sandbox = start();
    let mut client = Client::to(sandbox.control_url());
    let mut refusal = |method: &str, path: &str, body: Value| {
        let reply = client.call(method, path, &[], body.to_string().as_bytes());
        assert_eq!(reply.status, 400, "{method} {path} {body}");
        reply.json()["error"].as_str().expect("text").to_string()
    };
    for (path, body, nearest) in [
        (
            "/settings",
            json!({"session_idel_ms": 1}),
            "session_idle_ms",
        ),
        (
            "/clock",
            json!({"advance_ms": 1, "advance": 1}),
            "advance_ms",
        ),
        ("/faults", json!({"on": "logn", "fault": "hold"}), "login"),
        ("/faults", json!({"on": "login", "fault": "holt"}), "hold"),
        (
            "/faults",
            json!({"on": "login", "fault": "hold", "tims": 2}),
            "times",
        ),
        ("/expire", json!({"what": "sesion"}), "session"),
        ("/unlock", json!({"username": "zbeeblebro"}), "zbeeblebrox"),
        ("/fault", json!({}), "POST /faults"),
    ] {
        let error = refusal("POST", path, body);
        assert!(error.ends_with(&format!("nearest: {nearest:?}")), "{error}");
    }
    for (path, body) in [
        ("/clock", json!({"advance_ms": -1})),
        ("/clock", json!({})),
        ("/clock", json!([])),
        ("/settings", json!({"strikes_to_lock": 0})),
        ("/settings", json!({"session_refused_at": "/m2m"})),
        ("/settings", json!({"session_refused_at": ["m2m"]})),
        (
            "/faults",
            json!({"on": "login", "fault": "half_body", "status": 504}),
        ),
        (
            "/faults",
            json!({"on": "login", "fault": "hold", "process": false}),
        ),
        (
            "/faults",
            json!({"on": "login", "fault": "interim", "interim": [200]}),
        ),
        ("/faults", json!({"on": "login", "fault": "interim"})),
        (
            "/faults",
            json!({"on": "login", "fault": "reset_after", "process": true}),
        ),
        ("/await", json!({"counter": "login"})),
        ("/settings", json!({"soap_fault_prefix": "s"})),
        ("/settings", json!({"api_answer_bytes": 1})),
        ("/faults", json!({"on": "login", "fault": "delay"})),
        (
            "/faults",
            json!({"on": "login", "fault": "hold", "times": 0}),
        ),
        (
            "/faults",
            json!({"on": "login", "fault": "status", "status": 99}),
        ),
        (
            "/faults",
            json!({"on": "login", "fault": "answer", "headers": {"a b": "c"}}),
        ),
        (
            "/faults",
            json!({"on": "login", "fault": "redirect", "location": "a\r\nb"}),
        ),
        ("/contacts", json!({"username": "x"})),
    ] {
        refusal("POST", path, body);
    }
}

#[test]
fn a_refused_call_changes_nothing() {
    let sandbox = start();
    let before = sandbox.control("GET", "/state", Value::Null)["settings"].clone();
    let body = br#"{"strikes_to_lock": 3, "service_nam": ""}"#;
    assert_eq!(
        Client::to(sandbox.control_url())
            .call("POST", "/settings", &[], body)
            .status,
        400
    );
    assert_eq!(
        sandbox.control("GET", "/state", Value::Null)["settings"],
        before
    );
}

#[test]
#[should_panic(expected = "nearest: \"advance_ms\"")]
fn a_refused_call_in_process_panics_with_the_reason() {
    start().control("POST", "/clock", json!({"advance_ms": 0, "advance_s": 1}));
}

#[test]
fn expire_ends_the_tokens_asked_for() {
    let sandbox = start();
    let api_token = fetch_api_token(&sandbox).json()["access_token"]
        .as_str()
        .expect("a token")
        .to_string();
    let bearer = format!("Bearer {api_token}");
    let use_both = |token: &str| {
        let headers = [("Authorization", bearer.as_str()), ("VZ-M2M-Token", token)];
        call(
            &sandbox,
            "POST",
            "/m2m/v1/devices/actions/list",
            &headers,
            b"{}",
        )
        .status
    };
    let token = login(&sandbox);
    assert_eq!(use_both(&token), 200);
    assert_eq!(
        sandbox.control("POST", "/expire", json!({"what": "session"})),
        json!({"sessions": 1, "api_tokens": 0})
    );
    assert_eq!(use_both(&token), 400);
    let token = login(&sandbox);
    sandbox.control("POST", "/expire", json!({"what": "api_token"}));
    assert_eq!(use_both(&token), 401);
    assert_eq!(list(&sandbox, &token).status, 200);
    sandbox.control("POST", "/expire", json!({"what": "all"}));
    assert_eq!(list(&sandbox, &token).error_code(), EXPIRED);
}

#[test]
fn the_log_tells_what_arrived_and_no_password() {
    let sandbox = start();
    fetch_api_token(&sandbox);
    let token = login(&sandbox);
    list(&sandbox, &token);
    let log = sandbox.control("GET", "/log", Value::Null);
    let lines = log.as_array().expect("a list");
    let of = |name: &str| {
        lines
            .iter()
            .map(|line| line[name].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("n"), [1, 2, 3]);
    assert_eq!(of("kind"), ["oauth", "login", "api"]);
    assert_eq!(of("status"), [200, 200, 200]);
    assert_eq!(
        of("username"),
        [Value::Null, json!("zbeeblebrox"), Value::Null]
    );
    assert_eq!(
        of("api_token"),
        [
            Value::Null,
            json!("static-test-token"),
            json!("static-test-token")
        ]
    );
    assert_eq!(
        of("session_token"),
        [Value::Null, Value::Null, json!(token)]
    );
    assert_eq!(lines[2]["path"], "/api/m2m/v1/devices/actions/list");
    assert_eq!(
        (&lines[2]["method"], &lines[2]["body_bytes"]),
        (&json!("POST"), &json!(2))
    );
    assert_eq!(lines[2]["headers"]["vz-m2m-token"], json!(token));
    assert!(
        lines.iter().all(|line| line["at_ms"].is_u64()
            && line["why"].as_str().is_some_and(|why| !why.is_empty()))
    );
    let text = log.to_string();
    assert!(!text.contains("IMgr8") && !text.contains("a2V5OnNlY3JldA"));

    let envelope = include_str!("documents/soap-login-request.xml");
    soap(&sandbox, "SessionService", "LogIn", envelope);
    let line = last_line(&sandbox);
    assert_eq!(
        (&line["kind"], &line["username"]),
        (&json!("soap_login"), &json!("username"))
    );
    assert_eq!(
        line["soap_action"],
        "http://nphase.com/unifiedwebservice/v2/ISessionService/LogIn"
    );

    sandbox.control("DELETE", "/log", Value::Null);
    assert_eq!(sandbox.control("GET", "/log", Value::Null), json!([]));
    assert_eq!(sandbox.counter("requests"), 0);
    fetch_api_token(&sandbox);
    assert_eq!(last_line(&sandbox)["n"], 1);
}

#[test]
fn an_idempotency_key_is_accepted_and_logged() {
    let sandbox = start();
    let body = json!({"username": "zbeeblebrox", "password": "IMgr8"}).to_string();
    let headers = [BEARER, JSON, ("Idempotency-Key", "9f8c2a")];
    let login = "/m2m/v1/session/login";
    assert_eq!(
        call(&sandbox, "POST", login, &headers, body.as_bytes()).status,
        200
    );
    let line = last_line(&sandbox);
    assert_eq!(
        (
            &line["idempotency_key"],
            &line["headers"]["idempotency-key"]
        ),
        (&json!("9f8c2a"), &json!("9f8c2a"))
    );
    fetch_api_token(&sandbox);
    assert_eq!(last_line(&sandbox)["idempotency_key"], Value::Null);
}

#[test]
fn reset_makes_everything_as_at_the_start() {
    let sandbox = start();
    let pristine = |mut state: Value| {
        state["now_ms"] = Value::Null;
        state
    };
    let before = sandbox.control("GET", "/state", Value::Null);
    let token = login(&sandbox);
    login_as(&sandbox, "zbeeblebrox", "wrong");
    set(
        &sandbox,
        json!({"service_name": "Other", "api_answer_bytes": 500}),
    );
    fault(&sandbox, json!({"on": "logout", "fault": "hold"}));
    sandbox.control("POST", "/answers", json!({"path": "/x"}));
    sandbox.control(
        "POST",
        "/contacts",
        json!({"username": "u", "password": "p"}),
    );
    advance(&sandbox, 24 * 60 * MINUTE);
    assert_eq!(sandbox.control("POST", "/reset", Value::Null), json!({}));

    let after = sandbox.control("GET", "/state", Value::Null);
    assert!(after["now_ms"].as_u64() < before["now_ms"].as_u64().map(|ms| ms + 24 * 60 * MINUTE));
    assert_eq!(pristine(after), pristine(before));
    assert_eq!(sandbox.control("GET", "/log", Value::Null), json!([]));
    assert_eq!(list(&sandbox, &token).error_code(), EXPIRED);
}
