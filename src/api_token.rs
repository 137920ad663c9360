//! The API token (OAuth2 client credentials, one hour): handed out while it lasts, renewed when it
//! has run out by the clock or was rejected, or read from its file again. A renewal runs on a
//! thread of its own. Failing to renew never drops one that is still valid. The platform's page:
//! "Getting Credentials to use the API".

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;

use crate::call::Running;
use crate::damping::Damping;
use crate::error::{Error, Result, Status};
use crate::events::{Event, EventDetail, EventKind, Events};
use crate::http::{Connection, Outgoing, Wire};
use crate::log::Log;
use crate::per_key::PerKey;
use crate::platform::oauth::{self, Granted};
use crate::runtime::{Runtime, Stopwatch};
use crate::secret::Secret;
use crate::secret_source::{SecretAtHand, SecretSource};
use crate::settings::ApiCredential;
use crate::single_flight::SingleFlight;

const MAX_ANSWER_BYTES: u64 = 64 * 1024;

/// A token is kept this long, whatever `expires_in` says: one that ends at once would be fetched
/// for every request.
const SHORTEST_LIFE: Duration = Duration::from_secs(5);

/// A token and which one it is, so that a late report about an older one changes nothing.
#[derive(Debug)]
pub(crate) struct ApiToken {
    pub token: Secret,
    pub generation: u64,
    since_ms: u64,
    ends_ms: Option<u64>,
    accepted: AtomicBool,
    damping: Damping,
}

impl ApiToken {
    /// An answer has shown that the platform takes it.
    pub fn was_accepted(&self) {
        // Looked at first: a write would take the line from every other core.
        if !self.is_accepted() {
            self.accepted.store(true, Ordering::Relaxed);
        }
    }

    fn is_accepted(&self) -> bool {
        self.accepted.load(Ordering::Relaxed)
    }
}

/// A failure after which the platform asked to wait, and until when.
struct Hold {
    until_ms: u64,
    error: Error,
}

/// By process, URL and application key: all sessions of an application wait.
static HOLDS: PerKey<(u64, String, String), ArcSwapOption<Hold>> = PerKey::new();

/// The longest that a `Retry-After` is heeded, and the least for a gateway that throttles.
const LONGEST_HOLD: Duration = Duration::from_secs(60 * 60);
const THROTTLED: Duration = Duration::from_secs(5);

pub(crate) struct ApiTokens {
    source: Source,
    held: ArcSwapOption<ApiToken>,
    flight: SingleFlight<Arc<ApiToken>>,
    fetches: AtomicU64,
    wire: Arc<dyn Wire>,
    runtime: Arc<dyn Runtime>,
    log: Log,
    events: Arc<Events>,
}

enum Source {
    Fixed(SecretSource),
    Application {
        app_key: String,
        secret: SecretSource,
        url: String,
    },
}

impl ApiTokens {
    pub fn new(
        credential: &ApiCredential,
        base_url: &str,
        wire: Arc<dyn Wire>,
        runtime: Arc<dyn Runtime>,
        log: Log,
        events: Arc<Events>,
    ) -> ApiTokens {
        let (source, held) = match credential {
            ApiCredential::Fixed(source) => {
                let held = match source {
                    SecretSource::Given(token) => Some(ApiToken {
                        token: token.clone(),
                        generation: 0,
                        since_ms: runtime.now_ms(),
                        ends_ms: None,
                        accepted: AtomicBool::default(),
                        damping: Damping::default(),
                    }),
                    SecretSource::File { .. } => None,
                };
                (Source::Fixed(source.clone()), held.map(Arc::new))
            }
            ApiCredential::Application { key, secret } => {
                let source = Source::Application {
                    app_key: key.clone(),
                    secret: secret.clone(),
                    url: format!("{base_url}{}", oauth::TOKEN_PATH),
                };
                (source, None)
            }
        };
        ApiTokens {
            source,
            held: ArcSwapOption::new(held),
            flight: SingleFlight::new("tsm-oauth", Arc::clone(&runtime)),
            fetches: AtomicU64::new(0),
            wire,
            runtime,
            log,
            events,
        }
    }

    /// How many times the platform was asked for a token.
    pub fn fetches(&self) -> u64 {
        self.fetches.load(Ordering::Relaxed)
    }

    /// Whether a rejected token can be replaced at all.
    pub fn is_renewable(&self) -> bool {
        match &self.source {
            Source::Fixed(source) => source.is_file(),
            Source::Application { .. } => true,
        }
    }

    /// The token held, unless its time is up.
    pub fn held(&self) -> Option<Arc<ApiToken>> {
        self.held.load_full().filter(|held| !self.has_ended(held))
    }

    /// Whether this is the token held, in time, and an answer has accepted it.
    pub fn has_proved(&self, generation: u64) -> bool {
        self.held.load().as_ref().is_some_and(|held| {
            held.generation == generation && held.is_accepted() && !self.has_ended(held)
        })
    }

    /// The token held, or a new one where there is none or its time is up.
    pub fn get(self: &Arc<Self>, running: &Running) -> Result<Arc<ApiToken>> {
        match self.held() {
            Some(held) => Ok(held),
            None => self.renewed(running, Self::held),
        }
    }

    /// A newer token than the one that was rejected.
    pub fn renew(self: &Arc<Self>, running: &Running, rejected: u64) -> Result<Arc<ApiToken>> {
        let newer = move |tokens: &Self| {
            let held = tokens.held.load_full();
            held.filter(|held| held.generation > rejected)
        };
        self.renewed(running, newer)
    }

    /// How long a rejected token is kept all the same, because new ones are rejected as well; None
    /// when it may be replaced.
    pub fn keeps_for(&self, token: &ApiToken) -> Option<Duration> {
        token
            .damping
            .keeps_for(self.age(token), token.is_accepted())
    }

    fn renewed(
        self: &Arc<Self>,
        running: &Running,
        newer: impl Fn(&Self) -> Option<Arc<ApiToken>>,
    ) -> Result<Arc<ApiToken>> {
        let tokens = Arc::clone(self);
        let fetch = move |running: &Running| tokens.fetch(running);
        self.flight.run(running, || newer(self), fetch)
    }

    /// A newer token than the one of that text; without one, than what is held.
    pub fn renew_text(self: &Arc<Self>, running: &Running, rejected: Option<&str>) -> Result<()> {
        let Some(held) = self.held.load_full() else {
            return self.get(running).map(drop);
        };
        if let Some(text) = rejected {
            if text != held.token.reveal() {
                return Ok(());
            }
            if let Some(wait) = self.keeps_for(&held) {
                return Err(kept(wait).with_token(held.token.clone()));
            }
        }
        self.renew(running, held.generation).map(drop)
    }

    /// Tells the program what renewals have for it. To be called with no lock held.
    pub fn tell_news(&self) {
        self.flight.tell_news();
    }

    fn has_ended(&self, held: &ApiToken) -> bool {
        held.ends_ms
            .is_some_and(|ends_ms| self.runtime.now_ms() >= ends_ms)
    }

    fn age(&self, token: &ApiToken) -> Duration {
        Duration::from_millis(self.runtime.now_ms().saturating_sub(token.since_ms))
    }

    fn fetch(&self, running: &Running) -> Result<Arc<ApiToken>> {
        match &self.source {
            Source::Fixed(source) => self.read_anew(source),
            Source::Application {
                app_key,
                secret,
                url,
            } => self.ask_for_one(running, app_key, secret, url),
        }
    }

    fn read_anew(&self, source: &SecretSource) -> Result<Arc<ApiToken>> {
        let token = source.read()?;
        let before = self.held.load_full();
        if before.is_some_and(|before| before.token == token) {
            return Err(Error::new(
                Status::ApiToken,
                match source {
                    SecretSource::Given(_) => {
                        "the platform rejects the api_token, and there is no app_key and \
                         app_secret to fetch another with"
                    }
                    SecretSource::File { .. } => {
                        "the platform rejects the API token in api_token_file; a new one there is \
                         taken at the next call"
                    }
                },
            ));
        }
        self.log.info(|| "API token read from its file".into());
        Ok(self.hold(token, self.runtime.now_ms(), None))
    }

    fn ask_for_one(
        &self,
        running: &Running,
        app_key: &str,
        secret: &SecretSource,
        url: &str,
    ) -> Result<Arc<ApiToken>> {
        let key = (self.runtime.process(), url.to_owned(), app_key.to_owned());
        let hold = HOLDS.get(&key);
        self.check_hold(&hold)?;
        running.doing(|| "waiting for an API token".into());
        let mut secret = SecretAtHand::new(Ok(secret));
        let (asked_ms, granted) = loop {
            let asked_ms = self.runtime.now_ms();
            match self.ask(running, app_key, secret.get()?, url) {
                Err(error) if error.status() == Status::ApiToken && secret.has_changed() => {}
                granted => break (asked_ms, granted),
            }
        };
        let granted = granted.inspect_err(|error| self.note_failure(error, &hold))?;
        hold.store(None);
        let life = |life: Duration| life.max(SHORTEST_LIFE).as_millis() as u64;
        let ends_ms = granted
            .expires_in
            .map(|expires_in| asked_ms.saturating_add(life(expires_in)));
        self.log.info(|| "API token fetched".into());
        Ok(self.hold(granted.token, asked_ms, ends_ms))
    }

    fn ask(&self, running: &Running, app_key: &str, secret: &Secret, url: &str) -> Result<Granted> {
        self.fetches.fetch_add(1, Ordering::Relaxed);
        let asked = Stopwatch::start(&*self.runtime);
        let authorization = oauth::basic(app_key, secret);
        let outgoing = Outgoing {
            method: "POST",
            url,
            headers: &[
                ("Authorization", authorization.reveal()),
                ("Content-Type", "application/x-www-form-urlencoded"),
            ],
            body: oauth::TOKEN_BODY.as_bytes(),
            max_response_bytes: MAX_ANSWER_BYTES,
            on: Connection::Any,
        };
        let answer = self.wire.send(running, &outgoing).map_err(Error::from);
        let granted = answer
            .and_then(|answer| {
                oauth::answer(answer.status, answer.header("retry-after"), &answer.body)
            })
            .map_err(|error| error.masking(&[secret]));
        self.tell_of_fetch(asked.elapsed(), granted.as_ref().err());
        granted
    }

    fn hold(&self, token: Secret, since_ms: u64, ends_ms: Option<u64>) -> Arc<ApiToken> {
        let before = self.held.load_full();
        let token = Arc::new(ApiToken {
            token,
            generation: before.as_ref().map_or(0, |before| before.generation) + 1,
            since_ms,
            ends_ms,
            accepted: AtomicBool::default(),
            damping: before.map_or_else(Damping::default, |before| {
                before
                    .damping
                    .after(self.age(&before), before.is_accepted())
            }),
        });
        self.held.store(Some(Arc::clone(&token)));
        token
    }

    fn tell_of_fetch(&self, duration: Duration, error: Option<&Error>) {
        let outcome = match error {
            None => EventDetail::Success,
            Some(_) => EventDetail::Failure,
        };
        let event = Event::new(EventKind::ApiTokenFetched).detailed(outcome);
        self.events.happened(event.lasting(duration).because(error));
    }

    /// A `Retry-After` holds for all until it is over.
    fn check_hold(&self, hold: &ArcSwapOption<Hold>) -> Result<()> {
        let Some(held) = hold.load_full() else {
            return Ok(());
        };
        match held.until_ms.checked_sub(self.runtime.now_ms()) {
            None | Some(0) => Ok(()),
            Some(left_ms) => {
                let seconds = left_ms.div_ceil(1000);
                let advice = format!(
                    "That was another request for an API token, and this one was not sent: the \
                     next one may leave in {seconds} s"
                );
                let error = held.error.clone().advising(&advice);
                Err(error.with_retry_after(Some(Duration::from_millis(left_ms))))
            }
        }
    }

    fn note_failure(&self, error: &Error, hold: &ArcSwapOption<Hold>) {
        self.log.info(|| format!("no API token: {error}"));
        let asked = error.retry_after().filter(|wait| !wait.is_zero());
        let throttled = (error.status() == Status::RateLimited).then_some(THROTTLED);
        if let Some(wait) = asked.or(throttled) {
            let wait_ms = wait.min(LONGEST_HOLD).as_millis() as u64;
            let until_ms = self.runtime.now_ms().saturating_add(wait_ms);
            let error = error.clone();
            hold.store(Some(Arc::new(Hold { until_ms, error })));
        }
    }
}

/// Why a rejected token is not replaced.
pub(crate) fn kept(wait: Duration) -> Error {
    let seconds = wait.as_millis().div_ceil(1000);
    Error::new(
        Status::ApiToken,
        format!(
            "the platform rejects every new API token soon after it was given: no other is asked \
             for during {seconds} s. Check the request, the application's rights and the base URL"
        ),
    )
    .with_retryable(true)
    .with_retry_after(Some(wait))
}
