//! Carries a delivery out on the wire, and says how the connection goes on after it. What to
//! deliver was decided before.

use std::io;
use std::time::Duration;

use super::handler::{Client, Delivery};
use super::transport::Transport;
use super::wire::{Next, Wire};
use crate::http::{Answer, Body, Request};

pub fn deliver<T: Transport>(
    delivery: Delivery,
    request: &Request<'_>,
    wire: &mut Wire<'_, T>,
) -> io::Result<Next> {
    match delivery {
        Delivery::Answer(answer) => wire.answer(request, &answer),
        Delivery::HalfBody(answer) => {
            let body = answer.body.bytes();
            wire.send_head(&answer, request.keep_alive)?;
            wire.send_bytes(&body[..body.len() / 2])?;
            Ok(Next::HangUp)
        }
        Delivery::Drip(answer, pause) => drip(request, wire, &answer, pause),
        Delivery::Endless => endless(wire),
        Delivery::HangUp => Ok(Next::HangUp),
        Delivery::Reset => Ok(Next::Reset),
    }
}

fn drip<T: Transport>(
    request: &Request<'_>,
    wire: &mut Wire<'_, T>,
    answer: &Answer,
    pause: Duration,
) -> io::Result<Next> {
    wire.send_head(answer, request.keep_alive)?;
    for byte in answer.body.bytes() {
        if !wire.pause(pause) {
            return Ok(Next::HangUp);
        }
        wire.send_bytes(&[*byte])?;
    }
    Ok(if request.keep_alive {
        Next::Continue
    } else {
        Next::Close
    })
}

/// Ends when the client, or the sandbox, closes the connection.
fn endless<T: Transport>(wire: &mut Wire<'_, T>) -> io::Result<Next> {
    let mut answer = Answer::new(200, "application/json", Body::Text(""));
    answer
        .headers
        .push(("Transfer-Encoding".into(), "chunked".into()));
    wire.send_head(&answer, true)?;
    wire.send_bytes(b"c\r\n{\"endless\":\"\r\n")?;
    let chunk = [b"1000\r\n".as_slice(), &[b'x'; 4096], b"\r\n"].concat();
    loop {
        wire.send_bytes(&chunk)?;
    }
}
