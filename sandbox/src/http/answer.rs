//! An answer before it is written: interim answers, a status, headers, and a body that is owned,
//! shared or never held in memory at all.

use std::io::Write;
use std::sync::Arc;

#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub content_type: Option<&'static str>,
    pub headers: Headers,
    pub body: Body,
    /// The 1xx answers that go before it.
    pub interim: Vec<Interim>,
}

pub type Headers = Vec<(String, String)>;

#[derive(Clone)]
pub struct Interim {
    pub status: u16,
    pub headers: Headers,
}

/// What an answer can have beside a status and a body.
#[derive(Clone, Default)]
pub struct Extra {
    pub headers: Headers,
    pub interim: Vec<Interim>,
}

#[derive(Clone)]
pub enum Body {
    Text(&'static str),
    Bytes(Vec<u8>),
    Shared(Arc<[u8]>),
    /// A JSON object of that many bytes, made while it is sent.
    Padding(u64),
}

impl Answer {
    pub fn new(status: u16, content_type: &'static str, body: Body) -> Answer {
        Answer {
            content_type: Some(content_type),
            body,
            ..Answer::empty(status)
        }
    }

    pub fn json(status: u16, body: Vec<u8>) -> Answer {
        Answer::new(status, "application/json", Body::Bytes(body))
    }

    pub fn xml(status: u16, body: String) -> Answer {
        Answer::new(
            status,
            "text/xml; charset=utf-8",
            Body::Bytes(body.into_bytes()),
        )
    }

    pub fn empty(status: u16) -> Answer {
        Answer {
            status,
            content_type: None,
            headers: Vec::new(),
            body: Body::Text(""),
            interim: Vec::new(),
        }
    }

    pub fn with(mut self, extra: Extra) -> Answer {
        self.headers.extend(extra.headers);
        self.interim.extend(extra.interim);
        self
    }

    pub fn has_header(&self, name: &str) -> bool {
        self.headers
            .iter()
            .any(|(given, _)| given.eq_ignore_ascii_case(name))
    }

    /// Whether its own headers say how long the body is; then nobody else should.
    pub fn frames_itself(&self) -> bool {
        self.has_header("content-length") || self.has_header("transfer-encoding")
    }

    /// Writes the interim answers, the status line and the headers, the empty line included.
    pub fn write_head(&self, out: &mut Vec<u8>, keep_alive: bool) {
        for interim in &self.interim {
            write_start(out, interim.status, &interim.headers);
            out.extend_from_slice(b"\r\n");
        }
        write_start(out, self.status, &self.headers);
        if let Some(content_type) = self.content_type
            && !self.has_header("content-type")
        {
            for part in ["Content-Type: ", content_type, "\r\n"] {
                out.extend_from_slice(part.as_bytes());
            }
        }
        if !self.frames_itself() && !matches!(self.status, 204 | 304) {
            let _ = write!(out, "Content-Length: {}\r\n", self.body.length());
        }
        if !keep_alive && !self.has_header("connection") {
            out.extend_from_slice(b"Connection: close\r\n");
        }
        out.extend_from_slice(b"\r\n");
    }
}

fn write_start(out: &mut Vec<u8>, status: u16, headers: &Headers) {
    let _ = write!(out, "HTTP/1.1 {status} {}\r\n", reason(status));
    for (name, value) in headers {
        let _ = write!(out, "{name}: {value}\r\n");
    }
}

impl Body {
    pub fn length(&self) -> u64 {
        match self {
            Body::Padding(length) => *length,
            _ => self.bytes().len() as u64,
        }
    }

    /// What is held in memory.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Body::Text(text) => text.as_bytes(),
            Body::Bytes(bytes) => bytes,
            Body::Shared(bytes) => bytes,
            Body::Padding(_) => &[],
        }
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        102 => "Processing",
        103 => "Early Hints",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
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
        408 => "Request Timeout",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
