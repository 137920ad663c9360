//! Proxies that are down, refuse, or want somebody to sign in.

use std::io::{Read, Write};
use std::net::TcpListener;

use super::doctor;
use crate::scene::Scene;

/// A proxy that gives each connection this answer, for as long as the test runs.
fn proxy(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("it can be bound");
    let address = listener.local_addr().expect("it has an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address.to_string()
}

#[test]
fn a_proxy_that_is_not_to_be_had_is_named_without_its_password() {
    let scene = Scene::new();
    let down = TcpListener::bind("127.0.0.1:0").expect("it can be bound");
    let address = down.local_addr().expect("it has an address");
    drop(down);
    let url = format!("http://me:hunter2@{address}");
    let report = doctor(&scene, &[("TSM_PROXY", &url)]);
    report
        .fails(30, "connection", "refused", "Check the proxy")
        .hides("hunter2");
    report.names("proxy", "ok", "named by the option proxy", "");
    let unknown = [("TSM_PROXY", "http://me:hunter2@proxy.invalid:3128")];
    doctor(&scene, &unknown)
        .fails(30, "names", "proxy.invalid", "proxy")
        .hides("hunter2");
    let far = ("TSM_BASE_URL", "https://platform.invalid/api");
    let socks = [far, ("HTTPS_PROXY", "socks5://me:hunter2@h:1")];
    doctor(&scene, &socks)
        .fails(1, "proxy", "SOCKS", "the option proxy")
        .hides("hunter2");
}

#[test]
fn what_a_proxy_refuses_is_told_in_its_words() {
    let scene = Scene::new();
    for (answer, exit, message, remedy) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n",
            30,
            "407",
            "See to the proxy",
        ),
        (
            "HTTP/1.1 403 Forbidden\r\n\r\n",
            30,
            "CONNECT",
            "See to the proxy",
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: http://portal.invalid/\r\n\r\n",
            23,
            "portal.invalid",
            "See to the proxy",
        ),
        (
            "SSH-2.0-OpenSSH\r\n",
            23,
            "is not HTTP/1.1",
            "See to the proxy",
        ),
    ] {
        let url = format!("http://me:hunter2@{}", proxy(answer));
        let report = doctor(&scene, &[("TSM_PROXY", &url)]);
        report
            .fails(exit, "proxy", message, remedy)
            .hides("hunter2");
        report.names("tls", "not tried", "", "");
    }
}

#[test]
fn the_environments_proxy_is_named_by_its_variable() {
    let scene = Scene::new();
    let address = proxy("HTTP/1.1 407 No\r\n\r\n");
    let url = format!("http://{address}");
    let far = ("TSM_BASE_URL", "https://platform.invalid/api");
    let report = doctor(&scene, &[far, ("https_proxy", &url)]);
    report.fails(30, "proxy", "407", "https_proxy names");
    // One that NO_PROXY leaves out is not on the way.
    let left_out = [far, ("https_proxy", &url), ("NO_PROXY", "platform.invalid")];
    let report = doctor(&scene, &left_out);
    report.names("proxy", "ok", "https_proxy is set, and does not count", "");
}
