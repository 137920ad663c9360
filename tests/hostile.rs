//! A server that misbehaves in every way the sandbox knows: each call ends, with the right kind of
//! error, and nothing is sent that should not be.

use std::time::Duration;

use serde_json::{Value, json};
use thingspace_sandbox::{Options, Sandbox};
use thingspace_session::{
    Call, Config, Error, LogLevel, Request, Response, Result, Session, Status,
};

const ACCOUNT: &str = "/m2m/v1/accounts/0000123456-00001";

fn sandbox() -> Sandbox {
    Sandbox::start(Options::default()).unwrap()
}

fn config(base_url: &str) -> Config {
    let mut config = Config::new();
    for (name, value) in [
        ("base_url", base_url),
        ("username", "zbeeblebrox"),
        ("password", "IMgr8"),
        ("app_key", "key"),
        ("app_secret", "secret"),
        ("store", "memory:"),
    ] {
        config.set(name, value).unwrap();
    }
    config
}

fn login(sandbox: &Sandbox) -> Result<Session> {
    Session::login(&config(sandbox.base_url()), &Call::new())
}

/// A call for something that comes to this: what never ends has less time.
fn call(wanted: Status) -> Call {
    let call = Call::new();
    if wanted == Status::Timeout {
        call.set_timeout(Duration::from_secs(2));
    }
    call
}

/// What such a call comes to, and how many there were: one whose time was up before it was sent is
/// made again.
fn failure<T>(sent: impl Fn() -> u64, make: impl Fn() -> Result<T>) -> (Error, u64) {
    let mut calls = 0;
    loop {
        calls += 1;
        let error = make().err().expect("it fails");
        if error.status() != Status::Timeout || sent() > 0 {
            return (error, calls);
        }
    }
}

fn get(session: &Session, path: &str) -> Result<Response> {
    get_by(session, &Call::new(), path)
}

fn get_by(session: &Session, call: &Call, path: &str) -> Result<Response> {
    let request = Request {
        method: "GET",
        path,
        headers: &[],
        body: &[],
    };
    session.request(call, request)
}

fn fault(sandbox: &Sandbox, on: &str, fault: &str, parameters: Value) {
    let mut body = json!({"on": on, "fault": fault, "times": -1});
    let parameters = parameters.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(parameters);
    sandbox.control("POST", "/faults", body);
}

/// A 200 answer with that body.
fn says(body: &str) -> Value {
    json!({"status": 200, "headers": {"Content-Type": "application/json"}, "body": body})
}

#[test]
fn a_login_answered_badly_is_an_error_of_its_kind() {
    let deep = format!("{}1{}", "{\"sessionToken\":".repeat(5000), "}".repeat(5000));
    let long = json!({"sessionToken": "x".repeat(128)}).to_string();
    for (name, parameters, wanted) in [
        ("html", json!({}), Status::Protocol),
        ("html", json!({"status": 500}), Status::Unavailable),
        ("wrong_json", json!({}), Status::Protocol),
        ("answer", says(""), Status::Protocol),
        ("answer", says("{\"sessionToken\":\"bcce"), Status::Protocol),
        ("answer", says("{\"sessionToken\":42}"), Status::Protocol),
        ("answer", says("{\"sessionToken\":\"\"}"), Status::Protocol),
        (
            "answer",
            says("{\"sessionToken\":\"a b\"}"),
            Status::Protocol,
        ),
        (
            "answer",
            says("{\"sessionToken\":\"a\\r\\nb\"}"),
            Status::Protocol,
        ),
        ("answer", says("[]"), Status::Protocol),
        ("answer", says(&long), Status::Protocol),
        ("answer", says(&deep), Status::Protocol),
        ("huge", json!({"bytes": 1_000_000}), Status::Protocol),
        ("endless", json!({}), Status::Protocol),
        ("half_body", json!({}), Status::Network),
        ("reset_before", json!({}), Status::Network),
        ("reset_after", json!({}), Status::Network),
        ("drip", json!({"ms": 500}), Status::Timeout),
        ("hold", json!({}), Status::Timeout),
        (
            "redirect",
            json!({"location": "/elsewhere"}),
            Status::Protocol,
        ),
        ("status", json!({"status": 429}), Status::RateLimited),
        ("status", json!({"status": 503}), Status::Unavailable),
        ("status", json!({"status": 401}), Status::ApiToken),
        ("api_token_rejected", json!({}), Status::ApiToken),
    ] {
        let sandbox = sandbox();
        fault(&sandbox, "login", name, parameters.clone());
        let error = Session::login(&config(sandbox.base_url()), &call(wanted)).expect_err(name);
        assert_eq!(error.status(), wanted, "{name} {parameters}: {error}");
        assert!(!error.message().contains("IMgr8"), "{error}");
        // An API token may be at fault once; nothing else is sent twice.
        let most = if wanted == Status::ApiToken { 2 } else { 1 };
        assert!(sandbox.counter("login") <= most, "{name} {parameters}");
        assert_eq!(sandbox.counter("api"), 0);
    }
}

#[test]
fn an_api_token_answered_badly_is_an_error_of_its_kind() {
    for (name, parameters, wanted) in [
        ("html", json!({}), Status::Protocol),
        ("answer", says("{\"access_token\":7}"), Status::Protocol),
        (
            "answer",
            says("{\"access_token\":\"a\\nb\"}"),
            Status::Protocol,
        ),
        ("endless", json!({}), Status::Protocol),
        ("reset_after", json!({}), Status::Network),
        ("hold", json!({}), Status::Timeout),
        ("status", json!({"status": 503}), Status::Unavailable),
        (
            "redirect",
            json!({"location": "/elsewhere"}),
            Status::Protocol,
        ),
    ] {
        let sandbox = sandbox();
        fault(&sandbox, "oauth", name, parameters.clone());
        let config = config(sandbox.base_url());
        let sent = || sandbox.counter("oauth");
        let (error, calls) = failure(sent, || Session::login(&config, &call(wanted)));
        assert_eq!(error.status(), wanted, "{name} {parameters}: {error}");
        assert_eq!(sandbox.counter("login"), 0, "nothing to log in with");
        assert!((1..=calls).contains(&sent()), "{name}");
    }
    let sandbox = sandbox();
    let mut config = config(sandbox.base_url());
    config.set("app_secret", "wrong").unwrap();
    let error = Session::login(&config, &Call::new()).unwrap_err();
    assert_eq!(error.status(), Status::ApiToken);
    assert_eq!(error.code(), "invalid_client");
}

#[test]
fn a_request_answered_badly_is_an_error_of_its_kind_and_not_sent_again() {
    for (name, parameters, wanted) in [
        ("half_body", json!({}), Status::Network),
        ("reset_before", json!({}), Status::Network),
        ("reset_after", json!({}), Status::Network),
        ("hold", json!({}), Status::Timeout),
        ("drip", json!({"ms": 500}), Status::Timeout),
        ("huge", json!({"bytes": 20_000_000}), Status::Protocol),
    ] {
        let sandbox = sandbox();
        let session = login(&sandbox).unwrap();
        fault(&sandbox, "api", name, parameters.clone());
        let sent = || sandbox.counter("api");
        let (error, calls) = failure(sent, || get_by(&session, &call(wanted), ACCOUNT));
        assert_eq!(error.status(), wanted, "{name} {parameters}: {error}");
        assert!((1..=calls).contains(&sent()), "{name}");
        // The session lives on.
        sandbox.control("DELETE", "/faults", json!(null));
        assert_eq!(get(&session, ACCOUNT).unwrap().status(), 200, "{name}");
        assert_eq!(sandbox.counter("login"), 1);
    }
}

#[test]
fn an_endless_answer_ends_at_the_limit() {
    let sandbox = sandbox();
    let mut config = config(sandbox.base_url());
    config.set("max_response_bytes", "100000").unwrap();
    let session = Session::login(&config, &Call::new()).unwrap();
    fault(&sandbox, "api", "endless", json!({}));
    let error = get(&session, ACCOUNT).unwrap_err();
    assert_eq!(error.status(), Status::Protocol);
    assert!(
        error
            .message()
            .contains("100000 bytes (max_response_bytes)"),
        "{error}"
    );
}

#[test]
fn only_a_trusted_certificate_gets_the_password() {
    let sandbox = sandbox();
    let try_at = |url: &str, ca_file: bool| {
        let mut config = config(url);
        if ca_file {
            let path = sandbox.ca_file().to_str().unwrap().to_owned();
            config.set("ca_file", &path).unwrap();
        }
        Session::login(&config, &Call::new())
    };
    let status = |result: Result<Session>| result.map_err(|error| error.status()).err();
    assert_eq!(
        status(try_at(sandbox.tls_base_url(), false)),
        Some(Status::Tls)
    );
    assert_eq!(
        status(try_at(sandbox.bad_tls_base_url(), true)),
        Some(Status::Tls)
    );
    assert_eq!(sandbox.counter("requests"), 0);
    let session = try_at(sandbox.tls_base_url(), true).unwrap();
    for _ in 0..3 {
        assert_eq!(get(&session, ACCOUNT).unwrap().status(), 200);
    }
}

#[test]
fn a_bad_ca_file_is_named() {
    let sandbox = sandbox();
    for path in [
        "/nonexistent/ca.pem",
        "Cargo.toml",
        "/dev/null",
        "/dev/zero",
    ] {
        let mut config = config(sandbox.tls_base_url());
        config.set("ca_file", path).unwrap();
        let error = Session::login(&config, &Call::new()).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument, "{path}");
        assert!(error.message().contains(path), "{error}");
    }
}

#[test]
fn a_cancelled_call_ends_and_leaves_the_session_usable() {
    let sandbox = sandbox();
    let session = login(&sandbox).unwrap();
    fault(&sandbox, "api", "hold", json!({"times": 1}));
    let call = Call::new();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let request = Request {
                method: "GET",
                path: ACCOUNT,
                headers: &[],
                body: &[],
            };
            session.request(&call, request).map_err(|e| e.status())
        });
        while sandbox.counter("api") == 0 {
            std::thread::yield_now();
        }
        call.cancel();
        assert_eq!(waiting.join().unwrap().unwrap_err(), Status::Cancelled);
    });
    assert_eq!(get(&session, ACCOUNT).unwrap().status(), 200);
}

#[test]
fn no_secret_reaches_the_log() {
    let sandbox = sandbox();
    let lines = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut config = config(sandbox.base_url());
    let seen = lines.clone();
    config.set_log(LogLevel::Trace, move |_, line| {
        seen.lock().unwrap().push(line.to_owned());
    });
    let session = Session::login(&config, &Call::new()).unwrap();
    sandbox.control("POST", "/expire", json!({"what": "all"}));
    get(&session, ACCOUNT).unwrap();
    fault(&sandbox, "login", "status", json!({"status": 503}));
    session.relogin(&Call::new(), None).unwrap_err();

    // Not the application's secret, which is the word "secret" in the sandbox.
    let secrets = [
        "IMgr8".to_owned(),
        session.token().unwrap().reveal().to_owned(),
        session.api_token(&Call::new()).unwrap().reveal().to_owned(),
    ];
    let lines = lines.lock().unwrap();
    assert!(lines.len() > 4, "{lines:?}");
    for line in lines.iter() {
        assert!(
            !secrets.iter().any(|secret| line.contains(secret)),
            "{line}"
        );
    }
    let debug = format!("{config:?} {session:?}");
    assert!(
        !secrets.iter().any(|secret| debug.contains(secret)),
        "{debug}"
    );
}

#[test]
fn a_secret_that_the_platform_repeats_is_masked() {
    let sandbox = sandbox();
    let echo = "{\"errorCode\": \"X.IMgr8\", \"errorMessage\": \"wrong password IMgr8\"}";
    let answer = json!({"status": 400, "body": echo});
    fault(&sandbox, "login", "answer", answer);
    let error = login(&sandbox).unwrap_err();
    assert_eq!(error.status(), Status::Credentials);
    assert!(!format!("{error:?}").contains("IMgr8"), "{error:?}");
}

#[test]
fn a_request_does_not_undo_a_logout() {
    let sandbox = sandbox();
    let session = login(&sandbox).unwrap();
    fault(&sandbox, "api", "hold", json!({"times": 1}));
    std::thread::scope(|scope| {
        let under_way = scope.spawn(|| get(&session, ACCOUNT).map(|answer| answer.status()));
        while sandbox.counter("api") == 0 {
            std::thread::yield_now();
        }
        session.logout(&Call::new()).unwrap();
        sandbox.control("DELETE", "/faults", json!(null));
        // Answered or refused, it logs nobody in.
        let _ = under_way.join().unwrap();
    });
    assert_eq!(session.token().unwrap_err().status(), Status::NotLoggedIn);
    assert_eq!(sandbox.counter("login"), 1);
}

#[test]
fn a_login_meanwhile_does_not_undo_a_logout() {
    let sandbox = sandbox();
    let session = login(&sandbox).unwrap();
    fault(&sandbox, "logout", "hold", json!({"times": 1}));
    std::thread::scope(|scope| {
        let under_way = scope.spawn(|| session.logout(&Call::new()));
        while sandbox.counter("logout") == 0 {
            std::thread::yield_now();
        }
        session.relogin(&Call::new(), None).unwrap();
        sandbox.control("DELETE", "/faults", json!(null));
        under_way.join().unwrap().unwrap();
    });
    assert_eq!(session.token().unwrap_err().status(), Status::NotLoggedIn);
}

#[test]
fn a_log_callback_may_use_its_session() {
    let sandbox = sandbox();
    let session = std::sync::Arc::new(std::sync::OnceLock::<Session>::new());
    let mut config = config(sandbox.base_url());
    let inside = session.clone();
    config.set_log(LogLevel::Info, move |_, line| {
        if let Some(session) = inside.get().filter(|_| line.contains("logged in")) {
            session.relogin(&Call::new(), Some("older")).unwrap();
            assert!(session.token().is_ok());
        }
    });
    let made = Session::login(&config, &Call::new()).unwrap();
    let session = session.get_or_init(|| made);
    session.relogin(&Call::new(), None).unwrap();
    assert_eq!(sandbox.counter("login"), 2);
}

#[test]
fn errors_can_be_sent_between_threads() {
    fn is_sendable<T: Send + Sync + 'static>() {}
    is_sendable::<Error>();
    is_sendable::<Session>();
    is_sendable::<Config>();
}
