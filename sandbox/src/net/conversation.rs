//! One connection: reads requests one after the other, hands each to the handler and delivers what
//! it decides. How answers are written is told beside this file.

use std::io;
use std::time::Duration;

use httparse::{EMPTY_HEADER, Status};

use super::chunked::{self, Chunked};
use super::connections::Connections;
use super::delivery::deliver;
use super::handler::Handler;
use super::transport::Transport;
use super::wire::{Next, Wire};
use crate::http::{Answer, Body, MAX_HEADERS, Request};

const MAX_HEAD: usize = 64 * 1024;
const MAX_BODY: usize = 256 * 1024 * 1024;

pub fn converse<T: Transport>(
    transport: T,
    handler: &dyn Handler,
    connections: &Connections,
) -> io::Result<()> {
    let mut wire = Wire::new(transport, connections);
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
                    .set_linger(Some(Duration::ZERO));
            }
        }
    }
}

/// Reads one request, has it handled and drops its bytes from the inbox.
fn turn<T: Transport>(
    wire: &mut Wire<'_, T>,
    inbox: &mut Inbox,
    handler: &dyn Handler,
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

/// Looks whether the bytes received hold a whole request, and has it handled if so.
fn look<T: Transport>(
    wire: &mut Wire<'_, T>,
    received: &[u8],
    handler: &dyn Handler,
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
        secure: T::SECURE,
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
    let delivery = handler.handle(&request, wire);
    let next = deliver(delivery, &request, wire)?;
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
