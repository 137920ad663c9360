//! One connection of a client: request after request, each answered before the next is read.

use std::io::Read;
use std::net::Shutdown;
use std::time::{Duration, Instant};

use thingspace_session::{Error, Request, SessionCall, Status, StreamedResponse, Upload};

use super::answer::{Answerer, Manner};
use super::body::{Body, Flaw, Inbox};
use super::connections::Seat;
use super::head::{self, Framing, Head};
use super::refusal::Refusal;
use super::socket::Socket;
use super::{HOLD_MAX_BYTES, NO_SOAP, Proxy};

/// How long a client may go on sending what nobody reads any more, so that it reads its answer.
const TIME_TO_LINGER: Duration = Duration::from_secs(5);

const SMALL_BYTES: usize = 64 * 1024;

/// Tokens go into the header of the session alone, and a compressed refusal could not be read.
const NOT_PASSED_ON: [&str; 3] = ["accept-encoding", "sessiontoken", "vz-m2m-token"];

pub struct Conversation<'a> {
    proxy: &'a Proxy,
    socket: &'a Socket,
    seat: &'a Seat,
    inbox: Inbox,
    answerer: Answerer<'a>,
    /// Kept, so that they are made once.
    head: Vec<u8>,
    held: Vec<u8>,
    /// Whether all of the last request was read.
    is_read: bool,
}

/// What becomes of the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Continue,
    /// All is said; the client may still be sending.
    Close,
    /// Nothing can be said any more.
    HangUp,
    /// What was said is not all, and an end in order would say that it is.
    Reset,
}

impl<'a> Conversation<'a> {
    pub fn new(proxy: &'a Proxy, socket: &'a Socket, seat: &'a Seat) -> Conversation<'a> {
        Conversation {
            proxy,
            socket,
            seat,
            inbox: Inbox::new(),
            answerer: Answerer::new(socket),
            head: Vec::new(),
            held: Vec::new(),
            is_read: false,
        }
    }

    /// Serves the connection to its end.
    pub fn go_on(mut self) {
        while self.seat.falls_silent() {
            match self.turn() {
                Next::Continue => {}
                Next::Close => return self.linger(),
                Next::HangUp => return self.socket.shut(Shutdown::Both),
                Next::Reset => return self.socket.reset_when_dropped(),
            }
        }
        self.socket.shut(Shutdown::Both);
    }

    /// Reads one request, and answers it.
    fn turn(&mut self) -> Next {
        if let Err(flaw) = self.inbox.next_head(self.socket, &mut self.head) {
            return self.give_up(flaw);
        }
        self.seat.is_asked();
        self.is_read = false;
        let bytes = std::mem::take(&mut self.head);
        let next = match head::read(&bytes) {
            Ok(head) => self.answer(&head),
            Err(refusal) => self.give_up(refusal.into()),
        };
        self.head = bytes;
        next
    }

    fn answer(&mut self, head: &Head<'_>) -> Next {
        if let Err(refusal) = self.proxy.guard.check(head) {
            return self.give_up(refusal.into());
        }
        let mut held = std::mem::take(&mut self.held);
        let mut body = Body::new(
            self.socket,
            &mut self.inbox,
            head.framing,
            head.expects_continue,
        );
        let mut manner = Manner::of(head);
        let answered = match SessionCall::of_path(head.target) {
            Some(SessionCall::Soap) => Answered::Flawed(Refusal::new(501, NO_SOAP).into()),
            Some(call) => match body.hold(HOLD_MAX_BYTES, &mut held) {
                Ok(()) => Answered::StandIn(call),
                Err(flaw) => Answered::Flawed(flaw),
            },
            None => forward(self.proxy, self.seat, head, &mut body, &mut held),
        };
        self.is_read = body.has_ended();
        manner.keep_alive &= self.is_read && !self.seat.is_last();
        self.held = held;
        // Room for a large body is kept for another, and not for small ones.
        if self.held.len() <= SMALL_BYTES {
            self.held.shrink_to(SMALL_BYTES);
        }
        let said = match answered {
            Answered::Platform(mut answer) => self.answerer.pass_on(&mut answer, manner),
            Answered::StandIn(call) => {
                let said = self.answerer.stand_in(call, manner);
                said.map(|()| manner.keep_alive)
            }
            Answered::Failed(error) => {
                let said = self.answerer.refuse(&Refusal::from(&error), manner);
                said.map(|()| manner.keep_alive)
            }
            Answered::Flawed(flaw) => return self.give_up(flaw),
        };
        match said {
            Ok(true) => Next::Continue,
            Ok(false) => Next::Close,
            Err(_) if self.answerer.ends_by_closing() => Next::Reset,
            Err(_) => Next::HangUp,
        }
    }

    /// Of a request that cannot be answered, and behind which nothing can be read.
    fn give_up(&mut self, flaw: Flaw) -> Next {
        let Flaw::Refused(refusal) = flaw else {
            return Next::HangUp;
        };
        let manner = Manner {
            is_head: false,
            is_http_10: false,
            keep_alive: false,
        };
        match self.answerer.refuse(&refusal, manner) {
            Ok(()) => Next::Close,
            Err(_) => Next::HangUp,
        }
    }

    /// Closes so that the answer arrives: what comes unread would take it back.
    fn linger(&self) {
        if self.is_read && self.inbox.is_empty() && !self.socket.has_input() {
            return self.socket.shut(Shutdown::Both);
        }
        self.socket.shut(Shutdown::Write);
        // Those who wait to be served go first.
        self.seat.falls_silent();
        let deadline = Instant::now() + TIME_TO_LINGER;
        let mut buffer = [0; 16 * 1024];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let can_wait = !left.is_zero() && self.socket.set_read_timeout(left).is_ok();
            if !can_wait || !matches!(self.socket.read(&mut buffer), Ok(1..)) {
                return self.socket.shut(Shutdown::Both);
            }
        }
    }
}

/// What a request comes to.
enum Answered {
    Platform(Box<StreamedResponse>),
    StandIn(SessionCall),
    /// The session failed.
    Failed(Error),
    /// The client did.
    Flawed(Flaw),
}

/// Sends a request to the platform: its body held, so that it can be sent again, or while it comes.
fn forward(
    proxy: &Proxy,
    seat: &Seat,
    head: &Head<'_>,
    body: &mut Body<'_>,
    held: &mut Vec<u8>,
) -> Answered {
    let connection: Vec<&str> = head::options(head.all("connection")).collect();
    let ends_here = |name: &str| {
        proxy.session.sets_header(name)
            || NOT_PASSED_ON
                .iter()
                .any(|own| name.eq_ignore_ascii_case(own))
            || head::is_for_this_hop(name, &connection)
    };
    let headers = head.headers.iter().copied();
    let headers: Vec<_> = headers.filter(|(name, _)| !ends_here(name)).collect();

    let length = match head.framing {
        Framing::Length(length) => Some(length),
        Framing::Chunked => None,
    };
    held.clear();
    if length.is_none_or(|length| length <= HOLD_MAX_BYTES as u64)
        && let Err(flaw) = body.hold(HOLD_MAX_BYTES, held)
    {
        return Answered::Flawed(flaw);
    }
    let is_whole = body.has_ended();
    let request = Request {
        method: head.method,
        path: head.target,
        headers: &headers,
        body: if is_whole { held } else { &[] },
    };
    let mut rest = held.as_slice().chain(&mut *body);
    let upload = (!is_whole).then_some(Upload {
        reader: &mut rest,
        length,
    });
    match proxy.session.stream(&seat.call, request, upload) {
        Ok(answer) => Answered::Platform(Box::new(answer)),
        Err(error) => match body.take_flaw() {
            Some(flaw) => Answered::Flawed(flaw),
            None if error.status() == Status::Cancelled && !seat.is_last() => {
                Answered::Flawed(Flaw::Gone)
            }
            None => Answered::Failed(error),
        },
    }
}
