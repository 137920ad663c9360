//! A model of the guard and of renewal, explored exhaustively by the model checker `stateright`.
//!
//! Processes, each with threads that all saw the session token refused, share one store and one account. What decides is the real code:
//! `lockout::{record, admit, settle}` on real records. Around it the model has a step for everything that others can see: a look into the store
//! without a lease, the lease, each save, the request leaving, the platform judging it, the answer, the lease's end, the landing of the flight
//! that threads of a process share. A process may die at each of them. An answer may be lost: the request was judged, or is judged late
//! (within five minutes after its sender ended, and after any others), or never. Operators restart processes with the same password or another.
//! Threads that wait for a flight sleep until they are notified; the slices of the real code, which look again in any case, are left out.
//!
//! Bounds of [`Bounds::wide`]: two processes of two threads, two crashes, two unknown fates, three passwords of which the platform holds
//! one, one restart, time passing, one cancelled call; `max_login_failures` 3 and 4. The number of states is in the tests' output.
//!
//! States that differ only in the numbers of slots, or in which thread or process is which, count as one.

use std::hash::{Hash, Hasher};

use stateright::{Checker, HasDiscoveries, Model, Property};

use super::{Password, SALT, Secret};
use crate::error::Status;
use crate::lockout::{self, Fate, Permit};
use crate::store::{Found, Key, Outcome, OutcomeFailure, Record, Shared};

const START_MS: u64 = 1_700_000_000_000;
const MINUTE_MS: u64 = 60 * 1000;
/// What the platform holds.
const RIGHT: u8 = 0;
const PASSWORDS: u8 = 3;

#[derive(Clone, Copy, Debug)]
struct Bounds {
    processes: usize,
    threads: usize,
    max_failures: usize,
    share_token: bool,
    /// Whether the right password has succeeded before.
    proven: bool,
    crashes: u8,
    unknown: u8,
    not_judged: u8,
    restarts: u8,
    cancels: u8,
    damages: u8,
    five_minutes: u8,
    fifteen_minutes: u8,
    flaw: Flaw,
}

/// What a mutant of the model does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    SendsBeforeItSaves,
    ReleasesUnknownFates,
    ForgetsRejections,
    SuccessClearsEverything,
    AgeCountsFromTheStart,
    DamagedIsNothing,
    TakesNoLease,
    ComparesNothing,
    SharesNoFailure,
    NotifiesNobody,
    SleepsWithoutLooking,
}

#[derive(Clone, Debug, PartialEq)]
struct State {
    now_ms: u64,
    left: Left,
    stored: Stored,
    processes: Vec<Process>,
    strikes: u8,
    /// Requests whose sender is gone, by password. They are judged within five minutes or never.
    late: Vec<u8>,
    /// Passwords whose rejection is in the record.
    noted: Vec<u8>,
    /// A shared token was stored for this expiry.
    renewed: bool,
    broken: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Left {
    crashes: u8,
    unknown: u8,
    not_judged: u8,
    restarts: u8,
    cancels: u8,
    damages: u8,
    five_minutes: u8,
    fifteen_minutes: u8,
}

#[derive(Clone, Debug, PartialEq)]
enum Stored {
    Record(Record),
    Damaged { again: bool },
}

#[derive(Clone, Debug, PartialEq)]
struct Process {
    password: u8,
    dead: bool,
    in_flight: bool,
    /// It holds a newer token.
    renewed: bool,
    threads: Vec<Thread>,
}

/// Where a thread stands in a renewal.
#[derive(Clone, Debug, PartialEq)]
enum Thread {
    Begins,
    /// It found a flight under way, and is about to sleep unless that has landed meanwhile.
    Joined(Option<Landed>),
    Asleep,
    /// It looks into the store, without a lease.
    Leads,
    WaitsForLease {
        ended_before: u64,
    },
    /// It holds the lease, and its slot is durable.
    Saved(Login),
    Sent(Login, Request),
    /// It gave the lease back, and others do not know yet.
    Lands(Landed),
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Landed {
    Token,
    Failed,
    HandedOver,
}

#[derive(Clone, Debug, PartialEq)]
struct Login {
    record: Record,
    permit: Permit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Request {
    UnderWay,
    Judged { right: bool },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Action {
    Step(usize, usize),
    Judge(usize, usize),
    NotJudged(usize, usize),
    LoseAnswer(usize, usize),
    Cancel(usize, usize),
    Crash(usize),
    Restart(usize, u8),
    JudgeLate(usize),
    NeverJudge(usize),
    Damage,
    FiveMinutes,
    FifteenMinutes,
}

impl Bounds {
    /// What the proof is asked for, at the least.
    fn wide(max_failures: usize, share_token: bool) -> Bounds {
        Bounds {
            processes: 2,
            threads: 2,
            max_failures,
            share_token,
            proven: false,
            crashes: 2,
            unknown: 2,
            not_judged: 0,
            restarts: 1,
            cancels: 0,
            damages: 0,
            five_minutes: 1,
            fifteen_minutes: 0,
            flaw: Flaw::None,
        }
    }

    /// One thread in each process: what threads do among themselves is left out.
    fn single(max_failures: usize) -> Bounds {
        Bounds {
            threads: 1,
            ..Bounds::wide(max_failures, false)
        }
    }

    fn with(self, change: impl FnOnce(&mut Bounds)) -> Bounds {
        let mut bounds = self;
        change(&mut bounds);
        bounds
    }

    fn load(&self, state: &State) -> Record {
        let found = match &state.stored {
            Stored::Record(record) => Found::Record(Box::new(record.clone())),
            Stored::Damaged { .. } if self.flaw == Flaw::DamagedIsNothing => Found::Nothing,
            Stored::Damaged { again } => Found::Unreadable {
                why: "damaged".into(),
                again: *again,
            },
        };
        let mut record = lockout::record(found, state.now_ms, self.max_failures).unwrap();
        // A new one has a salt of its own; the passwords here are hashed already.
        record.salt = SALT;
        record
    }

    /// The lease is taken, and given back unless a login is to follow: compare-first, the outcome of others, and the guard. All that others
    /// can see of it is the slot that is saved: dying before that is dying before the lease.
    fn enter(&self, state: &mut State, process: usize, ended_before: u64) -> Thread {
        let mut record = self.load(state);
        let adopts = self.share_token && !record.shared.is_empty();
        if adopts && self.flaw != Flaw::ComparesNothing {
            return Thread::Lands(Landed::Token);
        }
        let password = state.processes[process].password;
        if self.share_token
            && self.flaw != Flaw::SharesNoFailure
            && record.ended > ended_before
            && record.last.as_ref().is_some_and(|l| l.failure.is_some())
        {
            return Thread::Lands(Landed::Failed);
        }
        if self.flaw == Flaw::AgeCountsFromTheStart {
            for slot in &mut record.slots {
                slot.ended_ms = Some(slot.sent_ms);
            }
        }
        let (now_ms, max) = (state.now_ms, self.max_failures);
        let admitted = with_password(password, |password| {
            lockout::admit(&mut record, &key(), password, now_ms, max)
        });
        match admitted {
            Ok(permit) => {
                if self.flaw != Flaw::SendsBeforeItSaves {
                    state.stored = Stored::Record(record.clone());
                }
                Thread::Saved(Login { record, permit })
            }
            Err(error) => {
                assert_eq!(error.status(), Status::LoginBlocked);
                Thread::Lands(Landed::Failed)
            }
        }
    }

    /// What came of it is noted and saved, and the lease given back.
    fn note(
        &self,
        state: &mut State,
        process: usize,
        login: &Login,
        fate: Fate,
        cancelled: bool,
    ) -> Thread {
        let mut record = login.record.clone();
        let password = state.processes[process].password;
        let fate_noted = match (self.flaw, fate) {
            (Flaw::ReleasesUnknownFates, Fate::Unknown) => Fate::NotCounted,
            (Flaw::ForgetsRejections, Fate::Rejected) => Fate::Unknown,
            _ => fate,
        };
        let now_ms = state.now_ms;
        with_password(password, |password| {
            lockout::settle(&mut record, &login.permit, password, fate_noted, now_ms)
        })
        .unwrap();
        if self.flaw == Flaw::SuccessClearsEverything && fate == Fate::Succeeded {
            record.slots.clear();
        }
        if fate == Fate::Rejected && !state.noted.contains(&password) {
            state.noted.push(password);
            state.noted.sort_unstable();
        }
        if self.share_token {
            record.last = (!cancelled).then(|| outcome(fate));
            if fate == Fate::Succeeded {
                record.shared = vec![token()];
                state.renewed = true;
            }
        }
        state.stored = Stored::Record(record);
        Thread::Lands(match (fate, cancelled) {
            (Fate::Succeeded, _) => Landed::Token,
            (_, true) => Landed::HandedOver,
            (_, false) => Landed::Failed,
        })
    }

    fn send(&self, state: &mut State, process: usize, login: Login) -> Thread {
        let password = state.processes[process].password;
        if state.noted.contains(&password) {
            state.broken = Some("a rejected password is sent again");
        }
        let in_process = state.processes[process].renewed;
        if in_process || (self.share_token && state.renewed) {
            state.broken = Some("a second login for one expiry");
        }
        Thread::Sent(login, Request::UnderWay)
    }

    fn lease_is_free(&self, state: &State) -> bool {
        let holds = |thread: &Thread| matches!(thread, Thread::Saved(_) | Thread::Sent(..));
        let mut threads = state.processes.iter().flat_map(|p| &p.threads);
        self.flaw == Flaw::TakesNoLease || !threads.any(holds)
    }

    /// The next step of a thread on its own. None where it has to wait, or is done.
    fn step(&self, state: &mut State, p: usize, t: usize) -> Option<()> {
        let thread = state.processes[p].threads[t].clone();
        let next = match thread {
            Thread::Begins => {
                let process = &mut state.processes[p];
                if process.renewed && self.flaw != Flaw::ComparesNothing {
                    Thread::Done
                } else if process.in_flight {
                    Thread::Joined(None)
                } else {
                    process.in_flight = true;
                    match self.share_token {
                        true => Thread::Leads,
                        false => Thread::WaitsForLease { ended_before: 0 },
                    }
                }
            }
            Thread::Joined(Some(landed)) if self.flaw != Flaw::SleepsWithoutLooking => {
                after(landed)
            }
            Thread::Joined(_) => Thread::Asleep,
            Thread::Leads => match &state.stored {
                Stored::Record(record) if !record.shared.is_empty() => match self.flaw {
                    Flaw::ComparesNothing => Thread::WaitsForLease {
                        ended_before: record.ended,
                    },
                    _ => Thread::Lands(Landed::Token),
                },
                Stored::Record(record) => Thread::WaitsForLease {
                    ended_before: record.ended,
                },
                Stored::Damaged { .. } => Thread::WaitsForLease { ended_before: 0 },
            },
            Thread::WaitsForLease { ended_before } => match self.lease_is_free(state) {
                true => self.enter(state, p, ended_before),
                false => return None,
            },
            Thread::Saved(login) => self.send(state, p, login),
            Thread::Sent(login, Request::Judged { right }) => {
                let fate = match right {
                    true => Fate::Succeeded,
                    false => Fate::Rejected,
                };
                self.note(state, p, &login, fate, false)
            }
            Thread::Lands(landed) => {
                self.land(&mut state.processes[p], landed);
                Thread::Done
            }
            Thread::Sent(_, Request::UnderWay) | Thread::Asleep | Thread::Done => return None,
        };
        state.processes[p].threads[t] = next;
        Some(())
    }

    /// The sender gives up, or is told that its password was not judged. What is under way may still be judged.
    fn end(&self, state: &mut State, p: usize, t: usize, fate: Fate, cancelled: bool) {
        let Thread::Sent(login, request) = state.processes[p].threads[t].clone() else {
            unreachable!("only what was sent ends");
        };
        if fate == Fate::Unknown && request == Request::UnderWay {
            state.late.push(state.processes[p].password);
            state.late.sort_unstable();
        }
        state.processes[p].threads[t] = self.note(state, p, &login, fate, cancelled);
    }

    fn land(&self, process: &mut Process, landed: Landed) {
        process.in_flight = false;
        process.renewed |= landed == Landed::Token;
        for thread in &mut process.threads {
            match thread {
                Thread::Joined(seen) => *seen = Some(landed),
                Thread::Asleep if self.flaw != Flaw::NotifiesNobody => {
                    *thread = after(landed);
                }
                _ => {}
            }
        }
    }

    fn crash(&self, state: &mut State, p: usize) {
        let process = &mut state.processes[p];
        for thread in &process.threads {
            if let Thread::Sent(_, Request::UnderWay) = thread {
                state.late.push(process.password);
            }
        }
        state.late.sort_unstable();
        process.dead = true;
        process.in_flight = false;
        process.threads.clear();
    }

    fn begin(&self, process: &mut Process, password: u8) {
        *process = Process {
            password,
            dead: false,
            in_flight: false,
            renewed: false,
            threads: vec![Thread::Begins; self.threads],
        };
    }

    /// Whether anything goes on of itself: no operator, no mishap, no time passing.
    fn goes_on(&self, state: &State) -> bool {
        let threads = |p: usize| (0..state.processes[p].threads.len()).map(move |t| (p, t));
        (0..state.processes.len()).flat_map(threads).any(|(p, t)| {
            let under_way = Request::UnderWay;
            let thread = &state.processes[p].threads[t];
            matches!(thread, Thread::Sent(_, request) if *request == under_way)
                || self.step(&mut state.clone(), p, t).is_some()
        })
    }
}

fn after(landed: Landed) -> Thread {
    match landed {
        Landed::HandedOver => Thread::Begins,
        Landed::Token | Landed::Failed => Thread::Done,
    }
}

fn key() -> Key {
    Key {
        realm: "model".into(),
        username: "zbeeblebrox".into(),
    }
}

/// Hashed already: what a hash is made of is of no matter here.
fn with_password<T>(number: u8, act: impl FnOnce(&mut Password<'_>) -> T) -> T {
    let secret = Secret::new(number.to_string());
    act(&mut Password::new(&secret, Some((SALT, [number; 32]))))
}

fn token() -> Shared {
    Shared {
        protocol: "rest".into(),
        token: Secret::new("new"),
        obtained_ms: START_MS,
    }
}

fn outcome(fate: Fate) -> Outcome {
    let failure = || OutcomeFailure {
        status: Status::Network,
        message: String::new(),
        code: String::new(),
        http_status: 0,
    };
    Outcome {
        protocol: "rest".into(),
        replaced: None,
        failure: (fate != Fate::Succeeded).then(failure),
    }
}

impl Model for Bounds {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut record = Record::new(SALT);
        record.succeeded = self.proven.then_some([RIGHT; 32]);
        let choices: &[&[u8]] = match self.processes {
            1 => &[&[0], &[1]],
            2 => &[&[0, 0], &[0, 1], &[1, 1], &[1, 2]],
            _ => &[&[0, 1, 2], &[1, 1, 1], &[0, 0, 1]],
        };
        let process = |password: &u8| {
            let mut process = Process {
                password: *password,
                dead: true,
                in_flight: false,
                renewed: false,
                threads: Vec::new(),
            };
            self.begin(&mut process, *password);
            process
        };
        let state = |passwords: &&[u8]| State {
            now_ms: START_MS,
            left: Left {
                crashes: self.crashes,
                unknown: self.unknown,
                not_judged: self.not_judged,
                restarts: self.restarts,
                cancels: self.cancels,
                damages: self.damages,
                five_minutes: self.five_minutes,
                fifteen_minutes: self.fifteen_minutes,
            },
            stored: Stored::Record(record.clone()),
            processes: passwords.iter().map(process).collect(),
            strikes: 0,
            late: Vec::new(),
            noted: Vec::new(),
            renewed: false,
            broken: None,
        };
        choices.iter().map(state).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let left = &state.left;
        for (p, process) in state.processes.iter().enumerate() {
            for (t, thread) in process.threads.iter().enumerate() {
                actions.push(Action::Step(p, t));
                if let Thread::Sent(_, request) = thread {
                    if *request == Request::UnderWay {
                        actions.push(Action::Judge(p, t));
                        if left.not_judged > 0 {
                            actions.push(Action::NotJudged(p, t));
                        }
                    }
                    if left.unknown > 0 {
                        actions.push(Action::LoseAnswer(p, t));
                    }
                }
                let waits = matches!(
                    thread,
                    Thread::WaitsForLease { .. } | Thread::Asleep | Thread::Sent(..)
                );
                if left.cancels > 0 && waits {
                    actions.push(Action::Cancel(p, t));
                }
            }
            let idle = process.threads.iter().all(|t| matches!(t, Thread::Done));
            if left.crashes > 0 && !idle {
                actions.push(Action::Crash(p));
            }
            if process.dead || (idle && left.restarts > 0) {
                actions.extend((0..PASSWORDS).map(|password| Action::Restart(p, password)));
            }
        }
        for index in 0..state.late.len() {
            actions.extend([Action::JudgeLate(index), Action::NeverJudge(index)]);
        }
        if left.damages > 0 {
            actions.push(Action::Damage);
        }
        // What is late is judged before, or never.
        if state.late.is_empty() && left.five_minutes > 0 {
            actions.push(Action::FiveMinutes);
        }
        if state.late.is_empty() && left.fifteen_minutes > 0 {
            actions.push(Action::FifteenMinutes);
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = before.clone();
        match action {
            Action::Step(p, t) => self.step(&mut state, p, t)?,
            Action::Judge(p, t) => {
                let right = judge(&mut state.strikes, state.processes[p].password);
                if let Thread::Sent(_, request) = &mut state.processes[p].threads[t] {
                    *request = Request::Judged { right };
                }
            }
            Action::NotJudged(p, t) => {
                state.left.not_judged -= 1;
                self.end(&mut state, p, t, Fate::NotCounted, false);
            }
            Action::LoseAnswer(p, t) => {
                state.left.unknown -= 1;
                self.end(&mut state, p, t, Fate::Unknown, false);
            }
            Action::Cancel(p, t) => {
                state.left.cancels -= 1;
                match state.processes[p].threads[t] {
                    Thread::Asleep => state.processes[p].threads[t] = Thread::Done,
                    Thread::WaitsForLease { .. } => {
                        state.processes[p].threads[t] = Thread::Lands(Landed::HandedOver);
                    }
                    _ => self.end(&mut state, p, t, Fate::Unknown, true),
                }
            }
            Action::Crash(p) => {
                state.left.crashes -= 1;
                self.crash(&mut state, p);
            }
            Action::Restart(p, password) => {
                if !state.processes[p].dead {
                    state.left.restarts -= 1;
                }
                self.begin(&mut state.processes[p], password);
            }
            Action::JudgeLate(index) => {
                let password = state.late.remove(index);
                judge(&mut state.strikes, password);
            }
            Action::NeverJudge(index) => {
                state.late.remove(index);
            }
            Action::Damage => {
                state.left.damages -= 1;
                // Whether it was whole before, or damaged and not mended yet.
                let again = self.damages - state.left.damages > 1;
                state.stored = Stored::Damaged { again };
            }
            Action::FiveMinutes => {
                state.left.five_minutes -= 1;
                state.now_ms += 5 * MINUTE_MS;
            }
            Action::FifteenMinutes => {
                state.left.fifteen_minutes -= 1;
                state.now_ms += 15 * MINUTE_MS;
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(
                "fewer than five failures in a row",
                |_: &Bounds, state: &State| state.strikes < 5,
            ),
            Property::always("no more than allowed", |model: &Bounds, state: &State| {
                // A damaged record may have been full.
                let allowed = model.max_failures + usize::from(model.damages > 0);
                usize::from(state.strikes) <= allowed
            }),
            Property::always("nothing is sent in vain", |_: &Bounds, state: &State| {
                state.broken.is_none()
            }),
            Property::always(
                "everyone who waits comes to an end",
                |model: &Bounds, state: &State| {
                    let done = |thread: &Thread| matches!(thread, Thread::Done);
                    let all = state.processes.iter().flat_map(|p| &p.threads).all(done);
                    all || model.goes_on(state)
                },
            ),
        ]
    }
}

/// The platform's count: a success begins it anew.
fn judge(strikes: &mut u8, password: u8) -> bool {
    *strikes = match password == RIGHT {
        true => 0,
        false => *strikes + 1,
    };
    password == RIGHT
}

/// What matters of a state. Slots are told by their place, times by how long ago they were, wrong passwords by nothing but their being
/// different.
impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let one = self.outline([0, 1, 2]);
        let other = self.outline([0, 2, 1]);
        one.min(other).hash(hasher);
        (self.left, self.strikes, self.renewed, self.broken).hash(hasher);
    }
}

/// Passwords as they are to be told.
type Names = [u8; PASSWORDS as usize];
type StateOutline = (
    Option<RecordOutline>,
    Vec<(u8, (bool, bool, bool), Vec<ThreadOutline>)>,
    [Vec<u8>; 2],
);
type RecordOutline = (
    Vec<(u64, Option<u64>, bool)>,
    Vec<u8>,
    (bool, Option<bool>, bool),
);
type ThreadOutline = (u8, i64, Option<(RecordOutline, lockout::PermitOutline)>);

impl State {
    fn outline(&self, names: Names) -> StateOutline {
        let (stored, ended) = match &self.stored {
            Stored::Record(record) => (Some(self.outline_of(record, names)), record.ended),
            Stored::Damaged { .. } => (None, 0),
        };
        let sorted = |passwords: &[u8]| {
            let mut passwords: Vec<_> = passwords.iter().map(|p| names[*p as usize]).collect();
            passwords.sort_unstable();
            passwords
        };
        let process = |process: &Process| {
            let threads = process.threads.iter();
            let mut threads: Vec<_> = threads
                .map(|thread| self.outline_of_thread(thread, ended, names))
                .collect();
            threads.sort_unstable();
            let state = (process.dead, process.in_flight, process.renewed);
            (names[process.password as usize], state, threads)
        };
        let mut processes: Vec<_> = self.processes.iter().map(process).collect();
        processes.sort_unstable();
        (stored, processes, [sorted(&self.late), sorted(&self.noted)])
    }

    fn outline_of(&self, record: &Record, names: Names) -> RecordOutline {
        let ago = |ms: u64| (self.now_ms.saturating_sub(ms) / MINUTE_MS).min(15);
        let slots = record
            .slots
            .iter()
            .map(|slot| (ago(slot.sent_ms), slot.ended_ms.map(ago), slot.rejected));
        let rejected = record.rejected.iter().map(|hash| names[hash[0] as usize]);
        let failed = |last: &Outcome| last.failure.is_some();
        let rest = (
            record.succeeded.is_some(),
            record.last.as_ref().map(failed),
            !record.shared.is_empty(),
        );
        (slots.collect(), rejected.collect(), rest)
    }

    /// `ended`: how many logins have ended by the record in the store.
    fn outline_of_thread(&self, thread: &Thread, ended: u64, names: Names) -> ThreadOutline {
        let login = |login: &Login| {
            let permit = login.permit.outline(&login.record);
            Some((self.outline_of(&login.record, names), permit))
        };
        let landed = |landed: &Landed| 1 + *landed as i64;
        match thread {
            Thread::Begins => (0, 0, None),
            Thread::Joined(None) => (1, 0, None),
            Thread::Joined(Some(how)) => (1, landed(how), None),
            Thread::Asleep => (2, 0, None),
            Thread::Leads => (3, 0, None),
            Thread::WaitsForLease { ended_before } => {
                (4, (ended as i64 - *ended_before as i64).min(1), None)
            }
            Thread::Saved(of) => (5, 0, login(of)),
            Thread::Sent(of, Request::UnderWay) => (6, 0, login(of)),
            Thread::Sent(of, Request::Judged { right }) => (6, 1 + i64::from(*right), login(of)),
            Thread::Lands(how) => (7, landed(how), None),
            Thread::Done => (8, 0, None),
        }
    }
}

/// Explores everything within the bounds; the number of states.
fn holds(what: &str, bounds: Bounds) -> usize {
    let checker = bounds.checker().threads(2).spawn_bfs().join();
    let states = checker.unique_state_count();
    println!(
        "{what}: {states} states, {} steps deep, max_login_failures {}, share_token {}",
        checker.max_depth(),
        bounds.max_failures,
        bounds.share_token,
    );
    checker.assert_properties();
    states
}

/// The mutant must be found out, by this property.
fn fails(property: &'static str, bounds: Bounds) {
    let checker = bounds
        .checker()
        .finish_when(HasDiscoveries::AnyOf([property].into()))
        .spawn_bfs()
        .join();
    let path = checker.discovery(property);
    let path = path.unwrap_or_else(|| panic!("{:?} goes unseen", bounds.flaw));
    println!(
        "{:?}: \"{property}\" fails after {} steps, {} states",
        bounds.flaw,
        path.into_actions().len(),
        checker.unique_state_count()
    );
}

fn flawed(flaw: Flaw, bounds: Bounds) -> Bounds {
    Bounds { flaw, ..bounds }
}

#[test]
fn measure() {
    let n = |name: &str| std::env::var(name).map_or(0, |n| n.parse().unwrap());
    for share in [false, true] {
        let bounds = Bounds {
            crashes: n("C"),
            unknown: n("U"),
            restarts: n("R"),
            five_minutes: n("F"),
            fifteen_minutes: n("Q"),
            cancels: n("K"),
            damages: n("D"),
            not_judged: n("N"),
            ..Bounds::wide(3, share)
        };
        let begun = std::time::Instant::now();
        holds("measure", bounds);
        println!("{:?}", begun.elapsed());
    }
}
