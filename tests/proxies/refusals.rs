//! Proxies that refuse: which one, why, and what to do.

use thingspace_session::{Error, Status};

use crate::daemon::have;
use crate::free_port::free_port;
use crate::scene::{Proxy, login, refusal, sandbox, tls_port};

/// It names the proxy, and repeats no password.
fn assert_refused(error: &Error, proxy: &Proxy, http_status: u16, retryable: bool) {
    assert_eq!(error.status(), Status::Network, "{error}");
    assert_eq!(error.http_status(), http_status, "{error}");
    assert_eq!(error.retryable(), retryable, "{error}");
    let words = format!("{} refused: HTTP {http_status}", proxy.words());
    assert!(error.message().contains(&words), "{error}");
    assert!(!error.message().contains("hunter2"), "{error}");
}

#[test]
fn one_that_does_not_allow_it() {
    if !have(&["squid", "tinyproxy"]) {
        return;
    }
    for proxy in [
        Proxy::squid("http_access deny all"),
        Proxy::tinyproxy("ConnectPort 1"),
    ] {
        let sandbox = sandbox();
        let error = refusal(&sandbox, &proxy.url());
        assert_refused(&error, &proxy, 403, false);
        let allow = format!("allow CONNECT to localhost:{}", tls_port(&sandbox));
        assert!(error.message().contains(&allow), "{error}");
    }
}

#[test]
fn one_that_wants_a_password() {
    if !have(&["squid", "tinyproxy"]) {
        return;
    }
    for proxy in [
        Proxy::squid_with_password("me", "right"),
        Proxy::tinyproxy("BasicAuth me right"),
    ] {
        let sandbox = sandbox();
        let error = refusal(&sandbox, &proxy.url());
        assert_refused(&error, &proxy, 407, false);
        let set = "set its user and password in the option proxy";
        assert!(error.message().contains(set), "{error}");
        // Nothing was counted against the account.
        for _ in 0..4 {
            let wrong = proxy.url().replace("http://", "http://me:hunter2@");
            let error = refusal(&sandbox, &wrong);
            // Tinyproxy says 401.
            let http_status = error.http_status();
            assert!(matches!(http_status, 401 | 407), "{error}");
            assert_refused(&error, &proxy, http_status, false);
            assert!(
                error.message().contains("check the user and password"),
                "{error}"
            );
        }
        login(
            &sandbox,
            &proxy.url().replace("http://", "http://me:right@"),
        )
        .unwrap();
    }
}

#[test]
fn one_that_cannot_reach_the_platform() {
    if !have(&["squid", "tinyproxy"]) {
        return;
    }
    for (proxy, http_status) in [(Proxy::squid(""), 503), (Proxy::tinyproxy(""), 500)] {
        let sandbox = sandbox();
        let mut config = crate::scene::config(&sandbox, &proxy.url());
        let gone = format!("https://localhost:{}/api", free_port());
        config.set("base_url", &gone).unwrap();
        let error = thingspace_session::Session::login(&config, &Default::default()).unwrap_err();
        assert_refused(&error, &proxy, http_status, true);
    }
}

#[test]
fn one_that_is_not_there() {
    let sandbox = sandbox();
    let port = free_port();
    let error = refusal(&sandbox, &format!("http://me:hunter2@127.0.0.1:{port}"));
    assert_eq!(error.status(), Status::Network, "{error}");
    assert!(error.retryable());
    let words = format!("the proxy 127.0.0.1:{port}");
    assert!(error.message().contains(&words), "{error}");
    assert!(!error.message().contains("hunter2"), "{error}");
}
