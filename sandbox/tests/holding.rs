//! Requests that are held until the test lets them go, and waiting for them without sleep.

mod common;

use std::thread;
use std::time::{Duration, Instant};

use common::*;
use serde_json::{Value, json};
use thingspace_sandbox::Sandbox;

fn held(sandbox: &Sandbox) -> Value {
    sandbox.control("GET", "/state", Value::Null)["held"].clone()
}

fn release(sandbox: &Sandbox, name: &str) -> Value {
    sandbox.control("POST", "/release", json!({"hold": name}))
}

#[test]
fn a_held_login_is_judged_at_once_and_answered_when_it_is_released() {
    let sandbox = start();
    fault(&sandbox, json!({"on": "login", "fault": "hold"}));
    let mut client = sent_login(&sandbox, "IMgr8");
    await_count(&sandbox, "held", 1);
    assert_eq!(held(&sandbox), json!([{"hold": "hold", "on": "login"}]));
    assert_eq!(sandbox.counter("login_ok"), 1);
    assert_eq!(last_line(&sandbox)["status"], Value::Null);

    assert_eq!(
        sandbox.control("POST", "/release", Value::Null),
        json!({"released": 1})
    );
    assert_eq!(client.receive().expect("an answer").status, 200);
    assert_eq!(last_line(&sandbox)["status"], 200);
    assert_eq!(held(&sandbox), json!([]));
}

#[test]
fn dropping_the_faults_or_a_reset_releases_all() {
    let sandbox = start();
    for call in [("DELETE", "/faults"), ("POST", "/reset")] {
        sandbox.control("DELETE", "/log", Value::Null);
        fault(&sandbox, json!({"on": "login", "fault": "hold"}));
        let mut client = sent_login(&sandbox, "IMgr8");
        await_count(&sandbox, "held", 1);
        sandbox.control(call.0, call.1, Value::Null);
        assert_eq!(client.receive().expect("an answer").status, 200);
    }
}

#[test]
fn names_are_released_one_by_one() {
    let sandbox = start();
    fault(
        &sandbox,
        json!({"on": "login", "fault": "status", "status": 502, "hold": "a"}),
    );
    fault(
        &sandbox,
        json!({"on": "login", "fault": "close_after", "hold": "b"}),
    );
    let mut first = sent_login(&sandbox, "wrong");
    await_count(&sandbox, "held", 1);
    let mut second = sent_login(&sandbox, "wrong");
    await_count(&sandbox, "held", 2);
    assert_eq!(contact(&sandbox, "zbeeblebrox")["strikes"], 1);

    assert_eq!(release(&sandbox, "c"), json!({"released": 0}));
    assert_eq!(release(&sandbox, "b"), json!({"released": 1}));
    assert!(second.rest().1.is_ok());
    assert_eq!(held(&sandbox), json!([{"hold": "a", "on": "login"}]));
    assert_eq!(release(&sandbox, "a"), json!({"released": 1}));
    assert_eq!(first.receive().expect("an answer").status, 502);
}

#[test]
fn an_api_token_can_be_held_and_be_late() {
    let sandbox = start();
    fault(
        &sandbox,
        json!({"on": "oauth", "fault": "hold", "hold": "oauth"}),
    );
    let mut client = Client::to(sandbox.base_url());
    let grant = b"grant_type=client_credentials";
    client.send("POST", "/api/ts/v1/oauth2/token", &[BASIC, FORM], grant);
    await_count(&sandbox, "held", 1);
    release(&sandbox, "oauth");
    assert_eq!(client.receive().expect("an answer").status, 200);

    fault(&sandbox, json!({"on": "oauth", "fault": "delay", "ms": 1}));
    assert_eq!(fetch_api_token(&sandbox).status, 200);
    assert_eq!(last_line(&sandbox)["why"], "delay: API token issued");
}

#[test]
fn a_client_that_hangs_up_is_no_longer_held() {
    let sandbox = start();
    fault(&sandbox, json!({"on": "any", "fault": "hold", "times": -1}));
    drop(sent_login(&sandbox, "IMgr8"));
    await_count(&sandbox, "held", 1);
    let patience = Instant::now() + Duration::from_secs(30);
    while held(&sandbox) != json!([]) {
        assert!(Instant::now() < patience, "it is held for ever");
        thread::yield_now();
    }
    assert_eq!(last_line(&sandbox)["status"], Value::Null);
}

#[test]
fn a_held_request_does_not_keep_the_sandbox_from_ending() {
    let sandbox = start();
    fault(&sandbox, json!({"on": "any", "fault": "hold"}));
    let mut client = sent_login(&sandbox, "IMgr8");
    await_count(&sandbox, "held", 1);
    drop(sandbox);
    assert!(client.receive().is_err());
}

#[test]
fn awaiting_ends_with_the_request_or_the_time() {
    let sandbox = start();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| await_count(&sandbox, "login", 2));
        login(&sandbox);
        login(&sandbox);
        waiting.join().expect("it came");
    });
    let mut client = Client::to(sandbox.control_url());
    let mut refusal = |body: Value| {
        let reply = client.call("POST", "/await", &[], body.to_string().as_bytes());
        assert_eq!(reply.status, 400);
        reply.json()["error"].as_str().expect("text").to_string()
    };
    assert_eq!(
        refusal(json!({"counter": "login", "at_least": 3, "at_most_ms": 1})),
        "\"login\" is 2 after 1 ms, not 3"
    );
    assert!(refusal(json!({"counter": "logn", "at_least": 1})).ends_with("\"login\""));
}

#[test]
fn awaiting_does_not_keep_the_sandbox_from_ending() {
    let sandbox = start();
    let mut client = Client::to(sandbox.control_url());
    client.send(
        "POST",
        "/await",
        &[],
        br#"{"counter": "login", "at_least": 1}"#,
    );
    drop(sandbox);
    if let Ok(reply) = client.receive() {
        assert_eq!(reply.json()["error"], "the sandbox ends");
    }
}
