//! Every fault once, and which requests faults hit.

mod common;

use std::io;

use common::*;
use serde_json::{Value, json};

fn assert_reset(client: &mut Client) {
    let (bytes, end) = client.rest();
    assert!(bytes.is_empty());
    assert_eq!(
        end.expect_err("a reset").kind(),
        io::ErrorKind::ConnectionReset
    );
}

#[test]
fn delay_answers_late() {
    let sandbox = start();
    fault(&sandbox, json!({"on": "login", "fault": "delay", "ms": 1}));
    login(&sandbox);
    let line = last_line(&sandbox);
    assert_eq!(
        (&line["status"], &line["why"]),
        (&json!(200), &json!("delay: logged in"))
    );
}

#[test]
fn reset_before_processes_nothing_and_reset_after_does() {
    let sandbox = start();
    fault(&sandbox, json!({"on": "login", "fault": "reset_before"}));
    fault(&sandbox, json!({"on": "login", "fault": "reset_after"}));
    assert_reset(&mut sent_login(&sandbox, "wrong"));
    assert_eq!(contact(&sandbox, "zbeeblebrox")["strikes"], 0);
    assert_reset(&mut sent_login(&sandbox, "wrong"));
    assert_eq!(contact(&sandbox, "zbeeblebrox")["strikes"], 1);
    assert_eq!(
        (sandbox.counter("login"), sandbox.counter("login_failed")),
        (2, 1)
    );
    assert_eq!(last_line(&sandbox)["status"], Value::Null);
}

#[test]
fn close_before_processes_nothing_and_close_after_does() {
    let sandbox = start();
    fault(&sandbox, json!({"on": "login", "fault": "close_before"}));
    fault(&sandbox, json!({"on": "login", "fault": "close_after"}));
    for strikes in [0, 1] {
        let (bytes, end) = sent_login(&sandbox, "wrong").rest();
        assert!(bytes.is_empty() && end.is_ok());
        assert_eq!(contact(&sandbox, "zbeeblebrox")["strikes"], strikes);
    }
}

#[test]
fn interim_answers_go_before_the_answer() {
    let sandbox = start();
    let interim = json!([100, {"status": 103, "headers": {"Link": "</style>"}}]);
    let statuses = |client: &mut Client| {
        let mut next = || client.receive().expect("an answer");
        let (first, second, last) = (next(), next(), next());
        assert_eq!(second.header("link"), Some("</style>"));
        [first.status, second.status, last.status]
    };
    fault(
        &sandbox,
        json!({"on": "login", "fault": "interim", "interim": interim}),
    );
    assert_eq!(
        statuses(&mut sent_login(&sandbox, "IMgr8")),
        [100, 103, 200]
    );
    fault(
        &sandbox,
        json!({"on": "login", "fault": "status", "status": 503, "interim": interim}),
    );
    assert_eq!(
        statuses(&mut sent_login(&sandbox, "IMgr8")),
        [100, 103, 503]
    );
    assert_eq!(sandbox.counter("login_ok"), 1);
}

#[test]
fn process_late_hangs_up_and_processes_by_the_sandbox_clock() {
    let sandbox = start();
    fault(
        &sandbox,
        json!({"on": "login", "fault": "process_late", "ms": 60 * MINUTE}),
    );
    let (bytes, end) = sent_login(&sandbox, "wrong").rest();
    assert!(bytes.is_empty() && end.is_ok());
    advance(&sandbox, 30 * MINUTE);
    assert_eq!(contact(&sandbox, "zbeeblebrox")["strikes"], 0);
    assert_eq!(
        (sandbox.counter("login"), sandbox.counter("login_failed")),
        (1, 0)
    );
    advance(&sandbox, 30 * MINUTE);
    assert_eq!(contact(&sandbox, "zbeeblebrox")["strikes"], 1);
    assert_eq!(
        (sandbox.counter("login"), sandbox.counter("login_failed")),
        (1, 1)
    );
    let line = last_line(&sandbox);
    assert_eq!(
        (&line["status"], &line["username"]),
        (&Value::Null, &json!("zbeeblebrox"))
    );
    assert_eq!(
        line["why"],
        "process_late, processed: wrong username or password"
    );
}

#[test]
fn half_a_body_is_half_a_body() {
    let sandbox = start();
    fault(&sandbox, json!({"on": "login", "fault": "half_body"}));
    let mut client = sent_login(&sandbox, "IMgr8");
    let head = client.receive_head().expect("a head");
    let length: usize = head
        .header("content-length")
        .and_then(|length| length.parse().ok())
        .expect("a length");
    let (bytes, end) = client.rest();
    assert_eq!((head.status, bytes.len()), (200, length / 2));
    end.expect("a plain close");
    assert_eq!(sandbox.counter("login_ok"), 1);
}

#[test]
fn drip_gives_the_whole_answer_in_the_end() {
    let sandbox = start();
    fault(&sandbox, json!({"on": "login", "fault": "drip", "ms": 1}));
    login(&sandbox);
}

#[test]
fn endless_goes_on_as_long_as_anyone_reads() {
    let sandbox = start();
    fault(&sandbox, json!({"on": "login", "fault": "endless"}));
    let mut client = sent_login(&sandbox, "IMgr8");
    let head = client.receive_head().expect("a head");
    assert_eq!(
        (head.status, head.header("transfer-encoding")),
        (200, Some("chunked"))
    );
    assert_eq!(client.read(1_000_000).len(), 1_000_000);
}

#[test]
fn huge_is_json_of_that_size() {
    let sandbox = start();
    for bytes in [2, 20, 1_000_000] {
        fault(
            &sandbox,
            json!({"on": "login", "fault": "huge", "bytes": bytes}),
        );
        let reply = login_as(&sandbox, "zbeeblebrox", "IMgr8");
        assert_eq!((reply.status, reply.body.len()), (200, bytes));
        assert!(reply.json().is_object());
    }
    assert_eq!(sandbox.counter("login_ok"), 0);
}

#[test]
fn answer_is_verbatim_and_processes_when_told_so() {
    let sandbox = start();
    let answer = json!({
        "on": "login",
        "fault": "answer",
        "status": 299,
        "headers": {"X-A": "b"},
        "body": "as it is",
    });
    fault(&sandbox, answer.clone());
    let reply = login_as(&sandbox, "zbeeblebrox", "wrong");
    assert_eq!(
        (reply.status, reply.header("x-a"), reply.text()),
        (299, Some("b"), "as it is")
    );
    assert_eq!(reply.header("content-type"), None);
    assert_eq!(sandbox.counter("login_failed"), 0);

    let mut processed = answer;
    processed["process"] = json!(true);
    processed["headers"] = json!([["Set-Cookie", "a"], ["Set-Cookie", "b"]]);
    fault(&sandbox, processed);
    let reply = login_as(&sandbox, "zbeeblebrox", "wrong");
    assert_eq!(
        reply
            .headers
            .iter()
            .filter(|(name, _)| name == "Set-Cookie")
            .count(),
        2
    );
    assert_eq!(sandbox.counter("login_failed"), 1);
}

#[test]
fn answers_of_another_kind() {
    let sandbox = start();
    let hit = |wanted: Value| {
        fault(&sandbox, wanted);
        login_as(&sandbox, "zbeeblebrox", "IMgr8")
    };
    let json = hit(json!({"on": "login", "fault": "wrong_json"}));
    assert!(json.status == 200 && json.json()["sessionToken"].is_null());
    let html = hit(json!({"on": "login", "fault": "html"}));
    assert!(html.status == 200 && html.text().contains("<html>"));
    assert_eq!(
        hit(json!({"on": "login", "fault": "html", "status": 502})).status,
        502
    );
    let busy = hit(json!({"on": "login", "fault": "status", "status": 503, "retry_after": 7}));
    assert_eq!(
        (busy.status, busy.header("retry-after"), busy.text()),
        (503, Some("7"), "")
    );
    let body = json!({"fault": {"code": 900800}});
    let limited = hit(json!({"on": "login", "fault": "status", "status": 429, "body": body}));
    assert_eq!(
        (limited.status, &limited.json()["fault"]["code"]),
        (429, &json!(900800))
    );
    let moved = hit(json!({"on": "login", "fault": "redirect", "location": "http://elsewhere/"}));
    assert_eq!(
        (moved.status, moved.header("location")),
        (302, Some("http://elsewhere/"))
    );
    assert_eq!(
        hit(json!({"on": "login", "fault": "redirect", "location": "/", "status": 307})).status,
        307
    );
    assert_eq!(
        (sandbox.counter("login"), sandbox.counter("login_ok")),
        (7, 0)
    );
}

#[test]
fn expired_and_api_token_rejected_leave_the_tokens_alive() {
    let sandbox = start();
    let token = login(&sandbox);
    fault(&sandbox, json!({"on": "api", "fault": "expired"}));
    fault(
        &sandbox,
        json!({"on": "api", "fault": "api_token_rejected"}),
    );
    assert_eq!(list(&sandbox, &token).error_code(), EXPIRED);
    let rejected = list(&sandbox, &token);
    assert_eq!(
        (rejected.status, &rejected.json()["fault"]["code"]),
        (401, &json!("900901"))
    );
    assert_eq!(list(&sandbox, &token).status, 200);
    assert_eq!(
        (
            sandbox.counter("api_expired"),
            sandbox.counter("api_unauthorized"),
            sandbox.counter("api_ok")
        ),
        (1, 1, 1)
    );

    fault(&sandbox, json!({"on": "soap_call", "fault": "expired"}));
    let reply = soap(&sandbox, "DeviceService", "GetDeviceList", "");
    assert!(reply.status == 500 && reply.text().contains(EXPIRED));
    assert_eq!(sandbox.counter("soap_call_expired"), 1);
}

#[test]
fn faults_hit_their_kind_after_letting_some_pass_and_so_many_times() {
    let sandbox = start();
    let token = login(&sandbox);
    fault(
        &sandbox,
        json!({"on": "api", "fault": "status", "status": 503, "skip": 1, "times": 2}),
    );
    let statuses: Vec<u16> = (0..4).map(|_| list(&sandbox, &token).status).collect();
    assert_eq!(statuses, [200, 503, 503, 200]);

    fault(
        &sandbox,
        json!({"on": "any", "fault": "status", "status": 504, "times": -1}),
    );
    assert_eq!(fetch_api_token(&sandbox).status, 504);
    assert_eq!(list(&sandbox, &token).status, 504);
    let waiting = sandbox.control("GET", "/state", Value::Null)["faults"].clone();
    assert_eq!(
        waiting,
        json!([{"on": "any", "fault": "status", "status": 504, "times": -1, "skip": 0}])
    );
    sandbox.control("DELETE", "/faults", Value::Null);
    assert_eq!(list(&sandbox, &token).status, 200);
}
