//! What is served on a port, as the network sees it: somebody who says what to deliver. This is all
//! that the network knows of the rest of the sandbox.

use std::time::Duration;

use crate::http::{Answer, Request};

pub trait Handler: Send + Sync {
    /// A client connected.
    fn connected(&self) {}

    /// What to deliver. May wait; `client` tells whether anyone still waits for it.
    fn handle(&self, request: &Request<'_>, client: &mut dyn Client) -> Delivery;
}

/// The one who sent the request.
pub trait Client {
    /// Whether it closed its side. Doesn't wait.
    fn hung_up(&mut self) -> bool;

    /// Waits that long in real time; false when the connection is closed from this side first.
    fn pause(&mut self, length: Duration) -> bool;
}

/// How an answer travels: as it should, in part, slowly, without end, or not at all.
pub enum Delivery {
    Answer(Answer),
    /// Half of its body, then the connection closes.
    HalfBody(Answer),
    /// A byte of its body every so often.
    Drip(Answer, Duration),
    Endless,
    HangUp,
    Reset,
}

impl Delivery {
    /// The status that reaches the client.
    pub fn status(&self) -> Option<u16> {
        match self {
            Delivery::Answer(answer) | Delivery::HalfBody(answer) | Delivery::Drip(answer, _) => {
                Some(answer.status)
            }
            Delivery::Endless => Some(200),
            Delivery::HangUp | Delivery::Reset => None,
        }
    }
}
