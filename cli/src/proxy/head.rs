//! The head of a request as a client sent it: read strictly, since whoever reads it in two ways can
//! be made to see two requests in one. Pure.

use httparse::EMPTY_HEADER;

use super::refusal::Refusal;

/// The core refuses to send more.
pub const HEAD_MAX_BYTES: usize = 16 * 1024;
const MOST_HEADERS: usize = 100;
/// A longer body is somebody's mistake; and how much there is to send must be countable.
const BODY_MAX_BYTES: u64 = 1 << 40;

/// A head that can be understood in one way only.
#[derive(Debug)]
pub struct Head<'a> {
    pub method: &'a str,
    /// A path of the platform, with its query.
    pub target: &'a str,
    /// All of them, in their order.
    pub headers: Vec<(&'a str, &'a str)>,
    pub framing: Framing,
    pub is_http_10: bool,
    /// Whether the client wants to go on with this connection.
    pub keep_alive: bool,
    pub expects_continue: bool,
}

/// How the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    Length(u64),
    Chunked,
}

/// Where the head at the beginning of these bytes ends, if all of it is there. Empty lines before
/// it belong to it.
pub fn end(bytes: &[u8]) -> Result<Option<usize>, Refusal> {
    let mut line = 0;
    let mut has_begun = false;
    while let Some(length) = bytes[line..].iter().position(|byte| *byte == b'\n') {
        match bytes[line..line + length].strip_suffix(b"\r") {
            None => return Err(malformed("a line does not end in CR LF")),
            Some(text) if text.contains(&b'\r') => return Err(malformed("a CR is alone")),
            Some(b"") if has_begun => return Ok(Some(line + length + 1)),
            Some(text) => has_begun |= !text.is_empty(),
        }
        line += length + 1;
    }
    match bytes.len() < HEAD_MAX_BYTES {
        true => Ok(None),
        false => Err(Refusal::new(431, "the head is longer than 16 KiB")),
    }
}

/// Reads a head that ends where [`end`] says.
pub fn read(bytes: &[u8]) -> Result<Head<'_>, Refusal> {
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length == bytes.len() => {}
        Ok(_) => return Err(malformed("its head does not end where it should")),
        Err(httparse::Error::TooManyHeaders) => {
            return Err(Refusal::new(431, "there are more than 100 headers"));
        }
        Err(httparse::Error::Version) => {
            return Err(Refusal::new(
                505,
                "only HTTP/1.1 and HTTP/1.0 are spoken here",
            ));
        }
        Err(error) => return Err(malformed(&error.to_string())),
    }
    let (Some(method), Some(target), Some(minor)) = (parsed.method, parsed.path, parsed.version)
    else {
        return Err(malformed("its first line is not whole"));
    };
    let headers: Result<Vec<_>, _> = parsed.headers.iter().map(text).collect();
    let mut head = Head {
        method,
        target,
        headers: headers?,
        framing: Framing::Length(0),
        is_http_10: minor == 0,
        keep_alive: false,
        expects_continue: false,
    };
    head.check_target()?;
    head.framing = head.find_framing()?;
    if head.method == "HEAD" && head.framing != Framing::Length(0) {
        return Err(malformed("HEAD has no body"));
    }
    head.keep_alive = match head.is_http_10 {
        true => head.connection_says("keep-alive"),
        false => !head.connection_says("close"),
    };
    head.expects_continue = head.find_expectation()?;
    Ok(head)
}

fn text<'a>(header: &httparse::Header<'a>) -> Result<(&'a str, &'a str), Refusal> {
    let value = std::str::from_utf8(header.value).ok();
    let value = value.filter(|value| value.bytes().all(|byte| byte == b'\t' || is_visible(byte)));
    match value {
        Some(value) => Ok((header.name, value)),
        None => Err(malformed(&format!(
            "the header {} has a character beyond ASCII",
            header.name
        ))),
    }
}

fn is_visible(byte: u8) -> bool {
    (b' '..0x7f).contains(&byte)
}

fn malformed(what: &str) -> Refusal {
    Refusal::new(400, format!("the request is not HTTP/1.1: {what}"))
}

impl<'a> Head<'a> {
    /// The values of all headers of that name.
    pub fn all<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'a str> + use<'a, 'b> {
        let named = self
            .headers
            .iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| *value)
    }

    pub fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    fn connection_says(&self, word: &str) -> bool {
        options(self.all("connection")).any(|option| option.eq_ignore_ascii_case(word))
    }

    /// Refuses what would lead anywhere but to the platform, or to another protocol.
    fn check_target(&self) -> Result<(), Refusal> {
        for tunnel in ["CONNECT", "TRACE"] {
            if self.method.eq_ignore_ascii_case(tunnel) {
                let why = format!("{tunnel} is not served: this leads to ThingSpace alone");
                return Err(Refusal::new(501, why));
            }
        }
        // HTTP/2 is offered by default by some clients, and need not be taken.
        let is_of_http = |protocol: &str| protocol.eq_ignore_ascii_case("h2c");
        if !options(self.all("upgrade")).all(is_of_http) {
            return Err(Refusal::new(
                501,
                "no other protocol than HTTP is spoken here: leave Upgrade out",
            ));
        }
        if !self.target.starts_with('/') || self.target.starts_with("//") {
            return Err(Refusal::new(
                400,
                "send the path alone, from one slash on: this is no forward proxy, and leads to \
                 ThingSpace alone",
            ));
        }
        let path = self.target.split('?').next().unwrap_or_default();
        let is_dots = |segment: &str| {
            let plain = segment.to_ascii_lowercase().replace("%2e", ".");
            plain == "." || plain == ".."
        };
        match path.split(['/', '\\']).any(is_dots) {
            true => Err(Refusal::new(400, "a path with . or .. is not sent")),
            false => Ok(()),
        }
    }

    fn find_framing(&self) -> Result<Framing, Refusal> {
        let mut lengths = self.all("content-length");
        let mut codings = self.all("transfer-encoding");
        match (lengths.next(), codings.next()) {
            (None, None) => Ok(Framing::Length(0)),
            (Some(_), Some(_)) => Err(malformed(
                "it has both Content-Length and Transfer-Encoding",
            )),
            (Some(length), None) => {
                let is_number = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
                if lengths.next().is_some() || !is_number {
                    return Err(malformed("its Content-Length is not one number"));
                }
                match length.parse() {
                    Ok(length) if length <= BODY_MAX_BYTES => Ok(Framing::Length(length)),
                    _ => Err(Refusal::new(413, "the body is longer than 1 TiB")),
                }
            }
            (None, Some(coding)) => {
                let is_chunked = coding.eq_ignore_ascii_case("chunked") && codings.next().is_none();
                match is_chunked && !self.is_http_10 {
                    true => Ok(Framing::Chunked),
                    false => Err(malformed("its Transfer-Encoding is not chunked alone")),
                }
            }
        }
    }

    fn find_expectation(&self) -> Result<bool, Refusal> {
        let mut expected = self.all("expect");
        match (expected.next(), expected.next()) {
            (None, _) => Ok(false),
            (Some(word), None) if word.eq_ignore_ascii_case("100-continue") => Ok(!self.is_http_10),
            _ => Err(Refusal::new(
                417,
                "nothing but 100-continue can be expected",
            )),
        }
    }
}

/// The options that headers `Connection` name.
pub fn options<'a>(values: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|option| !option.is_empty())
}

/// Headers that are for the next hop alone (RFC 9110, 7.6.1).
const HOP_BY_HOP: [&str; 10] = [
    "connection",
    "content-length",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
];

/// Whether a header goes no further: by its name, or since `Connection` names it.
pub fn is_for_this_hop(name: &str, connection: &[&str]) -> bool {
    let is_it = |known: &&str| name.eq_ignore_ascii_case(known);
    HOP_BY_HOP.iter().any(is_it)
        || name.eq_ignore_ascii_case("upgrade")
        || connection.iter().any(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = "Host: 127.0.0.1\r\n\r\n";

    fn refusal(head: &str) -> (u16, String) {
        let refusal = match end(head.as_bytes()) {
            Err(refusal) => refusal,
            Ok(None) => panic!("{head:?} has no end"),
            Ok(Some(end)) => read(&head.as_bytes()[..end]).expect_err(head),
        };
        (refusal.http_status, refusal.message)
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for head in [
            "GET / HTTP/1.1\nHost: x\n\n",
            "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\r\n\r\n",
            "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
            "GET / HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n",
            "GET / HTTP/1.1\r\nA : b\r\n\r\n",
            "GET / HTTP/1.1\r\n A: b\r\n\r\n",
            "GET / HTTP/1.1\r\nA\r\n\r\n",
            "GET / HTTP/1.1\r\n: b\r\n\r\n",
            "GET / HTTP/1.1\r\nA: \0\r\n\r\n",
            "GET / HTTP/1.1\r\nA: \u{e9}\r\n\r\n",
            "GET  / HTTP/1.1\r\n\r\n",
            "GET /\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 0x1\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length:\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: \"chunked\"\r\n\r\n",
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HEAD / HTTP/1.1\r\nContent-Length: 1\r\n\r\n",
        ] {
            assert_eq!(refusal(head).0, 400, "{head:?}");
        }
    }

    #[test]
    fn nothing_leads_elsewhere() {
        for (line, status) in [
            ("GET http://evil/ HTTP/1.1", 400),
            ("GET https://127.0.0.1/ HTTP/1.1", 400),
            ("GET //evil/x HTTP/1.1", 400),
            ("GET evil:443 HTTP/1.1", 400),
            ("GET @evil/ HTTP/1.1", 400),
            ("OPTIONS * HTTP/1.1", 400),
            ("GET /a/../b HTTP/1.1", 400),
            ("GET /a/%2E%2e/b HTTP/1.1", 400),
            ("GET /a\\..\\b HTTP/1.1", 400),
            ("GET /. HTTP/1.1", 400),
            ("CONNECT evil:443 HTTP/1.1", 501),
            ("connect evil:443 HTTP/1.1", 501),
            ("TRACE / HTTP/1.1", 501),
            ("PRI * HTTP/2.0", 505),
            ("GET / HTTP/1.2", 505),
        ] {
            assert_eq!(refusal(&format!("{line}\r\n{REST}")).0, status, "{line}");
        }
        for other in ["websocket", "h2c, websocket", "h2c\r\nUpgrade: TLS/1.0"] {
            let head = format!("GET / HTTP/1.1\r\nUpgrade: {other}\r\n\r\n");
            assert_eq!(refusal(&head).0, 501, "{other}");
        }
        assert_eq!(refusal("GET / HTTP/1.1\r\nExpect: a\r\n\r\n").0, 417);
    }

    #[test]
    fn a_head_is_bounded() {
        let long = format!("GET /{} HTTP/1.1\r\n{REST}", "a".repeat(HEAD_MAX_BYTES));
        assert_eq!(
            end(&long.as_bytes()[..HEAD_MAX_BYTES])
                .unwrap_err()
                .http_status,
            431
        );
        let many = format!(
            "GET / HTTP/1.1\r\n{}\r\n",
            "a: b\r\n".repeat(MOST_HEADERS + 1)
        );
        assert_eq!(refusal(&many).0, 431);
        let much = format!("POST / HTTP/1.1\r\nContent-Length: {}9\r\n\r\n", u64::MAX);
        assert_eq!(refusal(&much).0, 413);
    }

    #[test]
    fn a_head_says_how_the_body_ends_and_whether_the_connection_goes_on() {
        let seen = |head: &str| {
            assert_eq!(end(head.as_bytes()).unwrap(), Some(head.len()));
            let head = read(head.as_bytes()).unwrap();
            (head.framing, head.keep_alive, head.expects_continue)
        };
        let none = Framing::Length(0);
        for (head, wanted) in [
            ("GET /a?b=/../c HTTP/1.1\r\n\r\n", (none, true, false)),
            ("\r\n\r\nGET / HTTP/1.1\r\n\r\n", (none, true, false)),
            (
                "GET / HTTP/1.1\r\nconnection: a, Close\r\n\r\n",
                (none, false, false),
            ),
            ("GET / HTTP/1.0\r\n\r\n", (none, false, false)),
            (
                "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
                (none, true, false),
            ),
            (
                "PUT / HTTP/1.1\r\nContent-Length: 07\r\nExpect: 100-Continue\r\n\r\n",
                (Framing::Length(7), true, true),
            ),
            (
                "GET / HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
                (none, true, false),
            ),
            (
                "PUT / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n",
                (Framing::Chunked, true, false),
            ),
        ] {
            assert_eq!(seen(head), wanted, "{head:?}");
        }
        assert_eq!(end(b"GET / HTTP/1.1\r\nA: b\r\n").unwrap(), None);
    }
}
