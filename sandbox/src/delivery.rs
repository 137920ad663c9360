//! How an answer travels: as it should, late, in part, without end, or not at all.

use std::io;
use std::time::Duration;

use crate::http::{Answer, Body, Next, Request, Wire};
use crate::log::LineId;
use crate::shared::{Held, Shared};
use crate::transport::Transport;

pub enum Delivery {
    Answer(Answer),
    Delayed(Answer, Duration),
    /// Until the faults of that generation are dropped.
    Held(Answer, u64),
    HalfBody(Answer),
    Drip(Answer, Duration),
    Endless,
    HangUp,
    Reset,
}

impl Delivery {
    /// The status that reaches the client, when that is certain at once.
    pub fn status(&self) -> Option<u16> {
        match self {
            Delivery::Answer(answer) | Delivery::HalfBody(answer) | Delivery::Drip(answer, _) => {
                Some(answer.status)
            }
            Delivery::Endless => Some(200),
            Delivery::Delayed(..) | Delivery::Held(..) | Delivery::HangUp | Delivery::Reset => None,
        }
    }

    pub fn carry_out<T: Transport>(
        self,
        shared: &Shared,
        line: LineId,
        request: &Request<'_>,
        wire: &mut Wire<T>,
    ) -> io::Result<Next> {
        match self {
            Delivery::Answer(answer) => wire.answer(request, &answer),
            Delivery::Delayed(answer, length) => {
                if !shared.pause(length) || wire.transport.hung_up() {
                    return Ok(Next::HangUp);
                }
                shared.world().log.answered(line, answer.status);
                wire.answer(request, &answer)
            }
            Delivery::Held(answer, generation) => {
                match shared.hold(generation, || wire.transport.hung_up()) {
                    Held::Released => {
                        shared.world().log.answered(line, answer.status);
                        wire.answer(request, &answer)
                    }
                    Held::ClientGone | Held::Stopping => Ok(Next::HangUp),
                }
            }
            Delivery::HalfBody(answer) => {
                let body = answer.body.bytes();
                wire.send_head(&answer, request.keep_alive)?;
                wire.send_bytes(&body[..body.len() / 2])?;
                Ok(Next::HangUp)
            }
            Delivery::Drip(answer, pause) => drip(shared, request, wire, &answer, pause),
            Delivery::Endless => endless(wire),
            Delivery::HangUp => Ok(Next::HangUp),
            Delivery::Reset => Ok(Next::Reset),
        }
    }
}

fn drip<T: Transport>(
    shared: &Shared,
    request: &Request<'_>,
    wire: &mut Wire<T>,
    answer: &Answer,
    pause: Duration,
) -> io::Result<Next> {
    wire.send_head(answer, request.keep_alive)?;
    for byte in answer.body.bytes() {
        if !shared.pause(pause) {
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
fn endless<T: Transport>(wire: &mut Wire<T>) -> io::Result<Next> {
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
