//! When the hash of a password is made, and how often; and what operators are told of logins: on a
//! machine that counts hashes, leaves what is to be done after a login until it is told to, and has
//! a clock that can be put forward.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::*;
use crate::config::Config;
use crate::http::{Outgoing, SendFailure, Wire};
use crate::log::LogLevel;
use crate::password::Memory;
use crate::response::Response;
use crate::runtime::{self, Signal, Work};
use crate::session::{Request, Session};
use crate::store::memory::MemoryStore;
use crate::store::{Lease, Succeeded};

const TOKEN: (u16, &str) = (200, r#"{"sessionToken":"T"}"#);
const REJECTED: (u16, &str) = (400, r#"{"errorCode":"Any.InvalidPassword"}"#);
const LOST: (u16, &str) = (502, "");
const LOCKED: (u16, &str) = (400, r#"{"errorCode":"Any.UserLocked"}"#);
const THROTTLED: (u16, &str) = (429, r#"{"fault":{"code":"900800"}}"#);

const EXPIRED: (u16, &str) = (400, r#"{"errorCode":"Any.SessionToken.Expired"}"#);

struct Machine {
    real: Arc<dyn Runtime>,
    answer: Mutex<(u16, &'static str)>,
    /// How long its platform takes for that.
    takes_seconds: AtomicU64,
    /// How long the process is stopped, once, when a login is about to leave.
    stopped_seconds: AtomicU64,
    /// Left to be done after logins.
    left: Mutex<Vec<Work>>,
    made: Mutex<BTreeMap<(String, Salt), PasswordHash>>,
    /// Its clock stands still but for being put forward.
    began_ms: u64,
    ahead_ms: AtomicU64,
    sleeps: AtomicUsize,
    told: Arc<Mutex<Vec<Event>>>,
    number: u64,
}

impl Machine {
    /// Each test is a process of its own.
    fn new(number: u64) -> Arc<Machine> {
        let real = runtime::system();
        Arc::new(Machine {
            began_ms: real.now_ms(),
            real,
            answer: Mutex::new(TOKEN),
            takes_seconds: AtomicU64::new(0),
            stopped_seconds: AtomicU64::new(0),
            left: Mutex::default(),
            made: Mutex::default(),
            ahead_ms: AtomicU64::new(0),
            sleeps: AtomicUsize::new(0),
            told: Arc::default(),
            number: u64::MAX - number,
        })
    }

    fn answers(&self, answer: (u16, &'static str)) {
        *lock(&self.answer) = answer;
    }

    fn hashes(&self) -> usize {
        lock(&self.made).len()
    }

    fn do_what_is_left(&self) {
        let left = std::mem::take(&mut *lock(&self.left));
        left.into_iter().for_each(|work| work());
    }

    fn put_forward(&self, seconds: u64) {
        self.ahead_ms.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// The events of its sessions since this was asked last.
    fn told(&self) -> Vec<(&'static str, &'static str)> {
        let told = std::mem::take(&mut *lock(&self.told));
        let words = |event: &Event| (event.kind.name(), event.detail.map_or("", |d| d.name()));
        told.iter().map(words).collect()
    }

    /// A session of an account of the machine's own.
    fn session(self: &Arc<Machine>, password: &str) -> Session {
        self.session_with(password, &[])
    }

    fn session_with(self: &Arc<Machine>, password: &str, options: &[(&str, &str)]) -> Session {
        let settings = self.config(password, options).settings().unwrap();
        Session::new(&settings, self.clone(), self.store(), self.clone())
    }

    fn config(&self, password: &str, options: &[(&str, &str)]) -> Config {
        let mut config = Config::new();
        let told = Arc::clone(&self.told);
        config.set_event(move |event| lock(&told).push(event.clone()));
        if options.is_empty() || options[0].0 != "app_key" {
            config.set("api_token", "A").unwrap();
        }
        for (name, value) in options {
            config.set(name, value).unwrap();
        }
        for (name, value) in [
            ("username", "zbeeblebrox"),
            ("password", password),
            ("store", "memory:"),
            ("realm", &*format!("login tests {}", self.number)),
        ] {
            config.set(name, value).unwrap();
        }
        config
    }

    fn store(self: &Arc<Machine>) -> Arc<dyn Store> {
        Arc::new(MemoryStore::new(self.clone()))
    }

    fn key(&self) -> Key {
        Key {
            realm: format!("login tests {}", self.number),
            username: "zbeeblebrox".into(),
        }
    }

    fn record(self: &Arc<Machine>) -> Record {
        match self.store().peek(&self.key(), &running()).unwrap() {
            Found::Record(record) => *record,
            other => panic!("{other:?}"),
        }
    }
}

impl Runtime for Machine {
    fn clock(&self) -> &str {
        self.real.clock()
    }

    fn now_ms(&self) -> u64 {
        self.began_ms + self.ahead_ms.load(Ordering::SeqCst)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.ahead_ms.load(Ordering::SeqCst))
    }

    /// Asked when a slot is reserved.
    fn wall_ms(&self) -> u64 {
        self.put_forward(self.stopped_seconds.swap(0, Ordering::SeqCst));
        self.real.wall_ms()
    }

    fn process(&self) -> u64 {
        self.number
    }

    fn sleep(&self, _: Duration) {
        self.sleeps.fetch_add(1, Ordering::SeqCst);
        std::thread::yield_now();
    }

    fn wait(&self, _: &Signal, _: u64, _: Duration) {
        std::thread::yield_now();
    }

    fn spawn(&self, name: &str, work: Work) -> io::Result<()> {
        match name {
            "tsm-hash" => lock(&self.left).push(work),
            _ => self.real.spawn(name, work)?,
        }
        Ok(())
    }

    fn salt(&self) -> Result<Salt> {
        self.real.salt()
    }

    fn known_hash(&self, password: &Secret, salt: &Salt) -> Option<PasswordHash> {
        let of = (password.reveal().to_owned(), *salt);
        lock(&self.made).get(&of).copied()
    }

    fn hash(&self, password: &Secret, salt: &Salt, _: &mut Memory) -> PasswordHash {
        let (mut made, mut hash) = (lock(&self.made), [0; 32]);
        let text = password.reveal();
        hash[..text.len()].copy_from_slice(text.as_bytes());
        let before = made.insert((text.to_owned(), *salt), hash);
        assert_eq!(before, None, "made twice");
        hash
    }
}

/// Its platform answers logins as it is told to, has API tokens for an hour, and takes no session
/// token.
impl Wire for Machine {
    fn send(
        &self,
        _: &Running,
        outgoing: &Outgoing<'_>,
    ) -> std::result::Result<Response, SendFailure> {
        self.put_forward(self.takes_seconds.load(Ordering::SeqCst));
        let (status, body) = match outgoing.url.rsplit_once('/') {
            Some((_, "login")) => *lock(&self.answer),
            Some((_, "token")) => (200, r#"{"access_token":"A","expires_in":3600}"#),
            _ => EXPIRED,
        };
        Ok(Response::new(status, Vec::new(), body.into()))
    }
}

/// A store whose directory is the container's own.
struct OfAContainer(Arc<dyn Store>);

impl Store for OfAContainer {
    fn try_lease(&self, key: &Key, running: &Running) -> Result<Option<Box<dyn Lease>>> {
        self.0.try_lease(key, running)
    }

    fn peek(&self, key: &Key, running: &Running) -> Result<Found> {
        self.0.peek(key, running)
    }

    fn now(&self, running: &Running) -> Result<Moment> {
        self.0.now(running)
    }

    fn name(&self) -> String {
        self.0.name()
    }

    fn lasts(&self) -> Lasts {
        Lasts::AsLongAsTheContainer
    }

    fn lease_in_words(&self, key: &Key) -> String {
        self.0.lease_in_words(key)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn running() -> Running {
    Running::start(&Call::new(), Arc::default(), Duration::from_secs(3600))
}

fn log_in(session: &Session) -> Result<()> {
    session.relogin(&Call::new(), None)
}

fn is_hashed(record: &Record) -> bool {
    matches!(record.succeeded, Succeeded::Password(_))
}

#[test]
fn a_token_is_handed_out_before_its_password_is_hashed() {
    let machine = Machine::new(1);
    let session = machine.session("right");
    log_in(&session).unwrap();
    assert!(session.token().is_ok());
    assert_eq!(machine.hashes(), 0);
    assert!(machine.record().slots.is_empty());
    assert!(!is_hashed(&machine.record()));
    machine.do_what_is_left();
    assert_eq!(machine.hashes(), 1);
    assert!(is_hashed(&machine.record()));
    // And later logins note it at once.
    log_in(&session).unwrap();
    assert!(is_hashed(&machine.record()));
    assert!(lock(&machine.left).is_empty());
}

#[test]
fn sessions_of_one_account_and_password_hash_once() {
    let machine = Machine::new(2);
    let sessions = [(); 3].map(|()| machine.session("right"));
    sessions.iter().for_each(|session| log_in(session).unwrap());
    // One thread does it for all.
    assert_eq!(lock(&machine.left).len(), 1);
    machine.do_what_is_left();
    assert_eq!(machine.hashes(), 1);
    assert!(is_hashed(&machine.record()));
    let before = machine.record();
    log_in(&machine.session("right")).unwrap();
    assert_eq!(machine.record().succeeded, before.succeeded);
    assert!(lock(&machine.left).is_empty());
}

#[test]
fn a_rejected_password_is_hashed_before_anybody_may_try_again() {
    let machine = Machine::new(3);
    machine.answers(REJECTED);
    let session = machine.session("wrong");
    assert_eq!(log_in(&session).unwrap_err().status(), Status::Credentials);
    assert_eq!(machine.hashes(), 1);
    assert_eq!(machine.record().rejected.len(), 1);
    for session in [&session, &machine.session("wrong")] {
        let error = log_in(session).unwrap_err();
        assert_eq!(error.status(), Status::LoginBlocked);
    }
    assert_eq!(machine.hashes(), 1);
}

#[test]
fn while_the_lease_is_anothers_the_hash_waits_for_the_next_login() {
    let machine = Machine::new(4);
    let session = machine.session("right");
    log_in(&session).unwrap();
    let lease = machine.store().try_lease(&machine.key(), &running());
    machine.do_what_is_left();
    assert_eq!(machine.hashes(), 1);
    assert!(!is_hashed(&machine.record()));
    drop(lease);
    // Whatever comes of that.
    machine.answers(LOST);
    log_in(&session).unwrap_err();
    assert!(is_hashed(&machine.record()));
    assert_eq!(machine.record().slots.len(), 1);
}

#[test]
fn a_hash_that_comes_late_is_not_noted_over_anything_newer() {
    let machine = Machine::new(5);
    log_in(&machine.session("first")).unwrap();
    log_in(&machine.session("second")).unwrap();
    machine.answers(REJECTED);
    log_in(&machine.session("third")).unwrap_err();
    machine.do_what_is_left();
    assert_eq!(machine.record().succeeded, Succeeded::Nothing);
}

#[test]
fn without_a_thread_the_next_login_has_a_thread_do_it() {
    let machine = Machine::new(6);
    let session = machine.session("right");
    log_in(&session).unwrap();
    // It was not given.
    lock(&machine.left).clear();
    assert!(is_at_rest(machine.process()));
    log_in(&session).unwrap();
    machine.do_what_is_left();
    assert!(is_hashed(&machine.record()));
}

#[test]
fn the_fate_of_a_login_is_told_with_the_slots_that_are_left() {
    for (number, (answer, fate, left)) in [
        (TOKEN, "success", 3),
        (REJECTED, "rejected", 2),
        (LOCKED, "locked", 2),
        (LOST, "unknown", 2),
        (THROTTLED, "not_counted", 3),
    ]
    .into_iter()
    .enumerate()
    {
        let machine = Machine::new(10 + number as u64);
        machine.answers(answer);
        machine.takes_seconds.store(7, Ordering::SeqCst);
        let failure = log_in(&machine.session("pass-word")).err();
        let told = std::mem::take(&mut *lock(&machine.told));
        let [begun, ended] = &told[..] else {
            panic!("{told:?}");
        };
        assert_eq!(begun.kind, EventKind::LoginBegun);
        assert_eq!((begun.slots_left, begun.duration), (Some(2), None));
        assert_eq!(ended.kind, EventKind::LoginEnded);
        assert_eq!(ended.detail.map(EventDetail::name), Some(fate));
        assert_eq!(ended.slots_left, Some(left), "{fate}");
        assert_eq!(ended.status(), failure.map(|error| error.status()));
        assert_eq!(ended.duration, Some(Duration::from_secs(7)));
        assert!(begun.time <= ended.time);
        assert!(!format!("{told:?}").contains("pass-word"));
    }
}

#[test]
fn an_outage_is_told_by_what_is_sent_and_what_is_not() {
    let machine = Machine::new(20);
    let session = machine.session("right");
    log_in(&session).unwrap();
    machine.do_what_is_left();
    machine.told();
    machine.answers(LOST);
    let sent = [("login_begun", ""), ("login_ended", "unknown")];
    for seconds in [5, 60, 15 * 60] {
        log_in(&session).unwrap_err();
        assert_eq!(machine.told(), sent);
        log_in(&session).unwrap_err();
        assert_eq!(machine.told(), [("blocked", "spacing")]);
        machine.put_forward(seconds);
    }
    log_in(&session).unwrap_err();
    assert_eq!(machine.told(), [&[("probe", "")], &sent[..]].concat());
    // Who has never logged in with this password may not probe.
    log_in(&machine.session("other")).unwrap_err();
    assert_eq!(machine.told(), [("blocked", "limit")]);
    let metrics = session.metrics().unwrap();
    for line in [
        "tsm_guard_slots_left 0\n",
        "tsm_login_probes_total 1\n",
        "tsm_logins_total{tsm_login_fate=\"unknown\"} 4\n",
        "tsm_login_blocked_total{tsm_block_reason=\"spacing\"} 3\n",
        "tsm_login_duration_seconds_count 5\n",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}

#[test]
fn a_login_that_is_held_up_before_it_leaves_is_not_sent() {
    let machine = Machine::new(30);
    let session = machine.session("right");
    machine.stopped_seconds.store(31, Ordering::SeqCst);
    let error = log_in(&session).unwrap_err();
    assert_eq!((error.status(), error.retryable()), (Status::Store, true));
    let told = [("login_begun", ""), ("login_ended", "not_sent")];
    assert_eq!(machine.told()[..2], told);
    assert!(machine.record().slots.is_empty());
    machine.stopped_seconds.store(30, Ordering::SeqCst);
    log_in(&session).unwrap();
}

#[test]
fn a_shared_token_that_is_taken_is_told() {
    let machine = Machine::new(21);
    let share = [("share_token", "true")];
    log_in(&machine.session_with("right", &share)).unwrap();
    machine.told();
    log_in(&machine.session_with("right", &share)).unwrap();
    assert_eq!(machine.told(), [("adopted", "")]);
}

#[test]
fn a_wait_for_the_lease_is_told_and_how_long_it_was() {
    let machine = Machine::new(22);
    let session = machine.session("right");
    let lease = machine.store().try_lease(&machine.key(), &running());
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| log_in(&session));
        while machine.sleeps.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        machine.put_forward(9);
        drop(lease);
        waits.join().unwrap().unwrap();
    });
    let waited = lock(&machine.told)[0].clone();
    assert_eq!(waited.duration, Some(Duration::from_secs(9)));
    let told = [
        ("waited", "lease"),
        ("login_begun", ""),
        ("login_ended", "success"),
    ];
    assert_eq!(machine.told(), told);
}

#[test]
fn a_refusal_that_no_login_mends_says_when_the_next_one_is_sent() {
    let machine = Machine::new(23);
    let session = machine.session("right");
    log_in(&session).unwrap();
    machine.do_what_is_left();
    let request = Request {
        method: "GET",
        path: "/m2m/v1/devices",
        headers: &[],
        body: &[],
    };
    let refusal = || session.request(&Call::new(), request).unwrap_err();
    let told = |error: &Error| (error.retryable(), error.retry_after());
    let kept = loop {
        let error = refusal();
        assert_eq!(error.status(), Status::SessionExpired);
        if error.retry_after().is_some() {
            break error;
        }
        assert_eq!(told(&error), (false, None));
        assert!(error.message().ends_with("; log in again"), "{error}");
    };
    assert_eq!(told(&kept), (true, Some(Duration::from_secs(10))));
    assert!(kept.message().contains("no other login is sent for 10 s"));
    assert!(!kept.message().contains("log in again"), "{kept}");
    assert_eq!(kept.code(), "Any.SessionToken.Expired");
    assert!(kept.token().is_some());
    machine.told();
    machine.put_forward(4);
    assert_eq!(told(&refusal()), (true, Some(Duration::from_secs(6))));
    assert!(machine.told().is_empty());
    machine.put_forward(6);
    refusal();
    assert!(machine.told().contains(&("login_ended", "success")));
}

#[test]
fn a_request_goes_as_the_one_before_for_as_long_as_its_tokens_last() {
    let machine = Machine::new(24);
    let app = [("app_key", "k"), ("app_secret", "s")];
    let session = machine.session_with("right", &app);
    log_in(&session).unwrap();
    let call = Call::new();
    for _ in 0..2 {
        let mut exchange = session.exchange(None).unwrap();
        if exchange.tokens().unwrap().is_none() {
            exchange.renew(&call, true).unwrap();
            exchange.tokens().unwrap();
        }
        exchange.answered(200, b"").unwrap();
        machine.put_forward(3599);
        assert!(exchange.again());
        machine.put_forward(1);
        assert!(!exchange.again());
    }
}

#[test]
fn that_a_store_forgets_is_told_once_by_who_sends_a_login_whatever_comes_of_it() {
    for (number, answer) in [(25, REJECTED), (26, LOST), (27, TOKEN)] {
        let machine = Machine::new(number);
        machine.answers(answer);
        let warned = Arc::<Mutex<Vec<String>>>::default();
        let mut config = machine.config("any", &[("share_token", "true")]);
        let told = Arc::clone(&warned);
        config.set_log(LogLevel::Warn, move |level, line| {
            if level == LogLevel::Warn {
                lock(&told).push(line.to_owned());
            }
        });
        let settings = config.settings().unwrap();
        // The second one adopts the token of the first, or is refused.
        for times in [2, 1] {
            let store = Arc::new(OfAContainer(machine.store()));
            let session = Session::new(&settings, machine.clone(), store, machine.clone());
            for _ in 0..times {
                let _ = log_in(&session);
            }
        }
        let warned = lock(&warned);
        assert_eq!(warned.len(), 1, "{answer:?}: {warned:?}");
        assert!(warned[0].contains("as long as the container"), "{warned:?}");
    }
}
