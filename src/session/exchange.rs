//! Exchanges driven by a session: they are given the tokens it holds, and what is due is renewed.
//! For its own requests from start to end, for another HTTP client step by step.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Session, invalid};
use crate::api_token::{ApiToken, ApiTokens};
use crate::call::{Call, Running};
use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::exchange::{
    self, Due, Next, NumberedToken, Progress, Renewable, Renewed, RequestTokens,
};
use crate::platform::answer::Concern;
use crate::response::Response;
use crate::settings::Protocol;
use crate::tokens::Token;

/// One request that another HTTP client sends: see [`Session::exchange`].
pub struct Exchange<'a> {
    session: &'a Session,
    progress: Progress,
}

impl Exchange<'_> {
    /// The tokens to send now; `None` when something must be renewed first, such as an API token
    /// whose time is up: [`Exchange::renew`], then ask again. Never waits. A request that found no
    /// answer may be sent again with the tokens that this gives then. After a logout it fails with
    /// [`Status::NotLoggedIn`](crate::Status::NotLoggedIn).
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
            .judge_for(&mut self.progress, http_status, body)
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
    /// where it goes, or `None` when that is known to be this session's endpoint: an origin
    /// (scheme, host and port) other than that of `base_url` (with SOAP `soap_url`) is refused,
    /// since tokens go nowhere else. It renews whatever the option `auto_relogin` says.
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
            self.endpoint().check_origin(url).map_err(invalid)?;
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        Ok(self.progress(true))
    }

    /// See [`Exchange::tokens`].
    pub(crate) fn tokens_for(&self, progress: &mut Progress) -> Result<Option<RequestTokens>> {
        self.check_process()?;
        self.next_tokens(progress, &*self.tokens.held()?)
    }

    /// See [`Exchange::answered`].
    pub(crate) fn judge_for(
        &self,
        progress: &mut Progress,
        http_status: i32,
        body: &[u8],
    ) -> Result<Next> {
        self.check_process()?;
        let http_status = match u16::try_from(http_status) {
            Ok(status @ 100..=999) => status,
            _ => return Err(invalid("http_status must be from 100 to 999")),
        };
        progress.answered(&progress.judge(http_status, None, body))
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

    fn progress(&self, may_relogin: bool) -> Progress {
        let api = self.tokens.api.as_ref();
        let renewable = Renewable {
            api_token: api.is_some_and(ApiTokens::is_renewable),
            session_token: may_relogin,
        };
        Progress::new(self.protocol, renewable)
    }

    /// A whole exchange: sends, renews what is refused and sends again, until the answer is the
    /// caller's or a token stays refused.
    pub(super) fn complete(
        &self,
        running: &Running,
        may_relogin: bool,
        held: impl Fn() -> Result<Arc<Token>>,
        send: impl Fn(&RequestTokens) -> Result<Response>,
    ) -> Result<Response> {
        let mut progress = self.progress(may_relogin);
        loop {
            if let Some(tokens) = self.next_tokens(&mut progress, &*held()?)? {
                let response = send(&tokens)?;
                let answer = response
                    .judged(|status, retry_after, body| progress.judge(status, retry_after, body));
                if progress.answered(answer)? == Next::Done {
                    return match answer.concern() {
                        Concern::Neither => Ok(response),
                        _ => Err(tokens.refused(answer)),
                    };
                }
            }
            self.renew_due(running, &mut progress, true)?;
        }
    }

    fn next_tokens(&self, progress: &mut Progress, token: &Token) -> Result<Option<RequestTokens>> {
        let session = NumberedToken {
            text: token.text.clone(),
            generation: token.generation,
        };
        let api = self.tokens.api.as_ref().and_then(ApiTokens::held);
        let tokens = progress.send(session, api.as_deref().map(numbered))?;
        Ok(tokens.cloned())
    }

    /// Fetches or renews what the request waits for.
    fn renew_due(
        &self,
        running: &Running,
        progress: &mut Progress,
        can_resend: bool,
    ) -> Result<()> {
        let wire = &*self.tokens.wire;
        loop {
            let renewed = match progress.due()? {
                Due::FetchApi => {
                    let fetched = self.api_tokens()?.get(wire, running)?;
                    progress.renewed(Renewed::Afresh(Some(numbered(&fetched))), can_resend)?;
                    return Ok(());
                }
                Due::RenewApi(refused) => {
                    self.log.info(|| "API token refused, renewing it".into());
                    let api_tokens = self.api_tokens()?;
                    let held = api_tokens.held();
                    match held.is_some_and(|held| held.generation > refused.generation) {
                        true => Renewed::Adopted,
                        false => {
                            let renewed = api_tokens.renew(wire, running, refused.generation)?;
                            Renewed::Afresh(Some(numbered(&renewed)))
                        }
                    }
                }
                Due::RenewSession(refused) => {
                    self.log
                        .info(|| "session token refused, renewing it".into());
                    let (generation, text) = (refused.generation, Some(&refused.text));
                    let renewed = self.tokens.renew(running, generation, text)?;
                    debug_assert!(renewed.token.generation > generation, "a newer token");
                    match renewed.by_login {
                        true => Renewed::Afresh(None),
                        false => Renewed::Adopted,
                    }
                }
            };
            if progress.renewed(renewed, can_resend)? {
                self.resends.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
        }
    }
}

fn numbered(api: &ApiToken) -> NumberedToken {
    NumberedToken {
        text: api.token.clone(),
        generation: api.generation,
    }
}
