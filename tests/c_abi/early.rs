//! A server that answers before a body has come, says no more, reads a little on and hangs up, as
//! proxies and gateways do; plain and over TLS. Every other session token is refused as expired.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rcgen::CertifiedKey;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Serves for as long as this process lives; the base URL.
pub fn serve_plain() -> String {
    let port = serve(|stream| stream);
    format!("http://127.0.0.1:{port}/api")
}

/// The same over TLS, with the certificate to trust.
pub fn serve_tls() -> (String, String) {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .unwrap();
    let config = Arc::new(config);
    let port = serve(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        StreamOwned::new(connection, stream)
    });
    (format!("https://localhost:{port}/api"), cert.pem())
}

fn serve<S: Side>(wrap: impl Fn(TcpStream) -> S + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let logins = Arc::new(AtomicUsize::new(0));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (side, logins) = (wrap(stream.unwrap()), Arc::clone(&logins));
            // It ends when the other side hangs up.
            thread::spawn(move || converse(side, &logins));
        }
    });
    port
}

/// The server's side of a connection.
trait Side: Read + Write + Send + 'static {
    fn socket(&self) -> &TcpStream;

    /// Nothing more will be said.
    fn say_goodbye(&mut self) -> io::Result<()>;
}

impl Side for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }

    fn say_goodbye(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl Side for StreamOwned<ServerConnection, TcpStream> {
    fn socket(&self) -> &TcpStream {
        &self.sock
    }

    fn say_goodbye(&mut self) -> io::Result<()> {
        self.conn.send_close_notify();
        self.flush()?;
        self.sock.shutdown(Shutdown::Write)
    }
}

fn converse(mut side: impl Side, logins: &AtomicUsize) -> io::Result<()> {
    loop {
        let (head, mut body) = read_head(&mut side)?;
        let header = |name: &str| {
            let mut lines = head.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        };
        let number = |text: Option<&str>| text.and_then(|text| text.parse().ok()).unwrap_or(0);
        let length: usize = number(header("content-length"));
        let token: usize = number(header("vz-m2m-token"));
        let path = head.split(' ').nth(1).unwrap_or_default();
        let refusal = match path {
            "/api/m2m/v1/session/login" => None,
            "/api/413" => Some(("413 Content Too Large", "{}")),
            "/api/403" => Some(("403 Forbidden", "<html>No</html>")),
            "/api/mute" => {
                socket2::SockRef::from(side.socket()).set_linger(Some(Duration::ZERO))?;
                return Ok(());
            }
            _ if token % 2 == 1 => Some((
                "401 Unauthorized",
                r#"{"errorCode":"UnifiedWebService.REQUEST_FAILED.SessionToken.Expired"}"#,
            )),
            _ => None,
        };
        if let Some((status, body)) = refusal {
            answer(&mut side, &format!("{status}\r\nConnection: close"), body)?;
            side.say_goodbye()?;
            // A little of what is on its way.
            return side.read(&mut [0; 64 * 1024]).map(drop);
        }
        let mut piece = [0; 64 * 1024];
        while body < length {
            match side.read(&mut piece)? {
                0 => return Ok(()),
                n => body += n,
            }
        }
        let said = match path {
            "/api/m2m/v1/session/login" => {
                let token = logins.fetch_add(1, Ordering::SeqCst) + 1;
                format!("{{\"sessionToken\":\"{token}\"}}")
            }
            _ => length.to_string(),
        };
        answer(&mut side, "200 OK", &said)?;
    }
}

/// The head in small letters but for its first line, and how many bytes of the body came with it.
fn read_head(side: &mut impl Read) -> io::Result<(String, usize)> {
    let mut read = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let n = side.read(&mut piece)?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        read.extend_from_slice(&piece[..n]);
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
            return Ok((head, read.len() - end - 4));
        }
    }
}

fn answer(side: &mut impl Write, status: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
    side.write_all(answer.as_bytes())?;
    side.flush()
}
