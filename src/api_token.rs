//! The API token (OAuth2 client credentials, one hour): handed out while it lasts, renewed when it
//! has run out by the clock or was rejected. Failing to renew never drops one that is still valid.
//! The platform's page: "Getting Credentials to use the API".

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;

use crate::call::Running;
use crate::clock::Clock;
use crate::error::{Error, Result, Status};
use crate::http::{Outgoing, Wire};
use crate::log::{Log, log_afterwards};
use crate::platform::oauth;
use crate::renewal::Renewal;
use crate::secret::Secret;
use crate::settings::ApiCredential;

const MAX_ANSWER_BYTES: u64 = 64 * 1024;

/// A token and which one it is, so that a late report about an older one changes nothing.
#[derive(Clone, Debug)]
pub(crate) struct ApiToken {
    pub token: Secret,
    pub generation: u64,
    ends_ms: Option<u64>,
}

pub(crate) struct ApiTokens {
    source: Source,
    held: ArcSwapOption<ApiToken>,
    renewal: Renewal<Arc<ApiToken>>,
    fetches: AtomicU64,
    clock: Arc<dyn Clock>,
    log: Log,
}

enum Source {
    Fixed,
    Application {
        secret: Secret,
        authorization: Secret,
        url: String,
    },
}

impl ApiTokens {
    pub fn new(
        credential: &ApiCredential,
        base_url: &str,
        clock: Arc<dyn Clock>,
        log: Log,
    ) -> ApiTokens {
        let (source, held) = match credential {
            ApiCredential::Fixed(token) => {
                let fixed = ApiToken {
                    token: token.clone(),
                    generation: 0,
                    ends_ms: None,
                };
                (Source::Fixed, Some(Arc::new(fixed)))
            }
            ApiCredential::Application { key, secret } => {
                let source = Source::Application {
                    secret: secret.clone(),
                    authorization: oauth::basic(key, secret),
                    url: format!("{base_url}{}", oauth::TOKEN_PATH),
                };
                (source, None)
            }
        };
        ApiTokens {
            source,
            held: ArcSwapOption::new(held),
            renewal: Renewal::new(),
            fetches: AtomicU64::new(0),
            clock,
            log,
        }
    }

    /// How many times the platform was asked for a token.
    pub fn fetches(&self) -> u64 {
        self.fetches.load(Ordering::Relaxed)
    }

    /// Whether a rejected token can be replaced at all.
    pub fn is_renewable(&self) -> bool {
        matches!(self.source, Source::Application { .. })
    }

    /// The token held, unless its time is up.
    pub fn held(&self) -> Option<Arc<ApiToken>> {
        self.held.load_full().filter(|held| !self.has_ended(held))
    }

    /// The token held, or a new one where there is none or its time is up.
    pub fn get(&self, wire: &dyn Wire, running: &Running) -> Result<Arc<ApiToken>> {
        match self.held() {
            Some(held) => Ok(held),
            None => self.fly(wire, running, || self.held()),
        }
    }

    /// A newer token than the one that was rejected.
    pub fn renew(
        &self,
        wire: &dyn Wire,
        running: &Running,
        rejected: u64,
    ) -> Result<Arc<ApiToken>> {
        let newer = || {
            self.held
                .load_full()
                .filter(|held| held.generation > rejected)
        };
        self.fly(wire, running, newer)
    }

    fn fly(
        &self,
        wire: &dyn Wire,
        running: &Running,
        newer: impl Fn() -> Option<Arc<ApiToken>>,
    ) -> Result<Arc<ApiToken>> {
        let fetch = || self.fetch(wire, running);
        log_afterwards(|| {
            self.renewal
                .run(running, newer, |landing| landing.here(running, fetch))
        })
    }

    /// A newer token than the one of that text; without one, than what is held.
    pub fn renew_text(
        &self,
        wire: &dyn Wire,
        running: &Running,
        rejected: Option<&str>,
    ) -> Result<()> {
        let Some(held) = self.held.load_full() else {
            return self.get(wire, running).map(drop);
        };
        match rejected {
            Some(text) if text != held.token.reveal() => Ok(()),
            _ => self.renew(wire, running, held.generation).map(drop),
        }
    }

    fn has_ended(&self, held: &ApiToken) -> bool {
        held.ends_ms
            .is_some_and(|ends_ms| self.clock.monotonic_ms() >= ends_ms)
    }

    fn fetch(&self, wire: &dyn Wire, running: &Running) -> Result<Arc<ApiToken>> {
        let Source::Application {
            secret,
            authorization,
            url,
        } = &self.source
        else {
            return Err(Error::new(
                Status::ApiToken,
                "the platform rejects the api_token, and there is no app_key and app_secret to \
                 fetch another with",
            ));
        };
        self.fetches.fetch_add(1, Ordering::Relaxed);
        let asked_ms = self.clock.monotonic_ms();
        let outgoing = Outgoing {
            method: "POST",
            url,
            headers: &[
                ("Authorization", authorization.reveal()),
                ("Content-Type", "application/x-www-form-urlencoded"),
            ],
            body: oauth::TOKEN_BODY.as_bytes(),
            max_response_bytes: MAX_ANSWER_BYTES,
            on_kept_connection: false,
        };
        let granted = wire
            .send(running, &outgoing)
            .map_err(Error::from)
            .and_then(|answer| {
                oauth::answer(answer.status, answer.header("retry-after"), &answer.body)
            })
            .map_err(|error| error.without(&[secret]))
            .inspect_err(|error| self.log.info(|| format!("no API token: {error}")))?;
        let generation = self.held.load().as_ref().map_or(0, |h| h.generation) + 1;
        let token = Arc::new(ApiToken {
            token: granted.token,
            generation,
            ends_ms: granted
                .expires_in
                .map(|life| asked_ms.saturating_add(life.as_millis() as u64)),
        });
        self.held.store(Some(Arc::clone(&token)));
        self.log.info(|| "API token fetched".into());
        Ok(token)
    }
}
