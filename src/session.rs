//! The session: logging in and out, and the tokens held. Its requests are in `request`, what they
//! and the requests of other HTTP clients do with the rules of an exchange in `exchange`. Renewing
//! is for `tokens`, whether a login may leave for `login` and `lockout`.

mod exchange;
mod request;
mod stream;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::api_token::ApiTokens;
use crate::call::{Call, Running};
use crate::config::Config;
use crate::copied::Word;
use crate::endpoint::Endpoint;
use crate::error::{Error, Result, Status};
use crate::fork;
use crate::http::{Http, Wire};
use crate::lockout::Unblocked;
use crate::log::{Log, LogLevel};
use crate::login::{self, GuardState};
use crate::platform::answer::Answer;
use crate::runtime::{self, Runtime};
use crate::secret::Secret;
use crate::settings::{Protocol, Settings};
use crate::store::{self, Lasts, Store};
use crate::tokens::{self, Token, Tokens};

pub use exchange::Exchange;
pub(crate) use request::Carried;
pub use request::Request;
pub use stream::StreamedResponse;

/// A session, logged in or soon to be, for any number of threads.
pub struct Session {
    protocol: Protocol,
    base_url: Endpoint,
    soap_url: Endpoint,
    realm: String,
    auto_relogin: bool,
    session_token_header: String,
    share_token: bool,
    max_response_bytes: u64,
    user_agent: String,
    tokens: Arc<Tokens>,
    born: u32,
    requests: AtomicU64,
    resends: AtomicU64,
    log: Log,
}

impl Session {
    /// Logs in, or adopts a shared token (option `share_token`).
    pub fn login(config: &Config, call: &Call) -> Result<Session> {
        let (session, running) = Session::ready(config, call)?;
        session.tokens.renew(&running, 0, None)?;
        Ok(session)
    }

    /// A session that logs in when a request first needs it to, or by [`Session::relogin`]: once,
    /// however many requests wait for that. All options are checked now; nothing is sent.
    pub fn open(config: &Config, call: &Call) -> Result<Session> {
        Ok(Session::ready(config, call)?.0)
    }

    /// A session that can log in, and the call that it was made ready in.
    fn ready(config: &Config, call: &Call) -> Result<(Session, Running)> {
        let settings = config.settings()?;
        let runtime = runtime::system();
        let wire = Arc::new(Http::new(&settings.network, Arc::clone(&runtime))?);
        let account = &settings.account;
        let store = store::open(account, &runtime)
            .map_err(|error| login::advise(error, account.store_is_default))?;
        let session = Session::new(&settings, Arc::clone(&wire) as _, store, runtime);
        let running = session.start(call)?;
        wire.prepare(&running)?;
        Ok((session, running))
    }

    /// A session that is not logged in yet, over any wire, store and machine.
    pub(crate) fn new(
        settings: &Settings,
        wire: Arc<dyn Wire>,
        store: Arc<dyn Store>,
        runtime: Arc<dyn Runtime>,
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
            user_agent: settings.network.user_agent.clone(),
            tokens: Arc::new(Tokens::new(settings, wire, store, runtime)),
            born: fork::generation(),
            requests: AtomicU64::new(0),
            resends: AtomicU64::new(0),
            log: settings.log.clone(),
        }
    }

    /// A copy of the session token. Never touches the network, nor waits.
    pub fn token(&self) -> Result<Secret> {
        self.check_process()?;
        Ok(self.tokens.held()?.text.clone())
    }

    /// Hands out the session token word by word, without a write that other threads read. `None`
    /// where it is not to be had so: [`Session::token`] tells more.
    #[inline(always)]
    pub(crate) fn copy_token(&self, room: usize, put: impl FnMut(usize, Word)) -> Option<usize> {
        match self.is_forked() {
            false => self.tokens.copy_text(room, put),
            true => None,
        }
    }

    /// The API token; fetched when there is none or its time is up. One that is held needs no time
    /// and no network.
    pub fn api_token(&self, call: &Call) -> Result<Secret> {
        self.check_process()?;
        let api_tokens = self.api_tokens()?;
        // What is held costs no wait, so that no deadline is too short for it.
        let api = match api_tokens.held() {
            Some(held) => held,
            None => api_tokens.get(&self.start(call)?)?,
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

    /// The URL of the proxy on the way to the platform, by the option `proxy` and the environment.
    /// It may hold a user and a password.
    pub fn proxy(&self) -> Result<Option<Secret>> {
        self.check_process()?;
        Ok(self.tokens.wire.proxy().map(|proxy| proxy.url()))
    }

    /// The header that the session token goes into.
    pub fn session_token_header(&self) -> &str {
        &self.session_token_header
    }

    /// Logs in again if the token held is still the expired one; `None` is whichever is held now.
    pub fn relogin(&self, call: &Call, expired_token: Option<&str>) -> Result<()> {
        self.check_process()?;
        // Before anything that takes time: "whichever is held now" must not become another thread's
        // new one. Nor may a login that ends between the two look older than it is.
        let (newest, held) = (self.tokens.newest(), self.tokens.held());
        let running = self.start(call)?;
        match (held, expired_token) {
            (Ok(held), Some(expired)) if held.text.reveal() != expired => return Ok(()),
            (Ok(held), expired) => {
                if expired.is_some()
                    && let Some(wait) = self.tokens.keeps_for(&held)
                {
                    return Err(tokens::kept(wait).with_token(held.text.clone()));
                }
                let (generation, text) = (held.generation, Some(&held.text));
                self.tokens.renew(&running, generation, text)?
            }
            // After a logout, or before the first login, there is nothing to be newer than.
            (Err(_), _) => self.tokens.renew(&running, newest, None)?,
        };
        Ok(())
    }

    /// Fetches another API token if the one held is still the rejected one; `None` is whichever is
    /// held now.
    pub fn renew_api_token(&self, call: &Call, rejected_token: Option<&str>) -> Result<()> {
        let running = self.start(call)?;
        self.api_tokens()?.renew_text(&running, rejected_token)
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
        let held = || Ok(Some(Arc::clone(token)));
        let answer = self.complete(running, false, held, |tokens| {
            self.send_logout(running, tokens)
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

    /// Counters and state as flat JSON, without secrets. A counter never goes back.
    pub fn info(&self) -> Result<String> {
        self.check_process()?;
        let Tokens { logins, api, .. } = &*self.tokens;
        let age_ms = self.tokens.age_ms();
        let (store, lasts) = logins.store();
        Ok(serde_json::json!({
            "version": env!("CARGO_PKG_VERSION"),
            "protocol": self.protocol.name(),
            "base_url": self.base_url.url(),
            "soap_url": self.soap_url.url(),
            "realm": self.realm,
            "store": store,
            // Nothing falls back any more; a key once given stays.
            "store_is_fallback": false,
            "store_lasts": lasts.map(Lasts::name),
            "share_token": self.share_token,
            "auto_relogin": self.auto_relogin,
            "session_token_header": self.session_token_header,
            "timeout_ms": self.tokens.timeout.as_millis() as u64,
            "logged_in": age_ms.is_some(),
            "token_age_ms": age_ms,
            "logins": logins.succeeded(),
            "login_failures": logins.failed(),
            "api_token_fetches": api.as_ref().map_or(0, |api| api.fetches()),
            "requests": self.requests.load(Ordering::Relaxed),
            "resends": self.resends.load(Ordering::Relaxed),
        })
        .to_string())
    }

    /// Logins of this session that gave a token.
    pub(crate) fn logins(&self) -> u64 {
        self.tokens.logins.succeeded()
    }

    /// What the session counted, in the text format of Prometheus (version 0.0.4): one family for
    /// each of [`METRICS`](crate::METRICS). Never waits.
    pub fn metrics(&self) -> Result<String> {
        self.check_process()?;
        Ok(self.tokens.events.metrics.text())
    }

    /// Counts and tells, as [`EventKind::Waited`](crate::EventKind::Waited), that a request of the
    /// program's waited so long for a login that another one was having done, and shares what came
    /// of it. Of waits outside of the session it knows nothing else.
    pub fn waited(&self, duration: Duration) -> Result<()> {
        self.check_process()?;
        self.tokens.followed_a_login(duration);
        Ok(())
    }

    /// Tells more or less to the log that its config gave it ([`Config::set_log`]), from now on and
    /// for all sessions of that config.
    ///
    /// [`Config::set_log`]: crate::Config::set_log
    pub fn set_log_level(&self, max_level: LogLevel) {
        self.log.set_level(max_level);
    }

    /// Whether this process was forked after the session was made. Such a session is of no use
    /// here.
    #[inline(always)]
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

    fn api_tokens(&self) -> Result<&Arc<ApiTokens>> {
        self.tokens
            .api
            .as_ref()
            .ok_or_else(|| invalid("a SOAP session has no API token"))
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

/// What an answer that another HTTP client got means for the session. Pure.
pub fn check(http_status: i32, body: &[u8]) -> Result<()> {
    check_answer(http_status, None, body)
}

/// The same for an answer with a header `Retry-After`.
pub fn check_answer(http_status: i32, retry_after: Option<&str>, body: &[u8]) -> Result<()> {
    match u16::try_from(http_status) {
        Ok(status @ 100..=999) => Answer::to_request(status, retry_after, body).check(),
        _ => Err(invalid("the HTTP status must be from 100 to 999")),
    }
}

/// Makes the lockout guard forget what it counted and remembers for the account of this
/// configuration. For an operator who has mended the cause. Needs `username` and what tells the
/// platform and the store.
pub fn unblock(config: &Config) -> Result<Unblocked> {
    login::unblock(&config.account()?, &runtime::system())
}

/// The session token that sessions of this configuration share at present (option `share_token`).
/// Asks the store alone: where the store is of this host, it takes a millisecond. Needs `username`
/// and what tells the platform and the store. Whether the platform takes it still, only a request
/// can tell.
pub fn shared_token(config: &Config, call: &Call) -> Result<Option<Secret>> {
    let (account, protocol) = (config.account()?, Protocol::of(config));
    match config.flag("share_token") {
        true => login::shared_token(&account, protocol, &runtime::system(), call),
        false => Ok(None),
    }
}

/// What the lockout guard knows of the account of this configuration, and what it would say to a
/// login now. Needs what [`unblock`] needs; with a password it is told for that one. The platform
/// is not asked, a store on Redis is; no lease is taken and nothing is written.
pub fn guard(config: &Config, call: &Call) -> Result<GuardState> {
    let (account, password) = (config.account()?, config.password_source()?);
    let running = Running::start(call, Arc::default(), account.timeout);
    let protocol = Protocol::of(config).name();
    login::guard(&account, protocol, password, &running, &runtime::system())
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(Status::InvalidArgument, message)
}
