//! When the hash of a password is made, and how often: on a machine that counts hashes, and leaves
//! what is to be done after a login until it is told to.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::*;
use crate::config::Config;
use crate::http::{Outgoing, SendFailure, Wire};
use crate::password::Memory;
use crate::response::Response;
use crate::runtime::{self, Signal, Work};
use crate::session::Session;
use crate::store::Succeeded;
use crate::store::memory::MemoryStore;

const TOKEN: (u16, &str) = (200, r#"{"sessionToken":"T"}"#);
const REJECTED: (u16, &str) = (400, r#"{"errorCode":"Any.InvalidPassword"}"#);
const LOST: (u16, &str) = (502, "");

struct Machine {
    real: Arc<dyn Runtime>,
    answer: Mutex<(u16, &'static str)>,
    /// Left to be done after logins.
    left: Mutex<Vec<Work>>,
    made: Mutex<BTreeMap<(String, Salt), PasswordHash>>,
    number: u64,
}

impl Machine {
    /// Each test is a process of its own.
    fn new(number: u64) -> Arc<Machine> {
        Arc::new(Machine {
            real: runtime::system(),
            answer: Mutex::new(TOKEN),
            left: Mutex::default(),
            made: Mutex::default(),
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

    /// A session of an account of the machine's own.
    fn session(self: &Arc<Machine>, password: &str) -> Session {
        let mut config = Config::new();
        for (name, value) in [
            ("username", "zbeeblebrox"),
            ("password", password),
            ("api_token", "A"),
            ("store", "memory:"),
            ("realm", &*format!("login tests {}", self.number)),
        ] {
            config.set(name, value).unwrap();
        }
        let settings = config.settings().unwrap();
        Session::new(&settings, self.clone(), self.store(), self.clone())
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
        self.real.now_ms()
    }

    fn wall_ms(&self) -> u64 {
        self.real.wall_ms()
    }

    fn process(&self) -> u64 {
        self.number
    }

    fn sleep(&self, _: Duration) {
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

impl Wire for Machine {
    fn send(&self, _: &Running, _: &Outgoing<'_>) -> std::result::Result<Response, SendFailure> {
        let (status, body) = *lock(&self.answer);
        Ok(Response::new(status, Vec::new(), body.into()))
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
