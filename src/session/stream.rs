//! Requests whose bodies are never whole in memory: what is sent is read from the program while it
//! leaves, and the answer is read by the program as it comes.

use std::fmt;
use std::io::{self, Read};
use std::sync::atomic::Ordering;

use super::Session;
use super::exchange::refused_for_good;
use super::request::Request;
use crate::call::{Call, Running};
use crate::error::{Error, Result};
use crate::exchange::{self, Next, RequestTokens};
use crate::http::{Connection, Incoming, Outgoing, Upload};
use crate::platform::answer::Concern;
use crate::response::named;

/// An answer whose body is read as it comes. Dropped before its end, it ends its connection.
pub struct StreamedResponse {
    incoming: Incoming,
    /// What was read of the body to judge it, and how much of that is given out.
    seen: Vec<u8>,
    given: usize,
    refusal: Option<Error>,
}

impl Session {
    /// [`Session::request`] for bodies of any length. The answer is there when its head is; its
    /// body is read from it, as long as it may be.
    ///
    /// With `upload` the body is read from there and not from the request. It is sent once: where a
    /// token is refused, that is renewed, the answer is given as it came, and
    /// [`StreamedResponse::refusal`] says so. Where the answer comes before all of the body is out,
    /// the rest is not read.
    ///
    /// The time of `call` is for the head of the answer. Each piece of an upload has as much again,
    /// and so has what comes after its last one, and each piece of the answer's body. Both may
    /// be cancelled as any call.
    ///
    /// A refusal that stays is an answer here, too.
    pub fn stream(
        &self,
        call: &Call,
        request: Request<'_>,
        mut upload: Option<Upload<'_>>,
    ) -> Result<StreamedResponse> {
        let running = self.start(call)?;
        self.check_request(&request)?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let mut progress = self.begin_own_exchange();
        loop {
            let held = self.tokens.held_or_new()?;
            let Some(tokens) = self.next_tokens(&mut progress, held)? else {
                self.renew_due(&running, &mut progress, true)?;
                continue;
            };
            let mut incoming = self.send_stream(&running, &request, upload.as_mut(), &tokens)?;
            let status = incoming.status;
            let seen = match progress.reads(status) {
                true => beginning(
                    &mut incoming,
                    exchange::body_max(self.protocol, status.into()),
                )?,
                false => Vec::new(),
            };
            let retry_after = named(&incoming.headers, "retry-after");
            let answer = progress.judge(status, retry_after, &seen);
            let (next, kept) = self.take_answer(&mut progress, &answer)?;
            let refusal = match next {
                Next::Done if answer.concern() == Concern::Neither => None,
                Next::Done => Some(refused_for_good(&tokens, &answer, kept)),
                Next::Renew => {
                    let ended = self.renew_due(&running, &mut progress, upload.is_none());
                    match ended {
                        Err(error) if progress.is_done() => Some(error),
                        renewed => {
                            renewed?;
                            continue;
                        }
                    }
                }
            };
            incoming.count_by_piece();
            return Ok(StreamedResponse {
                incoming,
                seen,
                given: 0,
                refusal,
            });
        }
    }

    fn send_stream(
        &self,
        running: &Running,
        request: &Request<'_>,
        upload: Option<&mut Upload<'_>>,
        tokens: &RequestTokens,
    ) -> Result<Incoming> {
        let has_body = upload.is_some() || !request.body.is_empty();
        let on = match upload {
            // It cannot be sent again, so it does not go where nobody may listen.
            Some(_) => Connection::Sound,
            None => Connection::Any,
        };
        let send = |outgoing: &Outgoing<'_>| {
            let outgoing = Outgoing { on, ..*outgoing };
            let answer = self.tokens.wire.stream(running, &outgoing, upload)?;
            self.log_answer(outgoing.method, outgoing.url, answer.status);
            Ok(answer)
        };
        self.with_tokens(request, has_body, &self.session_token_header, tokens, send)
    }
}

/// All of a body, or one byte more than `most`.
fn beginning(incoming: &mut Incoming, most: usize) -> Result<Vec<u8>> {
    const PIECE: usize = 8 * 1024;
    let mut seen = Vec::new();
    let mut filled = 0;
    while filled <= most {
        seen.resize((filled + PIECE).min(most + 1), 0);
        match incoming.read(&mut seen[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    seen.truncate(filled);
    Ok(seen)
}

impl StreamedResponse {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.incoming.status
    }

    /// All headers in the order they came, those included that frame the body.
    pub fn headers(&self) -> &[(String, String)] {
        &self.incoming.headers
    }

    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        named(self.headers(), name)
    }

    /// How many bytes the body has, where that is known before it is read.
    pub fn length(&self) -> Option<u64> {
        self.incoming.length
    }

    /// The refusal of a token that this answer is. Where it is [retryable](Error::retryable), that
    /// was renewed since, and only the upload could not be sent again.
    pub fn refusal(&self) -> Option<&Error> {
        self.refusal.as_ref()
    }
}

impl Read for StreamedResponse {
    /// Errors are those of this crate, in [`io::Error::get_ref`].
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut seen = &self.seen[self.given..];
        if seen.is_empty() {
            return self.incoming.read(buffer).map_err(io::Error::other);
        }
        let read = seen.read(buffer)?;
        self.given += read;
        Ok(read)
    }
}

impl fmt::Debug for StreamedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamedResponse")
            .field("status", &self.incoming.status)
            .field("length", &self.incoming.length)
            .finish_non_exhaustive()
    }
}
