//! The environment's proxies, for a name that is not loopback's: the proxy knows where it is.

use std::process::Command;

use thingspace_sandbox::Sandbox;
use thingspace_session::{Call, Config, LogLevel, Session};

use crate::daemon::{Folder, have};
use crate::scene::{Proxy, sandbox, tls_port};

const JOB: &str = "TSM_PROXIES_BASE_URL";

/// What another process says that logs in with these variables: `OK`, or its error; and its log of
/// the proxy.
fn login_with(sandbox: &Sandbox, variables: &[(&str, &str)]) -> (String, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    for name in ["https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    let base_url = format!("https://platform.invalid:{}/api", tls_port(sandbox));
    let ended = command
        .args(["variables::as_told", "--exact", "--nocapture"])
        .env(JOB, base_url)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8(ended.stdout).unwrap();
    let (lines, outcome) = said.split_once('@').unwrap();
    // The harness leaves its own line open.
    let line = lines
        .split_once("line: ")
        .and_then(|(_, line)| line.lines().next());
    (
        outcome.trim().to_owned(),
        line.unwrap_or_default().to_owned(),
    )
}

/// What that process does. In the test run proper there is nothing to do.
#[test]
fn as_told() {
    let Ok(base_url) = std::env::var(JOB) else {
        return;
    };
    let mut config = Config::new();
    for (name, value) in [
        ("base_url", &*base_url),
        ("username", "zbeeblebrox"),
        ("password", "IMgr8"),
        ("app_key", "key"),
        ("app_secret", "secret"),
        ("store", "memory:"),
    ] {
        config.set(name, value).unwrap();
    }
    config.set_log(LogLevel::Debug, |_, line| {
        if line.starts_with("the proxy") {
            println!("line: {line}");
        }
    });
    match Session::login(&config, &Call::new()) {
        Ok(_) => println!("@OK"),
        Err(error) => println!("@{error}"),
    }
    std::process::exit(0);
}

#[test]
fn the_environment_chooses() {
    if !have(&["squid"]) {
        return;
    }
    let sandbox = sandbox();
    let folder = Folder::new("hosts");
    let hosts = folder.file("hosts", "127.0.0.1 platform.invalid\n");
    let proxy = Proxy::squid(&format!("hosts_file {}", hosts.display()));
    let url = proxy.url();
    // Through the proxy the sandbox is reached; its certificate is for another name.
    let reached = |variables: &[(&str, &str)]| {
        let (outcome, _) = login_with(&sandbox, variables);
        match outcome.split(':').next() {
            Some("TSM_E_TLS") => true,
            Some("TSM_E_NETWORK") if outcome.contains("resolve") => false,
            _ => panic!("{variables:?}: {outcome}"),
        }
    };
    let https = ("HTTPS_PROXY", &*url);
    let (outcome, line) = login_with(&sandbox, &[https]);
    assert_eq!(
        line,
        format!("{} is on the way, named by HTTPS_PROXY", proxy.words())
    );
    assert!(
        outcome.contains(&format!("behind {}: TLS failed", proxy.words())),
        "{outcome}"
    );
    for variables in [
        &[https][..],
        &[("https_proxy", &url)],
        &[("ALL_PROXY", &url)],
    ] {
        assert!(reached(variables), "{variables:?}");
    }
    assert!(reached(&[https, ("ALL_PROXY", "socks5://127.0.0.1:9")]));
    assert!(reached(&[https, ("NO_PROXY", "localhost, 127.0.0.0/8")]));
    assert!(!reached(&[]));
    assert!(!reached(&[("HTTP_PROXY", &url), ("http_proxy", &url)]));
    for list in ["*", "platform.invalid", "localhost, invalid", ".invalid"] {
        assert!(!reached(&[https, ("NO_PROXY", list)]), "{list}");
    }
    let named = format!("platform.invalid:{}", tls_port(&sandbox));
    assert!(!reached(&[https, ("no_proxy", &named)]));

    let (socks, _) = login_with(
        &sandbox,
        &[("ALL_PROXY", "socks5://me:hunter2@127.0.0.1:9")],
    );
    assert!(
        socks.starts_with("TSM_E_INVALID_ARGUMENT: ALL_PROXY: "),
        "{socks}"
    );
    assert!(!socks.contains("hunter2"), "{socks}");
}
