//! A plain HTTP client over a socket, and short words for what most tests do. Reads time out after
//! a while, so that a broken sandbox fails a test and does not hang it.
#![allow(dead_code)]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use thingspace_sandbox::{Options, Sandbox};

pub const BEARER: (&str, &str) = ("Authorization", "Bearer static-test-token");
pub const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
pub const JSON: (&str, &str) = ("Content-Type", "application/json");
/// `key:secret`
pub const BASIC: (&str, &str) = ("Authorization", "Basic a2V5OnNlY3JldA==");
pub const EXPIRED: &str = "UnifiedWebService.REQUEST_FAILED.SessionToken.Expired";
pub const MINUTE: u64 = 60 * 1000;

pub fn start() -> Sandbox {
    Sandbox::start(Options::default()).expect("the sandbox starts")
}

/// TLS for those who trust the sandbox's CA.
pub fn trusting(sandbox: &Sandbox) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(sandbox.ca_file()).expect("a file") {
        roots
            .add(certificate.expect("a certificate"))
            .expect("a CA");
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name))?;
        Some(&found.1)
    }

    pub fn error_code(&self) -> String {
        self.json()["errorCode"]
            .as_str()
            .unwrap_or_default()
            .to_string()
    }
}

/// One connection. `S` is a socket, or TLS over one.
pub struct Client<S = TcpStream> {
    stream: BufReader<S>,
}

impl Client {
    /// Connects to the origin of that URL.
    pub fn to(url: &str) -> Client {
        Client::over(socket_to(url))
    }
}

pub fn socket_to(url: &str) -> TcpStream {
    let origin = url
        .split("://")
        .nth(1)
        .and_then(|rest| rest.split('/').next())
        .expect("a URL");
    let port: u16 = origin
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok())
        .expect("a port");
    let socket = TcpStream::connect(("127.0.0.1", port)).expect("the port is open");
    socket
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("a timeout");
    socket
}

impl<S: Read + Write> Client<S> {
    pub fn over(stream: S) -> Client<S> {
        Client {
            stream: BufReader::new(stream),
        }
    }

    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!("Content-Length: {}\r\n\r\n", body.len());
        self.send_raw(&[request.as_bytes(), body].concat());
    }

    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.try_send(bytes).expect("sent");
    }

    pub fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let stream = self.stream.get_mut();
        stream.write_all(bytes)?;
        stream.flush()
    }

    pub fn call(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        self.send(method, path, headers, body);
        self.receive().expect("an answer")
    }

    /// The next answer; an error when the connection ends before it does.
    pub fn receive(&mut self) -> io::Result<Reply> {
        let mut reply = self.receive_head()?;
        if reply.header("transfer-encoding").is_some() {
            return Err(io::Error::other("chunked"));
        }
        let length = reply
            .header("content-length")
            .map_or(0, |length| length.parse().expect("a length"));
        reply.body.resize(length, 0);
        self.stream.read_exact(&mut reply.body)?;
        Ok(reply)
    }

    pub fn receive_head(&mut self) -> io::Result<Reply> {
        let first = self.line()?;
        let status = first
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .expect("a status line");
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            match line.split_once(": ") {
                Some((name, value)) => headers.push((name.to_string(), value.to_string())),
                None => {
                    return Ok(Reply {
                        status,
                        headers,
                        body: Vec::new(),
                    });
                }
            }
        }
    }

    /// Everything until the connection ends, and how it ended.
    pub fn rest(&mut self) -> (Vec<u8>, io::Result<()>) {
        let mut bytes = Vec::new();
        let end = self.stream.read_to_end(&mut bytes);
        (bytes, end.map(|_| ()))
    }

    pub fn read(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).expect("bytes");
        bytes
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_string()),
        }
    }
}

/// A request to the platform on a connection of its own. The path comes after `/api`.
pub fn call(
    sandbox: &Sandbox,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Reply {
    Client::to(sandbox.base_url()).call(method, &format!("/api{path}"), headers, body)
}

pub fn login_as(sandbox: &Sandbox, username: &str, password: &str) -> Reply {
    let body = json!({"username": username, "password": password}).to_string();
    call(
        sandbox,
        "POST",
        "/m2m/v1/session/login",
        &[BEARER, JSON],
        body.as_bytes(),
    )
}

/// The session token of a login with the right password.
pub fn login(sandbox: &Sandbox) -> String {
    let reply = login_as(sandbox, "zbeeblebrox", "IMgr8");
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["sessionToken"]
        .as_str()
        .expect("a token")
        .to_string()
}

/// A call that needs a session.
pub fn list(sandbox: &Sandbox, token: &str) -> Reply {
    call(
        sandbox,
        "POST",
        "/m2m/v1/devices/actions/list",
        &[BEARER, JSON, ("VZ-M2M-Token", token)],
        b"{}",
    )
}

pub fn fetch_api_token(sandbox: &Sandbox) -> Reply {
    call(
        sandbox,
        "POST",
        "/ts/v1/oauth2/token",
        &[BASIC, FORM],
        b"grant_type=client_credentials",
    )
}

pub fn advance(sandbox: &Sandbox, ms: u64) {
    sandbox.control("POST", "/clock", json!({"advance_ms": ms}));
}

pub fn set(sandbox: &Sandbox, settings: Value) {
    sandbox.control("POST", "/settings", settings);
}

pub fn fault(sandbox: &Sandbox, fault: Value) {
    sandbox.control("POST", "/faults", fault);
}

/// Waits until that counter has come so far.
pub fn await_count(sandbox: &Sandbox, counter: &str, at_least: u64) {
    sandbox.control(
        "POST",
        "/await",
        json!({"counter": counter, "at_least": at_least}),
    );
}

/// How many sessions were live, and no longer are.
pub fn end_sessions(sandbox: &Sandbox) -> Value {
    sandbox.control("POST", "/expire", json!({"what": "session"}))["sessions"].clone()
}

/// A connection with a login of that password sent on it.
pub fn sent_login(sandbox: &Sandbox, password: &str) -> Client {
    let mut client = Client::to(sandbox.base_url());
    let body = json!({"username": "zbeeblebrox", "password": password}).to_string();
    client.send(
        "POST",
        "/api/m2m/v1/session/login",
        &[BEARER, JSON],
        body.as_bytes(),
    );
    client
}

pub fn contact(sandbox: &Sandbox, username: &str) -> Value {
    sandbox.control("GET", "/state", Value::Null)["contacts"][username].clone()
}

/// The log's last line.
pub fn last_line(sandbox: &Sandbox) -> Value {
    sandbox
        .control("GET", "/log", Value::Null)
        .as_array()
        .and_then(|lines| lines.last().cloned())
        .expect("a line")
}

/// A SOAP request with the documented headers.
pub fn soap(sandbox: &Sandbox, service: &str, operation: &str, envelope: &str) -> Reply {
    let action = format!("http://nphase.com/unifiedwebservice/v2/I{service}/{operation}");
    let headers = [
        ("Content-Type", "text/xml; charset=utf-8"),
        ("SOAPAction", action.as_str()),
    ];
    call(
        sandbox,
        "POST",
        &format!("/v2/{service}.svc"),
        &headers,
        envelope.as_bytes(),
    )
}
