//! Exchanges driven by a session: they are given the tokens it holds, and what is due is renewed.
//! For its own requests from start to end, for another HTTP client step by step.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::request::{Carried, check_no_login};
use super::{Session, invalid};
use crate::api_token::{self, ApiToken};
use crate::call::{Call, Running};
use crate::endpoint::Endpoint;
use crate::error::{Error, Result, Status};
use crate::events::{Event, EventDetail, EventKind};
use crate::exchange::{
    self, Due, Kept, Next, NumberedToken, Progress, Renewable, Renewed, RequestTokens,
};
use crate::log::LogLevel;
use crate::platform::answer::{Answer, Concern};
use crate::response::Response;
use crate::settings::Protocol;
use crate::tokens::{self, Token};

/// One request that another HTTP client sends: see [`Session::exchange`].
pub struct Exchange<'a> {
    session: &'a Session,
    progress: Progress,
}

impl Exchange<'_> {
    /// The tokens to send now; `None` when something must be renewed first, such as an API token
    /// whose time is up, or when the first login is due: [`Exchange::renew`], then ask again. Never
    /// waits. A request that found no answer may be sent again with the tokens that this gives
    /// then. After a logout it fails with [`Status::NotLoggedIn`](crate::Status::NotLoggedIn).
    pub fn tokens(&mut self) -> Result<Option<RequestTokens>> {
        self.session.tokens_for(&mut self.progress)
    }

    /// How many bytes of the body of an answer of this HTTP status [`Exchange::answered`] has to
    /// see. 0: none. Of a longer body give it one byte more than that, or all of it: it then says
    /// nothing.
    pub fn body_max(&self, http_status: i32) -> usize {
        exchange::body_max(self.session.protocol, http_status)
    }

    /// Judges the answer to what was sent with the tokens. Never waits.
    pub fn answered(&mut self, http_status: i32, body: &[u8]) -> Result<Next> {
        self.session
            .judge_for(&mut self.progress, None, http_status, body)
    }

    /// Begins another request with the tokens of the last one, and says whether it does: where they
    /// are held still, in time, and an answer has shown that the platform takes them. Send then,
    /// with no [`Exchange::tokens`] before; [`Exchange::answered`] may be left out for answers of
    /// whose body [`Exchange::body_max`] wants nothing. Where it does not, make another exchange.
    /// Never waits.
    pub fn again(&mut self) -> bool {
        self.session.again_for(&mut self.progress, None)
    }

    /// Does what is due: fetches an API token, renews the refused one, logs in again. May wait.
    ///
    /// With `can_resend` false, for a body that cannot be sent twice, everything that may be at
    /// fault is renewed and the refusal itself is the error:
    /// [`Status::SessionExpired`](crate::Status::SessionExpired) or
    /// [`Status::ApiToken`](crate::Status::ApiToken), with the token that was refused. The request
    /// must then be made again with a fresh body.
    pub fn renew(&mut self, call: &Call, can_resend: bool) -> Result<()> {
        self.session.renew_for(&mut self.progress, call, can_resend)
    }
}

impl fmt::Debug for Exchange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").finish_non_exhaustive()
    }
}

impl Session {
    /// A request that another HTTP client sends, resends included: which tokens go with it, and
    /// what is to be done after each answer, follow the rules of [`Session::request`]. `url` is
    /// where it goes, or `None` when that is known to be this session's endpoint and no login: an
    /// origin (scheme, host and port) other than that of `base_url` (with SOAP `soap_url`) is
    /// refused, since tokens go nowhere else, and so is, with REST, a login of the program's own,
    /// which the lockout guard would not count. It renews whatever the option `auto_relogin` says.
    ///
    /// ```no_run
    /// use thingspace_session::{Call, Next, RequestTokens, Result, Session};
    ///
    /// /// `send` is any HTTP client. It puts the tokens into their headers and gives back the
    /// /// status and the body.
    /// fn fetch(
    ///     session: &Session,
    ///     url: &str,
    ///     send: impl Fn(&str, &RequestTokens) -> (i32, Vec<u8>),
    /// ) -> Result<(i32, Vec<u8>)> {
    ///     let mut exchange = session.exchange(Some(url))?;
    ///     loop {
    ///         if let Some(tokens) = exchange.tokens()? {
    ///             let (status, body) = send(url, &tokens);
    ///             if exchange.answered(status, &body)? == Next::Done {
    ///                 return Ok((status, body));
    ///             }
    ///         }
    ///         exchange.renew(&Call::new(), true)?;
    ///     }
    /// }
    /// ```
    pub fn exchange(&self, url: Option<&str>) -> Result<Exchange<'_>> {
        Ok(Exchange {
            progress: self.begin_exchange(url)?,
            session: self,
        })
    }

    /// The beginning of [`Session::exchange`], without a bond to the session.
    pub(crate) fn begin_exchange(&self, url: Option<&str>) -> Result<Progress> {
        self.check_process()?;
        if let Some(url) = url {
            let path = self.endpoint().path_of(url).map_err(invalid)?;
            if self.protocol == Protocol::Rest {
                check_no_login(path)?;
            }
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        Ok(self.progress(true))
    }

    /// See [`Exchange::tokens`].
    pub(crate) fn tokens_for(&self, progress: &mut Progress) -> Result<Option<RequestTokens>> {
        self.check_process()?;
        self.next_tokens(progress, self.tokens.held_or_new()?)
    }

    /// See [`Exchange::again`]. A request of the session's own is given as `carried`: it begins
    /// again where its answer is not to be seen or told of, whatever it is.
    pub(crate) fn again_for(&self, progress: &mut Progress, carried: Option<&Carried>) -> bool {
        let may_relogin = match carried {
            None => true,
            Some(carried) if carried.is_soap() || self.log.tells(LogLevel::Debug) => return false,
            Some(_) => self.auto_relogin,
        };
        let may_go = |sent: &RequestTokens| self.tokens.has_proved(sent);
        let goes = !self.is_forked() && progress.again(self.renewable(may_relogin), may_go);
        if goes {
            self.requests.fetch_add(1, Ordering::Relaxed);
        }
        goes
    }

    /// The beginning of an exchange for a request of the session's own, by the rules of
    /// [`Session::request`].
    pub(crate) fn begin_own_exchange(&self) -> Progress {
        self.progress(self.auto_relogin)
    }

    /// See [`Exchange::answered`]. A request of the session's own is given as `carried`.
    pub(crate) fn judge_for(
        &self,
        progress: &mut Progress,
        carried: Option<&Carried>,
        http_status: i32,
        body: &[u8],
    ) -> Result<Next> {
        self.check_process()?;
        let http_status = match u16::try_from(http_status) {
            Ok(status @ 100..=999) => status,
            _ => return Err(invalid("the HTTP status must be from 100 to 999")),
        };
        let answer = progress.judge(http_status, None, body);
        match carried {
            Some(carried) => {
                self.log_answer(&carried.method, carried.url(), http_status);
                self.take_own_answer(progress, &answer)
            }
            None => Ok(self.take_answer(progress, &answer)?.0),
        }
    }

    /// See [`Exchange::renew`].
    pub(crate) fn renew_for(
        &self,
        progress: &mut Progress,
        call: &Call,
        can_resend: bool,
    ) -> Result<()> {
        self.renew_due(&self.start(call)?, progress, can_resend)
    }

    pub(crate) fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The endpoint that this session's protocol speaks to.
    fn endpoint(&self) -> &Endpoint {
        match self.protocol {
            Protocol::Rest => &self.base_url,
            Protocol::Soap => &self.soap_url,
        }
    }

    pub(super) fn progress(&self, may_relogin: bool) -> Progress {
        Progress::new(self.protocol, self.renewable(may_relogin))
    }

    fn renewable(&self, may_relogin: bool) -> Renewable {
        let api = self.tokens.api.as_ref();
        Renewable {
            api_token: api.is_some_and(|api| api.is_renewable()),
            session_token: may_relogin,
        }
    }

    /// A whole exchange: sends, renews what is refused and sends again, until the answer is the
    /// caller's or a token stays refused.
    pub(super) fn complete(
        &self,
        running: &Running,
        may_relogin: bool,
        held: impl Fn() -> Result<Option<Arc<Token>>>,
        send: impl Fn(&RequestTokens) -> Result<Response>,
    ) -> Result<Response> {
        let mut progress = self.progress(may_relogin);
        loop {
            if let Some(tokens) = self.next_tokens(&mut progress, held()?)? {
                let response = send(&tokens)?;
                let unread;
                let answer = if progress.reads(response.status()) {
                    response.judged(|status, retry_after, body| {
                        progress.judge(status, retry_after, body)
                    })
                } else {
                    // Not what the response is to be from now on: whoever checks it reads its body.
                    unread = progress.judge(response.status(), None, &[]);
                    &unread
                };
                if self.take_own_answer(&mut progress, answer)? == Next::Done {
                    return Ok(response);
                }
            }
            self.renew_due(running, &mut progress, true)?;
        }
    }

    /// Takes the answer to a request of the session's own: a refusal that stays is an error.
    fn take_own_answer(&self, progress: &mut Progress, answer: &Answer) -> Result<Next> {
        let refused = match answer.concern() {
            Concern::Neither => None,
            _ => progress.sent().cloned(),
        };
        let (next, kept) = self.take_answer(progress, answer)?;
        match (next, refused) {
            (Next::Done, Some(sent)) => Err(refused_for_good(&sent, answer, kept)),
            (next, _) => Ok(next),
        }
    }

    /// Takes the answer to what was sent, and notes what it shows of the tokens. Says also which of
    /// them are kept though it refuses them.
    pub(super) fn take_answer(
        &self,
        progress: &mut Progress,
        answer: &Answer,
    ) -> Result<(Next, Kept)> {
        let mut kept = Kept::default();
        if let Some(sent) = progress.sent() {
            let tokens = &self.tokens;
            let session = tokens.held().ok();
            let session = session.filter(|held| held.generation == sent.session_generation());
            let api = tokens.api.as_ref().and_then(|tokens| tokens.held());
            let api = api.filter(|held| Some(held.generation) == sent.api_generation());
            match answer.concern() {
                Concern::Neither if answer.is_success() => {
                    session.inspect(|token| token.was_accepted());
                    api.inspect(|token| token.was_accepted());
                }
                Concern::Neither => {}
                _ => {
                    kept.session_token = session.and_then(|token| tokens.keeps_for(&token));
                    kept.api_token = api.and_then(|token| {
                        let tokens = tokens.api.as_ref();
                        tokens.and_then(|tokens| tokens.keeps_for(&token))
                    });
                }
            }
        }
        Ok((progress.answered(answer, kept)?, kept))
    }

    pub(super) fn next_tokens(
        &self,
        progress: &mut Progress,
        token: Option<Arc<Token>>,
    ) -> Result<Option<RequestTokens>> {
        let session = token.map(|token| NumberedToken {
            text: token.text.clone(),
            generation: token.generation,
        });
        let api = self.tokens.api.as_ref().and_then(|api| api.held());
        let tokens = progress.send(session, api.as_deref().map(numbered))?;
        Ok(tokens.cloned())
    }

    /// Fetches or renews what the request waits for, or logs in.
    pub(super) fn renew_due(
        &self,
        running: &Running,
        progress: &mut Progress,
        can_resend: bool,
    ) -> Result<()> {
        loop {
            let (renewed, cause) = match progress.due()? {
                Due::LogIn => {
                    if self.tokens.held_or_new()?.is_none() {
                        self.tokens.renew(running, 0, None)?;
                    }
                    progress.renewed(Renewed::Afresh(None), can_resend)?;
                    return Ok(());
                }
                Due::FetchApi => {
                    let fetched = self.api_tokens()?.get(running)?;
                    progress.renewed(Renewed::Afresh(Some(numbered(&fetched))), can_resend)?;
                    return Ok(());
                }
                Due::RenewApi(refused) => {
                    self.log.info(|| "API token refused, renewing it".into());
                    let api_tokens = self.api_tokens()?;
                    let held = api_tokens.held();
                    let renewed = match held.is_some_and(|h| h.generation > refused.generation) {
                        true => Renewed::Adopted,
                        false => {
                            let renewed = api_tokens.renew(running, refused.generation)?;
                            Renewed::Afresh(Some(numbered(&renewed)))
                        }
                    };
                    (renewed, EventDetail::ApiToken)
                }
                Due::RenewSession(refused) => {
                    self.log
                        .info(|| "session token refused, renewing it".into());
                    let (generation, text) = (refused.generation, Some(&refused.text));
                    let renewed = self.tokens.renew(running, generation, text)?;
                    debug_assert!(renewed.token.generation > generation, "a newer token");
                    let renewed = match renewed.by_login {
                        true => Renewed::Afresh(None),
                        false => Renewed::Adopted,
                    };
                    (renewed, EventDetail::SessionToken)
                }
            };
            if progress.renewed(renewed, can_resend)? {
                self.resends.fetch_add(1, Ordering::Relaxed);
                let event = Event::new(EventKind::Resent).detailed(cause);
                self.tokens.events.happened(event);
                return Ok(());
            }
        }
    }
}

/// The error that the refusal of a token is, when it stays.
pub(super) fn refused_for_good(sent: &RequestTokens, answer: &Answer, kept: Kept) -> Error {
    let error = sent.refused(answer);
    let kept = match error.status() {
        Status::ApiToken => kept.api_token.map(api_token::kept),
        _ => kept.session_token.map(tokens::kept),
    };
    match kept {
        Some(kept) => sent.refused_but_kept(answer, &kept),
        None => error,
    }
}

fn numbered(api: &ApiToken) -> NumberedToken {
    NumberedToken {
        text: api.token.clone(),
        generation: api.generation,
    }
}
