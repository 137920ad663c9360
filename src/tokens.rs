//! The two tokens of a session: which are held, and how they are renewed. A login runs on a thread
//! of its own and outlives the call that began it, since the platform judges what it was sent
//! whether or not anybody waits: a call that gives up costs no slot of the guard.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;

use crate::api_token::ApiTokens;
use crate::background;
use crate::call::{Call, Running};
use crate::clock::Clock;
use crate::error::{Error, Result, Status};
use crate::http::Wire;
use crate::log::{HeldBack, log_afterwards, log_elsewhere};
use crate::login::{Logins, Place};
use crate::renewal::{Landing, Renewal};
use crate::secret::Secret;
use crate::settings::Settings;

/// What a session holds, and what it takes to hold it.
pub(crate) struct Tokens {
    pub wire: Box<dyn Wire>,
    /// None in a SOAP session.
    pub api: Option<ApiTokens>,
    pub logins: Logins,
    pub clock: Arc<dyn Clock>,
    cancelled: Arc<AtomicBool>,
    timeout: Duration,
    /// None after a logout.
    held: ArcSwapOption<Token>,
    generations: AtomicU64,
    /// How many logouts there were: a login that one overtook must not bring the session back.
    /// Locked while `held` changes.
    logouts: Mutex<u64>,
    renewal: Renewal<Renewed>,
    /// What logins on threads of their own have for the log, until a call of the program's tells
    /// it.
    untold: Mutex<Vec<HeldBack>>,
}

/// A session token and which one it is, so that a late report about an older one changes nothing.
pub(crate) struct Token {
    pub text: Secret,
    pub generation: u64,
    since_ms: u64,
}

#[derive(Clone)]
pub(crate) struct Renewed {
    pub token: Arc<Token>,
    pub by_login: bool,
}

/// A login to be: what it replaces, and how many logouts there had been.
struct Replacing {
    refused: Option<Secret>,
    logouts: u64,
}

impl Tokens {
    pub fn new(
        settings: &Settings,
        wire: Box<dyn Wire>,
        place: Place,
        clock: Arc<dyn Clock>,
    ) -> Tokens {
        let api = settings.api_credential.as_ref().map(|credential| {
            let (url, log) = (settings.base_url.url(), settings.log.clone());
            ApiTokens::new(credential, url, Arc::clone(&clock), log)
        });
        Tokens {
            wire,
            api,
            logins: Logins::new(settings, place, Arc::clone(&clock)),
            clock,
            cancelled: Arc::default(),
            timeout: settings.timeout,
            held: ArcSwapOption::empty(),
            generations: AtomicU64::new(0),
            logouts: Mutex::new(0),
            renewal: Renewal::new(),
            untold: Mutex::default(),
        }
    }

    /// Begins a call that may use the network.
    pub fn start(&self, call: &Call) -> Result<Running> {
        let running = Running::start(call, Arc::clone(&self.cancelled), self.timeout);
        running.check()?;
        self.tell();
        Ok(running)
    }

    /// Ends what is under way and refuses all that would begin.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    /// The session token held. Waits for nothing.
    pub fn held(&self) -> Result<Arc<Token>> {
        self.held.load_full().ok_or_else(not_logged_in)
    }

    /// Shows the session token held, without a shared write.
    pub fn with_held<R>(&self, read: impl FnOnce(&str) -> R) -> Result<R> {
        match &*self.held.load() {
            Some(token) => Ok(read(token.text.reveal())),
            None => Err(not_logged_in()),
        }
    }

    /// How long the session token has been held.
    pub fn age_ms(&self) -> Option<u64> {
        let held = self.held.load_full();
        held.map(|token| self.clock.monotonic_ms() - token.since_ms)
    }

    /// The generation of the newest session token there was.
    pub fn newest(&self) -> u64 {
        self.generations.load(Ordering::Acquire)
    }

    /// A token newer than the refused one, by whoever gets it first.
    pub fn renew(
        self: &Arc<Self>,
        running: &Running,
        refused_generation: u64,
        refused: Option<&Secret>,
    ) -> Result<Renewed> {
        let newer = || {
            let held = self.held.load_full();
            let held = held.filter(|held| held.generation > refused_generation);
            held.map(|token| Renewed {
                token,
                by_login: false,
            })
        };
        let logouts = *self.logouts();
        log_afterwards(|| {
            let renewed = self.renewal.run(running, newer, |landing| {
                let replacing = Replacing {
                    refused: refused.cloned(),
                    logouts,
                };
                self.lead(landing, running, replacing)
            });
            self.tell();
            renewed
        })
    }

    /// Tells the log what logins on threads of their own have for it. To be called with no lock
    /// held.
    fn tell(&self) {
        let lines = std::mem::take(&mut *lock(&self.untold));
        lines.into_iter().for_each(HeldBack::tell);
    }

    fn lead(
        self: &Arc<Self>,
        landing: Landing<Renewed>,
        running: &Running,
        replacing: Replacing,
    ) -> Result<()> {
        let gone = replacing.refused.is_some() && self.held.load().is_none();
        if gone || *self.logouts() != replacing.logouts {
            return Err(not_logged_in());
        }
        let cancelled = Arc::clone(&self.cancelled);
        let detached = running.detached(landing.wanted(), cancelled, self.timeout);
        // Taken by the thread, or here where none is to be had.
        let job = Arc::new(Mutex::new(Some((landing, replacing))));
        let (tokens, theirs) = (Arc::clone(self), Arc::clone(&job));
        let login = move || {
            let Some((landing, replacing)) = lock(&theirs).take() else {
                return;
            };
            let (renewed, lines) = log_elsewhere(|| tokens.replace(&detached, &replacing));
            lock(&tokens.untold).extend(lines);
            match renewed {
                // Nobody waited any more, or a logout overtook it: who came since has it done anew.
                Err(error) if detached.gave_up(&error) || error.status() == Status::NotLoggedIn => {
                    landing.hand_over(error);
                }
                renewed => landing.land(renewed),
            }
        };
        if background::spawn("tsm-login", login).is_ok() {
            return Ok(());
        }
        let job = lock(&job).take();
        let (landing, replacing) = job.expect("no thread was started that took it");
        landing.here(running, || self.replace(running, &replacing))
    }

    /// Obtains another token and holds it.
    fn replace(&self, running: &Running, replacing: &Replacing) -> Result<Renewed> {
        let refused = replacing.refused.as_ref();
        let obtained = self
            .logins
            .obtain(&*self.wire, self.api.as_ref(), running, refused)?;
        let logouts = self.logouts();
        if *logouts != replacing.logouts {
            return Err(not_logged_in());
        }
        let token = Arc::new(Token {
            text: obtained.token,
            generation: self.generations.fetch_add(1, Ordering::AcqRel) + 1,
            since_ms: self.clock.monotonic_ms(),
        });
        self.held.store(Some(Arc::clone(&token)));
        Ok(Renewed {
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
                self.held.store(None);
                *logouts += 1;
            }
            newer
        };
        log_afterwards(|| self.logins.forget_shared(running, &token.text))?;
        Ok(newer)
    }

    fn logouts(&self) -> MutexGuard<'_, u64> {
        lock(&self.logouts)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn not_logged_in() -> Error {
    Error::new(
        Status::NotLoggedIn,
        "the session was logged out: log in again to go on",
    )
}
