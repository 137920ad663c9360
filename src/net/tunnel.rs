//! Asks a proxy for a tunnel to a server (CONNECT), over a connection to it that stands. What the
//! proxy says is bounded, and a refusal names the proxy and what to do. Nothing of a request has
//! left when this fails.
//!
//! A refusal is an [`Error`] inside the `io::Error`, see [`refusal`]; what the connection itself
//! fails with is passed on as it is.

use std::io::{self, Read, Write};

use zeroize::Zeroizing;

use super::proxy::Proxy;
use super::{Address, is_hang_up};
use crate::error::{Error, Status};

/// The longest head of an answer; with all the 1xx before it.
const HEAD_MAX_BYTES: usize = 64 * 1024;

/// Makes a tunnel of a connection to the proxy.
pub(crate) fn open(
    stream: &mut (impl Read + Write),
    proxy: &Proxy,
    target: &Address,
    user_agent: &str,
) -> io::Result<()> {
    let hung_up = |error: io::Error| match is_hang_up(&error)
        || error.kind() == io::ErrorKind::UnexpectedEof
    {
        true => refused(closed(proxy)),
        false => error,
    };
    stream
        .write_all(&request(proxy, target, user_agent))
        .and_then(|()| stream.flush())
        .map_err(hung_up)?;
    let mut read_in = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match answer(&read_in) {
            Answer::Unfinished if read_in.len() > HEAD_MAX_BYTES => {
                let flaw = format!("the head of its answer is longer than {HEAD_MAX_BYTES} bytes");
                return Err(refused(no_answer(proxy, &flaw)));
            }
            Answer::Unfinished => {}
            Answer::Opened => return Ok(()),
            Answer::Refused(head) => return Err(refused(explain(proxy, target, &head))),
            Answer::NotHttp => return Err(refused(not_http(proxy, &read_in))),
        }
        match stream.read(&mut piece) {
            Ok(0) => return Err(refused(closed(proxy))),
            Ok(n) => read_in.extend_from_slice(&piece[..n]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(hung_up(error)),
        }
    }
}

/// The refusal inside an error of [`open`], if it is one.
pub(crate) fn refusal(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

fn refused(error: Error) -> io::Error {
    io::Error::other(error)
}

fn request(proxy: &Proxy, target: &Address, user_agent: &str) -> Zeroizing<Vec<u8>> {
    let host = target.to_string();
    let authorization = proxy
        .authorization
        .as_ref()
        .map_or("", |secret| secret.reveal());
    let parts = [
        ("CONNECT ", &*host, " HTTP/1.1\r\n"),
        ("Host: ", &host, "\r\n"),
        ("Proxy-Authorization: ", authorization, "\r\n"),
        ("User-Agent: ", user_agent, "\r\n"),
    ];
    let length = parts
        .iter()
        .map(|(a, b, c)| a.len() + b.len() + c.len())
        .sum::<usize>();
    // It never grows, so that no copy of a password is left behind.
    let mut request = Zeroizing::new(Vec::with_capacity(length + 2));
    for (before, text, after) in parts.iter().filter(|(_, text, _)| !text.is_empty()) {
        for piece in [before, text, after] {
            request.extend_from_slice(piece.as_bytes());
        }
    }
    request.extend_from_slice(b"\r\n");
    request
}

/// What a proxy has said so far.
enum Answer {
    Unfinished,
    Opened,
    Refused(Head),
    NotHttp,
}

struct Head {
    status: u16,
    /// For people; bounded and printable.
    reason: String,
    /// The ways to authenticate that it offers: `Basic, NTLM`.
    schemes: String,
    location: String,
}

/// Reads heads until one that is no 1xx. A tunnel begins with bytes of ours: whatever follows the
/// head already is not HTTP.
fn answer(mut said: &[u8]) -> Answer {
    loop {
        const BEGINS: &[u8] = b"HTTP/1.";
        if !said.starts_with(&BEGINS[..said.len().min(BEGINS.len())]) {
            return Answer::NotHttp;
        }
        let Some(end) = end_of_head(said) else {
            return Answer::Unfinished;
        };
        let (head, rest) = said.split_at(end);
        let Some(head) = Head::read(&String::from_utf8_lossy(head)) else {
            return Answer::NotHttp;
        };
        match head.status {
            101 => return Answer::NotHttp,
            100..=199 => said = rest,
            200..=299 if rest.is_empty() => return Answer::Opened,
            200..=299 => return Answer::NotHttp,
            _ => return Answer::Refused(head),
        }
    }
}

/// Behind the first empty line; lines may end without a CR.
fn end_of_head(said: &[u8]) -> Option<usize> {
    let line_ends = said.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    line_ends
        .map(|(at, _)| at + 1)
        .find_map(|next| match said.get(next..)? {
            [b'\n', ..] => Some(next + 1),
            [b'\r', b'\n', ..] => Some(next + 2),
            _ => None,
        })
}

impl Head {
    /// None where the first line is not that of an answer.
    fn read(text: &str) -> Option<Head> {
        let mut lines = text.lines();
        let (_, status_line) = lines.next()?.split_once(' ')?;
        let (status, reason) = status_line
            .trim()
            .split_once(' ')
            .unwrap_or((status_line.trim(), ""));
        let is_status = status.len() == 3 && status.bytes().all(|b| b.is_ascii_digit());
        let mut head = Head {
            status: status.parse().ok().filter(|_| is_status)?,
            reason: printable(reason),
            schemes: String::new(),
            location: String::new(),
        };
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("proxy-authenticate") {
                let scheme = printable(value.split_ascii_whitespace().next().unwrap_or_default());
                let separator = if head.schemes.is_empty() { "" } else { ", " };
                head.schemes.push_str(separator);
                head.schemes.push_str(&scheme);
            } else if name.eq_ignore_ascii_case("location") {
                // Without what may be a secret of somebody's.
                head.location = printable(value.split('?').next().unwrap_or_default());
            }
        }
        Some(head)
    }
}

/// One short printable line.
fn printable(text: &str) -> String {
    const LONGEST: usize = 80;
    let fits = |c: &char| (' '..='~').contains(c);
    text.trim().chars().filter(fits).take(LONGEST).collect()
}

fn explain(proxy: &Proxy, target: &Address, head: &Head) -> Error {
    let (retryable, advice) = match head.status {
        // 401 is how tinyproxy refuses a wrong password.
        401 | 407 => (false, authentication(proxy, head)),
        403 => (
            false,
            format!("it must be told to allow CONNECT to {target}"),
        ),
        300..=399 => (
            false,
            match head.location.is_empty() {
                true => "it redirects, and redirects are never followed".to_owned(),
                false => format!(
                    "it redirects to {}, and redirects are never followed: perhaps somebody must \
                     sign in there",
                    head.location
                ),
            },
        ),
        511 => (
            false,
            "somebody must sign in to this network first".to_owned(),
        ),
        408 | 429 => (true, "try again later".to_owned()),
        500 | 502..=504 | 506..=510 | 512.. => (
            true,
            format!("it cannot reach {target} now; try again later"),
        ),
        _ => (
            false,
            format!("check that it is a proxy that allows CONNECT to {target}"),
        ),
    };
    let blank = if head.reason.is_empty() { "" } else { " " };
    let (status, reason) = (head.status, &head.reason);
    let message = format!("{proxy} refused: HTTP {status}{blank}{reason}; {advice}");
    let kind = match status {
        300..=399 => Status::Protocol,
        _ => Status::Network,
    };
    Error::new(kind, message)
        .with_http_status(status)
        .with_retryable(retryable)
}

fn authentication(proxy: &Proxy, head: &Head) -> String {
    let offers_basic = head
        .schemes
        .split(", ")
        .any(|scheme| scheme.eq_ignore_ascii_case("basic"));
    let named_by = proxy.named_by;
    if !offers_basic && !head.schemes.is_empty() {
        format!("it wants {}, and only Basic is supported", head.schemes)
    } else if proxy.authorization.is_some() {
        format!("check the user and password in {named_by}")
    } else {
        format!(
            "set its user and password in {named_by}: http://USER:PASSWORD@{}",
            proxy.address
        )
    }
}

fn closed(proxy: &Proxy) -> Error {
    let hint = match proxy.tls {
        true => "",
        false => {
            ": check that it is an HTTP proxy, and that https:// is written where it speaks TLS"
        }
    };
    let message = format!("{proxy} closed the connection instead of answering CONNECT{hint}");
    Error::new(Status::Network, message)
}

/// An answer begins with `HTTP/1.`; a server of TLS begins with 21 or 22.
fn not_http(proxy: &Proxy, said: &[u8]) -> Error {
    match said {
        [21 | 22, ..] if !proxy.tls => Error::new(
            Status::Protocol,
            format!("{proxy} speaks TLS: write https:// in {}", proxy.named_by),
        ),
        _ => no_answer(proxy, "what it says is not HTTP/1.1"),
    }
}

fn no_answer(proxy: &Proxy, flaw: &str) -> Error {
    let named_by = proxy.named_by;
    Error::new(
        Status::Protocol,
        format!("{proxy} gave no answer to CONNECT that can be read: {flaw}; check {named_by}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    /// Says its lines one piece at a time, then ends as told.
    struct Peer {
        says: Vec<Vec<u8>>,
        ends: fn() -> io::Result<usize>,
        heard: Vec<u8>,
    }

    impl Read for Peer {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            if self.says.is_empty() {
                return (self.ends)();
            }
            let piece = self.says.remove(0);
            out[..piece.len()].copy_from_slice(&piece);
            Ok(piece.len())
        }
    }

    impl Write for Peer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.heard.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn proxy(authorization: Option<&str>) -> Proxy {
        Proxy {
            address: Address {
                host: "proxy.example".into(),
                port: 3128,
            },
            tls: false,
            authorization: authorization.map(Secret::new),
            named_by: "HTTPS_PROXY",
        }
    }

    fn target() -> Address {
        Address {
            host: "api.example".into(),
            port: 443,
        }
    }

    fn peer(says: &[u8], pieces_of: usize) -> Peer {
        Peer {
            says: says.chunks(pieces_of).map(<[u8]>::to_vec).collect(),
            ends: || Ok(0),
            heard: Vec::new(),
        }
    }

    fn outcome(says: &[u8]) -> std::result::Result<(), Error> {
        let once = |pieces_of| {
            open(
                &mut peer(says, pieces_of),
                &proxy(None),
                &target(),
                "test/1",
            )
            .map_err(|error| refusal(&error).unwrap().clone())
        };
        let whole = once(4096);
        // However it arrives.
        if says.len() < 4096 {
            let bytewise = once(1);
            assert_eq!(
                whole.as_ref().map_err(ToString::to_string),
                bytewise.as_ref().map_err(ToString::to_string)
            );
        }
        whole
    }

    #[test]
    fn what_is_asked() {
        let mut said_yes = peer(b"HTTP/1.1 200 OK\r\n\r\n", 4096);
        open(&mut said_yes, &proxy(None), &target(), "test/1").unwrap();
        assert_eq!(
            String::from_utf8(said_yes.heard).unwrap(),
            "CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\n\
             User-Agent: test/1\r\n\r\n"
        );
        let mut said_yes = peer(b"HTTP/1.1 200 OK\r\n\r\n", 4096);
        let v6 = Address {
            host: "2001:db8::1".into(),
            port: 8443,
        };
        open(
            &mut said_yes,
            &proxy(Some("Basic bWU6cGFzcw==")),
            &v6,
            "test/1",
        )
        .unwrap();
        assert_eq!(
            String::from_utf8(said_yes.heard).unwrap(),
            "CONNECT [2001:db8::1]:8443 HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\n\
             Proxy-Authorization: Basic bWU6cGFzcw==\r\nUser-Agent: test/1\r\n\r\n"
        );
    }

    #[test]
    fn every_2xx_is_a_tunnel_and_1xx_are_passed_over() {
        for says in [
            "HTTP/1.1 200 Connection established\r\n\r\n",
            "HTTP/1.0 200 OK\r\nVia: x\r\nContent-Length: 12\r\n\r\n",
            "HTTP/1.1 204\r\n\r\n",
            "HTTP/1.1 200\n\n",
            "HTTP/1.1 200 OK\nA: b\r\n\n",
            "HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        ] {
            outcome(says.as_bytes()).unwrap();
        }
    }

    #[test]
    fn a_refusal_names_the_proxy_and_says_what_to_do() {
        let cases = [
            (
                "407 Proxy Authentication Required",
                false,
                "in HTTPS_PROXY: http://USER:PASSWORD@",
            ),
            ("401 Unauthorized", false, "in HTTPS_PROXY: http://USER"),
            ("403 Forbidden", false, "allow CONNECT to api.example:443"),
            ("400 Bad Request", false, "check that it is a proxy"),
            ("404 Not Found", false, "check that it is a proxy"),
            ("405", false, "check that it is a proxy"),
            ("501 Not Implemented", false, "check that it is a proxy"),
            ("511 Network Authentication Required", false, "sign in"),
            ("408 Request Timeout", true, "later"),
            ("429 Too Many Requests", true, "later"),
            (
                "500 Unable to connect",
                true,
                "cannot reach api.example:443 now",
            ),
            ("502 Bad Gateway", true, "cannot reach api.example:443 now"),
            (
                "503 Service Unavailable",
                true,
                "cannot reach api.example:443 now",
            ),
            (
                "504 Gateway Timeout",
                true,
                "cannot reach api.example:443 now",
            ),
            ("999 Odd", true, "cannot reach"),
        ];
        for (status, retryable, advice) in cases {
            let says = format!("HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\n<html");
            let error = outcome(says.as_bytes()).unwrap_err();
            assert_eq!(error.status(), Status::Network);
            assert_eq!(error.retryable(), retryable, "{error}");
            assert_eq!(error.http_status().to_string(), status[..3]);
            let begins = format!("the proxy proxy.example:3128 refused: HTTP {status}; ");
            assert!(error.message().starts_with(&begins), "{error}");
            assert!(error.message().contains(advice), "{error}");
        }
    }

    #[test]
    fn a_proxy_that_wants_a_password_says_which_kind() {
        let wants = |offers: &[&str], authorization| {
            let offers: String = offers
                .iter()
                .map(|offer| format!("Proxy-Authenticate: {offer}\r\n"))
                .collect();
            let says = format!("HTTP/1.1 407 No\r\n{offers}\r\n");
            let mut peer = peer(says.as_bytes(), 4096);
            let error = open(&mut peer, &proxy(authorization), &target(), "test/1").unwrap_err();
            let error = refusal(&error).unwrap().clone();
            assert!(!error.retryable());
            assert!(!error.message().contains("bWU6"), "{error}");
            error.message().to_owned()
        };
        let basic = "Basic realm=\"x\"";
        let ours = Some("Basic bWU6cGFzcw==");
        assert!(wants(&[basic], None).contains("set its user and password in HTTPS_PROXY"));
        assert!(wants(&["NTLM", basic], ours).contains("check the user and password"));
        assert!(wants(&[], ours).contains("check the user and password"));
        let others = wants(&["Negotiate", "NTLM"], ours);
        assert!(
            others.contains("wants Negotiate, NTLM, and only Basic"),
            "{others}"
        );
    }

    #[test]
    fn a_redirect_is_not_followed() {
        let says = "HTTP/1.1 302 Found\r\nLocation: http://login.example/in?token=secret\r\n\r\n";
        let error = outcome(says.as_bytes()).unwrap_err();
        assert_eq!(
            (error.status(), error.retryable()),
            (Status::Protocol, false)
        );
        assert!(
            error.message().contains("http://login.example/in,"),
            "{error}"
        );
        assert!(!error.message().contains("secret"), "{error}");
    }

    #[test]
    fn what_is_no_answer_is_told_apart() {
        let cases: &[(&[u8], Status, &str)] = &[
            (
                b"",
                Status::Network,
                "closed the connection instead of answering",
            ),
            (
                b"HTTP/1.1 200 OK\r\nA: b\r\n",
                Status::Network,
                "closed the connection",
            ),
            (
                b"\x15\x03\x01\x00\x02\x02\x28",
                Status::Protocol,
                "write https:// in HTTPS_PROXY",
            ),
            (b"\x05\xff", Status::Protocol, "is not HTTP/1.1"),
            (
                b"SSH-2.0-OpenSSH_9\r\n",
                Status::Protocol,
                "is not HTTP/1.1",
            ),
            (b"HTTP/2 200\r\n\r\n", Status::Protocol, "is not HTTP/1.1"),
            (b"HTTP/1.1 OK\r\n\r\n", Status::Protocol, "is not HTTP/1.1"),
            (
                b"HTTP/1.1 20 OK\r\n\r\n",
                Status::Protocol,
                "is not HTTP/1.1",
            ),
            (
                b"HTTP/1.1 101 Switching\r\n\r\n",
                Status::Protocol,
                "is not HTTP/1.1",
            ),
        ];
        for (says, status, words) in cases {
            let error = outcome(says).unwrap_err();
            assert_eq!(error.status(), *status, "{error}");
            assert!(
                error.message().contains("the proxy proxy.example:3128"),
                "{error}"
            );
            assert!(error.message().contains(words), "{error}");
        }
        let early = b"HTTP/1.1 200 OK\r\n\r\nSSH-2.0";
        let error = open(&mut peer(early, 4096), &proxy(None), &target(), "test/1").unwrap_err();
        assert_eq!(refusal(&error).unwrap().status(), Status::Protocol);
        let long = [
            b"HTTP/1.1 200 OK\r\nA: ".to_vec(),
            vec![b'x'; HEAD_MAX_BYTES],
        ]
        .concat();
        let error = outcome(&long).unwrap_err();
        assert!(
            error.message().contains("longer than 65536 bytes"),
            "{error}"
        );
    }

    #[test]
    fn what_the_connection_fails_with_is_passed_on() {
        let fails = |ends| {
            let mut peer = Peer {
                ends,
                ..peer(b"HTTP/1.1 2", 4096)
            };
            open(&mut peer, &proxy(None), &target(), "test/1").unwrap_err()
        };
        let ended = fails(|| Err(io::Error::other("the call was ended")));
        assert!(refusal(&ended).is_none());
        let reset = fails(|| Err(io::ErrorKind::ConnectionReset.into()));
        assert!(
            refusal(&reset)
                .unwrap()
                .message()
                .contains("closed the connection")
        );
    }
}
