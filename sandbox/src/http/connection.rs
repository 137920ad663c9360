//! One connection: reads requests one after the other, hands each to the handler and writes what it
//! answers. An ordinary request costs one read and one write.

use std::io::{self, IoSlice, Write};

use httparse::{EMPTY_HEADER, Status};

use super::answer::{Answer, Body};
use super::chunked::{self, Chunked};
use super::request::{MAX_HEADERS, Request};
use crate::transport::Transport;

const MAX_HEAD: usize = 64 * 1024;
const MAX_BODY: usize = 64 * 1024 * 1024;
/// Bodies up to this size are copied behind their head, so that both travel in one plain write.
const COPY_UP_TO: usize = 16 * 1024;
const PIECE: usize = 64 * 1024;

/// What is served on a connection.
pub trait Handler {
    fn handle<T: Transport>(&self, request: &Request<'_>, wire: &mut Wire<T>) -> io::Result<Next>;
}

/// How a connection goes on after a request.
pub enum Next {
    Continue,
    /// Goodbye, then close.
    Close,
    /// Close without a goodbye.
    HangUp,
    /// Close with a reset.
    Reset,
}

pub fn converse<T: Transport, H: Handler>(transport: T, handler: &H) -> io::Result<()> {
    let mut wire = Wire {
        transport,
        out: Vec::with_capacity(1024),
    };
    let mut inbox = Inbox {
        bytes: vec![0; 8 * 1024],
        filled: 0,
    };
    loop {
        match turn(&mut wire, &mut inbox, handler)? {
            Next::Continue => {}
            Next::Close => {
                wire.transport.finish();
                return Ok(());
            }
            Next::HangUp => return Ok(()),
            Next::Reset => {
                return socket2::SockRef::from(wire.transport.socket())
                    .set_linger(Some(std::time::Duration::ZERO));
            }
        }
    }
}

/// Reads one request, has it handled and drops its bytes from the inbox.
fn turn<T: Transport, H: Handler>(
    wire: &mut Wire<T>,
    inbox: &mut Inbox,
    handler: &H,
) -> io::Result<Next> {
    let mut told_to_continue = false;
    loop {
        let step = look(wire, inbox.received(), handler)?;
        match step {
            Step::Done { consumed, next } => {
                inbox.drop_front(consumed);
                return Ok(next);
            }
            Step::Refuse(status, why) => {
                let refusal = Answer::new(
                    status,
                    "text/plain",
                    Body::Bytes(format!("{why}\n").into_bytes()),
                );
                wire.send(&refusal, false)?;
                return Ok(Next::Close);
            }
            Step::ReadMore {
                at_least,
                expects_continue,
            } => {
                if expects_continue && !told_to_continue {
                    wire.transport.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
                    wire.transport.flush()?;
                    told_to_continue = true;
                }
                while inbox.filled < at_least {
                    if !inbox.fill(&mut wire.transport)? {
                        return Ok(Next::Close);
                    }
                }
            }
        }
    }
}

enum Step {
    Done {
        consumed: usize,
        next: Next,
    },
    Refuse(u16, &'static str),
    ReadMore {
        at_least: usize,
        expects_continue: bool,
    },
}

fn look<T: Transport, H: Handler>(
    wire: &mut Wire<T>,
    received: &[u8],
    handler: &H,
) -> io::Result<Step> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let head_length = match parsed.parse(received) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) if received.len() < MAX_HEAD => {
            return Ok(Step::ReadMore {
                at_least: received.len() + 1,
                expects_continue: false,
            });
        }
        Ok(Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
            return Ok(Step::Refuse(431, "too many headers"));
        }
        Err(_) => return Ok(Step::Refuse(400, "not HTTP/1.1")),
    };
    let (Some(method), Some(target), Some(minor)) = (parsed.method, parsed.path, parsed.version)
    else {
        return Ok(Step::Refuse(400, "not HTTP/1.1"));
    };
    let head = &received[..head_length];
    let mut request = Request {
        method,
        target,
        headers: parsed.headers,
        head,
        body: &[],
        keep_alive: minor == 1,
    };
    if let Some(connection) = request.header("connection") {
        let says = |word: &str| {
            connection
                .split(',')
                .any(|option| option.trim().eq_ignore_ascii_case(word))
        };
        request.keep_alive = if minor == 1 {
            !says("close")
        } else {
            says("keep-alive")
        };
    }

    let after_head = &received[head_length..];
    let expects_continue = request
        .header("expect")
        .is_some_and(|value| value.eq_ignore_ascii_case("100-continue"));
    let decoded;
    let consumed;
    if request.header("transfer-encoding").is_some() {
        match chunked::decode(after_head) {
            Chunked::Whole(body, length) => {
                decoded = body;
                request.body = &decoded;
                consumed = head_length + length;
            }
            Chunked::Incomplete if after_head.len() < MAX_BODY => {
                return Ok(Step::ReadMore {
                    at_least: received.len() + 1,
                    expects_continue,
                });
            }
            Chunked::Incomplete => return Ok(Step::Refuse(413, "the body is too large")),
            Chunked::Malformed => return Ok(Step::Refuse(400, "the body is not well chunked")),
        }
    } else {
        let length = match request
            .header("content-length")
            .map_or(Ok(0), str::parse::<usize>)
        {
            Ok(length) if length <= MAX_BODY => length,
            Ok(_) => return Ok(Step::Refuse(413, "the body is too large")),
            Err(_) => return Ok(Step::Refuse(400, "Content-Length is no number")),
        };
        consumed = head_length + length;
        if received.len() < consumed {
            return Ok(Step::ReadMore {
                at_least: consumed,
                expects_continue,
            });
        }
        request.body = &after_head[..length];
    }
    let next = handler.handle(&request, wire)?;
    Ok(Step::Done { consumed, next })
}

/// The bytes received and not yet used.
struct Inbox {
    bytes: Vec<u8>,
    filled: usize,
}

impl Inbox {
    fn received(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    /// False at the end of the stream.
    fn fill(&mut self, from: &mut impl io::Read) -> io::Result<bool> {
        if self.filled == self.bytes.len() {
            self.bytes.resize(2 * self.filled, 0);
        }
        let count = from.read(&mut self.bytes[self.filled..])?;
        self.filled += count;
        Ok(count > 0)
    }

    fn drop_front(&mut self, count: usize) {
        self.bytes.copy_within(count..self.filled, 0);
        self.filled -= count;
    }
}

/// The way back to the client.
pub struct Wire<T> {
    pub transport: T,
    out: Vec<u8>,
}

impl<T: Transport> Wire<T> {
    /// Answers the request, without the body where HTTP wants none.
    pub fn answer(&mut self, request: &Request<'_>, answer: &Answer) -> io::Result<Next> {
        let keep_alive = request.keep_alive && !answer.frames_itself();
        if request.method == "HEAD" || matches!(answer.status, 204 | 304) {
            self.send_head(answer, keep_alive)?;
        } else {
            self.send(answer, keep_alive)?;
        }
        Ok(if keep_alive {
            Next::Continue
        } else {
            Next::Close
        })
    }

    fn send(&mut self, answer: &Answer, keep_alive: bool) -> io::Result<()> {
        if let Body::Padding(length) = answer.body {
            self.send_head(answer, keep_alive)?;
            return self.send_padding(length);
        }
        let body = answer.body.bytes();
        self.out.clear();
        answer.write_head(&mut self.out, keep_alive);
        if body.len() <= COPY_UP_TO {
            self.out.extend_from_slice(body);
            self.transport.write_all(&self.out)?;
        } else {
            write_both(&mut self.transport, &self.out, body)?;
        }
        self.transport.flush()
    }

    /// The head alone, with the whole body's length in it.
    pub fn send_head(&mut self, answer: &Answer, keep_alive: bool) -> io::Result<()> {
        self.out.clear();
        answer.write_head(&mut self.out, keep_alive);
        self.transport.write_all(&self.out)?;
        self.transport.flush()
    }

    pub fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.transport.write_all(bytes)?;
        self.transport.flush()
    }

    fn send_padding(&mut self, length: u64) -> io::Result<()> {
        let (start, end) = padding_ends(length);
        self.transport.write_all(start.as_bytes())?;
        let filler = [if end == "}" { b' ' } else { b'x' }; PIECE];
        let mut left = length - (start.len() + end.len()) as u64;
        while left > 0 {
            let piece = left.min(PIECE as u64) as usize;
            self.transport.write_all(&filler[..piece])?;
            left -= piece as u64;
        }
        self.send_bytes(end.as_bytes())
    }
}

/// What a JSON object of that length starts and ends with; between them comes filler. At least 2
/// bytes.
fn padding_ends(length: u64) -> (&'static str, &'static str) {
    if length < 14 {
        ("{", "}")
    } else {
        ("{\"padding\":\"", "\"}")
    }
}

fn write_both(to: &mut impl Write, mut first: &[u8], mut second: &[u8]) -> io::Result<()> {
    while !first.is_empty() {
        match to.write_vectored(&[IoSlice::new(first), IoSlice::new(second)]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) if count < first.len() => first = &first[count..],
            Ok(count) => {
                second = &second[count - first.len()..];
                first = &[];
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    to.write_all(second)
}
