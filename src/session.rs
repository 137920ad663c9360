//! The session: sends requests with both tokens, sees when one was refused, has it renewed and
//! sends again, within fixed bounds. What an answer means is `platform`'s to say, renewing is for
//! `tokens`, whether a login may leave for `login` and `lockout`.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use zeroize::Zeroizing;

use crate::api_token::{ApiToken, ApiTokens};
use crate::call::{Call, Running};
use crate::clock::{self, Clock};
use crate::config::Config;
use crate::error::{Error, Result, Status};
use crate::fork;
use crate::http::{Http, Outgoing, Wire};
use crate::log::{Log, log_afterwards};
use crate::login::{self, Place, bearer};
use crate::options::OWN_HEADERS;
use crate::platform::answer::{self, Concern};
use crate::platform::{rest, soap};
use crate::response::Response;
use crate::secret::Secret;
use crate::settings::{Protocol, Settings};
use crate::tokens::{Token, Tokens};

/// A logged-in session, for any number of threads.
pub struct Session {
    protocol: Protocol,
    base_url: String,
    soap_url: String,
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
            base_url: settings.base_url.url().to_owned(),
            soap_url: settings.soap_url.url().to_owned(),
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
        let answer = self.exchange(running, token, false, |api, token| match self.protocol {
            Protocol::Rest => {
                let request = Request {
                    method: "POST",
                    path: rest::LOGOUT_PATH,
                    headers: &[],
                    body: &[],
                };
                self.send_rest(running, &request, api, (rest::LOGOUT_HEADER, token))
            }
            Protocol::Soap => {
                let envelope = soap::logout_envelope(&token.text);
                self.send_soap(running, &soap::LOG_OUT, &envelope)
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
        let token = self.tokens.held()?;
        self.exchange(&running, &token, self.auto_relogin, |api, token| {
            let token = (self.session_token_header.as_str(), token);
            self.send_rest(&running, &request, api, token)
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
        let token = self.tokens.held()?;
        self.exchange(&running, &token, self.auto_relogin, |_, token| {
            self.send_soap(&running, &operation, &element.envelope(&token.text))
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
            "base_url": self.base_url,
            "soap_url": self.soap_url,
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

    fn check_process(&self) -> Result<()> {
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

    /// Sends, and sends again with what was renewed: the API token at most once, the session token
    /// at most once by a login, and once before that when somebody else had renewed it already.
    fn exchange(
        &self,
        running: &Running,
        token: &Arc<Token>,
        may_relogin: bool,
        send: impl Fn(Option<&ApiToken>, &Token) -> Result<Response>,
    ) -> Result<Response> {
        let (wire, api_tokens) = (&*self.tokens.wire, self.tokens.api.as_ref());
        let mut token = Arc::clone(token);
        let mut budget = Budget {
            api_token: api_tokens.is_some_and(ApiTokens::is_renewable),
            logins: if may_relogin { 1 } else { 0 },
            adoptions: if may_relogin { 1 } else { 0 },
        };
        loop {
            let get = |tokens: &ApiTokens| tokens.get(wire, running);
            let api = api_tokens.map(get).transpose()?;
            let answer = send(api.as_deref(), &token)?;
            let concern = answer::concern(answer.status, &answer.body);
            match budget.remedy(concern) {
                Remedy::None => return self.conclude(answer, concern, api.as_deref(), &token),
                Remedy::RenewApiToken => {
                    self.log.info(|| "API token refused, renewing it".into());
                    let refused = api.map_or(0, |api| api.generation);
                    self.api_tokens()?.renew(wire, running, refused)?;
                }
                Remedy::RenewSession => {
                    self.log
                        .info(|| "session token refused, renewing it".into());
                    let renewed =
                        self.tokens
                            .renew(running, token.generation, Some(&token.text))?;
                    budget.spend(renewed.by_login);
                    token = renewed.token;
                }
            }
            self.resends.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// An answer for the caller, or the error that says which token was refused.
    fn conclude(
        &self,
        answer: Response,
        concern: Concern,
        api: Option<&ApiToken>,
        token: &Token,
    ) -> Result<Response> {
        let refused = match (concern, api) {
            (Concern::Neither, _) => return Ok(answer),
            (Concern::ApiToken, Some(api)) => api.token.clone(),
            _ => token.text.clone(),
        };
        match answer.check() {
            Err(error) => {
                let error = error.without(&[&token.text, &refused]);
                Err(error.with_token(refused))
            }
            Ok(()) => Ok(answer),
        }
    }

    fn send_rest(
        &self,
        running: &Running,
        request: &Request<'_>,
        api: Option<&ApiToken>,
        (token_header, token): (&str, &Token),
    ) -> Result<Response> {
        let url = [&self.base_url, request.path].concat();
        let bearer = api.map_or_else(Zeroizing::default, |api| bearer(&api.token));
        let mut headers = Vec::with_capacity(request.headers.len() + 3);
        headers.extend_from_slice(request.headers);
        headers.push(("Authorization", &bearer));
        headers.push((token_header, token.text.reveal()));
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
        let url = [&self.soap_url, operation.path().as_str()].concat();
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

/// What may still be done for one request.
struct Budget {
    api_token: bool,
    logins: u8,
    adoptions: u8,
}

enum Remedy {
    None,
    RenewApiToken,
    RenewSession,
}

impl Budget {
    fn remedy(&mut self, concern: Concern) -> Remedy {
        let session = self.logins > 0;
        match concern {
            // The API token first where it may be either: renewing it risks no login.
            Concern::ApiToken | Concern::Either if self.api_token => {
                self.api_token = false;
                Remedy::RenewApiToken
            }
            Concern::SessionToken | Concern::Either if session => Remedy::RenewSession,
            _ => Remedy::None,
        }
    }

    fn spend(&mut self, by_login: bool) {
        if by_login || self.adoptions == 0 {
            self.logins = 0;
        } else {
            self.adoptions -= 1;
        }
    }
}

/// What an answer that another HTTP client got means for the session. Pure.
pub fn check(http_status: i32, body: &[u8]) -> Result<()> {
    match u16::try_from(http_status) {
        Ok(status @ 100..=599) => answer::check(status, None, body),
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

    #[test]
    fn the_budget_of_a_request_ends() {
        let mut budget = Budget {
            api_token: true,
            logins: 1,
            adoptions: 1,
        };
        let mut sends = 1;
        while !matches!(budget.remedy(Concern::Either), Remedy::None) {
            budget.spend(sends > 2);
            sends += 1;
        }
        assert!(sends <= 4);
    }
}
