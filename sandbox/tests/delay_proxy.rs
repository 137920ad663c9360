//! The delay proxy: what it counts of real clients, and its program.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use common::*;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use serde_json::{Value, json};
use thingspace_sandbox::{DelayProxy, Trips};

fn port_of(url: &str) -> u16 {
    let port = url.rsplit_once(':').expect("a port").1;
    port.trim_end_matches("/api").parse().expect("a number")
}

fn away(url: &str) -> DelayProxy {
    DelayProxy::start(port_of(url), Duration::from_millis(2)).expect("it starts")
}

fn secure(config: &Arc<ClientConfig>, proxy: &DelayProxy) {
    let name = ServerName::try_from("localhost").expect("a name");
    let connection = ClientConnection::new(Arc::clone(config), name).expect("a client");
    let socket = TcpStream::connect(("127.0.0.1", proxy.port())).expect("it listens");
    let mut client = Client::over(StreamOwned::new(connection, socket));
    for _ in 0..2 {
        assert_eq!(client.call("GET", "/api/nowhere", &[], b"").status, 404);
    }
}

#[test]
fn a_connection_and_each_request_are_a_round_trip() {
    let sandbox = start();
    let proxy = away(sandbox.base_url());
    let mut client = Client::to(&format!("http://127.0.0.1:{}/api", proxy.port()));
    let body = vec![b'x'; 300_000];
    for _ in 0..2 {
        assert_eq!(client.call("POST", "/api/nowhere", &[], &body).status, 404);
    }
    let counted = Trips {
        round_trips: 3,
        connections: 1,
        ..Trips::default()
    };
    assert_eq!(proxy.trips(), counted);
}

#[test]
fn tls_is_one_more_and_resumed_handshakes_are_told() {
    let sandbox = start();
    let proxy = away(sandbox.tls_base_url());
    let config = trusting(&sandbox);
    secure(&config, &proxy);
    let first = proxy.trips();
    let counted = Trips {
        round_trips: 4,
        connections: 1,
        full_handshakes: 1,
        resumed_handshakes: 0,
    };
    assert_eq!(first, counted);
    secure(&config, &proxy);
    let counted = Trips {
        full_handshakes: 0,
        resumed_handshakes: 1,
        ..counted
    };
    assert_eq!(proxy.trips() - first, counted);
}

#[test]
fn dropping_it_closes_its_port_and_its_connections() {
    let sandbox = start();
    let proxy = away(sandbox.base_url());
    let port = proxy.port();
    let mut client = Client::to(&format!("http://127.0.0.1:{port}/api"));
    assert_eq!(client.call("GET", "/api/nowhere", &[], b"").status, 404);
    drop(proxy);
    assert_eq!(client.rest().0, b"");
}

#[test]
fn the_program_leads_to_a_port_and_tells_what_it_counted() {
    let sandbox = start();
    let mut child = Command::new(env!("CARGO_BIN_EXE_thingspace-delay-proxy"))
        .args([port_of(sandbox.base_url()).to_string().as_str(), "1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut said = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = || -> Value {
        let mut line = String::new();
        said.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).expect("JSON")
    };
    let port = line()["port"].as_u64().expect("a port");
    let mut client = Client::to(&format!("http://127.0.0.1:{port}/api"));
    assert_eq!(client.call("GET", "/api/nowhere", &[], b"").status, 404);
    child
        .stdin
        .as_mut()
        .expect("a pipe")
        .write_all(b"\n")
        .expect("it reads");
    let counted = json!({
        "round_trips": 2, "connections": 1, "full_handshakes": 0, "resumed_handshakes": 0
    });
    assert_eq!(line(), counted);
    drop(child.stdin.take());
    assert!(child.wait().expect("it ends").success());
}
