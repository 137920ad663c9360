//! The real code, from `Session` down to the guard, run through random histories over a simulated
//! wire, store and clock.
//!
//! Several processes of several threads each, on one account. At every call that leaves the real
//! code (a seam) its thread gives the baton away, and chance says who goes on, what goes wrong, and
//! how much time passes; so one seed is one history, and a failure is replayed with `TSM_SEED=…
//! cargo test proof::simulation`. A process dies by unwinding at a seam: the lease it held is free,
//! its request may still be judged. Waits take no real time. Password hashes are the real ones,
//! each made once and remembered.
//!
//! What may go wrong is the history's [`Weather`], and with it what must hold: see
//! [`Inner::most_strikes`].

use std::any::Any;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::SALT;
use crate::call::{Call, Running};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Error, Result, Status};
use crate::http::{Failure, Outgoing, Wire};
use crate::lockout;
use crate::login::Place;
use crate::platform::{oauth, rest};
use crate::response::Response;
use crate::session::{Request, Session};
use crate::store::{Found, Key, Lease, Record, Store};

const PROCESSES: usize = 3;
const THREADS: usize = 2;
const WORKERS: usize = PROCESSES * THREADS;
const PASSWORDS: u64 = 5;
const START_MS: u64 = 1_700_000_000_000;
const SECOND_MS: u64 = 1000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
/// A call may end this much after its deadline: the longest wait between two looks at it.
const LEEWAY_MS: u64 = 60;
const FOR_EVER_MS: u64 = 1 << 40;

/// What goes wrong in a history besides crashes, lost and late answers, which always do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weather {
    Plain,
    /// Processes differ in `max_login_failures`.
    Mixed,
    /// One session token for all.
    Shared,
    /// Operators change the password on the platform.
    Changes,
    /// The clock is set back.
    ClockBack,
    /// The clock is set forward as well.
    ClockBoth,
    /// The record becomes unreadable.
    Damage,
    FullDisk,
    /// The contact is unlocked by support, and the guard unblocked.
    Support,
}

const WEATHERS: [Weather; 9] = [
    Weather::Plain,
    Weather::Mixed,
    Weather::Shared,
    Weather::Changes,
    Weather::ClockBack,
    Weather::ClockBoth,
    Weather::Damage,
    Weather::FullDisk,
    Weather::Support,
];

/// What is wrong with the simulated store of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    SavesNothing,
    LeasesToAll,
    /// A crash takes the last save with it.
    IsNotDurable,
}

struct World {
    inner: Mutex<Inner>,
    turns: Vec<Condvar>,
}

struct Inner {
    random: Random,
    weather: Weather,
    flaw: Flaw,
    /// `max_login_failures`.
    allowed: usize,
    /// Nothing goes wrong any more.
    calm: bool,
    stopping: bool,
    turn: usize,
    steps: u64,
    steps_to_go: u64,
    now_ms: u64,
    clock_error_ms: i64,
    workers: [Worker; WORKERS],
    processes: [Process; PROCESSES],
    lives: u64,
    store: Stored,
    platform: Platform,
    counts: Counts,
    /// A digest of everything that happened.
    story: u64,
    broken: Option<String>,
    recent: Vec<String>,
}

#[derive(Clone, Copy, Default)]
struct Worker {
    /// The life of its process that it is in, or 0.
    life: u64,
    wake_ms: u64,
    deadline_ms: u64,
    /// It asked for another token than whichever is held.
    forced: bool,
    finished: bool,
}

#[derive(Default)]
struct Process {
    life: Option<Arc<Life>>,
    inside: usize,
    died: bool,
}

/// A process from its start to its end.
struct Life {
    number: u64,
    password: u64,
    max_failures: usize,
    session: OnceLock<Weak<Session>>,
    owned: OnceLock<Arc<Session>>,
    /// A rejection came in, and was not saved yet.
    rejected: AtomicBool,
    /// It could not be saved.
    unsaved: AtomicBool,
}

enum Content {
    Nothing,
    Record(Record),
    Damaged,
}

struct Stored {
    content: Content,
    before: Option<Record>,
    /// Damaged before, and not well since.
    again: bool,
    /// Which lease it is that is held, and by which life.
    holder: Option<(u64, u64)>,
    leases: u64,
    full: bool,
}

struct Platform {
    password: u64,
    strikes: usize,
    most: usize,
    /// Of the failures in a row, those whose login left though the guard's slots were full.
    probes: usize,
    /// Logins under way when the guard was told to forget what it counts, or lost its record.
    forgotten: usize,
    /// Session tokens that are good.
    good: BTreeSet<String>,
    tokens: u64,
    api_token: u64,
    /// Rejections that are in the store.
    noted: BTreeSet<u64>,
    under_way: Vec<Sent>,
    clock_forward: usize,
}

#[derive(Clone, Copy)]
struct Sent {
    id: u64,
    life: u64,
    password: u64,
    probe: bool,
    /// When it is judged though its sender is gone.
    late_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    logins: u64,
    rejections: u64,
    successes: u64,
    lost: u64,
    late: u64,
    blocked: u64,
    crashes: u64,
    done: u64,
    unblocks: u64,
    damages: u64,
}

/// The end of a process, on its way up through the real code.
struct Died;

thread_local! {
    static ME: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Whether this thread is one of a simulation: it waits by giving the baton away, not by sleeping.
pub(crate) fn is_simulated() -> bool {
    ME.get().is_some()
}

fn me() -> usize {
    ME.get().expect("only simulated threads come here")
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

impl World {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seam: something may go wrong here, and others may go on before this thread does.
    fn pass(&self, what: &str, sleep_ms: u64) -> MutexGuard<'_, Inner> {
        let me = me();
        let mut inner = self.lock();
        if std::thread::panicking() {
            return inner;
        }
        inner.step(me, what);
        inner.workers[me].wake_ms = inner.now_ms + sleep_ms;
        inner = self.hand_over(inner);
        inner = self.await_turn(inner, me);
        if inner.is_dead(me) {
            drop(inner);
            resume_unwind(Box::new(Died));
        }
        inner
    }

    fn hand_over<'a>(&'a self, mut inner: MutexGuard<'a, Inner>) -> MutexGuard<'a, Inner> {
        if let Some(next) = inner.choose() {
            inner.turn = next;
            self.turns[next].notify_one();
        }
        inner
    }

    fn await_turn<'a>(
        &'a self,
        mut inner: MutexGuard<'a, Inner>,
        me: usize,
    ) -> MutexGuard<'a, Inner> {
        while inner.turn != me {
            inner = self.turns[me]
                .wait(inner)
                .unwrap_or_else(PoisonError::into_inner);
        }
        inner
    }

    /// One thread of one process, over all lives of the process.
    fn work(self: &Arc<World>, me: usize) {
        ME.set(Some(me));
        drop(self.await_turn(self.lock(), me));
        while !self.stops() {
            let life = self.join(me);
            let lived = catch_unwind(AssertUnwindSafe(|| self.live(&life)));
            drop(life);
            self.leave(me, lived.err());
            while !self.stops() && self.is_inhabited(me / THREADS) {
                // The last to leave wakes the others.
                drop(self.pass("rests", FOR_EVER_MS));
            }
        }
        let mut inner = self.lock();
        inner.workers[me].finished = true;
        drop(self.hand_over(inner));
    }

    fn stops(&self) -> bool {
        self.lock().stopping
    }

    fn is_inhabited(&self, p: usize) -> bool {
        self.lock().processes[p].inside > 0
    }

    fn join(self: &Arc<World>, me: usize) -> Arc<Life> {
        let mut inner = self.lock();
        let p = me / THREADS;
        if inner.processes[p].life.is_none() {
            let life = inner.new_life();
            let world = Arc::clone(self);
            drop(inner);
            life.start(world);
            inner = self.lock();
            inner.processes[p].life = Some(Arc::new(life));
            inner.processes[p].died = false;
            let life = inner.processes[p].life.clone().unwrap();
            let session = Arc::downgrade(life.owned.get().unwrap());
            let _ = life.session.set(session);
        }
        let life = inner.processes[p].life.clone().unwrap();
        inner.processes[p].inside += 1;
        inner.workers[me].life = life.number;
        life
    }

    fn leave(&self, me: usize, ended: Option<Box<dyn Any + Send>>) {
        let mut inner = self.lock();
        match ended {
            Some(panic) if !panic.is::<Died>() => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                inner.fail(
                    text.or(panic.downcast_ref::<&str>().copied())
                        .unwrap_or("a panic"),
                );
            }
            _ => {}
        }
        let p = me / THREADS;
        inner.workers[me].life = 0;
        inner.processes[p].inside -= 1;
        if inner.processes[p].inside == 0 {
            for t in 0..THREADS {
                inner.workers[p * THREADS + t].wake_ms = inner.now_ms;
            }
            let life = inner.processes[p].life.take();
            drop(inner);
            drop(life);
        }
    }

    /// What a thread of a program does with its session.
    fn live(self: &Arc<World>, life: &Life) {
        let session = life.owned.get().unwrap();
        let acts = 1 + self.lock().random.below(6);
        for _ in 0..acts {
            if self.stops() {
                return;
            }
            let call = self.call();
            let result = self.act(session, &call);
            let mut inner = self.lock();
            let (now_ms, deadline_ms) = (inner.now_ms, inner.workers[me()].deadline_ms);
            if now_ms > deadline_ms + LEEWAY_MS {
                inner.fail("a call went on after its deadline");
            }
            match result {
                Err(error) if error.status() == Status::LoginBlocked => {
                    inner.counts.blocked += 1;
                    // Many a program exits then, and is started again.
                    if inner.random.one_in(2) {
                        return;
                    }
                }
                Err(error) if error.status() == Status::Internal => inner.fail(error.message()),
                Ok(()) => inner.counts.done += 1,
                Err(_) => {}
            }
            let pause_ms = match inner.random.below(12) {
                0 => inner.random.below(20) * MINUTE_MS,
                1..=3 => inner.random.below(60) * SECOND_MS,
                _ => inner.random.below(100),
            };
            drop(inner);
            drop(self.pass("pauses", pause_ms));
        }
    }

    /// A call whose deadline is kept in simulated time: its interrupt function ends it.
    fn call(self: &Arc<World>) -> Call {
        let mut inner = self.lock();
        let timeout_ms = SECOND_MS * (1 + inner.random.below(10));
        let now_ms = inner.now_ms;
        inner.workers[me()].deadline_ms = now_ms + timeout_ms;
        drop(inner);
        let call = Call::new();
        let world = Arc::clone(self);
        call.set_interrupt(Some(Box::new(move || {
            let wait_ms = 1 + world.lock().random.below(50);
            let inner = world.pass("asks", wait_ms);
            inner.now_ms >= inner.workers[me()].deadline_ms
        })));
        call
    }

    fn act(&self, session: &Session, call: &Call) -> Result<()> {
        let forced = session.token().is_err();
        self.lock().workers[me()].forced = forced;
        if forced {
            return session.relogin(call, None);
        }
        let choice = self.lock().random.below(40);
        match choice {
            0 => session.logout(call),
            1 => session.renew_api_token(call, None),
            2 => session.api_token(call).map(drop),
            3 => session.relogin(call, Some("an older token")),
            _ => {
                let request = Request {
                    method: "GET",
                    path: "/m2m/v1/accounts/0000123456-00001",
                    headers: &[],
                    body: &[],
                };
                session.request(call, request).map(drop)
            }
        }
    }
}

impl Life {
    fn start(&self, world: Arc<World>) {
        let share = world.lock().weather == Weather::Shared;
        let mut config = Config::new();
        for (name, value) in [
            ("username", "zbeeblebrox"),
            ("password", &format!("password {}", self.password)),
            ("app_key", "key"),
            ("app_secret", "secret"),
            ("base_url", "https://platform.example/api"),
            ("store", "memory:"),
            ("share_token", if share { "true" } else { "false" }),
            ("max_login_failures", &self.max_failures.to_string()),
            // Real time is no matter here.
            ("timeout_ms", "86400000"),
        ] {
            config.set(name, value).unwrap();
        }
        let settings = config.settings().unwrap();
        let seam = Seam {
            world,
            life: self.number,
        };
        let place = Place::over(Arc::new(seam.clone()), &settings.account);
        let clock = Arc::new(seam.clone());
        let session = Session::new(&settings, Box::new(seam), place, clock);
        let _ = self.owned.set(Arc::new(session));
    }
}

impl Inner {
    fn new(seed: u64, weather: Weather, flaw: Flaw, steps: u64) -> Inner {
        let mut random = Random(seed);
        let content = match random.one_in(20) {
            true => Content::Nothing,
            false => Content::Record(Record::new(SALT)),
        };
        let allowed = 1 + random.below(4) as usize;
        Inner {
            random,
            weather,
            allowed,
            flaw,
            calm: false,
            stopping: false,
            turn: usize::MAX,
            steps: 0,
            steps_to_go: steps,
            now_ms: START_MS,
            clock_error_ms: 0,
            workers: [Worker::default(); WORKERS],
            processes: std::array::from_fn(|_| Process::default()),
            lives: 0,
            store: Stored {
                content,
                before: None,
                again: false,
                holder: None,
                leases: 0,
                full: false,
            },
            platform: Platform {
                password: 0,
                strikes: 0,
                most: 0,
                probes: 0,

                forgotten: 0,
                good: BTreeSet::new(),
                tokens: 0,
                api_token: 1,
                noted: BTreeSet::new(),
                under_way: Vec::new(),
                clock_forward: 0,
            },
            counts: Counts::default(),
            story: 0,
            broken: None,
            recent: Vec::new(),
        }
    }

    /// How many failures in a row there may be at most, in this weather, by this time.
    fn most_strikes(&self) -> usize {
        let allowed = self.allowed;
        let platform = &self.platform;
        match self.weather {
            Weather::Plain | Weather::Shared | Weather::ClockBack | Weather::FullDisk => allowed,
            Weather::Mixed => 4,
            // A password that worked, and was changed while answers were lost, is tried every
            // fifteen minutes.
            Weather::Changes => allowed + platform.probes,
            // A slot that looks older than it is may be cleared too early, once for each time the
            // clock is set forward.
            Weather::ClockBoth => allowed * (1 + platform.clock_forward) + platform.probes,
            // What was damaged may have been full; where four may fail none is left.
            Weather::Damage => (allowed + 1).min(4) + platform.forgotten,
            // Those under way when the guard was told to forget them come on top.
            Weather::Support => allowed + platform.forgotten,
        }
    }

    fn note(&mut self, line: String) {
        self.story = line.bytes().fold(self.story, |story, byte| {
            (story ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        if self.recent.len() == 400 {
            self.recent.remove(0);
        }
        self.recent.push(line);
    }

    fn fail(&mut self, why: &str) {
        self.stopping = true;
        if self.broken.is_none() {
            self.broken = Some(why.to_owned());
        }
    }

    fn step(&mut self, me: usize, what: &str) {
        self.steps += 1;
        let life = self.workers[me].life;
        self.note(format!("{} {me}/{life} {what}", self.now_ms - START_MS));
        if self.steps >= self.steps_to_go {
            self.stopping = true;
        }
        if self.calm {
            return;
        }
        if life != 0 && self.random.one_in(150) {
            self.crash(me / THREADS);
        }
        self.mishap();
    }

    fn crash(&mut self, p: usize) {
        let Some(life) = self.processes[p].life.as_ref().map(|life| life.number) else {
            return;
        };
        if self.processes[p].died {
            return;
        }
        self.note(format!("process {p} dies"));
        self.counts.crashes += 1;
        self.processes[p].died = true;
        if self.store.holder.is_some_and(|(_, holder)| holder == life) {
            self.store.holder = None;
            if self.flaw == Flaw::IsNotDurable
                && let Some(before) = self.store.before.take()
            {
                self.store.content = Content::Record(before);
            }
        }
        for index in 0..self.platform.under_way.len() {
            if self.platform.under_way[index].life == life
                && self.platform.under_way[index].late_ms.is_none()
            {
                self.leave_behind(index);
            }
        }
        for t in 0..THREADS {
            self.workers[p * THREADS + t].wake_ms = self.now_ms;
        }
    }

    /// Its sender is gone: it is judged within five minutes, or never.
    fn leave_behind(&mut self, index: usize) {
        let never = self.random.one_in(3);
        let wait_ms = match self.random.below(3) {
            0 => 0,
            1 => self.random.below(5 * SECOND_MS),
            _ => self.random.below(5 * MINUTE_MS),
        };
        let late_ms = match never {
            true => u64::MAX,
            false => self.now_ms + wait_ms,
        };
        self.platform.under_way[index].late_ms = Some(late_ms);
    }

    /// What operators, disks and clocks do meanwhile.
    fn mishap(&mut self) {
        if self.random.one_in(120) {
            self.note("sessions expire".into());
            self.platform.good.clear();
        }
        if self.random.one_in(400) {
            self.platform.api_token += 1;
        }
        match self.weather {
            Weather::Changes if self.random.one_in(300) => {
                self.platform.password = self.random.below(PASSWORDS);
                self.note(format!("the password is {} now", self.platform.password));
            }
            Weather::ClockBack | Weather::ClockBoth if self.random.one_in(200) => {
                let by_ms = self.random.below(90 * MINUTE_MS) as i64;
                let forward = self.weather == Weather::ClockBoth && self.random.one_in(2);
                self.platform.clock_forward += usize::from(forward);
                self.clock_error_ms += if forward { by_ms } else { -by_ms };
                self.note(format!("the clock is off by {} ms", self.clock_error_ms));
            }
            Weather::Damage if self.random.one_in(300) => {
                self.note("the record is damaged".into());
                self.counts.damages += 1;
                self.store.content = Content::Damaged;
                self.platform.noted.clear();
                self.platform.forgotten += self.platform.under_way.len();
            }
            Weather::FullDisk if self.random.one_in(60) => self.store.full = !self.store.full,
            Weather::Support if self.random.one_in(300) => self.unblock(),
            _ => {}
        }
    }

    /// Support unlocks the contact, and the operator tells the guard, once nobody holds the lease.
    fn unblock(&mut self) {
        if self.store.holder.is_some() {
            return;
        }
        let Content::Record(record) = &mut self.store.content else {
            return;
        };
        lockout::unblock(record);
        self.note("support unlocks, the operator unblocks".into());
        self.counts.unblocks += 1;
        let platform = &mut self.platform;
        platform.strikes = 0;
        platform.probes = 0;
        platform.noted.clear();
        platform.forgotten = platform.under_way.len();
    }

    fn is_dead(&self, me: usize) -> bool {
        self.workers[me].life != 0 && self.processes[me / THREADS].died
    }

    /// Who goes on. Where all wait, time passes.
    fn choose(&mut self) -> Option<usize> {
        let waiting = |worker: &&Worker| !worker.finished;
        let soonest = self
            .workers
            .iter()
            .filter(waiting)
            .map(|w| w.wake_ms)
            .min()?;
        if soonest > self.now_ms {
            self.pass_time(soonest);
        }
        let now_ms = self.now_ms;
        let ready: Vec<_> = (0..WORKERS)
            .filter(|w| !self.workers[*w].finished && self.workers[*w].wake_ms <= now_ms)
            .collect();
        let index = self.random.below(ready.len() as u64) as usize;
        Some(ready[index])
    }

    fn pass_time(&mut self, until_ms: u64) {
        loop {
            let due = self
                .platform
                .under_way
                .iter()
                .filter_map(|sent| sent.late_ms);
            match due.filter(|ms| *ms <= until_ms).min() {
                None => break,
                Some(ms) => {
                    self.now_ms = self.now_ms.max(ms);
                    let late = |sent: &Sent| sent.late_ms == Some(ms);
                    let index = self.platform.under_way.iter().position(late).unwrap();
                    let sent = self.platform.under_way.remove(index);
                    self.counts.late += 1;
                    self.judge(&sent);
                }
            }
        }
        self.now_ms = until_ms;
        // What was never judged within five minutes never will be.
        let forgotten = |sent: &Sent| sent.late_ms != Some(u64::MAX);
        self.platform.under_way.retain(forgotten);
    }

    fn new_life(&mut self) -> Life {
        self.lives += 1;
        let password = match self.random.below(5) {
            0 | 1 => self.platform.password,
            _ => self.random.below(PASSWORDS),
        };
        let max_failures = match self.weather {
            Weather::Mixed => 1 + self.random.below(4) as usize,
            _ => self.allowed,
        };
        self.note(format!("life {} with password {password}", self.lives));
        Life {
            number: self.lives,
            password: if self.calm {
                self.platform.password
            } else {
                password
            },
            max_failures,
            session: OnceLock::new(),
            owned: OnceLock::new(),
            rejected: AtomicBool::default(),
            unsaved: AtomicBool::default(),
        }
    }

    fn life(&self, number: u64) -> Option<&Arc<Life>> {
        let lives = self.processes.iter().filter_map(|p| p.life.as_ref());
        lives.into_iter().find(|life| life.number == number)
    }

    /// A login leaves.
    fn send(&mut self, life: u64) -> u64 {
        self.counts.logins += 1;
        let Some(life) = self.life(life).cloned() else {
            self.fail("a process that is gone sends");
            return 0;
        };
        let password = life.password;
        if self.platform.noted.contains(&password) || life.unsaved.load(SeqCst) {
            self.fail("a rejected password is sent again");
        }
        let good = |token: &str| self.platform.good.contains(token);
        let session = life.session.get().and_then(Weak::upgrade);
        let own_is_good = session.is_some_and(|own| own.with_token(good).is_ok_and(|good| good));
        let shared_is_good = match &self.store.content {
            Content::Record(record) => record.shared.iter().any(|s| good(s.token.reveal())),
            _ => false,
        };
        // Who asks for a login whatever is held gets one.
        let forced = self.workers[me()].forced && own_is_good;
        if (own_is_good || shared_is_good) && !forced {
            self.fail("a login though the token held is good");
        }
        let full = |before: &Record| before.slots.len() >= life.max_failures;
        let probe = self.store.before.as_ref().is_some_and(full);
        let id = self.counts.logins;
        self.note(format!("login {id} with password {password} leaves"));

        self.platform.under_way.push(Sent {
            id,
            life: life.number,
            password,
            probe,
            late_ms: None,
        });
        id
    }

    /// The platform's word on a password.
    fn judge(&mut self, sent: &Sent) -> bool {
        let right = sent.password == self.platform.password;
        let platform = &mut self.platform;
        if right {
            (platform.strikes, platform.probes) = (0, 0);
            if platform.under_way.is_empty() {
                platform.forgotten = 0;
            }
        } else {
            platform.strikes += 1;
            platform.probes += usize::from(sent.probe);
            platform.most = platform.most.max(platform.strikes);
        }
        let strikes = platform.strikes;
        self.note(format!(
            "login {} is judged {right}, {strikes} in a row",
            sent.id
        ));
        if strikes > self.most_strikes() {
            let most = self.most_strikes();
            self.fail(&format!("{strikes} failures in a row, more than {most}"));
        }
        right
    }

    fn take(&mut self, id: u64) -> Option<Sent> {
        let index = self.platform.under_way.iter().position(|s| s.id == id)?;
        Some(self.platform.under_way.remove(index))
    }
}

/// Wire, store and clock of one process.
#[derive(Clone)]
struct Seam {
    world: Arc<World>,
    life: u64,
}

impl Clock for Seam {
    fn wall_ms(&self) -> u64 {
        let inner = self.world.lock();
        inner.now_ms.saturating_add_signed(inner.clock_error_ms)
    }

    fn monotonic_ms(&self) -> u64 {
        self.world.lock().now_ms
    }

    fn pause(&self, time: Duration) {
        let ms = (time.as_millis() as u64).max(1);
        drop(self.world.pass("sleeps", ms));
    }
}

impl Store for Seam {
    fn try_lease(&self, _: &Key) -> Result<Option<Box<dyn Lease>>> {
        let mut inner = self.world.pass("wants the lease", 0);
        if inner.store.holder.is_some() && inner.flaw != Flaw::LeasesToAll {
            return Ok(None);
        }
        inner.store.leases += 1;
        let number = inner.store.leases;
        inner.store.holder = Some((number, self.life));
        Ok(Some(Box::new(Held {
            seam: self.clone(),
            number,
        })))
    }

    fn peek(&self, _: &Key) -> Result<Found> {
        let inner = self.world.pass("looks", 0);
        Ok(inner.store.found())
    }

    fn name(&self) -> String {
        "simulated:".into()
    }
}

struct Held {
    seam: Seam,
    number: u64,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut inner = self.seam.world.lock();
        if inner
            .store
            .holder
            .is_some_and(|(number, _)| number == self.number)
        {
            inner.store.holder = None;
        }
    }
}

impl Stored {
    fn found(&self) -> Found {
        match &self.content {
            Content::Nothing => Found::Nothing,
            Content::Record(record) => Found::Record(Box::new(record.clone())),
            Content::Damaged => Found::Unreadable {
                why: "damaged".into(),
                again: self.again,
            },
        }
    }
}

impl Lease for Held {
    fn load(&mut self) -> Result<Found> {
        let inner = self.seam.world.pass("loads", 0);
        Ok(inner.store.found())
    }

    fn save(&mut self, record: &Record) -> Result<()> {
        let mut inner = self.seam.world.pass("saves", 0);
        let life = inner.life(self.seam.life).cloned();
        if inner.store.full {
            if let Some(life) = life.filter(|life| life.rejected.swap(false, SeqCst)) {
                life.unsaved.store(true, SeqCst);
            }
            return Err(Error::new(Status::Store, "the disk is full"));
        }
        let mends = matches!(inner.store.content, Content::Damaged);
        inner.store.again |= mends;
        if inner.flaw != Flaw::SavesNothing {
            let before =
                std::mem::replace(&mut inner.store.content, Content::Record(record.clone()));
            inner.store.before = match before {
                Content::Record(before) => Some(before),
                _ => None,
            };
        }
        if let Some(life) = life
            && (life.rejected.swap(false, SeqCst) || life.unsaved.swap(false, SeqCst))
        {
            inner.platform.noted.insert(life.password);
        }
        drop(inner);
        drop(self.seam.world.pass("saved", 0));
        Ok(())
    }

    fn all_is_well(&mut self) {
        self.seam.world.lock().store.again = false;
    }
}

fn failure(status: Status, sent: bool) -> Failure {
    let error = Error::new(status, "simulated");
    Failure { error, sent }
}

fn answer(status: u16, body: Value) -> Response {
    Response::new(status, Vec::new(), body.to_string().into_bytes())
}

fn refusal(status: u16, code: &str) -> Response {
    let code = format!("UnifiedWebService.REQUEST_FAILED.{code}");
    answer(status, json!({"errorCode": code, "errorMessage": "no"}))
}

type Sending = std::result::Result<Response, Failure>;

impl Wire for Seam {
    fn send(&self, running: &Running, outgoing: &Outgoing<'_>) -> Sending {
        running
            .check()
            .map_err(|error| Failure { error, sent: false })?;
        let mut inner = self.world.pass("connects", 0);
        if !inner.calm && inner.random.one_in(40) {
            return Err(failure(Status::Network, false));
        }
        drop(inner);
        if outgoing.url.ends_with(rest::LOGIN_PATH) {
            self.log_in(outgoing)
        } else if outgoing.url.ends_with(oauth::TOKEN_PATH) {
            self.authorize()
        } else {
            self.request(outgoing)
        }
    }
}

impl Seam {
    /// Time on the wire. True when the call's deadline came first.
    fn travel(&self, what: &str) -> (MutexGuard<'_, Inner>, bool) {
        let mut inner = self.world.lock();
        let (now_ms, deadline_ms) = (inner.now_ms, inner.workers[me()].deadline_ms);
        let left_ms = deadline_ms.saturating_sub(now_ms);
        let time_ms = match inner.random.below(60) {
            0 if !inner.calm => u64::MAX,
            n => n * 5,
        };
        drop(inner);
        let inner = self.world.pass(what, time_ms.min(left_ms));
        (inner, time_ms > left_ms)
    }

    fn authorize(&self) -> Sending {
        let (mut inner, late) = self.travel("asks for an API token");
        if late {
            return Err(failure(Status::Timeout, true));
        }
        if !inner.calm && inner.random.one_in(30) {
            return Ok(answer(503, json!({})));
        }
        let token = format!("api-token-{}", inner.platform.api_token);
        Ok(answer(
            200,
            json!({"access_token": token, "token_type": "Bearer", "expires_in": 3600}),
        ))
    }

    fn request(&self, outgoing: &Outgoing<'_>) -> Sending {
        let (mut inner, late) = self.travel("requests");
        if late {
            return Err(failure(Status::Timeout, true));
        }
        if !has_api_token(&inner, outgoing) {
            return Ok(no_api_token());
        }
        let token = header(outgoing, "VZ-M2M-Token");
        if !inner.platform.good.contains(token) {
            return Ok(refusal(400, "SessionToken.Expired"));
        }
        if outgoing.url.ends_with(rest::LOGOUT_PATH) {
            let token = token.to_owned();
            inner.platform.good.remove(&token);
        }
        Ok(answer(200, json!({})))
    }

    fn log_in(&self, outgoing: &Outgoing<'_>) -> Sending {
        let mut inner = self.world.lock();
        let body: Value = serde_json::from_slice(outgoing.body).unwrap();
        let password = inner.life(self.life).map(|life| life.password);
        assert_eq!(
            body["password"],
            format!("password {}", password.unwrap_or_default())
        );
        let id = inner.send(self.life);
        drop(inner);
        let (mut inner, late) = self.travel("has sent its login");
        let Some(sent) = inner.platform.under_way.iter().position(|s| s.id == id) else {
            return Err(failure(Status::Network, true));
        };
        if late {
            inner.counts.lost += 1;
            inner.leave_behind(sent);
            return Err(failure(Status::Timeout, true));
        }
        if !has_api_token(&inner, outgoing) {
            inner.take(id);
            return Ok(no_api_token());
        }
        let chance = if inner.calm {
            99
        } else {
            inner.random.below(40)
        };
        match chance {
            // It may still be judged, or not.
            0..=3 => {
                inner.counts.lost += 1;
                inner.leave_behind(sent);
                return Err(failure(Status::Network, true));
            }
            // The gateway did not let it through.
            4 | 5 => {
                inner.take(id);
                let status = [429, 503][(chance - 4) as usize];
                return Ok(answer(status, json!({})));
            }
            6 => {
                inner.take(id);
                return Ok(answer(401, json!({})));
            }
            _ => {}
        }
        let sent = inner.take(id).unwrap();
        let right = inner.judge(&sent);
        match (chance, right) {
            // Judged, and the answer is lost or says nothing.
            (7..=9, _) => {
                inner.counts.lost += 1;
                Err(failure(Status::Network, true))
            }
            (10, _) => Ok(refusal(500, "UnexpectedError")),
            (_, true) => {
                inner.counts.successes += 1;
                // It may settle the slot of a rejection that could not be saved, and with it all
                // memory of it.
                for life in inner.processes.iter().filter_map(|p| p.life.as_ref()) {
                    life.unsaved.store(false, SeqCst);
                }
                inner.platform.tokens += 1;
                let token = format!("00000000-0000-4000-8000-{:012x}", inner.platform.tokens);
                inner.platform.good.insert(token.clone());
                Ok(answer(200, json!({"sessionToken": token})))
            }
            (_, false) => {
                inner.counts.rejections += 1;
                if let Some(life) = inner.life(self.life) {
                    life.rejected.store(true, SeqCst);
                }
                Ok(refusal(400, "InvalidUserNameOrPassword"))
            }
        }
    }
}

fn header<'a>(outgoing: &Outgoing<'a>, name: &str) -> &'a str {
    let mut headers = outgoing.headers.iter();
    headers
        .find(|(known, _)| *known == name)
        .map_or("", |(_, value)| value)
}

fn has_api_token(inner: &Inner, outgoing: &Outgoing<'_>) -> bool {
    let good = format!("Bearer api-token-{}", inner.platform.api_token);
    header(outgoing, "Authorization") == good
}

fn no_api_token() -> Response {
    let fault = json!({"code": 900901, "message": "Invalid Credentials", "description": "no"});
    answer(401, json!({"fault": fault}))
}

/// One history; what happened in it, or why it must not have.
fn run(seed: u64, weather: Weather, flaw: Flaw, steps: u64) -> std::result::Result<Told, String> {
    let world = Arc::new(World {
        inner: Mutex::new(Inner::new(seed, weather, flaw, steps)),
        turns: (0..WORKERS).map(|_| Condvar::new()).collect(),
    });
    let (ended, end) = mpsc::channel();
    for me in 0..WORKERS {
        let (world, ended) = (Arc::clone(&world), ended.clone());
        std::thread::spawn(move || {
            world.work(me);
            let _ = ended.send(());
        });
    }
    drop(world.hand_over(world.lock()));
    for _ in 0..WORKERS {
        // Far longer than any history takes: whoever has the baton then will never give it away.
        if end.recv_timeout(Duration::from_secs(120)).is_err() {
            return Err(world.story("hangs"));
        }
    }
    if flaw == Flaw::None && world.lock().broken.is_none() {
        world.calm_down();
    }
    let inner = world.lock();
    match &inner.broken {
        Some(why) => {
            let why = why.clone();
            drop(inner);
            Err(world.story(&why))
        }
        None => Ok(Told {
            steps: inner.steps,
            most: inner.platform.most,
            counts: inner.counts,
            story: inner.story,
        }),
    }
}

struct Told {
    steps: u64,
    most: usize,
    counts: Counts,
    story: u64,
}

impl World {
    fn story(&self, why: &str) -> String {
        let inner = self.lock();
        let recent = inner.recent.join("\n");
        format!("{recent}\n{:?}: {why}", inner.weather)
    }

    /// When nothing goes wrong any more, and the operator has unblocked the guard, the right
    /// password gets its token at once.
    fn calm_down(self: &Arc<World>) {
        let mut inner = self.lock();
        inner.calm = true;
        inner.stopping = false;
        inner.steps_to_go = u64::MAX;
        inner.store.full = false;
        inner.workers[0].finished = false;
        inner.turn = 0;
        if let Content::Record(record) = &mut inner.store.content {
            lockout::unblock(record);
        } else {
            inner.store.content = Content::Nothing;
        }
        inner.platform.noted.clear();
        inner.platform.under_way.clear();
        if inner.store.holder.is_some() {
            inner.fail("a lease is held by nobody");
        }
        drop(inner);
        ME.set(Some(0));
        let life = self.join(0);
        let session = life.owned.get().unwrap();
        if let Err(error) = session.relogin(&self.call(), None) {
            self.lock().fail(&format!("in the calm: {error}"));
        }
        drop(life);
        self.leave(0, None);
        ME.set(None);
    }
}

fn weather(seed: u64) -> Weather {
    WEATHERS[(seed % WEATHERS.len() as u64) as usize]
}

const STEPS: u64 = 800;

#[test]
fn random_histories() {
    let soaks = std::env::var_os("TSM_SOAK").is_some();
    if let Some(seed) = std::env::var_os("TSM_SEED") {
        let seed = seed.to_str().and_then(|seed| seed.parse().ok()).unwrap();
        if let Err(why) = run(seed, weather(seed), Flaw::None, STEPS) {
            panic!("{why}\nTSM_SEED={seed}");
        }
        return;
    }
    let first = match soaks {
        // Another one each time, which is printed.
        true => std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() << 20,
        false => 0,
    };
    let total = match (soaks, std::env::var("TSM_STEPS")) {
        (_, Ok(steps)) => steps.parse().unwrap(),
        (true, _) => 1_200_000,
        (false, _) => 54_000,
    };
    let next = AtomicU64::new(first);
    let all = Mutex::new((0, [0; WEATHERS.len()], Counts::default()));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while all.lock().unwrap().0 < total {
                    let seed = next.fetch_add(1, SeqCst);
                    match run(seed, weather(seed), Flaw::None, STEPS) {
                        Err(why) => panic!("{why}\nreplay it with TSM_SEED={seed}"),
                        Ok(told) => {
                            let mut all = all.lock().unwrap();
                            all.0 += told.steps;
                            let most = &mut all.1[(seed % WEATHERS.len() as u64) as usize];
                            *most = told.most.max(*most);
                            all.2.add(&told.counts);
                        }
                    }
                }
            });
        }
    });
    let (steps, most, counts) = *all.lock().unwrap();
    println!(
        "seeds {first} to {}: {steps} steps in {:.0?}; {counts:?}",
        next.load(SeqCst) - 1,
        begun.elapsed()
    );
    for (weather, most) in WEATHERS.iter().zip(most) {
        println!("{weather:?}: at most {most} failures in a row");
    }
    assert!(counts.logins > 100 && counts.late > 10 && counts.crashes > 100);
}

impl Counts {
    fn add(&mut self, other: &Counts) {
        self.logins += other.logins;
        self.rejections += other.rejections;
        self.successes += other.successes;
        self.lost += other.lost;
        self.late += other.late;
        self.blocked += other.blocked;
        self.crashes += other.crashes;
        self.done += other.done;
        self.unblocks += other.unblocks;
        self.damages += other.damages;
    }
}

#[test]
fn a_seed_tells_one_story() {
    for seed in 0..WEATHERS.len() as u64 {
        let story = || run(seed, weather(seed), Flaw::None, 500).map(|told| told.story);
        assert_eq!(story(), story());
    }
}

#[test]
fn every_flaw_of_a_store_is_found() {
    for flaw in [Flaw::SavesNothing, Flaw::LeasesToAll, Flaw::IsNotDurable] {
        let found = (0..200).find(|seed| run(*seed, Weather::Plain, flaw, STEPS).is_err());
        println!("{flaw:?}: found by seed {found:?}");
        assert!(found.is_some(), "{flaw:?} goes unseen");
    }
}
