//! What the gateway refuses by itself.

mod common;

use common::*;
use serde_json::json;

#[test]
fn a_wrong_api_token_is_900901_and_a_missing_one_900902() {
    let sandbox = start();
    let ask = |headers: &[(&str, &str)]| {
        call(
            &sandbox,
            "GET",
            "/m2m/v1/accounts/0000123456-00001",
            headers,
            b"",
        )
    };
    let wrong = ask(&[("Authorization", "Bearer d7bc43e9acc31aba9654fc5cd0d8c520")]);
    let fault = wrong.json()["fault"].clone();
    assert_eq!(
        (wrong.status, &fault["code"], &fault["message"]),
        (401, &json!("900901"), &json!("Invalid Credentials"))
    );
    assert!(
        fault["description"]
            .as_str()
            .expect("text")
            .starts_with("Access failure for API: /m2m/v1, version: v1.")
    );
    let missing = ask(&[]);
    assert_eq!(
        (missing.status, &missing.json()["fault"]["code"]),
        (401, &json!("900902"))
    );
    assert_eq!(
        (sandbox.counter("api"), sandbox.counter("api_unauthorized")),
        (2, 2)
    );
}

#[test]
fn a_login_without_api_token_never_reaches_the_contact() {
    let sandbox = start();
    let body = json!({"username": "zbeeblebrox", "password": "wrong"}).to_string();
    assert_eq!(
        call(
            &sandbox,
            "POST",
            "/m2m/v1/session/login",
            &[JSON],
            body.as_bytes()
        )
        .status,
        401
    );
    assert_eq!(contact(&sandbox, "zbeeblebrox")["strikes"], 0);
    assert_eq!(
        (
            sandbox.counter("login"),
            sandbox.counter("login_failed"),
            sandbox.counter("api_unauthorized")
        ),
        (1, 0, 0)
    );
}

#[test]
fn the_code_can_be_a_number() {
    let sandbox = start();
    set(&sandbox, json!({"gateway_code_type": "number"}));
    assert_eq!(
        call(&sandbox, "POST", "/m2m/v1/session/login", &[], b"{}").json()["fault"]["code"],
        900902
    );
}

#[test]
fn an_unknown_resource_is_900906() {
    let sandbox = start();
    for (method, path) in [
        ("GET", "/m2m/v1/nothing"),
        ("GET", "/m2m/v1/session/login"),
        ("GET", "/ts/v1/oauth2/token"),
    ] {
        let reply = call(&sandbox, method, path, &[BEARER], b"");
        assert_eq!(
            (reply.status, &reply.json()["fault"]["code"]),
            (400, &json!("900906")),
            "{method} {path}"
        );
    }
    assert_eq!(
        (
            sandbox.counter("requests"),
            sandbox.counter("api"),
            sandbox.counter("login")
        ),
        (3, 0, 0)
    );
}

#[test]
fn wrong_endpoint_and_wrong_authentication_are_xml() {
    let sandbox = start();
    let basic = call(
        &sandbox,
        "GET",
        "/m2m/v1/accounts/0000123456-00001",
        &[BASIC],
        b"",
    );
    let nowhere = call(&sandbox, "GET", "/nowhere", &[BEARER], b"");
    assert_eq!((basic.status, nowhere.status), (403, 404));
    for reply in [basic, nowhere] {
        let start = "<am:fault xmlns:am=\"http://wso2.org/apimanager\"><am:code>404</am:code>\
            <am:type>Status report</am:type><am:message>";
        assert!(reply.text().starts_with(start), "{}", reply.text());
        assert!(
            reply
                .header("content-type")
                .is_some_and(|value| value.starts_with("application/xml"))
        );
    }
}
