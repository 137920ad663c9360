//! The session: sends requests with both tokens, and does what `exchange` says is to be done when
//! one is refused. What an answer means is `platform`'s to say, renewing is for `tokens`, whether a
//! login may leave for `login` and `lockout`.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use zeroize::Zeroizing;

use crate::api_token::{ApiToken, ApiTokens};
use crate::call::{Call, Running};
use crate::clock::{self, Clock};
use crate::config::Config;
use crate::endpoint::Endpoint;
use crate::error::{Error, Result, Status};
use crate::exchange::{
    self, Due, Next, NumberedToken, Progress, Renewable, Renewed, RequestTokens,
};
use crate::fork;
use crate::http::{Http, Outgoing, Wire};
use crate::log::{Log, log_afterwards};
use crate::login::{self, Place, bearer};
use crate::options::OWN_HEADERS;
use crate::platform::answer::{Answer, Concern};
use crate::platform::{rest, soap};
use crate::response::Response;
use crate::secret::Secret;
use crate::settings::{Protocol, Settings};
use crate::tokens::{Token, Tokens};

/// A logged-in session, for any number of threads.
pub struct Session {
    protocol: Protocol,
    base_url: Endpoint,
    soap_url: Endpoint,
    realm: String,
    auto_relogin: bool,
    session_token_header: String,
    share_token: bool,
    max_response_bytes: u64,
    tokens: Arc<Tokens>,
    born: u32,
    requests: AtomicU64,
    resends: AtomicU64,
    log: Log,
}

/// One request to be sent with both tokens.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `GET`, `POST`, …, sent as it stands.
    pub method: &'a str,
    /// Appended to `base_url`; begins with one `/`.
    pub path: &'a str,
    /// Without those that are this library's: `Authorization`, the option `session_token_header`,
    /// `Host`, `Content-Length`, `Transfer-Encoding`, `Expect`.
    pub headers: &'a [(&'a str, &'a str)],
    /// JSON, unless the headers name another `Content-Type`.
    pub body: &'a [u8],
}

impl Session {
    /// Logs in, or adopts a shared token (option `share_token`).
    pub fn login(config: &Config, call: &Call) -> Result<Session> {
        let settings = config.settings()?;
        let clock = clock::system();
        let wire = Box::new(Http::new(&settings)?);
        let place = Place::open(&settings.account)?;
        let session = Session::new(&settings, wire, place, clock);
        let running = session.start(call)?;
        session.tokens.renew(&running, 0, None)?;
        Ok(session)
    }

    /// A session that is not logged in yet, over any wire, store and clock.
    pub(crate) fn new(
        settings: &Settings,
        wire: Box<dyn Wire>,
        place: Place,
        clock: Arc<dyn Clock>,
    ) -> Session {
        Session {
            protocol: settings.protocol,
            base_url: settings.base_url.clone(),
            soap_url: settings.soap_url.clone(),
            realm: settings.account.realm.clone(),
            auto_relogin: settings.auto_relogin,
            session_token_header: settings.session_token_header.clone(),
            share_token: settings.share_token,
            max_response_bytes: settings.max_response_bytes,
            tokens: Arc::new(Tokens::new(settings, wire, place, clock)),
            born: fork::generation(),
            requests: AtomicU64::new(0),
            resends: AtomicU64::new(0),
            log: settings.log.clone(),
        }
    }

    /// A copy of the session token. Never touches the network, nor waits.
    pub fn token(&self) -> Result<Secret> {
        self.with_token(|token| Secret::new(token))
    }

    /// Shows the session token without copying it. Never touches the network, nor waits.
    pub fn with_token<R>(&self, read: impl FnOnce(&str) -> R) -> Result<R> {
        self.check_process()?;
        self.tokens.with_held(read)
    }

    /// The API token; fetched when there is none or its time is up. One that is held needs no time
    /// and no network.
    pub fn api_token(&self, call: &Call) -> Result<Secret> {
        self.check_process()?;
        let api_tokens = self.api_tokens()?;
        // What is held costs no wait, so that no deadline is too short for it.
        let api = match api_tokens.held() {
            Some(held) => held,
            None => api_tokens.get(&*self.tokens.wire, &self.start(call)?)?,
        };
        Ok(api.token.clone())
    }

    /// The API token held, unless its time is up. Never touches the network, nor waits.
    pub fn api_token_held(&self) -> Result<Secret> {
        self.check_process()?;
        match self.api_tokens()?.held() {
            Some(held) => Ok(held.token.clone()),
            None => Err(Error::new(
                Status::ApiToken,
                "no API token is held whose time is not up: fetch one",
            )),
        }
    }

    /// The header that the session token goes into.
    pub fn session_token_header(&self) -> &str {
        &self.session_token_header
    }

    /// Logs in again if the token held is still the expired one; `None` is whichever is held now.
    pub fn relogin(&self, call: &Call, expired_token: Option<&str>) -> Result<()> {
        self.check_process()?;
        // Before anything that takes time: "whichever is held now" must not become another thread's
        // new one.
        let (held, newest) = (self.tokens.held(), self.tokens.newest());
        let running = self.start(call)?;
        match (held, expired_token) {
            (Ok(held), Some(expired)) if held.text.reveal() != expired => return Ok(()),
            (Ok(held), _) => self
                .tokens
                .renew(&running, held.generation, Some(&held.text))?,
            // After a logout there is nothing to be newer than.
            (Err(_), _) => self.tokens.renew(&running, newest, None)?,
        };
        Ok(())
    }

    /// Fetches another API token if the one held is still the rejected one; `None` is whichever is
    /// held now.
    pub fn renew_api_token(&self, call: &Call, rejected_token: Option<&str>) -> Result<()> {
        let running = self.start(call)?;
        self.api_tokens()?
            .renew_text(&*self.tokens.wire, &running, rejected_token)
    }

    /// Ends the session on the platform; with `share_token`, for all that share it.
    /// Afterwards calls fail with [`Status::NotLoggedIn`] until [`Session::relogin`].
    pub fn logout(&self, call: &Call) -> Result<()> {
        let running = self.start(call)?;
        let mut token = self.tokens.held()?;
        while let Some(newer) = self.end(&running, &token)? {
            token = newer;
        }
        self.log.info(|| "logged out".into());
        Ok(())
    }

    /// Ends one token; gives the one that is held by now if it is another.
    fn end(&self, running: &Running, token: &Arc<Token>) -> Result<Option<Arc<Token>>> {
        let held = || Ok(Arc::clone(token));
        let answer = self.complete(running, self.progress(false), held, |tokens| {
            match self.protocol {
                Protocol::Rest => {
                    let request = Request {
                        method: "POST",
                        path: rest::LOGOUT_PATH,
                        headers: &[],
                        body: &[],
                    };
                    self.send_rest(running, &request, rest::LOGOUT_HEADER, tokens)
                }
                Protocol::Soap => {
                    let envelope = soap::logout_envelope(tokens.session_token());
                    self.send_soap(running, &soap::LOG_OUT, &envelope)
                }
            }
        });
        match answer.and_then(|answer| answer.check()) {
            // What has expired is over, too.
            Err(error) if error.status() == Status::SessionExpired => {}
            other => other?,
        }
        self.tokens.forget(running, token)
    }

    /// Ends every call under way, and every later one that would use the network, with
    /// [`Status::Cancelled`]. Final.
    pub fn cancel(&self) {
        self.tokens.cancel();
    }

    /// Sends one request with both tokens. A refused token is renewed and the request sent again,
    /// at most once for each renewal; nothing else is ever sent again. A 4xx or 5xx answer that
    /// does not concern the tokens is an answer: see [`Response::check`].
    pub fn request(&self, call: &Call, request: Request<'_>) -> Result<Response> {
        let running = self.start(call)?;
        if self.protocol != Protocol::Rest {
            return Err(invalid(
                "this session speaks SOAP (option protocol): use the SOAP call, not a REST request",
            ));
        }
        check_path(request.path)?;
        check_headers(request.headers, &self.session_token_header)?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let progress = self.progress(self.auto_relogin);
        let held = || self.tokens.held();
        self.complete(&running, progress, held, |tokens| {
            self.send_rest(&running, &request, &self.session_token_header, tokens)
        })
    }

    /// Wraps a body element in an envelope with the session token, and sends it to
    /// `{soap_url}/{service}.svc`. A fault for an expired token is mended as in
    /// [`Session::request`]; any other fault is an answer.
    pub fn soap_call(
        &self,
        call: &Call,
        service: &str,
        operation: &str,
        body_xml: &[u8],
    ) -> Result<Response> {
        let running = self.start(call)?;
        if self.protocol != Protocol::Soap {
            return Err(invalid(
                "this session speaks REST (option protocol): use a REST request, not the SOAP call",
            ));
        }
        let operation = soap::Operation::new(service, operation)?;
        let element = soap::BodyElement::new(body_xml)?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let progress = self.progress(self.auto_relogin);
        let held = || self.tokens.held();
        self.complete(&running, progress, held, |tokens| {
            let envelope = element.envelope(tokens.session_token());
            self.send_soap(&running, &operation, &envelope)
        })
    }

    /// Counters and state as flat JSON, without secrets. A counter never goes back.
    pub fn info(&self) -> Result<String> {
        self.check_process()?;
        let Tokens { logins, api, .. } = &*self.tokens;
        let age_ms = self.tokens.age_ms();
        let (store, store_is_fallback) = logins.store();
        Ok(serde_json::json!({
            "version": env!("CARGO_PKG_VERSION"),
            "protocol": self.protocol.name(),
            "base_url": self.base_url.url(),
            "soap_url": self.soap_url.url(),
            "realm": self.realm,
            "store": store,
            "store_is_fallback": store_is_fallback,
            "share_token": self.share_token,
            "auto_relogin": self.auto_relogin,
            "session_token_header": self.session_token_header,
            "logged_in": age_ms.is_some(),
            "token_age_ms": age_ms,
            "logins": logins.succeeded(),
            "login_failures": logins.failed(),
            "api_token_fetches": api.as_ref().map_or(0, ApiTokens::fetches),
            "requests": self.requests.load(Ordering::Relaxed),
            "resends": self.resends.load(Ordering::Relaxed),
        })
        .to_string())
    }

    /// Whether this process was forked after the session was made. Such a session is of no use
    /// here.
    pub fn is_forked(&self) -> bool {
        fork::generation() != self.born
    }

    /// Begins a call that may use the network. In a forked child nothing of the session is touched
    /// before this fails.
    fn start(&self, call: &Call) -> Result<Running> {
        self.check_process()?;
        self.tokens.start(call)
    }

    pub(crate) fn check_process(&self) -> Result<()> {
        match self.is_forked() {
            false => Ok(()),
            true => Err(Error::new(
                Status::Forked,
                "this session was made before the process was forked: log in again in the child",
            )),
        }
    }

    fn api_tokens(&self) -> Result<&ApiTokens> {
        self.tokens
            .api
            .as_ref()
            .ok_or_else(|| invalid("a SOAP session has no API token"))
    }

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

    /// Sends, renews what is refused and sends again, until the answer is the caller's.
    fn complete(
        &self,
        running: &Running,
        mut progress: Progress,
        held: impl Fn() -> Result<Arc<Token>>,
        send: impl Fn(&RequestTokens) -> Result<Response>,
    ) -> Result<Response> {
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

    fn send_rest(
        &self,
        running: &Running,
        request: &Request<'_>,
        token_header: &str,
        tokens: &RequestTokens,
    ) -> Result<Response> {
        let url = [self.base_url.url(), request.path].concat();
        let bearer = tokens.api_token().map_or_else(Zeroizing::default, bearer);
        let mut headers = Vec::with_capacity(request.headers.len() + 3);
        headers.extend_from_slice(request.headers);
        headers.push(("Authorization", &bearer));
        headers.push((token_header, tokens.session_token().reveal()));
        let typed = |(name, _): &(&str, &str)| name.eq_ignore_ascii_case("content-type");
        if !request.body.is_empty() && !request.headers.iter().any(typed) {
            headers.push(("Content-Type", "application/json"));
        }
        self.send(running, request.method, &url, &headers, request.body)
    }

    fn send_soap(
        &self,
        running: &Running,
        operation: &soap::Operation<'_>,
        envelope: &[u8],
    ) -> Result<Response> {
        let url = [self.soap_url.url(), operation.path().as_str()].concat();
        let action = operation.action();
        let headers = [
            ("Content-Type", soap::CONTENT_TYPE),
            ("SOAPAction", action.as_str()),
            ("Accept", "text/xml"),
        ];
        self.send(running, "POST", &url, &headers, envelope)
    }

    fn send(
        &self,
        running: &Running,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Response> {
        let outgoing = Outgoing {
            method,
            url,
            headers,
            body,
            max_response_bytes: self.max_response_bytes,
            on_kept_connection: true,
        };
        let answer = self.tokens.wire.send(running, &outgoing)?;
        self.log.debug(|| {
            let path = url.split('?').next().unwrap_or_default();
            format!("{method} {path}: {}", answer.status)
        });
        Ok(answer)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("protocol", &self.protocol)
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

/// One request that another HTTP client sends: see [`Session::exchange`].
pub struct Exchange<'a> {
    session: &'a Session,
    progress: Progress,
}

impl Exchange<'_> {
    /// The tokens to send now; `None` when an API token must be fetched first:
    /// [`Exchange::renew`], then ask again. Never waits. A request that found no answer may be sent
    /// again with the tokens that this gives then.
    pub fn tokens(&mut self) -> Result<Option<RequestTokens>> {
        self.session.tokens_for(&mut self.progress)
    }

    /// How many bytes of the body of an answer of this HTTP status [`Exchange::answered`] has to
    /// see. 0: none. Of a longer body give it one byte more than that, or all of it: it then says
    /// nothing.
    pub fn body_max(&self, http_status: i32) -> usize {
        exchange::body_max(self.session.protocol, http_status)
    }

    /// Judges the answer. Never waits.
    pub fn answered(&mut self, http_status: i32, body: &[u8]) -> Result<Next> {
        self.session
            .judge_for(&mut self.progress, http_status, body)
    }

    /// Does what is due: fetches an API token, renews the refused one, logs in again. May wait.
    ///
    /// With `can_resend` false, for a body that cannot be sent twice, everything that may be at
    /// fault is renewed and the refusal itself is the error: [`Status::SessionExpired`] or
    /// [`Status::ApiToken`], with the token that was refused. The request must then be made again
    /// with a fresh body.
    pub fn renew(&mut self, call: &Call, can_resend: bool) -> Result<()> {
        self.session.renew_for(&mut self.progress, call, can_resend)
    }
}

impl fmt::Debug for Exchange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").finish_non_exhaustive()
    }
}

fn numbered(api: &ApiToken) -> NumberedToken {
    NumberedToken {
        text: api.token.clone(),
        generation: api.generation,
    }
}

/// What an answer that another HTTP client got means for the session. Pure.
pub fn check(http_status: i32, body: &[u8]) -> Result<()> {
    match u16::try_from(http_status) {
        Ok(status @ 100..=599) => Answer::to_request(status, None, body).check(),
        _ => Err(invalid("http_status must be from 100 to 599")),
    }
}

/// Makes the lockout guard forget what it counted and remembers for the account of this
/// configuration. For an operator who has mended the cause. Needs `username` and what tells the
/// platform and the store.
pub fn unblock(config: &Config) -> Result<()> {
    let account = config.account()?;
    let running = Running::start(&Call::new(), Arc::default(), account.timeout);
    log_afterwards(|| login::unblock(&account, &running, &*clock::system()))
}

fn check_path(path: &str) -> Result<()> {
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#';
    if !path.starts_with('/') || path.starts_with("//") {
        return Err(invalid(
            "path must begin with one slash; it is appended to base_url",
        ));
    }
    if !path.bytes().all(fits) {
        return Err(invalid(
            "path holds a character that no URL may: percent-encode it",
        ));
    }
    Ok(())
}

fn check_headers(headers: &[(&str, &str)], session_token_header: &str) -> Result<()> {
    for (name, _) in headers {
        let is_own = |own: &&str| name.eq_ignore_ascii_case(own);
        if OWN_HEADERS
            .iter()
            .chain(&[session_token_header])
            .any(is_own)
        {
            return Err(invalid(format!(
                "header {name}: is set by this library; leave it out"
            )));
        }
    }
    Ok(())
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(Status::InvalidArgument, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for path in [
            "",
            "m2m",
            "//evil/x",
            "@evil/x",
            "https://evil/",
            "/a b",
            "/a\r\nX: y",
            "/ä",
            "/a#b",
            "/\\evil",
        ] {
            assert!(check_path(path).is_err(), "{path:?}");
        }
        assert!(check_path("/m2m/v1/accounts/0000123456-00001?a=b%20c&d=/@:").is_ok());
    }

    #[test]
    fn own_headers_are_refused_in_any_case() {
        for own in ["authorization", "HOST", "sessiontoken"] {
            assert!(check_headers(&[(own, "x")], "SessionToken").is_err());
        }
        assert!(check_headers(&[("VZ-M2M-Token", "x")], "SessionToken").is_ok());
    }
}
