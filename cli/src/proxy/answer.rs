//! Answers as a client gets them: the platform's as they come, and the proxy's own.

use std::io::{self, Read, Write};

use thingspace_session::{Error, SessionCall, StreamedResponse};

use super::head::{Head, is_for_this_hop, options};
use super::refusal::Refusal;
use super::socket::Socket;

/// Says what the library makes of an answer: the number of a status.
pub const STATUS_HEADER: &str = "Thingspace-Status";
/// Says whether the same request may succeed later.
pub const RETRYABLE_HEADER: &str = "Thingspace-Retryable";

/// What the session's own calls give to programs that make them: they need not know that another
/// holds the tokens.
const HELD_HERE: &str = "held-by-thingspace-proxy";
const PIECE_BYTES: usize = 64 * 1024;
/// A chunk's length, and its CR LF.
const CHUNK_LINE_BYTES: usize = 18;

/// Where answers to one client go.
pub struct Answerer<'a> {
    socket: &'a Socket,
    /// A head, or a piece with what frames it.
    bytes: Vec<u8>,
    /// Whether some of an answer is out.
    has_left: bool,
    /// Whether the answer is whole when the connection is closed in order.
    ends_by_closing: bool,
}

/// What of the request its answer depends on.
#[derive(Clone, Copy)]
pub struct Manner {
    pub is_head: bool,
    pub is_http_10: bool,
    /// Whether the connection goes on.
    pub keep_alive: bool,
}

impl Manner {
    pub fn of(head: &Head<'_>) -> Manner {
        Manner {
            is_head: head.method == "HEAD",
            is_http_10: head.is_http_10,
            keep_alive: head.keep_alive,
        }
    }
}

/// How the body of an answer ends.
enum Ends {
    /// There is none.
    Already,
    ByLength(u64),
    ByChunk,
    /// With the connection.
    ByClosing,
}

impl<'a> Answerer<'a> {
    pub fn new(socket: &'a Socket) -> Answerer<'a> {
        Answerer {
            socket,
            bytes: Vec::new(),
            has_left: false,
            ends_by_closing: false,
        }
    }

    /// The platform's answer. Whether the connection goes on; an error where the client cannot be
    /// told all of it.
    pub fn pass_on(&mut self, answer: &mut StreamedResponse, manner: Manner) -> io::Result<bool> {
        let failure = match self.try_to_pass_on(answer, manner) {
            Err(failure) if !self.has_left => failure,
            passed => return passed,
        };
        match failure
            .get_ref()
            .and_then(|error| error.downcast_ref::<Error>())
        {
            Some(error) => {
                self.refuse(&Refusal::from(error), manner)?;
                Ok(manner.keep_alive)
            }
            None => Err(failure),
        }
    }

    fn try_to_pass_on(
        &mut self,
        answer: &mut StreamedResponse,
        manner: Manner,
    ) -> io::Result<bool> {
        let has_body = !manner.is_head && !matches!(answer.status(), 204 | 304);
        let ends = match answer.length() {
            _ if !has_body => Ends::Already,
            Some(length) => Ends::ByLength(length),
            None if manner.is_http_10 => Ends::ByClosing,
            None => Ends::ByChunk,
        };
        let keep_alive = manner.keep_alive && !matches!(ends, Ends::ByClosing);
        self.begin(answer.status());
        let connection: Vec<&str> = {
            let named = answer
                .headers()
                .iter()
                .filter(|(name, _)| name == "connection");
            options(named.map(|(_, value)| value.as_str())).collect()
        };
        for (name, value) in answer.headers() {
            // The length of what is not sent stays.
            let is_length = !has_body && name == "content-length" && answer.status() != 204;
            let is_ours = [STATUS_HEADER, RETRYABLE_HEADER]
                .iter()
                .any(|own| name.eq_ignore_ascii_case(own));
            if is_length || !is_ours && !is_for_this_hop(name, &connection) {
                self.put(name, value);
            }
        }
        if let Some(refusal) = answer.refusal() {
            self.put(STATUS_HEADER, &(refusal.status() as i32).to_string());
            self.put(RETRYABLE_HEADER, &refusal.retryable().to_string());
        }
        match ends {
            Ends::ByLength(length) => self.put("content-length", &length.to_string()),
            Ends::ByChunk => self.put("transfer-encoding", "chunked"),
            Ends::Already | Ends::ByClosing => {}
        }
        self.end_head(manner, keep_alive);
        self.ends_by_closing = matches!(ends, Ends::ByClosing);
        match ends {
            Ends::Already => self.leave()?,
            Ends::ByLength(length) => self.pass_on_length(answer, length)?,
            Ends::ByChunk => self.pass_on_chunks(answer)?,
            Ends::ByClosing => self.pass_on_all(answer)?,
        }
        Ok(keep_alive)
    }

    /// Whether what is out of an answer would look whole.
    pub fn ends_by_closing(&self) -> bool {
        self.ends_by_closing
    }

    /// What the proxy itself says.
    pub fn refuse(&mut self, refusal: &Refusal, manner: Manner) -> io::Result<()> {
        self.begin(refusal.http_status);
        self.put(STATUS_HEADER, &(refusal.status as i32).to_string());
        self.put(RETRYABLE_HEADER, &refusal.retryable().to_string());
        if let Some(seconds) = refusal.retry_after_s() {
            self.put("retry-after", &seconds.to_string());
        }
        if refusal.http_status == 401 {
            self.put("www-authenticate", "Bearer realm=\"thingspace proxy\"");
        }
        self.say(&refusal.body(), manner)
    }

    /// A call that is the session's to make.
    pub fn stand_in(&mut self, call: SessionCall, manner: Manner) -> io::Result<()> {
        self.begin(200);
        let body = match call {
            SessionCall::FetchApiToken => serde_json::json!({
                "access_token": HELD_HERE, "token_type": "Bearer", "expires_in": 3600,
            }),
            SessionCall::LogIn | SessionCall::LogOut => {
                serde_json::json!({ "sessionToken": HELD_HERE })
            }
            _ => serde_json::json!({}),
        };
        self.put(STATUS_HEADER, "0");
        self.say(body.to_string().as_bytes(), manner)
    }

    fn say(&mut self, body: &[u8], manner: Manner) -> io::Result<()> {
        self.put("content-type", "application/json");
        self.put("cache-control", "no-store");
        self.put("content-length", &body.len().to_string());
        self.end_head(manner, manner.keep_alive);
        if !manner.is_head {
            self.bytes.extend_from_slice(body);
        }
        self.leave()
    }

    fn begin(&mut self, http_status: u16) {
        self.bytes.clear();
        self.has_left = false;
        self.ends_by_closing = false;
        let _ = write!(
            self.bytes,
            "HTTP/1.1 {http_status} {}\r\n",
            reason(http_status)
        );
    }

    fn put(&mut self, name: &str, value: &str) {
        for part in [name, ": ", value, "\r\n"] {
            self.bytes.extend_from_slice(part.as_bytes());
        }
    }

    fn end_head(&mut self, manner: Manner, keep_alive: bool) {
        match (keep_alive, manner.is_http_10) {
            (false, _) => self.put("connection", "close"),
            (true, true) => self.put("connection", "keep-alive"),
            (true, false) => {}
        }
        self.bytes.extend_from_slice(b"\r\n");
    }

    fn leave(&mut self) -> io::Result<()> {
        self.has_left = true;
        let left = self.socket.write_all(&self.bytes);
        self.bytes.clear();
        left
    }

    /// Reads the next piece behind what is there.
    fn read_piece(&mut self, answer: &mut StreamedResponse, most: usize) -> io::Result<usize> {
        let before = self.bytes.len();
        self.bytes.resize(before + most, 0);
        let read = answer.read(&mut self.bytes[before..]);
        self.bytes
            .truncate(before + read.as_ref().map_or(0, |read| *read));
        read
    }

    /// The answer's reader fails where less comes, and more is not asked for.
    fn pass_on_length(&mut self, answer: &mut StreamedResponse, length: u64) -> io::Result<()> {
        let mut left = length;
        while left > 0 {
            let most = usize::try_from(left).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
            match self.read_piece(answer, most)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => left -= read as u64,
            }
            self.leave()?;
        }
        // So that its connection is kept.
        if answer.read(&mut [0])? > 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        match self.bytes.is_empty() {
            true => Ok(()),
            false => self.leave(),
        }
    }

    fn pass_on_chunks(&mut self, answer: &mut StreamedResponse) -> io::Result<()> {
        loop {
            let line = self.bytes.len();
            self.bytes.resize(line + CHUNK_LINE_BYTES, 0);
            let read = self.read_piece(answer, PIECE_BYTES)?;
            if read == 0 {
                self.bytes.truncate(line);
                self.bytes.extend_from_slice(b"0\r\n\r\n");
                return self.leave();
            }
            // Zeros before a number are part of it (RFC 9112, 7.1).
            let length = format!("{read:016x}\r\n");
            self.bytes[line..line + CHUNK_LINE_BYTES].copy_from_slice(length.as_bytes());
            self.bytes.extend_from_slice(b"\r\n");
            self.leave()?;
        }
    }

    fn pass_on_all(&mut self, answer: &mut StreamedResponse) -> io::Result<()> {
        loop {
            let read = self.read_piece(answer, PIECE_BYTES)?;
            self.leave()?;
            if read == 0 {
                return Ok(());
            }
        }
    }
}

fn reason(http_status: u16) -> &'static str {
    match http_status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        // The phrase may be empty; the space before it may not be left out.
        _ => "",
    }
}
