//! HTTP itself: connections that are kept, bodies in all framings, and the end of the sandbox.

mod common;

use std::net::TcpStream;

use common::*;

const ACCOUNT: &[u8] = b"GET /api/m2m/v1/accounts/0000123456-00001 HTTP/1.1\r\nHost: x\r\n\r\n";

#[test]
fn a_connection_is_kept_and_counted_once() {
    let sandbox = start();
    let mut client = Client::to(sandbox.base_url());
    for _ in 0..3 {
        assert_eq!(
            client
                .call("GET", "/api/m2m/v1/accounts/0000123456-00001", &[], b"")
                .status,
            401
        );
    }
    assert_eq!(
        (sandbox.counter("connections"), sandbox.counter("requests")),
        (1, 3)
    );
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let sandbox = start();
    let mut client = Client::to(sandbox.base_url());
    client.send_raw(&[ACCOUNT, b"GET /nowhere HTTP/1.1\r\n\r\n", ACCOUNT].concat());
    let statuses: Vec<u16> = (0..3)
        .map(|_| client.receive().expect("an answer").status)
        .collect();
    assert_eq!(statuses, [401, 404, 401]);
}

#[test]
fn connection_close_and_http_1_0_close() {
    let sandbox = start();
    for request in [
        "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
    ] {
        let mut client = Client::to(sandbox.base_url());
        client.send_raw(request.as_bytes());
        assert_eq!(
            client.receive().expect("an answer").header("connection"),
            Some("close")
        );
        let (bytes, end) = client.rest();
        assert!(bytes.is_empty() && end.is_ok());
    }
}

#[test]
fn chunked_bodies_and_100_continue_are_understood() {
    let sandbox = start();
    let mut client = Client::to(sandbox.base_url());
    let head = "POST /api/m2m/v1/session/login HTTP/1.1\r\n\
        Authorization: Bearer static-test-token\r\nExpect: 100-continue\r\n";
    client.send_raw(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes());
    assert_eq!(client.receive_head().expect("an answer").status, 100);
    client.send_raw(b"14\r\n{\"username\":\"zbeeble");
    client.send_raw(b"\r\n1b\r\nbrox\",\"password\":\"IMgr8\"}  \r\n0\r\n\r\n");
    assert_eq!(client.receive().expect("an answer").status, 200);
    assert_eq!(client.call("GET", "/nowhere", &[], b"").status, 404);
}

#[test]
fn a_big_body_may_come_in_pieces() {
    let sandbox = start();
    let mut client = Client::to(sandbox.base_url());
    let body = vec![b' '; 300_000];
    assert_eq!(
        client
            .call("POST", "/api/m2m/v1/session/login", &[BEARER], &body)
            .status,
        400
    );
    assert_eq!(last_line(&sandbox)["body_bytes"], 300_000);
}

#[test]
fn a_body_of_256_mib_is_waited_for_and_a_longer_one_refused() {
    let sandbox = start();
    let most = 256 << 20;
    for (length, status) in [(most, 100), (most + 1, 413)] {
        let mut client = Client::to(sandbox.base_url());
        client.send_raw(
            format!(
                "POST /nowhere HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
            )
            .as_bytes(),
        );
        assert_eq!(client.receive_head().expect("an answer").status, status);
    }
}

#[test]
fn it_answers_as_a_proxy_would_and_without_a_query() {
    let sandbox = start();
    let mut client = Client::to(sandbox.base_url());
    let path = "http://anywhere:80/api/m2m/v1/accounts/0000123456-00001?a=b";
    assert_eq!(client.call("GET", path, &[], b"").status, 401);
    let line = last_line(&sandbox);
    assert_eq!(
        (line["kind"].as_str(), line["path"].as_str()),
        (Some("api"), Some(path))
    );
}

#[test]
fn what_is_not_http_is_refused() {
    let sandbox = start();
    for (bytes, status) in [
        (&b"\x16\x03\x01\x00\x00\r\n\r\n"[..], 400),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
    ] {
        let mut client = Client::to(sandbox.base_url());
        client.send_raw(bytes);
        assert_eq!(client.receive().expect("an answer").status, status);
    }
    assert_eq!(sandbox.counter("requests"), 0);
}

#[test]
fn dropping_it_closes_ports_connections_and_the_folder() {
    let sandbox = start();
    let folder = sandbox.ca_file().parent().expect("a folder").to_path_buf();
    assert!(folder.join("ca.pem").exists());
    let port = sandbox
        .base_url()
        .rsplit([':', '/'])
        .nth(1)
        .and_then(|port| port.parse::<u16>().ok())
        .expect("a port");
    let mut idle = Client::to(sandbox.base_url());
    let mut half_sent = Client::to(sandbox.control_url());
    half_sent.send_raw(b"POST /clock HTT");
    drop(sandbox);
    assert!(idle.receive().is_err() && half_sent.receive().is_err());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    assert!(!folder.exists());
}

#[test]
fn two_live_side_by_side() {
    let (one, other) = (start(), start());
    login(&one);
    assert_eq!((one.counter("login"), other.counter("login")), (1, 0));
    assert!(one.ca_file().exists() && other.ca_file().exists());
}
