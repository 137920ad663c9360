//! The two tokens of a session: which are held, and how they are renewed. A login runs on a thread
//! of its own and outlives the call that began it, since the platform judges what it was sent
//! whether or not anybody waits: a call that gives up costs no slot of the guard.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;

use crate::api_token::ApiTokens;
use crate::call::{Call, Running};
use crate::copied::{Copied, WORDS, Word};
use crate::damping::Damping;
use crate::error::{Error, Result, Status};
use crate::events::{Event, EventDetail, EventKind, Events};
use crate::exchange::RequestTokens;
use crate::http::Wire;
use crate::login::Logins;
use crate::runtime::{Runtime, Stopwatch};
use crate::secret::{Secret, Words};
use crate::settings::Settings;
use crate::single_flight::SingleFlight;
use crate::store::Store;

/// What a session holds, and what it takes to hold it.
pub(crate) struct Tokens {
    pub wire: Arc<dyn Wire>,
    /// None in a SOAP session.
    pub api: Option<Arc<ApiTokens>>,
    pub logins: Arc<Logins>,
    runtime: Arc<dyn Runtime>,
    cancelled: Arc<AtomicBool>,
    pub timeout: Duration,
    /// None before the first login and after a logout.
    held: ArcSwapOption<Token>,
    /// The text of what is held, for those who only want a copy.
    text: Copied<Words>,
    /// The generation of the newest session token there was; 0 before the first login.
    newest: AtomicU64,
    /// How many logouts there were: a login that one overtook must not bring the session back.
    /// Locked while `held` and `newest` change.
    logouts: Mutex<u64>,
    flight: SingleFlight<RenewedToken>,
    pub events: Arc<Events>,
}

/// A session token and which one it is, so that a late report about an older one changes nothing.
pub(crate) struct Token {
    pub text: Secret,
    pub generation: u64,
    since_ms: u64,
    accepted: AtomicBool,
    damping: Damping,
}

impl Token {
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

#[derive(Clone)]
pub(crate) struct RenewedToken {
    pub token: Arc<Token>,
    pub by_login: bool,
}

impl Tokens {
    pub fn new(
        settings: &Settings,
        wire: Arc<dyn Wire>,
        store: Arc<dyn Store>,
        runtime: Arc<dyn Runtime>,
    ) -> Tokens {
        let api = settings.api_credential.as_ref().map(|credential| {
            Arc::new(ApiTokens::new(
                credential,
                settings.base_url.url(),
                Arc::clone(&wire),
                Arc::clone(&runtime),
                settings.log.clone(),
                Arc::clone(&settings.events),
            ))
        });
        let logins = Logins::new(settings, Arc::clone(&wire), store, Arc::clone(&runtime));
        Tokens {
            wire,
            api,
            logins: Arc::new(logins),
            cancelled: Arc::default(),
            timeout: settings.timeout,
            held: ArcSwapOption::empty(),
            text: Copied::new(Words::new(WORDS)),
            newest: AtomicU64::new(0),
            logouts: Mutex::new(0),
            flight: SingleFlight::new("tsm-login", Arc::clone(&runtime)),
            events: Arc::clone(&settings.events),
            runtime,
        }
    }

    /// Begins a call that may use the network.
    pub fn start(&self, call: &Call) -> Result<Running> {
        let running = Running::start(call, Arc::clone(&self.cancelled), self.timeout);
        running.check()?;
        self.tell_news();
        Ok(running)
    }

    /// Tells the program what renewals have for it. To be called with no lock held.
    fn tell_news(&self) {
        self.flight.tell_news();
        if let Some(api) = &self.api {
            api.tell_news();
        }
    }

    /// Ends what is under way and refuses all that would begin.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    /// The session token held. Waits for nothing.
    pub fn held(&self) -> Result<Arc<Token>> {
        match self.held_or_new()? {
            Some(held) => Ok(held),
            None => Err(not_logged_in_yet()),
        }
    }

    /// The session token held; none before the first login. Waits for nothing.
    pub fn held_or_new(&self) -> Result<Option<Arc<Token>>> {
        match self.held.load_full() {
            Some(held) => Ok(Some(held)),
            None if self.newest() == 0 => Ok(None),
            // A first login may have come in between: its token is held before it is the newest.
            None => self.held.load_full().map(Some).ok_or_else(not_logged_in),
        }
    }

    /// Whether these are the tokens held, in time, and both were accepted. Writes to nothing that
    /// other threads read.
    pub fn has_proved(&self, sent: &RequestTokens) -> bool {
        let session = self.held.load();
        let session = session
            .as_ref()
            .is_some_and(|held| held.generation == sent.session_generation() && held.is_accepted());
        session
            && match (&self.api, sent.api_generation()) {
                (Some(api), Some(generation)) => api.has_proved(generation),
                (api, generation) => api.is_none() && generation.is_none(),
            }
    }

    /// Hands out the text of the session token held, as [`Copied::copy`] does. `None` where that is
    /// not to be had so: [`Tokens::held`] tells more.
    #[inline(always)]
    pub fn copy_text(&self, room: usize, put: impl FnMut(usize, Word)) -> Option<usize> {
        self.text.copy(room, put)
    }

    /// Holds another token. With the lock on `logouts`.
    fn hold(&self, token: Option<&Arc<Token>>, _: &MutexGuard<'_, u64>) {
        self.held.store(token.cloned());
        self.text
            .set(token.map(|token| token.text.reveal().as_bytes()));
    }

    /// How long the session token has been held.
    pub fn age_ms(&self) -> Option<u64> {
        let held = self.held.load_full();
        held.map(|token| self.age(&token).as_millis() as u64)
    }

    /// The generation of the newest session token there was; 0 before the first login.
    pub fn newest(&self) -> u64 {
        self.newest.load(Ordering::Acquire)
    }

    /// How long a refused token is kept all the same, because new ones are refused as well; None
    /// when it may be replaced.
    pub fn keeps_for(&self, token: &Token) -> Option<Duration> {
        token
            .damping
            .keeps_for(self.age(token), token.is_accepted())
    }

    /// A token newer than the refused one, by whoever gets it first.
    pub fn renew(
        self: &Arc<Self>,
        running: &Running,
        refused_generation: u64,
        refused: Option<&Secret>,
    ) -> Result<RenewedToken> {
        let newer = || {
            let held = self.held.load_full();
            let held = held.filter(|held| held.generation > refused_generation);
            held.map(|token| RenewedToken {
                token,
                by_login: false,
            })
        };
        let logouts = *self.logouts();
        if refused.is_some() {
            // No renewal undoes a logout.
            self.held()?;
        }
        let (tokens, refused) = (Arc::clone(self), refused.cloned());
        let replace = move |running: &Running| tokens.replace(running, refused.as_ref(), logouts);
        let waited = Stopwatch::start(&*self.runtime);
        let followed = || self.followed_a_login(waited.elapsed());
        self.flight.run_or_follow(running, newer, replace, followed)
    }

    /// A call waited so long for a login that another one was having done.
    pub fn followed_a_login(&self, waited: Duration) {
        let event = Event::new(EventKind::Waited).detailed(EventDetail::ForLogin);
        self.events.happened(event.lasting(waited));
    }

    /// Obtains another token and holds it, unless there has been a logout since there were so many.
    fn replace(
        &self,
        running: &Running,
        refused: Option<&Secret>,
        logouts_before: u64,
    ) -> Result<RenewedToken> {
        if *self.logouts() != logouts_before {
            return Err(not_logged_in());
        }
        let obtained = self.logins.obtain(self.api.as_ref(), running, refused)?;
        let logouts = self.logouts();
        if *logouts != logouts_before {
            return Err(not_logged_in());
        }
        let before = self.held.load_full();
        let generation = self.newest() + 1;
        let token = Arc::new(Token {
            text: obtained.token,
            generation,
            since_ms: self.runtime.now_ms(),
            accepted: AtomicBool::default(),
            damping: before.map_or_else(Damping::default, |before| {
                before
                    .damping
                    .after(self.age(&before), before.is_accepted())
            }),
        });
        self.hold(Some(&token), &logouts);
        self.newest.store(generation, Ordering::Release);
        Ok(RenewedToken {
            token,
            by_login: obtained.by_login,
        })
    }

    /// Lets go of a token that was logged out, for all who share it; gives the one that is held by
    /// now if it is another.
    pub fn forget(&self, running: &Running, token: &Token) -> Result<Option<Arc<Token>>> {
        let newer = {
            let mut logouts = self.logouts();
            let held = self.held.load_full();
            let newer = held.filter(|held| held.generation != token.generation);
            if newer.is_none() {
                self.hold(None, &logouts);
                *logouts += 1;
            }
            newer
        };
        self.logins.forget_shared(running, &token.text)?;
        Ok(newer)
    }

    fn age(&self, token: &Token) -> Duration {
        Duration::from_millis(self.runtime.now_ms().saturating_sub(token.since_ms))
    }

    fn logouts(&self) -> MutexGuard<'_, u64> {
        self.logouts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_logged_in() -> Error {
    Error::new(
        Status::NotLoggedIn,
        "the session was logged out: log in again to go on",
    )
}

fn not_logged_in_yet() -> Error {
    Error::new(
        Status::NotLoggedIn,
        "the session has not logged in yet: its first request does, or log in now",
    )
}

/// Why a refused token is not replaced.
pub(crate) fn kept(wait: Duration) -> Error {
    let seconds = wait.as_millis().div_ceil(1000);
    Error::new(
        Status::SessionExpired,
        format!(
            "the platform refuses every new session token soon after it was given: no other login \
             is sent for {seconds} s. Check the request; and where several sessions or programs \
             use one username, let them share a token (share_token=true)"
        ),
    )
    .with_retryable(true)
    .with_retry_after(Some(wait))
}
