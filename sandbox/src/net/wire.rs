//! The way back to the client: how answers become bytes. An ordinary answer costs one write, and
//! one that is made while it is sent is never held in memory.

use std::io::{self, IoSlice, Write};
use std::time::Duration;

use super::connections::Connections;
use super::handler::Client;
use super::transport::Transport;
use crate::http::{Answer, Body, Request};

/// Bodies up to this size are copied behind their head, so that both travel in one plain write.
const COPY_UP_TO: usize = 16 * 1024;
const PIECE: usize = 64 * 1024;

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

pub struct Wire<'a, T> {
    pub transport: T,
    connections: &'a Connections,
    out: Vec<u8>,
}

impl<T: Transport> Client for Wire<'_, T> {
    fn hung_up(&mut self) -> bool {
        self.transport.hung_up()
    }

    fn pause(&mut self, length: Duration) -> bool {
        self.connections.pause(length)
    }
}

impl<'a, T: Transport> Wire<'a, T> {
    pub fn new(transport: T, connections: &'a Connections) -> Wire<'a, T> {
        Wire {
            transport,
            connections,
            out: Vec::with_capacity(1024),
        }
    }

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

    pub fn send(&mut self, answer: &Answer, keep_alive: bool) -> io::Result<()> {
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
