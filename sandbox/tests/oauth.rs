//! API tokens: how they are issued, how long they live and how they are revoked.

mod common;

use common::*;
use serde_json::{Value, json};
use thingspace_sandbox::Sandbox;

fn token_of(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["access_token"]
        .as_str()
        .expect("a token")
        .to_string()
}

/// The status of a login with that API token.
fn login_with(sandbox: &Sandbox, api_token: &str) -> u16 {
    let bearer = format!("Bearer {api_token}");
    let body = json!({"username": "zbeeblebrox", "password": "IMgr8"}).to_string();
    call(
        sandbox,
        "POST",
        "/m2m/v1/session/login",
        &[("Authorization", &bearer)],
        body.as_bytes(),
    )
    .status
}

#[test]
fn gives_the_same_token_within_the_hour() {
    let sandbox = start();
    let first = fetch_api_token(&sandbox);
    assert_eq!(first.json()["token_type"], "Bearer");
    assert!(first.json()["scope"].is_string());
    let token = token_of(&first);
    assert_eq!(token.len(), 32);
    assert_eq!(login_with(&sandbox, &token), 200);

    advance(&sandbox, 30 * MINUTE);
    assert_eq!(token_of(&fetch_api_token(&sandbox)), token);
    advance(&sandbox, 30 * MINUTE);
    assert_eq!(login_with(&sandbox, &token), 401);
    assert_ne!(token_of(&fetch_api_token(&sandbox)), token);
    assert_eq!(
        (sandbox.counter("oauth"), sandbox.counter("oauth_ok")),
        (3, 3)
    );
}

#[test]
fn gives_a_new_token_each_time_when_told_so() {
    let sandbox = start();
    set(&sandbox, json!({"oauth_token_type": "new_each_time"}));
    let (first, second) = (
        token_of(&fetch_api_token(&sandbox)),
        token_of(&fetch_api_token(&sandbox)),
    );
    assert_ne!(first, second);
    assert_eq!(
        (login_with(&sandbox, &first), login_with(&sandbox, &second)),
        (200, 200)
    );
}

#[test]
fn says_how_long_a_token_lives_in_any_way() {
    let sandbox = start();
    let expires_in = |setting: Value| {
        set(&sandbox, json!({"expires_in": setting}));
        fetch_api_token(&sandbox).json()["expires_in"].clone()
    };
    fetch_api_token(&sandbox);
    advance(&sandbox, 50 * MINUTE);
    let remaining = expires_in(json!("remaining")).as_u64().expect("a number");
    assert!((1..=600).contains(&remaining), "{remaining}");
    assert_eq!(expires_in(json!("full")), 3600);
    assert!(
        expires_in(json!("string"))
            .as_str()
            .expect("text")
            .parse::<u64>()
            .expect("a number in it")
            <= 600
    );
    for itself in [
        json!(-7),
        json!(0),
        json!(1e-9),
        json!("0"),
        json!("soon"),
        json!(""),
        json!(true),
        Value::Null,
        json!([3600]),
        json!({"seconds": 3600}),
    ] {
        assert_eq!(expires_in(itself.clone()), itself);
        let state = sandbox.control("GET", "/state", Value::Null);
        assert_eq!(state["settings"]["expires_in"], itself);
    }
    set(&sandbox, json!({"expires_in": -0.0}));
    assert!(
        fetch_api_token(&sandbox)
            .text()
            .contains("\"expires_in\":-0.0")
    );
    set(&sandbox, json!({"expires_in": "absent"}));
    assert!(!fetch_api_token(&sandbox).text().contains("expires_in"));
}

#[test]
fn refuses_wrong_clients_and_wrong_grants() {
    let sandbox = start();
    let ask = |headers: &[(&str, &str)], body: &[u8]| {
        let reply = call(&sandbox, "POST", "/ts/v1/oauth2/token", headers, body);
        assert!(reply.json()["error_description"].is_string());
        (
            reply.status,
            reply.json()["error"]
                .as_str()
                .unwrap_or_default()
                .to_string(),
        )
    };
    let grant = b"grant_type=client_credentials";
    let invalid_client = (401, "invalid_client".to_string());
    assert_eq!(ask(&[FORM], grant), invalid_client);
    assert_eq!(
        ask(&[FORM, ("Authorization", "Basic a2V5Ondyb25n")], grant),
        invalid_client
    );
    assert_eq!(
        ask(&[BASIC, FORM], b"grant_type=password"),
        (400, "unsupported_grant_type".to_string())
    );
    assert_eq!(
        ask(&[BASIC, FORM], b""),
        (400, "invalid_request".to_string())
    );
    assert_eq!(
        ask(&[BASIC, JSON], grant),
        (400, "invalid_request".to_string())
    );
    assert_eq!(
        (sandbox.counter("oauth"), sandbox.counter("oauth_ok")),
        (5, 0)
    );
}

#[test]
fn a_revoked_token_is_refused_and_a_new_one_issued() {
    let sandbox = start();
    let token = token_of(&fetch_api_token(&sandbox));
    let body = format!("grant_type=client_credentials&token={token}");
    assert_eq!(
        call(
            &sandbox,
            "POST",
            "/ts/v1/oauth2/revoke",
            &[BASIC, FORM],
            body.as_bytes()
        )
        .status,
        200
    );
    assert_eq!(login_with(&sandbox, &token), 401);
    assert_ne!(token_of(&fetch_api_token(&sandbox)), token);
    assert_eq!(sandbox.counter("revoke"), 1);
}
