//! TLS: the good certificate for those who trust the CA file, the bad one for nobody.

mod common;

use std::net::TcpStream;

use common::*;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use serde_json::json;
use thingspace_sandbox::Sandbox;

fn secure(
    sandbox: &Sandbox,
    url: &str,
    name: &'static str,
) -> Client<StreamOwned<ClientConnection, TcpStream>> {
    let connection = ClientConnection::new(
        trusting(sandbox),
        ServerName::try_from(name).expect("a name"),
    )
    .expect("a client");
    Client::over(StreamOwned::new(connection, socket_to(url)))
}

#[test]
fn the_good_certificate_is_good_for_name_and_address() {
    let sandbox = start();
    for name in ["localhost", "127.0.0.1"] {
        let mut client = secure(&sandbox, sandbox.tls_base_url(), name);
        for _ in 0..2 {
            assert_eq!(client.call("GET", "/api/nowhere", &[], b"").status, 404);
        }
    }
    assert_eq!(
        (sandbox.counter("connections"), sandbox.counter("requests")),
        (2, 4)
    );
}

#[test]
fn faults_work_over_tls() {
    let sandbox = start();
    let get = || {
        let mut client = secure(&sandbox, sandbox.tls_base_url(), "localhost");
        client.send("GET", "/api/nowhere", &[], b"");
        client
            .receive()
            .map(|reply| reply.status)
            .map_err(|error| error.kind())
    };
    fault(&sandbox, json!({"on": "any", "fault": "delay", "ms": 1}));
    assert_eq!(get(), Ok(404));
    fault(&sandbox, json!({"on": "any", "fault": "half_body"}));
    assert_eq!(get(), Err(std::io::ErrorKind::UnexpectedEof));
    fault(
        &sandbox,
        json!({"on": "any", "fault": "huge", "bytes": 1_000_000}),
    );
    assert_eq!(get(), Ok(200));
    fault(&sandbox, json!({"on": "any", "fault": "reset_before"}));
    assert_eq!(get(), Err(std::io::ErrorKind::ConnectionReset));
}

#[test]
fn the_bad_certificate_is_trusted_by_nobody() {
    let sandbox = start();
    let mut stream = secure(&sandbox, sandbox.bad_tls_base_url(), "localhost");
    let error = stream
        .try_send(b"GET / HTTP/1.1\r\n\r\n")
        .expect_err("a refusal");
    assert!(
        error.to_string().contains("invalid peer certificate"),
        "{error}"
    );
    assert_eq!(sandbox.counter("requests"), 0);
}

#[cfg(unix)]
#[test]
fn the_ca_file_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = start();
    let mode =
        |path: &std::path::Path| path.metadata().expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode(sandbox.ca_file()), 0o600);
    assert_eq!(mode(sandbox.ca_file().parent().expect("a folder")), 0o700);
}
