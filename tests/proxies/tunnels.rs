//! Sessions through proxies that let them.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use thingspace_session::{Call, Session, Status};

use crate::daemon::{Daemon, Folder, find, have};
use crate::free_port::free_port;
use crate::scene::{Proxy, config, get, login, sandbox, tls_port};

/// Logs in, requests, expires and is renewed, all through this proxy.
fn lives_through(proxy: &Proxy, url: &str) {
    let sandbox = sandbox();
    let session = login(&sandbox, url).unwrap();
    assert_eq!(get(&session, &Call::new()).unwrap(), 200);
    sandbox.control("POST", "/expire", json!({"what": "all"}));
    assert_eq!(get(&session, &Call::new()).unwrap(), 200);
    session.logout(&Call::new()).unwrap();
    assert_eq!(sandbox.counter("login_ok"), 2);
    drop(session);
    let asked = format!("CONNECT localhost:{}", tls_port(&sandbox));
    // Squid writes a tunnel down when it ends.
    let patience = Instant::now() + Duration::from_secs(60);
    while !proxy.log().contains(&asked) {
        assert!(Instant::now() < patience, "{}", proxy.log());
        std::thread::yield_now();
    }
}

#[test]
fn a_session_lives_through_tinyproxy() {
    if !have(&["tinyproxy"]) {
        return;
    }
    let proxy = Proxy::tinyproxy("");
    lives_through(&proxy, &proxy.url());
    // Without a scheme.
    lives_through(&proxy, &proxy.url().replace("http://", ""));
}

#[test]
fn a_session_lives_through_squid() {
    if !have(&["squid"]) {
        return;
    }
    let proxy = Proxy::squid("");
    lives_through(&proxy, &proxy.url());
}

#[test]
fn a_session_lives_through_a_proxy_with_a_password() {
    if !have(&["squid", "tinyproxy"]) {
        return;
    }
    // As a URL has to write them.
    let written = |url: String| url.replace("http://", "http://me%40corp:p%3A%2Fw@");
    let proxy = Proxy::squid_with_password("me@corp", "p:/w");
    lives_through(&proxy, &written(proxy.url()));
    let proxy = Proxy::tinyproxy("BasicAuth me pw");
    lives_through(&proxy, &proxy.url().replace("http://", "http://me:p%77@"));
}

/// One that speaks TLS: stunnel before tinyproxy. Its certificate is trusted by `ca_file`, beside
/// the platform's.
#[test]
fn a_session_lives_through_a_proxy_that_speaks_tls() {
    if !have(&["tinyproxy", "squid", "stunnel4", "openssl"]) {
        return;
    }
    let sandbox = sandbox();
    let plain = Proxy::tinyproxy("");
    let folder = Folder::new("stunnel");
    let (pem, port) = (folder.path("proxy.pem"), free_port());
    let made = Command::new(find("openssl").unwrap())
        .args("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost".split(' '))
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-addext", "subjectAltName=DNS:localhost"])
        .args([
            Path::new("-keyout"),
            &pem,
            Path::new("-out"),
            &folder.path("certificate.pem"),
        ])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let certificate = std::fs::read_to_string(folder.path("certificate.pem")).unwrap();
    let key = std::fs::read_to_string(&pem).unwrap();
    folder.file("proxy.pem", &format!("{key}{certificate}"));
    let settings = format!(
        "foreground = yes\npid =\nsyslog = no\noutput = /dev/null\n[proxy]\n\
         accept = 127.0.0.1:{port}\nconnect = 127.0.0.1:{}\ncert = {}\n",
        plain.daemon.port,
        pem.display()
    );
    let settings = folder.file("stunnel.conf", &settings);
    let _stunnel = Daemon::start("stunnel4", &[&settings], port);

    let trusted = std::fs::read_to_string(sandbox.ca_file()).unwrap();
    let trusted = folder.file("trusted.pem", &format!("{trusted}{certificate}"));
    let mut config = config(&sandbox, &format!("https://localhost:{port}"));
    // The proxy's certificate is not the platform's.
    let error = Session::login(&config, &Call::new()).unwrap_err();
    assert_eq!(error.status(), Status::Tls, "{error}");
    let words = format!("the proxy localhost:{port}");
    assert!(error.message().contains(&words), "{error}");
    assert_eq!(sandbox.counter("requests"), 0);

    config.set("ca_file", trusted.to_str().unwrap()).unwrap();
    let session = Session::login(&config, &Call::new()).unwrap();
    assert_eq!(get(&session, &Call::new()).unwrap(), 200);
    assert!(
        plain
            .log()
            .contains(&format!("CONNECT localhost:{}", tls_port(&sandbox)))
    );

    // TLS where http was said, and the other way round.
    config
        .set("proxy", &format!("http://localhost:{port}"))
        .unwrap();
    let error = Session::login(&config, &Call::new()).unwrap_err();
    assert!(error.message().contains(&words), "{error}");
    assert!(error.message().contains("https://"), "{error}");
    let squid = Proxy::squid("");
    let wrong = squid.url().replace("http://", "https://");
    config.set("proxy", &wrong).unwrap();
    let error = Session::login(&config, &Call::new()).unwrap_err();
    assert_eq!(error.status(), Status::Tls, "{error}");
    assert!(error.message().contains(&squid.words()), "{error}");
    assert!(error.message().contains("not TLS"), "{error}");
}

#[test]
fn a_proxy_that_is_gone_is_an_error_of_the_network_until_it_is_back() {
    if !have(&["tinyproxy"]) {
        return;
    }
    let sandbox = sandbox();
    let mut proxy = Proxy::tinyproxy("");
    let session = login(&sandbox, &proxy.url()).unwrap();
    let held = json!({"on": "api", "fault": "hold", "times": 1});
    sandbox.control("POST", "/faults", held);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| get(&session, &Call::new()));
        while sandbox.counter("held") == 0 {
            std::thread::yield_now();
        }
        proxy.daemon.kill();
        let error = waiting.join().unwrap().unwrap_err();
        assert_eq!(error.status(), Status::Network, "{error}");
        assert!(error.retryable());
        assert!(error.message().contains(&proxy.words()), "{error}");
    });
    let error = get(&session, &Call::new()).unwrap_err();
    assert_eq!(error.status(), Status::Network, "{error}");
    assert!(error.retryable());
    assert!(error.message().contains(&proxy.words()), "{error}");
    let file = proxy.file("tinyproxy.conf");
    let arguments = [Path::new("-d"), Path::new("-c"), &file];
    proxy.daemon = Daemon::start("tinyproxy", &arguments, proxy.daemon.port);
    assert_eq!(get(&session, &Call::new()).unwrap(), 200);
    assert_eq!(sandbox.counter("login"), 1);
}

#[test]
fn a_proxy_that_says_nothing_ends_by_the_connections_time() {
    let sandbox = sandbox();
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = mute.local_addr().unwrap().port();
    let mut config = config(&sandbox, &format!("http://127.0.0.1:{port}"));
    config.set("connect_timeout_ms", "100").unwrap();
    config.set("max_login_failures", "1").unwrap();
    for _ in 0..3 {
        let error = Session::login(&config, &Call::new()).unwrap_err();
        assert_eq!(error.status(), Status::Timeout, "{error}");
        let words = format!("the proxy 127.0.0.1:{port}");
        assert!(error.message().contains(&words), "{error}");
    }
}

#[test]
fn a_proxy_that_says_nothing_can_be_given_up() {
    let sandbox = sandbox();
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = mute.local_addr().unwrap().port();
    let mut config = config(&sandbox, &format!("http://127.0.0.1:{port}"));
    config.set("connect_timeout_ms", "86400000").unwrap();
    config.set("timeout_ms", "86400000").unwrap();
    let call = Call::new();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| Session::login(&config, &call).map(drop));
        let accepted = mute.accept().unwrap();
        call.cancel();
        let error = waiting.join().unwrap().unwrap_err();
        assert_eq!(error.status(), Status::Cancelled, "{error}");
        drop(accepted);
    });
}
