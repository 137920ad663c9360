//! A model of the guard and of single flight, explored exhaustively by the model checker
//! `stateright`.
//!
//! Processes, each with threads that all saw the session token refused, share one store and one
//! account. What decides is the real code: `lockout::{record, admit, settle}` on real records.
//! Around it the model has a step for everything that others can see: a look into the store without
//! a lease, the lease, each save, the request leaving, the platform judging it, the answer, the
//! lease's end, the landing of the flight that threads of a process share. A process may die at
//! each of them. An answer may be lost, or be a gateway's own: the request was judged, or is judged
//! late (within five minutes after its sender ended, and after any others), or never. The hash of a
//! password that worked is made, and noted, at any time after its token was handed out, or never.
//! Operators change the password on the platform, and restart processes with the same password or
//! another. Time passes by the distances that the guard keeps. The store's clock may become another
//! one, and the first again. Leases may end by themselves while their holder sleeps, before or
//! after its login left. The store may lose its record. Threads that wait for a flight sleep until
//! they are notified; the slices of the real code, which look again in any case, are left out.
//!
//! Bounds of [`Bounds::wide`]: two processes of two threads, two crashes (each followed by a
//! restart with any password), two unknown fates, three passwords of which the platform holds one;
//! `max_login_failures` 3 and 4; tokens shared or not. The other tests widen other things. The
//! number of states is in their output, and in `docs/proof.md`.
//!
//! States that differ only in the numbers of slots, in which thread or process is which, or in
//! which wrong password is which, count as one.

use std::hash::{Hash, Hasher};

use stateright::{Checker, HasDiscoveries, Model, Property};

use super::parts::{
    MINUTE_MS, NAMES, Names, PASSWORDS, RIGHT, SECOND_MS, START_MS, age, append_sorted, hash_of,
    key, token,
};
use crate::error::Status;
use crate::lockout::{self, Fate, HashWith, LONGEST_LOGIN_MS, Permit, Unhashed};
use crate::password::Salt;
use crate::runtime::Moment;
use crate::store::{Found, LEASE_MS, LastLogin, LoginFailure, Record, Succeeded};

/// The times that may pass: the distances that the guard keeps, and those after which a lease has
/// ended, and a lost login can no longer be judged.
const STEPS_MS: [u64; 5] = [
    5 * SECOND_MS,
    MINUTE_MS,
    LEASE_MS + LONGEST_LOGIN_MS,
    5 * MINUTE_MS,
    15 * MINUTE_MS,
];

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
    losses: u8,
    other_clocks: u8,
    changes: u8,
    /// How often each of [`STEPS_MS`] may pass.
    steps: [u8; 5],
    leases_end: bool,
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
    KeepsNoDistance,
    KeepsOtherClocks,
    SavesWithoutItsLease,
    NotesOutdatedSuccesses,
}

#[derive(Clone, Debug, PartialEq)]
struct State {
    now_ms: u64,
    /// Which clock that is: 1, or another machine's, 2.
    clock: u8,
    /// How many leases were given, the last one included.
    leases: u8,
    /// When a login of unknown fate ended last, since a success.
    unknown_ms: Option<u64>,
    left: Left,
    stored: Stored,
    processes: Vec<Process>,
    /// The password that the platform holds.
    right: u8,
    /// The password that worked last, as far as that was saved.
    worked: Option<u8>,
    strikes: u8,
    /// Logins that left though the slots were full.
    probes: u8,
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
    losses: u8,
    other_clocks: u8,
    changes: u8,
    steps: [u8; 5],
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
    /// It has made the hash of its password.
    hashed: bool,
    /// Its login that succeeded before that.
    unhashed: Option<Unhashed>,
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
        /// The last outcome that was noted while it waited is a failure, and its own too.
        told: bool,
    },
    /// It holds the lease, and its slot is durable.
    Saved(Login),
    /// It has seen that there is time enough, and may sleep before its login leaves.
    Looked(Login),
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
    /// The number of its lease, when that ends by itself, and when the login is to be over by it.
    lease: u8,
    lease_ends_ms: Option<u64>,
    ends_ms: u64,
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
    LoseStore,
    OtherClock,
    Change(u8),
    Hash(usize),
    Pass(usize),
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
            restarts: 0,
            cancels: 0,
            damages: 0,
            losses: 0,
            other_clocks: 0,
            changes: 0,
            steps: [0; 5],
            leases_end: false,
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
        let salt = || Ok(self.salt(state));
        lockout::record(found, &state.moment(), salt, self.max_failures).unwrap()
    }

    /// That of a record that is new now.
    fn salt(&self, state: &State) -> Salt {
        let damages = self.damages - state.left.damages;
        [damages + self.losses - state.left.losses; 16]
    }

    /// The lease is taken, and given back unless a login is to follow: compare-first, the outcome
    /// of others, and the guard. All that others can see of it is the slot that is saved: dying
    /// before that is dying before the lease.
    fn enter(&self, state: &mut State, process: usize, ended_before: u64, told: bool) -> Thread {
        let mut record = self.load(state);
        let adopts = self.share_token && !record.shared.is_empty();
        if adopts && self.flaw != Flaw::ComparesNothing {
            return Thread::Lands(Landed::Token);
        }
        let password = state.processes[process].password;
        if self.share_token
            && self.flaw != Flaw::SharesNoFailure
            && record.ended > ended_before
            && concerns(&record, password)
        {
            return Thread::Lands(Landed::Failed);
        }
        match self.flaw {
            // Where nothing else tells, the time at which it was reserved.
            Flaw::AgeCountsFromTheStart => {
                for slot in &mut record.slots {
                    slot.ended_ms = slot.reserved_ms;
                }
            }
            Flaw::KeepsNoDistance => record.unsettled_from = record.next_id,
            _ => {}
        }
        let lease_ends_ms = self.leases_end.then_some(state.now_ms + LEASE_MS);
        let (now_ms, max) = (state.now_ms, self.max_failures);
        let own = &mut state.processes[process];
        if let (true, Some(unhashed)) = (own.hashed, own.unhashed) {
            self.note_success(unhashed, &mut record, password);
        }
        let made = &mut own.hashed;
        let hash: HashWith<'_> = &mut |_| {
            *made = true;
            Ok(hash_of(password))
        };
        let admitted = lockout::admit(&mut record, &key(), hash, now_ms, lease_ends_ms, max);
        match admitted {
            Ok(permit) => {
                if self.flaw != Flaw::SendsBeforeItSaves {
                    state.stored = Stored::Record(record.clone());
                }
                if told && self.cancels + self.damages == 0 {
                    state.broken = Some("a failure is repeated instead of shared");
                }
                state.leases += 1;
                Thread::Saved(Login {
                    record,
                    permit,
                    lease: state.leases,
                    lease_ends_ms,
                    ends_ms: state.now_ms + LEASE_MS,
                })
            }
            Err(error) => {
                let early = error.retry_after().is_some();
                assert!(early || error.status() == Status::LoginBlocked);
                // What was found out about older slots is kept.
                state.stored = Stored::Record(record);
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
        let own = &mut state.processes[process];
        let password = own.password;
        let rejected = matches!(fate, Fate::Rejected(_));
        let succeeded = matches!(fate, Fate::Succeeded(_));
        own.hashed |= rejected;
        let fate_noted = match (self.flaw, fate) {
            (Flaw::ReleasesUnknownFates, Fate::Unknown) => Fate::NotCounted,
            (Flaw::ForgetsRejections, Fate::Rejected(_)) => Fate::Unknown,
            _ => fate,
        };
        record.look_at(&state.moment());
        let looked_at = record.clone();
        lockout::settle(&mut record, &login.permit, fate_noted, None);
        if self.flaw == Flaw::KeepsOtherClocks {
            record.keep_other_clocks_of(&looked_at);
        }
        if self.flaw == Flaw::SuccessClearsEverything && succeeded {
            record.slots.clear();
        }
        match fate {
            Fate::Unknown => state.unknown_ms = Some(state.now_ms),
            Fate::Succeeded(_) => state.unknown_ms = None,
            _ => {}
        }
        let fenced = login.lease == state.leases || self.flaw == Flaw::TakesNoLease;
        if !fenced && self.flaw != Flaw::SavesWithoutItsLease {
            // Its lease is another's by now: the store does not take it.
            return Thread::Lands(match succeeded {
                true => Landed::Token,
                false => Landed::Failed,
            });
        }
        if rejected && !state.noted.contains(&password) {
            state.noted.push(password);
            state.noted.sort_unstable();
        }
        if rejected {
            state.worked = state.worked.filter(|worked| *worked != password);
        }
        if let Fate::Succeeded(hash) = fate {
            state.worked = Some(password);
            let (salt, login) = (record.salt, login.permit.login());
            let unhashed = hash.is_none().then_some(Unhashed { salt, login });
            state.processes[process].unhashed = unhashed;
        }
        record.last = (!cancelled).then(|| last_login(fate));
        if self.share_token {
            if succeeded {
                record.shared = vec![token()];
                state.renewed = true;
            } else {
                share_with_those_who_wait(&mut state.processes, &record);
            }
        }
        state.stored = Stored::Record(record);
        Thread::Lands(match (succeeded, cancelled) {
            (true, _) => Landed::Token,
            (_, true) => Landed::HandedOver,
            (_, false) => Landed::Failed,
        })
    }

    fn note_success(&self, unhashed: Unhashed, record: &mut Record, password: u8) {
        match self.flaw {
            Flaw::NotesOutdatedSuccesses => {
                record.succeeded = Succeeded::Password(hash_of(password));
            }
            _ => unhashed.note(record, hash_of(password)),
        }
    }

    /// A process makes the hash of the password that worked, and notes it once the lease is free.
    fn hash(&self, state: &mut State, process: usize) {
        let Process {
            unhashed, password, ..
        } = state.processes[process];
        state.processes[process].hashed = true;
        if let (Some(unhashed), Stored::Record(_)) = (unhashed, &state.stored)
            && self.lease_is_free(state)
            && let Stored::Record(record) = &mut state.stored
        {
            self.note_success(unhashed, record, password);
            state.processes[process].unhashed = None;
        }
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
        let early = |ended_ms: u64| state.now_ms < ended_ms + 5 * SECOND_MS;
        if state.unknown_ms.is_some_and(early) && self.knows_of_all_logins() {
            state.broken = Some("a login right after one of unknown fate");
        }
        if login.permit.is_probe() {
            state.probes += u8::from(self.changes > 0);
            if state.worked != Some(password) {
                state.broken = Some("a probe with another password than the one that worked last");
            }
        }
        Thread::Sent(login, Request::UnderWay)
    }

    /// Whether nothing can take a login out of the record, or delay the news of its end.
    fn knows_of_all_logins(&self) -> bool {
        self.damages + self.losses == 0 && !self.leases_end
    }

    fn lease_is_free(&self, state: &State) -> bool {
        let holds = |thread: &Thread| match thread {
            Thread::Saved(login) | Thread::Looked(login) | Thread::Sent(login, _) => {
                let ended = |ends_ms: u64| ends_ms <= state.now_ms;
                login.lease == state.leases && !login.lease_ends_ms.is_some_and(ended)
            }
            _ => false,
        };
        let mut threads = state.processes.iter().flat_map(|p| &p.threads);
        self.flaw == Flaw::TakesNoLease || !threads.any(holds)
    }

    /// Whether time may pass: what is late is judged before five minutes are over, or never; and
    /// what has left, or is about to, ends by its own time.
    fn may_pass(&self, state: &State, time_ms: u64) -> bool {
        let now_ms = state.now_ms + time_ms;
        let mut threads = state.processes.iter().flat_map(|p| &p.threads);
        let ends = |thread: &Thread| match thread {
            Thread::Looked(login) | Thread::Sent(login, Request::UnderWay) => {
                now_ms <= login.ends_ms + LONGEST_LOGIN_MS
            }
            _ => true,
        };
        (state.late.is_empty() || time_ms < 2 * MINUTE_MS) && threads.all(ends)
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
                        false => waits(0),
                    }
                }
            }
            Thread::Joined(Some(landed)) if self.flaw != Flaw::SleepsWithoutLooking => {
                after(landed)
            }
            Thread::Joined(_) => Thread::Asleep,
            Thread::Leads => match &state.stored {
                Stored::Record(record) if !record.shared.is_empty() => match self.flaw {
                    Flaw::ComparesNothing => waits(record.ended),
                    _ => Thread::Lands(Landed::Token),
                },
                Stored::Record(record) => waits(record.ended),
                Stored::Damaged { .. } => waits(0),
            },
            Thread::WaitsForLease { ended_before, told } => match self.lease_is_free(state) {
                true => self.enter(state, p, ended_before, told),
                false => return None,
            },
            Thread::Saved(login) if state.now_ms + LONGEST_LOGIN_MS <= login.ends_ms => {
                Thread::Looked(login)
            }
            Thread::Saved(login) => match self.leases_end {
                false => self.note(state, p, &login, Fate::NotCounted, false),
                // Nothing left; its slot stays, for the lease may be another's.
                true => Thread::Lands(Landed::Failed),
            },
            Thread::Looked(login) => self.send(state, p, login),
            Thread::Sent(login, Request::Judged { right }) => {
                let Process {
                    password, hashed, ..
                } = state.processes[p];
                let fate = match right {
                    true => Fate::Succeeded(hashed.then_some(hash_of(password))),
                    false => Fate::Rejected(hash_of(password)),
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
        self.land_unseen(&mut state.processes[p], t);
        Some(())
    }

    /// Where no other thread of the process is left to see it, a flight lands at once.
    fn land_unseen(&self, process: &mut Process, t: usize) {
        let done = |thread: &Thread| matches!(thread, Thread::Done | Thread::Lands(_));
        if let Thread::Lands(landed) = process.threads[t]
            && process.threads.iter().all(done)
        {
            self.land(process, landed);
            process.threads[t] = Thread::Done;
        }
    }

    /// The sender gives up, or is told that its password was not judged. What is under way may
    /// still be judged.
    fn end(&self, state: &mut State, p: usize, t: usize, fate: Fate, cancelled: bool) {
        let Thread::Sent(login, request) = state.processes[p].threads[t].clone() else {
            unreachable!("only what was sent ends");
        };
        if fate == Fate::Unknown && request == Request::UnderWay {
            state.late.push(state.processes[p].password);
            state.late.sort_unstable();
        }
        state.processes[p].threads[t] = self.note(state, p, &login, fate, cancelled);
        self.land_unseen(&mut state.processes[p], t);
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
            hashed: false,
            unhashed: None,
            threads: vec![Thread::Begins; self.threads],
        };
    }

    /// Whether anything goes on of itself: no operator, no mishap, no time passing.
    fn goes_on(&self, state: &State) -> bool {
        let threads = || state.processes.iter().flat_map(|process| &process.threads);
        threads().any(|thread| match thread {
            Thread::Asleep | Thread::Done => false,
            Thread::WaitsForLease { .. } => self.lease_is_free(state),
            _ => true,
        })
    }
}

fn waits(ended_before: u64) -> Thread {
    let told = false;
    Thread::WaitsForLease { ended_before, told }
}

/// Whether the last login failed for a reason that is this password's as well: a rejection is only
/// for those who have the same.
fn concerns(record: &Record, password: u8) -> bool {
    let last = record.last.as_ref();
    match last.and_then(|last| last.failure.as_ref()) {
        None => false,
        Some(failure) if failure.status == Status::Credentials => {
            lockout::is_rejected(record, &mut |_| Ok(hash_of(password))).unwrap()
        }
        Some(_) => true,
    }
}

/// All that wait for the lease are to share the failure that the record holds now, unless a later
/// outcome takes its place.
fn share_with_those_who_wait(processes: &mut [Process], record: &Record) {
    for process in processes {
        let password = process.password;
        for thread in &mut process.threads {
            if let Thread::WaitsForLease { told, .. } = thread {
                *told = concerns(record, password);
            }
        }
    }
}

fn after(landed: Landed) -> Thread {
    match landed {
        Landed::HandedOver => Thread::Begins,
        Landed::Token | Landed::Failed => Thread::Done,
    }
}

fn last_login(fate: Fate) -> LastLogin {
    let failure = || LoginFailure {
        status: match fate {
            Fate::Rejected(_) => Status::Credentials,
            _ => Status::Network,
        },
        message: String::new(),
        code: String::new(),
        http_status: 0,
    };
    LastLogin {
        protocol: "rest".into(),
        replaced: None,
        failure: (!matches!(fate, Fate::Succeeded(_))).then(failure),
        ended_wall_ms: 0,
    }
}

impl Model for Bounds {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut record = new_record([0; 16], START_MS, 1);
        if self.proven {
            record.succeeded = Succeeded::Password(hash_of(RIGHT));
        }
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
                hashed: false,
                unhashed: None,
                threads: Vec::new(),
            };
            self.begin(&mut process, *password);
            process
        };
        let state = |passwords: &&[u8]| State {
            now_ms: START_MS,
            clock: 1,
            leases: 0,
            unknown_ms: None,
            left: Left {
                crashes: self.crashes,
                unknown: self.unknown,
                not_judged: self.not_judged,
                restarts: self.restarts,
                cancels: self.cancels,
                damages: self.damages,
                losses: self.losses,
                other_clocks: self.other_clocks,
                changes: self.changes,
                steps: self.steps,
            },
            stored: Stored::Record(record.clone()),
            processes: passwords.iter().map(process).collect(),
            right: RIGHT,
            worked: self.proven.then_some(RIGHT),
            strikes: 0,
            probes: 0,
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
            let may_note = !process.hashed || self.lease_is_free(state);
            if process.unhashed.is_some() && may_note {
                actions.push(Action::Hash(p));
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
        if left.losses > 0 {
            actions.push(Action::LoseStore);
        }
        if left.other_clocks > 0 {
            actions.push(Action::OtherClock);
        }
        if left.changes > 0 {
            let others = (0..PASSWORDS).filter(|password| *password != state.right);
            actions.extend(others.map(Action::Change));
        }
        for (step, time_ms) in STEPS_MS.iter().enumerate() {
            if left.steps[step] > 0 && self.may_pass(state, *time_ms) {
                actions.push(Action::Pass(step));
            }
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = before.clone();
        match action {
            Action::Step(p, t) => self.step(&mut state, p, t)?,
            Action::Judge(p, t) => {
                let right = state.judge(state.processes[p].password);
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
                state.judge(password);
            }
            Action::NeverJudge(index) => {
                state.late.remove(index);
            }
            Action::Damage => {
                state.left.damages -= 1;
                // With the record its memory is gone.
                state.noted.clear();
                state.worked = None;
                // Whether it was whole before, or damaged and not mended yet.
                let again = self.damages - state.left.damages > 1;
                state.stored = Stored::Damaged { again };
            }
            Action::LoseStore => {
                state.left.losses -= 1;
                state.noted.clear();
                state.worked = None;
                let salt = self.salt(&state);
                state.stored = Stored::Record(new_record(salt, state.now_ms, state.clock));
            }
            Action::OtherClock => {
                state.left.other_clocks -= 1;
                state.clock = 3 - state.clock;
            }
            Action::Change(password) => {
                state.left.changes -= 1;
                state.right = password;
            }
            Action::Hash(p) => self.hash(&mut state, p),
            Action::Pass(step) => {
                state.left.steps[step] -= 1;
                state.now_ms += STEPS_MS[step];
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(
                "fewer than five failures in a row",
                |model: &Bounds, state: &State| {
                    state.strikes < 5 || model.losses + model.changes > 0
                },
            ),
            Property::always("no more than allowed", |model: &Bounds, state: &State| {
                // A damaged record may have been full, and so may one that was lost.
                let allowed = model.max_failures + usize::from(model.damages > 0);
                let lost = usize::from(model.losses - state.left.losses);
                // Each probe is one more where the password that worked is another by now.
                let probes = usize::from(model.changes > 0) * usize::from(state.probes);
                usize::from(state.strikes) <= allowed * (1 + lost) + probes
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

/// What matters of a state. Slots are told by their place, times by how long ago they were, wrong
/// passwords by nothing but their being different.
impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let [one, other] = NAMES.map(|names| self.outline(names));
        hasher.write(&one.min(other));
        (self.left, self.strikes, self.probes).hash(hasher);
        (self.renewed, self.broken).hash(hasher);
        let ago = self.unknown_ms.map(|ms| self.age(ms));
        ago.hash(hasher);
    }
}

fn new_record(salt: Salt, now_ms: u64, clock: u8) -> Record {
    Record::new(salt, &moment(now_ms, clock))
}

fn moment(ms: u64, clock: u8) -> Moment {
    let clock = clock.to_string();
    Moment { clock, ms }
}

impl State {
    /// The platform's count: a success begins it anew.
    fn judge(&mut self, password: u8) -> bool {
        let right = password == self.right;
        self.strikes = match right {
            true => 0,
            false => self.strikes + 1,
        };
        right
    }

    fn moment(&self) -> Moment {
        moment(self.now_ms, self.clock)
    }

    fn age(&self, ms: u64) -> u8 {
        age(self.now_ms, ms)
    }

    fn outline(&self, names: Names) -> Vec<u8> {
        let mut all = Vec::with_capacity(128);
        let ended = match &self.stored {
            Stored::Record(record) => {
                self.outline_of(record, names, &mut all);
                record.ended
            }
            Stored::Damaged { again } => {
                all.push(100 + u8::from(*again));
                0
            }
        };
        all.push(names[self.right as usize]);
        all.push(self.worked.map_or(u8::MAX, |worked| names[worked as usize]));
        let outlines = self.processes.iter().map(|process| {
            let mut outline = vec![
                names[process.password as usize],
                u8::from(process.dead),
                u8::from(process.in_flight),
                u8::from(process.renewed),
                u8::from(process.hashed),
                self.where_it_stands(process.unhashed),
            ];
            let threads = process.threads.iter();
            let threads = threads.map(|thread| self.outline_of_thread(thread, ended, names));
            append_sorted(&mut outline, threads.collect());
            outline
        });
        append_sorted(&mut all, outlines.collect());
        for passwords in [&self.late, &self.noted] {
            let start = all.len();
            all.extend(passwords.iter().map(|password| names[*password as usize]));
            all[start..].sort_unstable();
            all.push(u8::MAX);
        }
        all
    }

    /// In which records a success without a hash still is the last one.
    fn where_it_stands(&self, unhashed: Option<Unhashed>) -> u8 {
        let Some(unhashed) = unhashed else {
            return 0;
        };
        let in_store = match &self.stored {
            Stored::Record(record) => unhashed.stands(record),
            Stored::Damaged { .. } => false,
        };
        let mut threads = self.processes.iter().flat_map(|process| &process.threads);
        let under_way = threads.any(|thread| match thread {
            Thread::Saved(login) | Thread::Looked(login) | Thread::Sent(login, _) => {
                unhashed.stands(&login.record)
            }
            _ => false,
        });
        1 + u8::from(in_store) + 2 * u8::from(under_way)
    }

    fn outline_of(&self, record: &Record, names: Names, all: &mut Vec<u8>) {
        let ago = |ms: u64| self.age(ms);
        for slot in &record.slots {
            let ended = slot.ended_ms.map_or(u8::MAX, ago);
            let lease_ends = slot.lease_ends_ms.map_or(u8::MAX, ago);
            let settled = slot.id < record.unsettled_from;
            let flags = u8::from(slot.refused) + 2 * u8::from(settled);
            let reserved = match self.left.steps.iter().sum() {
                0u8 => 0,
                _ => slot.reserved_ms.map_or(u8::MAX, ago),
            };
            all.extend([ended, lease_ends, flags, reserved]);
        }
        // What has passed since the last look counts by one clock, and by another what has passed
        // since the last look by that.
        let same_clock = record.clock == self.clock.to_string();
        all.push(u8::from(same_clock));
        if self.left.other_clocks > 0 || !same_clock {
            all.push(ago(record.as_of_ms));
            all.extend(record.other_clocks().map(|behind_ms| {
                let now_ms = self.now_ms.saturating_add_signed(behind_ms);
                age(now_ms, record.as_of_ms)
            }));
        }
        all.push(u8::MAX);
        all.extend(record.rejected.iter().map(|hash| names[hash[0] as usize]));
        let last = record.last.as_ref();
        all.extend([
            u8::MAX,
            match record.succeeded {
                Succeeded::Nothing => u8::MAX,
                Succeeded::Login(_) => u8::MAX - 1,
                Succeeded::Password(hash) => names[hash[0] as usize],
            },
            last.map_or(2, |last| u8::from(last.failure.is_some())),
            u8::from(!record.shared.is_empty()),
        ]);
    }

    /// `ended`: how many logins have ended by the record in the store.
    fn outline_of_thread(&self, thread: &Thread, ended: u64, names: Names) -> Vec<u8> {
        let login = |stage: u8, login: &Login| {
            let current = u8::from(login.lease == self.leases);
            let ends = self.age(login.ends_ms);
            let mut outline = vec![stage, current, ends];
            self.outline_of(&login.record, names, &mut outline);
            outline.extend(login.permit.outline(&login.record));
            outline
        };
        match thread {
            Thread::Begins => vec![0],
            Thread::Joined(None) => vec![1],
            Thread::Joined(Some(how)) => vec![2, *how as u8],
            Thread::Asleep => vec![3],
            Thread::Leads => vec![4],
            Thread::WaitsForLease { ended_before, told } => {
                let meanwhile = (ended as i64 - *ended_before as i64).min(1);
                vec![5, (100 + meanwhile) as u8, u8::from(*told)]
            }
            Thread::Saved(of) => login(6, of),
            Thread::Looked(of) => login(12, of),
            Thread::Sent(of, Request::UnderWay) => login(7, of),
            Thread::Sent(of, Request::Judged { right: false }) => login(8, of),
            Thread::Sent(of, Request::Judged { right: true }) => login(9, of),
            Thread::Lands(how) => vec![10, *how as u8],
            Thread::Done => vec![11],
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

const STRIKES: &str = "no more than allowed";
const IN_VAIN: &str = "nothing is sent in vain";
const ENDS: &str = "everyone who waits comes to an end";

/// `make soak` explores the whole width; the tests of every day less of it.
fn soaks() -> bool {
    std::env::var_os("TSM_SOAK").is_some()
}

#[test]
fn two_processes_of_two_threads() {
    for share_token in [false, true] {
        if soaks() {
            for max_failures in [4, 3] {
                holds("threads", Bounds::wide(max_failures, share_token));
            }
            continue;
        }
        for (crashes, unknown) in [(1, 0), (0, 1)] {
            let narrower = Bounds {
                crashes,
                unknown,
                ..Bounds::wide(3, share_token)
            };
            holds("threads", narrower);
        }
    }
}

#[test]
fn processes_that_are_restarted_with_other_passwords() {
    for max_failures in 1..=4 {
        let bounds = Bounds::single(max_failures).with(|bounds| {
            bounds.unknown = 1;
            bounds.restarts = 2;
            bounds.crashes = 0;
            bounds.steps = [1, 0, 0, 1, 0];
            if soaks() {
                bounds.processes = 3;
                bounds.crashes = 1;
            }
        });
        holds("restarts", bounds);
    }
}

#[test]
fn logins_of_unknown_fate_one_after_the_other() {
    for max_failures in 2..=4 {
        let bounds = Bounds::single(max_failures).with(|bounds| {
            bounds.crashes = 0;
            bounds.unknown = 3;
            bounds.restarts = if soaks() { 2 } else { 1 };
            bounds.steps = [1, 1, 0, 1, 0];
        });
        holds("distances", bounds);
    }
}

#[test]
fn damaged_records() {
    for max_failures in 1..=4 {
        let bounds = Bounds::single(max_failures).with(|bounds| {
            bounds.damages = 2;
            bounds.crashes = u8::from(soaks());
            bounds.unknown = u8::from(soaks());
            bounds.restarts = if soaks() { 3 } else { 2 };
            bounds.steps = [u8::from(soaks()), 0, 0, 0, 0];
        });
        holds("damages", bounds);
    }
}

#[test]
fn probes_after_an_outage() {
    for max_failures in if soaks() { 1..=3 } else { 1..=2 } {
        let bounds = Bounds::single(max_failures).with(|bounds| {
            bounds.proven = true;
            bounds.crashes = u8::from(soaks());
            bounds.unknown = 3;
            bounds.not_judged = u8::from(soaks());
            bounds.restarts = if soaks() { 2 } else { 1 };
            bounds.steps = [1, u8::from(soaks()), 0, 0, 2];
        });
        holds("probes", bounds);
    }
}

/// With one slot: more of them multiply what there is to explore, and show nothing else.
#[test]
fn passwords_that_are_changed_and_hashed_late() {
    let bounds = Bounds::single(1).with(|bounds| {
        bounds.changes = 1;
        bounds.crashes = u8::from(soaks());
        bounds.unknown = if soaks() { 3 } else { 1 };
        bounds.restarts = if soaks() { 3 } else { 2 };
        bounds.steps = [1, u8::from(soaks()), 0, 0, 1];
    });
    holds("changes", bounds);
}

#[test]
fn cancelled_calls() {
    for share_token in [false, true] {
        let bounds = Bounds::wide(3, share_token).with(|bounds| {
            bounds.processes = 1;
            bounds.threads = if soaks() { 4 } else { 3 };
            bounds.crashes = u8::from(soaks());
            bounds.unknown = 1;
            bounds.cancels = 2;
        });
        holds("cancels", bounds);
    }
}

#[test]
fn leases_that_end_while_their_holder_sleeps() {
    for max_failures in if soaks() { 1..=4 } else { 2..=3 } {
        let bounds = Bounds::single(max_failures).with(|bounds| {
            bounds.leases_end = true;
            bounds.crashes = 0;
            bounds.unknown = 1;
            bounds.restarts = if soaks() { 2 } else { 1 };
            bounds.steps = [1, u8::from(soaks()), 1, 1, 0];
        });
        holds("leases that end", bounds);
    }
}

#[test]
fn clocks_that_are_another_all_at_once() {
    for max_failures in if soaks() { 1..=4 } else { 2..=3 } {
        let bounds = Bounds::single(max_failures).with(|bounds| {
            bounds.crashes = u8::from(soaks());
            bounds.unknown = 2;
            bounds.restarts = if soaks() { 2 } else { 1 };
            bounds.other_clocks = 2;
            bounds.steps = [1, 0, 0, 1, 0];
        });
        holds("other clocks", bounds);
    }
}

/// A store that forgets without a trace: what no client can bound better than this.
#[test]
fn stores_that_lose_their_record() {
    for max_failures in 1..=4 {
        let bounds = Bounds::single(max_failures).with(|bounds| {
            bounds.crashes = 0;
            bounds.losses = 1;
            bounds.unknown = u8::from(soaks());
            bounds.restarts = if soaks() { 4 } else { 3 };
        });
        holds("losses", bounds);
    }
}

/// Each with just enough going on for the flaw to show; with the same going on the real rules hold.
#[test]
fn every_flaw_is_found() {
    let own = |max_failures| Bounds {
        crashes: 0,
        unknown: 0,
        restarts: 0,
        ..Bounds::single(max_failures)
    };
    let threads = |share_token| Bounds {
        threads: 2,
        share_token,
        ..own(3)
    };
    let crash = |bounds: &mut Bounds| bounds.crashes = 1;
    let lost = |bounds: &mut Bounds| bounds.unknown = 1;
    let turned_away = |bounds: &mut Bounds| bounds.not_judged = 1;
    let late = |bounds: &mut Bounds| {
        bounds.unknown = 1;
        bounds.restarts = 3;
        bounds.steps = [1, 0, 0, 1, 0];
    };
    let slow = |bounds: &mut Bounds| {
        bounds.processes = 1;
        bounds.unknown = 1;
        bounds.restarts = 3;
        bounds.steps = [0, 3, 1, 0, 0];
    };
    let damage = |bounds: &mut Bounds| {
        bounds.restarts = 3;
        bounds.damages = 1;
    };
    let asleep = |bounds: &mut Bounds| {
        bounds.leases_end = true;
        bounds.restarts = 1;
        bounds.steps = [1, 0, 1, 0, 0];
    };
    let change = |bounds: &mut Bounds| {
        bounds.changes = 1;
        bounds.unknown = 1;
        bounds.restarts = 2;
        bounds.steps = [0, 0, 0, 0, 1];
    };
    let by_turns = |bounds: &mut Bounds| {
        bounds.unknown = 1;
        bounds.restarts = 1;
        bounds.other_clocks = 2;
        bounds.steps = [1, 0, 0, 0, 0];
    };
    for (flaw, property, bounds) in [
        (Flaw::SendsBeforeItSaves, STRIKES, own(1).with(crash)),
        (Flaw::ReleasesUnknownFates, STRIKES, own(1).with(lost)),
        (Flaw::ForgetsRejections, IN_VAIN, own(3).with(late)),
        (Flaw::SuccessClearsEverything, STRIKES, own(2).with(late)),
        (Flaw::AgeCountsFromTheStart, STRIKES, own(2).with(slow)),
        (Flaw::DamagedIsNothing, STRIKES, own(2).with(damage)),
        (Flaw::TakesNoLease, STRIKES, own(2).with(late)),
        (Flaw::ComparesNothing, IN_VAIN, threads(false)),
        (Flaw::ComparesNothing, IN_VAIN, threads(true)),
        (
            Flaw::SharesNoFailure,
            IN_VAIN,
            threads(true).with(turned_away),
        ),
        (Flaw::NotifiesNobody, ENDS, threads(false)),
        (Flaw::SleepsWithoutLooking, ENDS, threads(false)),
        (Flaw::KeepsNoDistance, IN_VAIN, own(3).with(late)),
        (Flaw::KeepsOtherClocks, IN_VAIN, own(3).with(by_turns)),
        (Flaw::SavesWithoutItsLease, STRIKES, own(2).with(asleep)),
        (Flaw::NotesOutdatedSuccesses, IN_VAIN, own(1).with(change)),
    ] {
        if soaks() {
            holds("without the flaw", bounds);
        }
        fails(property, Bounds { flaw, ..bounds });
    }
}
