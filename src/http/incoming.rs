//! An answer whose body is still on its way. Its connection is kept once the body has ended well.

use std::io::Read;

use ureq::{Body, BodyReader, http};

use super::Underway;
use super::head::Headers;
use crate::error::{Error, Result};

pub(crate) struct Incoming {
    pub status: u16,
    pub headers: Headers,
    /// How long the body is, where that is known.
    pub length: Option<u64>,
    body: State,
    underway: Underway,
}

enum State {
    OnItsWay(BodyReader<'static>),
    Ended,
    Failed(Error),
}

impl Incoming {
    pub(super) fn new(answer: http::Response<Body>, underway: Underway) -> Incoming {
        let (parts, body) = answer.into_parts();
        // Of an answer without a body it is free already.
        let is_over = underway.keep_link();
        Incoming {
            status: parts.status.as_u16(),
            headers: underway.back.take_headers(),
            length: if is_over {
                Some(0)
            } else {
                body.content_length()
            },
            body: State::OnItsWay(body.into_with_config().limit(u64::MAX).reader()),
            underway,
        }
    }

    /// From now on each piece of the body has the call's whole time.
    pub fn count_by_piece(&self) {
        self.underway.back.set_by_piece(true);
    }

    /// The next piece of the body; 0 at its end. What failed once fails from then on.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let body = match &mut self.body {
            State::OnItsWay(body) => body,
            State::Ended => return Ok(0),
            State::Failed(error) => return Err(error.clone()),
        };
        match body.read(buffer).map_err(ureq::Error::from) {
            Ok(0) if !buffer.is_empty() => {
                self.body = State::Ended;
                self.underway.keep_link();
                Ok(0)
            }
            Ok(read) => Ok(read),
            Err(error) => {
                // Lets go of the loan, which tells more.
                self.body = State::Ended;
                let error = self.underway.failure(error).error;
                self.body = State::Failed(error.clone());
                Err(error)
            }
        }
    }
}
