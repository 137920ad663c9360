//! A login that was sent goes on when the calls that wait for it give up, and serves those who come
//! later; one that was not sent is not.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thingspace_sandbox::{Options, Sandbox};
use thingspace_session::{Call, Config, LogLevel, Request, Result, Session, Status};

/// Long enough for all that is well; a test that fails ends by it.
const MINUTE_MS: &str = "60000";
const DAY_MS: &str = "86400000";

fn sandbox() -> Sandbox {
    Sandbox::start(Options::default()).unwrap()
}

fn set(options: &[(&str, &str)]) -> Config {
    let mut config = Config::new();
    for (name, value) in options {
        config.set(name, value).unwrap();
    }
    config
}

fn config(base_url: &str, more: &[(&str, &str)]) -> Config {
    let usual = [
        ("base_url", base_url),
        ("username", "zbeeblebrox"),
        ("password", "IMgr8"),
        ("app_key", "key"),
        ("app_secret", "secret"),
        ("store", "memory:"),
        ("timeout_ms", MINUTE_MS),
    ];
    set(&[&usual, more].concat())
}

fn login(sandbox: &Sandbox) -> Session {
    Session::login(&config(sandbox.base_url(), &[]), &Call::new()).unwrap()
}

/// The next request of that kind is answered when [`release`] says so.
fn hold(sandbox: &Sandbox, on: &str) {
    let fault = json!({"on": on, "fault": "hold", "times": 1});
    sandbox.control("POST", "/faults", fault);
}

fn release(sandbox: &Sandbox) {
    sandbox.control("DELETE", "/faults", Value::Null);
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < patience, "{what}: never");
        std::thread::yield_now();
    }
}

fn impatient() -> Call {
    let call = Call::new();
    call.set_timeout(Duration::from_millis(200));
    call
}

/// A call that does something once it waits for a login under way.
fn once_it_waits(act: impl Fn() + Send + Sync + 'static) -> Call {
    let call = Call::new();
    let asked = AtomicU32::new(0);
    call.set_interrupt(Some(Box::new(move || {
        // The first question comes as the call begins.
        if asked.fetch_add(1, Ordering::SeqCst) == 1 {
            act();
        }
        false
    })));
    call
}

/// Runs a call until its login, the `count`th, has arrived and is held; then gives it up.
fn give_up_once_sent(sandbox: &Sandbox, count: u64, call: impl Fn(&Call) -> Result<()> + Sync) {
    hold(sandbox, "login");
    let given_up = Call::new();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| call(&given_up));
        until("sent", || sandbox.counter("login") == count);
        given_up.cancel();
        let error = waiting.join().unwrap().unwrap_err();
        assert_eq!(error.status(), Status::Cancelled);
    });
}

#[test]
fn those_who_come_later_find_it_and_no_slot_is_lost() {
    let sandbox = Arc::new(sandbox());
    let session = login(&sandbox);
    give_up_once_sent(&sandbox, 2, |call| session.relogin(call, None));
    for _ in 0..5 {
        let given_up = session.relogin(&impatient(), None).unwrap_err();
        assert_eq!(given_up.status(), Status::Timeout);
    }
    let control = Arc::clone(&sandbox);
    let patient = once_it_waits(move || release(&control));
    session.relogin(&patient, None).unwrap();
    assert_eq!(sandbox.counter("login"), 2);
    for _ in 0..4 {
        session.relogin(&Call::new(), None).unwrap();
    }
}

#[test]
fn a_first_login_that_was_given_up_costs_no_slot() {
    let sandbox = sandbox();
    for sent in 1..=4 {
        give_up_once_sent(&sandbox, sent, |call| {
            Session::login(&config(sandbox.base_url(), &[]), call).map(drop)
        });
        release(&sandbox);
    }
    login(&sandbox);
}

#[test]
fn a_login_that_nobody_waits_for_is_not_sent() {
    let sandbox = sandbox();
    hold(&sandbox, "oauth");
    let call = Call::new();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let config = config(sandbox.base_url(), &[]);
            Session::login(&config, &call).map(drop)
        });
        until("arrived", || sandbox.counter("oauth") == 1);
        call.cancel();
        assert!(waiting.join().unwrap().is_err());
    });
    release(&sandbox);
    // One more comes after the one that was given up.
    login(&sandbox);
    assert_eq!(sandbox.counter("login"), 1);
}

#[test]
fn a_login_that_was_given_up_unsent_cancels_nobody_else() {
    let sandbox = sandbox();
    let session = login(&sandbox);
    // The other session's login has the account's lease.
    let other = login(&sandbox);
    hold(&sandbox, "login");
    std::thread::scope(|scope| {
        let holder = scope.spawn(|| other.relogin(&Call::new(), None));
        until("sent", || sandbox.counter("login") == 3);
        for _ in 0..5 {
            let given_up = session.relogin(&impatient(), None).unwrap_err();
            assert_eq!(given_up.status(), Status::Timeout);
            // At once again, as programs do: what was given up may still be about to end.
            let again = session.relogin(&impatient(), None).unwrap_err();
            assert_eq!(again.status(), Status::Timeout);
        }
        let patient = scope.spawn(|| session.relogin(&Call::new(), None));
        release(&sandbox);
        holder.join().unwrap().unwrap();
        patient.join().unwrap().unwrap();
    });
}

#[test]
fn a_login_that_was_given_up_while_connecting_frees_its_lease() {
    let sandbox = sandbox();
    // Takes connections, and never says a word of TLS.
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", mute.local_addr().unwrap().port());
    let same = ("realm", "one.platform");
    // With a fixed API token the first connection is the login's.
    let connecting = [
        same,
        ("base_url", &url),
        ("username", "zbeeblebrox"),
        ("password", "IMgr8"),
        ("api_token", "token"),
        ("store", "memory:"),
        ("timeout_ms", DAY_MS),
        ("connect_timeout_ms", DAY_MS),
    ];
    let connecting = set(&connecting);
    let call = Call::new();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| Session::login(&connecting, &call).map(drop));
        let accepted = mute.accept().unwrap();
        call.cancel();
        let error = waiting.join().unwrap().unwrap_err();
        assert_eq!(error.status(), Status::Cancelled);
        let next = config(sandbox.base_url(), &[same, ("timeout_ms", "30000")]);
        Session::login(&next, &Call::new()).unwrap();
        drop(accepted);
    });
}

#[test]
fn a_relogin_after_a_logout_brings_the_session_back_whatever_is_under_way() {
    let sandbox = Arc::new(sandbox());
    let session = login(&sandbox);
    give_up_once_sent(&sandbox, 2, |call| session.relogin(call, None));
    session.logout(&Call::new()).unwrap();
    let control = Arc::clone(&sandbox);
    let back = once_it_waits(move || release(&control));
    session.relogin(&back, None).unwrap();
    assert!(session.token().is_ok());
}

#[test]
fn a_session_in_a_hurry_loses_no_slot() {
    let sandbox = sandbox();
    let hasty = config(sandbox.base_url(), &[("timeout_ms", "1000")]);
    for sent in 1..=4 {
        hold(&sandbox, "login");
        // One whose time was up too early was not sent, and costs nothing either.
        while sandbox.counter("login") < sent {
            let late = Session::login(&hasty, &Call::new()).unwrap_err();
            assert_eq!(late.status(), Status::Timeout, "{late}");
        }
        release(&sandbox);
    }
    login(&sandbox);
}

#[test]
fn what_it_has_for_the_log_is_told_by_a_later_call() {
    let sandbox = sandbox();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let mut config = config(sandbox.base_url(), &[]);
    let sink = Arc::clone(&lines);
    config.set_log(LogLevel::Info, move |_, line| {
        sink.lock().unwrap().push(line.to_owned());
    });
    let session = Session::login(&config, &Call::new()).unwrap();
    lines.lock().unwrap().clear();
    give_up_once_sent(&sandbox, 2, |call| session.relogin(call, None));
    assert!(
        !lines
            .lock()
            .unwrap()
            .iter()
            .any(|line| line.contains("logged in"))
    );
    release(&sandbox);
    until("told", || {
        let request = Request {
            method: "GET",
            path: "/m2m/v1/accounts/0000123456-00001",
            headers: &[],
            body: &[],
        };
        session.request(&Call::new(), request).unwrap();
        let lines = lines.lock().unwrap();
        lines.iter().any(|line| line.contains("logged in"))
    });
}
