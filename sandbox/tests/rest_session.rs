//! REST sessions: log in, use, expire, log out, and the shapes of all answers.

mod common;

use common::*;
use serde_json::{Value, json};

#[test]
fn the_documented_login_gets_the_documented_answer() {
    let sandbox = start();
    let request = include_bytes!("documents/rest-login-request.json");
    let headers = [BEARER, JSON, ("Accept", "application/json")];
    let reply = call(&sandbox, "POST", "/m2m/v1/session/login", &headers, request);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let token = reply.json()["sessionToken"]
        .as_str()
        .expect("a token")
        .to_string();
    let documented = include_str!("documents/rest-login-response.json")
        .replace("bcce3ea6-fe4f-4952-bacf-eadd80718e83", &token);
    assert_eq!(reply.text(), documented);
    assert_eq!(token.len(), 36);
    assert_eq!(
        (sandbox.counter("login"), sandbox.counter("login_ok")),
        (1, 1)
    );
}

#[test]
fn a_wrong_password_gets_the_documented_shape() {
    let sandbox = start();
    let reply = login_as(&sandbox, "zbeeblebrox", "wrong");
    assert_eq!(reply.status, 400);
    assert_eq!(
        reply.error_code(),
        "UnifiedWebService.REQUEST_FAILED.InvalidUserNameOrPassword"
    );
    assert!(reply.json()["errorMessage"].is_string());
    assert_eq!(reply.json().as_object().map(|answer| answer.len()), Some(2));
    assert_eq!(sandbox.counter("login_failed"), 1);
}

#[test]
fn a_malformed_login_is_not_judged() {
    let sandbox = start();
    for (body, code) in [
        ("nonsense", "UnifiedWebService.DeserializationFailed"),
        ("{}", "UnifiedWebService.INPUT_INVALID.RequestUndefined"),
    ] {
        let reply = call(
            &sandbox,
            "POST",
            "/m2m/v1/session/login",
            &[BEARER, JSON],
            body.as_bytes(),
        );
        assert_eq!((reply.status, reply.error_code().as_str()), (400, code));
    }
    assert_eq!(
        (
            sandbox.counter("login"),
            sandbox.counter("login_failed"),
            sandbox.counter("max_strikes")
        ),
        (2, 0, 0)
    );
}

#[test]
fn a_session_slides_and_ends_after_twenty_idle_minutes() {
    let sandbox = start();
    let token = login(&sandbox);
    for _ in 0..3 {
        advance(&sandbox, 19 * MINUTE);
        assert_eq!(list(&sandbox, &token).status, 200);
    }
    advance(&sandbox, 20 * MINUTE);
    let reply = list(&sandbox, &token);
    assert_eq!((reply.status, reply.error_code().as_str()), (400, EXPIRED));
    assert_eq!(reply.json()["errorMessage"], "The Session has expired.");
    assert_eq!(
        (
            sandbox.counter("api"),
            sandbox.counter("api_ok"),
            sandbox.counter("api_expired")
        ),
        (4, 3, 1)
    );
}

#[test]
fn a_refused_call_does_not_slide_the_session() {
    let sandbox = start();
    let token = login(&sandbox);
    advance(&sandbox, 15 * MINUTE);
    let headers = [
        ("Authorization", "Bearer unknown"),
        ("VZ-M2M-Token", token.as_str()),
    ];
    assert_eq!(
        call(
            &sandbox,
            "POST",
            "/m2m/v1/devices/actions/list",
            &headers,
            b"{}"
        )
        .status,
        401
    );
    advance(&sandbox, 5 * MINUTE);
    assert_eq!(list(&sandbox, &token).error_code(), EXPIRED);
}

#[test]
fn tokens_that_are_missing_or_no_guid_have_codes_of_their_own() {
    let sandbox = start();
    let missing = call(
        &sandbox,
        "GET",
        "/m2m/v1/accounts/0000123456-00001",
        &[BEARER],
        b"",
    );
    assert_eq!(
        (missing.status, missing.error_code().as_str()),
        (400, "UnifiedWebService.REQUEST_FAILED.SessionToken.Format")
    );
    let invalid = list(&sandbox, "not-a-guid");
    assert_eq!(
        (invalid.status, invalid.error_code().as_str()),
        (400, "UnifiedWebService.INPUT_INVALID.SessionToken.Invalid")
    );
    assert_eq!(
        list(&sandbox, "bcce3ea6-fe4f-4952-bacf-eadd80718e83").error_code(),
        EXPIRED
    );
    assert_eq!(sandbox.counter("api_expired"), 1);
}

#[test]
fn expiry_has_three_shapes() {
    let sandbox = start();
    let stale = "bcce3ea6-fe4f-4952-bacf-eadd80718e83";
    set(&sandbox, json!({"expired_shape": "proxied"}));
    let proxied = list(&sandbox, stale);
    let documented = json!({
        "error": "unauthorized",
        "error_description": "Failure response received for UWS V1 REST accounts: [400]",
        "cause": "Requested service is unauthorized for given token",
    });
    assert_eq!((proxied.status, proxied.json()), (401, documented));

    set(&sandbox, json!({"expired_shape": "bare401"}));
    let bare = list(&sandbox, stale);
    assert_eq!((bare.status, bare.text()), (401, ""));

    set(
        &sandbox,
        json!({"expired_shape": "errorCode", "service_name": ""}),
    );
    assert_eq!(
        list(&sandbox, stale).error_code(),
        "REQUEST_FAILED.SessionToken.Expired"
    );
}

#[test]
fn logout_returns_the_token_and_ends_the_session() {
    let sandbox = start();
    let token = login(&sandbox);
    let headers = [BEARER, ("VZ-M2M-Token", token.as_str())];
    let reply = call(&sandbox, "POST", "/m2m/v1/session/logout", &headers, b"");
    assert_eq!(
        (reply.status, reply.json()),
        (200, json!({"sessionToken": token}))
    );
    assert_eq!(
        call(&sandbox, "POST", "/m2m/v1/session/logout", &headers, b"").error_code(),
        EXPIRED
    );
    assert_eq!(list(&sandbox, &token).error_code(), EXPIRED);
    assert_eq!(
        (sandbox.counter("logout"), sandbox.counter("api_expired")),
        (2, 1)
    );
}

#[test]
fn sessions_stand_side_by_side_unless_told_otherwise() {
    let sandbox = start();
    let (first, second) = (login(&sandbox), login(&sandbox));
    assert_ne!(first, second);
    assert_eq!(list(&sandbox, &first).status, 200);

    set(&sandbox, json!({"same_session_token": true}));
    let again = login(&sandbox);
    assert!(again == first || again == second);

    set(
        &sandbox,
        json!({"same_session_token": false, "login_ends_older_sessions": true}),
    );
    let newest = login(&sandbox);
    assert_eq!(list(&sandbox, &first).error_code(), EXPIRED);
    assert_eq!(list(&sandbox, &second).error_code(), EXPIRED);
    assert_eq!(list(&sandbox, &newest).status, 200);
}

#[test]
fn the_services_behind_a_session_answer() {
    let sandbox = start();
    let token = login(&sandbox);
    let headers = [BEARER, JSON, ("VZ-M2M-Token", token.as_str())];

    let account = call(
        &sandbox,
        "GET",
        "/m2m/v1/accounts/0000123456-00001",
        &headers,
        b"",
    );
    let shown = account.json();
    assert_eq!(
        (account.status, &shown["accountName"], &shown["carriers"]),
        (
            200,
            &json!("0000123456-00001"),
            &json!(["Verizon Wireless"])
        )
    );
    assert!(shown["features"][0].is_string());
    assert!(shown["iPPools"][0]["poolName"].is_string());
    assert!(shown["servicePlans"][0]["code"].is_string());
    let nobody = call(&sandbox, "GET", "/m2m/v1/accounts/nobody", &headers, b"");
    assert_eq!(
        (nobody.status, nobody.error_code().as_str()),
        (400, "UnifiedWebService.REQUEST_FAILED.AccountNotFound")
    );

    let devices = list(&sandbox, &token).json();
    assert_eq!(devices["devices"].as_array().map(Vec::len), Some(2));
    let usage = call(
        &sandbox,
        "POST",
        "/m2m/v1/devices/usage/actions/list",
        &headers,
        b"{}",
    );
    assert_eq!(
        (
            usage.status,
            usage.json()["usageHistory"].as_array().map(Vec::len)
        ),
        (200, Some(1))
    );
    let malformed = call(
        &sandbox,
        "POST",
        "/m2m/v1/devices/usage/actions/list",
        &headers,
        b"[]",
    );
    assert_eq!(
        (malformed.status, malformed.error_code().as_str()),
        (400, "UnifiedWebService.DeserializationFailed")
    );
}

#[test]
fn v2_checks_both_tokens_whatever_is_asked() {
    let sandbox = start();
    let token = login(&sandbox);
    let list = "/m2m/v2/devices/actions/list";
    for (method, path) in [("POST", list), ("GET", "/m2m/v2/anything")] {
        let ask = |headers: &[(&str, &str)]| call(&sandbox, method, path, headers, b"{}");
        assert_eq!(ask(&[]).json()["fault"]["code"], "900902");
        assert_eq!(
            ask(&[BEARER]).error_code(),
            "UnifiedWebService.REQUEST_FAILED.SessionToken.Format"
        );
        let stale = "bcce3ea6-fe4f-4952-bacf-eadd80718e83";
        assert_eq!(
            ask(&[BEARER, ("VZ-M2M-Token", stale)]).error_code(),
            EXPIRED
        );
    }
    let both = [BEARER, ("VZ-M2M-Token", token.as_str())];
    assert_eq!(call(&sandbox, "POST", list, &both, b"{}").status, 200);
    let nothing = call(&sandbox, "GET", "/m2m/v2/anything", &both, b"");
    assert_eq!(
        (nothing.status, &nothing.json()["fault"]["code"]),
        (400, &json!("900906"))
    );
    assert_eq!((sandbox.counter("api"), sandbox.counter("api_ok")), (8, 1));
}

#[test]
fn an_endpoint_can_refuse_every_session_token() {
    let sandbox = start();
    let token = login(&sandbox);
    set(
        &sandbox,
        json!({"session_refused_at": ["/m2m/v1/devices/usage/", "/v2/DeviceService.svc"]}),
    );
    let both = [BEARER, ("VZ-M2M-Token", token.as_str())];
    let usage = || {
        call(
            &sandbox,
            "POST",
            "/m2m/v1/devices/usage/actions/list",
            &both,
            b"{}",
        )
    };
    for _ in 0..3 {
        assert_eq!(usage().error_code(), EXPIRED);
        assert_eq!(list(&sandbox, &token).status, 200);
    }
    let envelope = format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:v2=\"http://nphase.com/unifiedwebservice/v2\">\
         <s:Header><v2:token>{token}</v2:token></s:Header>\
         <s:Body><v2:GetDeviceList><v2:Input/></v2:GetDeviceList></s:Body></s:Envelope>"
    );
    let reply = soap(&sandbox, "DeviceService", "GetDeviceList", &envelope);
    assert!(reply.status == 500 && reply.text().contains(EXPIRED));
    set(&sandbox, json!({"session_refused_at": []}));
    assert_eq!(usage().status, 200);
}

#[test]
fn the_device_list_can_have_any_size() {
    let sandbox = start();
    let token = login(&sandbox);
    for bytes in [2, 100, 1_000_000] {
        set(&sandbox, json!({"api_answer_bytes": bytes}));
        let reply = list(&sandbox, &token);
        assert_eq!((reply.status, reply.body.len() as u64), (200, bytes));
        assert!(matches!(reply.json(), Value::Object(_)));
    }
}
