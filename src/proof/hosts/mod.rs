//! A model of hosts that share a store on other machines, explored exhaustively like
//! [`super::model`].
//!
//! What decides on logins is again the real code, `lockout::{record, admit, settle}`. Around it the
//! model has the store as it is on the network ([`server`]): a server that holds one value for the
//! account, another one that follows and may take its place without the last writes, with a clock
//! of its own; saves that are compared with what is there; answers to them that are lost, whether
//! the save was done, was not, or is done later; the wait for the follower. The value may be
//! evicted, and the server may start anew with nothing. Each host keeps a witness ([`witness`]).
//!
//! Hosts are paused wherever others go on without them, also once they have seen that their lease
//! lasts. A host may be one that never looked before, or one with an older version of the library.
//!
//! What holds: no more than `max_login_failures` failures in a row, and as many more for each loss
//! that nobody could know of; and whoever's own login was lost knows of the loss.

mod explored;
mod outline;
mod server;
mod witness;

use stateright::{Model, Property};

use self::server::{Content, Operation, Value};
use self::witness::Witness;
use super::parts::{MINUTE_MS, PASSWORDS, RIGHT, SECOND_MS, START_MS, hash_of, key, token};
use crate::lockout::{self, Fate, HashWith, LONGEST_LOGIN_MS, Permit};
use crate::password::Salt;
use crate::runtime::Moment;
use crate::store::{LEASE_MS, Record, Slot, Succeeded};

/// The times that may pass: the least distance between logins, a lease and the longest login after
/// it, and the time after which a lost login can no longer be judged.
const STEPS_MS: [u64; 3] = [5 * SECOND_MS, LEASE_MS + LONGEST_LOGIN_MS, 5 * MINUTE_MS];
/// How much the second server's clock is ahead of the first one's, and each host's of the one
/// before it.
const SKEW_MS: u64 = 15 * MINUTE_MS;

/// That of each record: it follows from the account.
const SALT: Salt = [7; 16];

#[derive(Clone, Copy, Debug)]
struct Bounds {
    hosts: usize,
    max_failures: usize,
    share_token: bool,
    /// The right password has succeeded before.
    proven: bool,
    /// How many logins of others have failed since the hosts looked last.
    failed: u8,
    /// The last host has never looked into the store.
    stranger: bool,
    /// The first host has an older version than the others.
    two_versions: bool,
    /// A save counts once the follower has it.
    waits: bool,
    left: Left,
    flaw: Flaw,
}

/// How often what may happen yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Left {
    crashes: u8,
    /// Answers of the platform that are lost.
    unknown: u8,
    restarts: u8,
    /// Answers of the store that are lost.
    lost_saves: u8,
    failovers: u8,
    wipes: u8,
    evictions: u8,
    /// How often each of [`STEPS_MS`] may pass.
    steps: [u8; 3],
}

/// What a mutant of the model does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    /// Saves are compared with nothing.
    NoFence,
    /// The lease is a key of its own that is evicted, and a slot ends when another takes over.
    LeaseWithTimeToLive,
    /// Leases and slots go by the clock of each host.
    HostClock,
    /// The clocks of all servers are taken for one.
    OneClockForAllServers,
    NoOperationId,
    /// A version one higher than its own is taken for its own save.
    GuessesByVersion,
    /// A save whose answer was lost is sent again without being compared.
    BlindResend,
    /// Goes on without waiting for the follower.
    NoWait,
    NoWitness,
    /// The witness compares versions only.
    ComparesVersions,
    /// The witness compares versions of records that were begun with the same save.
    ComparesVersionsOfOneLife,
    /// A loss fills up the slots, and what the witness knows is left out.
    WitnessNotMerged,
    /// After a loss each host has one login left, whatever its password.
    OneLeftForEachHost,
    /// What is newer is taken for nothing.
    OlderOverwrites,
}

#[derive(Clone, Debug, PartialEq)]
struct State {
    now_ms: u64,
    /// Which server is the first, and how often that has changed.
    server: u8,
    epoch: u8,
    first: Content,
    follower: Content,
    /// Saves on connections that were given up, which may be done yet.
    strays: Vec<(Login, What)>,
    hosts: Vec<Host>,
    left: Left,
    leases: u8,
    strikes: u8,
    /// Requests whose sender is gone, by password. They are judged within five minutes or never.
    late: Vec<u8>,
    /// Passwords whose rejection is in the record.
    noted: Vec<u8>,
    /// The newest save that somebody relies on.
    relied_on: Option<Operation>,
    /// Such a save was lost, ever; and nobody has found out yet.
    lost: bool,
    unseen: bool,
    /// Losses after which somebody went on who could not know.
    undetected: u8,
    broken: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq)]
struct Host {
    password: u8,
    format: u8,
    dead: bool,
    stage: Stage,
    witness: Option<Witness>,
    /// Passwords whose rejection it was told.
    told: Vec<u8>,
    /// The last save that it relied on; and that this was lost.
    own: Option<Operation>,
    bereft: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Stage {
    WaitsForLease,
    /// A save is about to be done; or, where its answer was lost, to be sent again.
    Saves(Login, What, Sending),
    /// It is done, and the follower may not have it.
    Confirms(Login, What),
    /// Its slot is safe.
    Saved(Login),
    /// It has seen that its lease lasts long enough, and may sleep before its login leaves.
    Looked(Login),
    Sent(Login, Request),
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sending {
    Once,
    Again,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Slot,
    Outcome(Fate),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Request {
    UnderWay,
    Judged { right: bool },
}

#[derive(Clone, Debug, PartialEq)]
struct Login {
    record: Record,
    /// None where it was not admitted.
    permit: Option<Permit>,
    /// The version that its next save is to follow.
    version: u64,
    lease: u8,
    fence: u8,
    until: Moment,
    /// When all that leaves under its lease has ended.
    ended_ms: u64,
    /// Where it was saved last.
    epoch: u8,
    offset: u64,
    /// It has found a loss, now or before.
    noticed: bool,
    doubt: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Action {
    Step(usize),
    Judge(usize),
    LoseAnswer(usize),
    LoseSave { host: usize, done: bool },
    DoStray(usize),
    GiveUp(usize),
    Crash(usize),
    Restart(usize, u8),
    JudgeLate(usize),
    NeverJudge(usize),
    Follow,
    FailOver,
    Wipe,
    Evict,
    Pass(usize),
}

impl What {
    fn number(self) -> u8 {
        match self {
            What::Slot => 1,
            What::Outcome(_) => 2,
        }
    }
}

impl Login {
    fn operation(&self, what: What) -> Operation {
        (self.lease, what.number())
    }
}

impl Bounds {
    /// Hosts that have looked into the store before, and a follower that saves wait for.
    fn usual(hosts: usize, max_failures: usize) -> Bounds {
        Bounds {
            hosts,
            max_failures,
            share_token: false,
            proven: false,
            failed: 0,
            stranger: false,
            two_versions: false,
            waits: true,
            left: Left::default(),
            flaw: Flaw::None,
        }
    }

    fn with(self, change: impl FnOnce(&mut Bounds)) -> Bounds {
        let mut bounds = self;
        change(&mut bounds);
        bounds
    }

    /// The time that a host goes by for all that is in the store.
    fn moment(&self, state: &State, h: usize) -> Moment {
        let (clock, skew_ms) = match self.flaw {
            Flaw::HostClock => (0, SKEW_MS * h as u64),
            Flaw::OneClockForAllServers => (0, SKEW_MS * u64::from(state.server)),
            _ => (state.server, SKEW_MS * u64::from(state.server)),
        };
        Moment {
            clock: clock.to_string(),
            ms: state.now_ms + skew_ms,
        }
    }

    /// The lease is taken, and given back unless a login is to follow. None where another has it.
    fn enter(&self, state: &mut State, h: usize) -> Option<Stage> {
        let now = self.moment(state, h);
        let format = state.hosts[h].format;
        let newer = state
            .first
            .value
            .as_ref()
            .is_some_and(|v| v.format > format);
        if newer && self.flaw != Flaw::OlderOverwrites {
            return Some(Stage::Done);
        }
        if !state.take_lease(&now)? {
            return Some(Stage::WaitsForLease);
        }
        let (mut record, noticed) = self.examine(state, h, &now, newer);
        if self.share_token && !record.shared.is_empty() && !noticed {
            state.give_back(state.leases);
            return Some(Stage::Done);
        }
        let password = state.hosts[h].password;
        let until = Moment {
            ms: now.ms + LEASE_MS,
            ..now.clone()
        };
        let lease_ends_ms = (self.flaw != Flaw::LeaseWithTimeToLive).then_some(until.ms);
        let max = self.max_failures;
        let hash: HashWith<'_> = &mut |_| Ok(hash_of(password));
        let admitted = lockout::admit(&mut record, &key(), hash, now.ms, lease_ends_ms, max);
        let value = state
            .first
            .value
            .as_ref()
            .expect("the lease is a part of it");
        let mut login = Login {
            record,
            permit: admitted.ok(),
            version: value.version,
            lease: state.leases,
            fence: value.fence,
            until,
            ended_ms: state.now_ms + LEASE_MS + LONGEST_LOGIN_MS,
            epoch: state.epoch,
            offset: state.first.offset,
            noticed,
            doubt: noticed || value.doubt,
        };
        if login.permit.is_none() {
            // What was found out about older slots is kept.
            self.save(state, &mut login, What::Slot, Sending::Once, format);
            let seen = state.first.value.as_ref().expect("it was saved");
            state.hosts[h].witness = Some(Witness::of(seen, login.record));
            state.unseen &= !noticed;
            if !self.waits {
                state.relied_on = Some((login.lease, What::Slot.number()));
            }
            state.give_back(login.lease);
            return Some(Stage::Done);
        }
        if state.unseen && !noticed {
            if state.hosts[h].bereft {
                state.broken = Some("who has lost a login does not know");
            }
            state.unseen = false;
            state.undetected += 1;
        }
        Some(Stage::Saves(login, What::Slot, Sending::Once))
    }

    fn try_to_save(
        &self,
        state: &mut State,
        h: usize,
        mut login: Login,
        what: What,
        sending: Sending,
    ) -> Stage {
        let format = state.hosts[h].format;
        match self.save(state, &mut login, what, sending, format) {
            true => Stage::Confirms(login, what),
            // Another has the lease, or what was there is gone.
            false => Stage::Done,
        }
    }

    /// A save is done. None while the follower does not have it.
    fn confirm(&self, state: &mut State, h: usize, login: Login, what: What) -> Option<Stage> {
        if self.waits && self.flaw != Flaw::NoWait {
            if login.epoch != state.epoch {
                // The server that could tell is another one now.
                return Some(Stage::Saves(login, what, Sending::Again));
            }
            if state.follower.offset < login.offset {
                return None;
            }
        }
        self.rely_on(state, h, &login, what);
        let What::Outcome(fate) = what else {
            return Some(Stage::Saved(login));
        };
        let host = &mut state.hosts[h];
        if let Fate::Rejected(_) = fate {
            for passwords in [&mut state.noted, &mut host.told] {
                if !passwords.contains(&host.password) {
                    passwords.push(host.password);
                    passwords.sort_unstable();
                }
            }
        }
        state.give_back(login.lease);
        Some(Stage::Done)
    }

    /// The host goes by what was saved from here on, and its witness knows it.
    fn rely_on(&self, state: &mut State, h: usize, login: &Login, what: What) {
        let operation = login.operation(what);
        let born = state.first.value.as_ref().map(Value::born);
        let host = &mut state.hosts[h];
        host.witness = Some(Witness {
            version: login.version,
            operation,
            born: born.unwrap_or(operation),
            doubt: login.doubt,
            record: login.record.clone(),
        });
        (host.own, host.bereft) = (Some(operation), false);
        state.relied_on = Some(operation);
        state.unseen &= !login.noticed;
    }

    /// What came of it is to be noted.
    fn end(&self, state: &State, h: usize, login: &Login, fate: Fate) -> Stage {
        let mut login = login.clone();
        login.record.look_at(&self.moment(state, h));
        let permit = login.permit.as_ref().expect("it was admitted");
        lockout::settle(&mut login.record, permit, fate, None);
        if let Fate::Succeeded(_) = fate {
            login.doubt = false;
            if self.share_token {
                login.record.shared = vec![token()];
            }
        }
        Stage::Saves(login, What::Outcome(fate), Sending::Once)
    }

    fn send(&self, state: &mut State, h: usize, login: Login) -> Stage {
        let Host { password, told, .. } = &state.hosts[h];
        if told.contains(password) || (!state.lost && state.noted.contains(password)) {
            state.broken = Some("a rejected password is sent again");
        }
        let shared = state.first.record().is_some_and(|r| !r.shared.is_empty());
        if !state.lost && shared {
            state.broken = Some("a second login for one expiry");
        }
        let under_way = |host: &Host| matches!(host.stage, Stage::Sent(_, Request::UnderWay));
        if !state.lost && state.hosts.iter().any(under_way) {
            state.broken = Some("two logins of one account are under way");
        }
        Stage::Sent(login, Request::UnderWay)
    }

    fn step(&self, state: &mut State, h: usize) -> Option<()> {
        let next = match state.hosts[h].stage.clone() {
            Stage::WaitsForLease => self.enter(state, h)?,
            Stage::Saves(login, what, sending) => self.try_to_save(state, h, login, what, sending),
            Stage::Confirms(login, what) => self.confirm(state, h, login, what)?,
            Stage::Saved(login) => {
                let Moment { clock, ms } = self.moment(state, h);
                match clock == login.until.clock && ms + LONGEST_LOGIN_MS <= login.until.ms {
                    true => Stage::Looked(login),
                    // Nothing left; its slot stays, for the lease may be another's.
                    false => Stage::Done,
                }
            }
            Stage::Looked(login) => self.send(state, h, login),
            Stage::Sent(login, Request::Judged { right }) => {
                let hash = hash_of(state.hosts[h].password);
                let fate = match right {
                    true => Fate::Succeeded(Some(hash)),
                    false => Fate::Rejected(hash),
                };
                self.end(state, h, &login, fate)
            }
            Stage::Sent(_, Request::UnderWay) | Stage::Done => return None,
        };
        state.hosts[h].stage = next;
        Some(())
    }

    /// What is late is judged before five minutes are over, or never; and what has left, or is
    /// about to, ends by its own time.
    fn may_pass(&self, state: &State, time_ms: u64) -> bool {
        let now_ms = state.now_ms + time_ms;
        let ends = |host: &Host| match &host.stage {
            Stage::Looked(login) | Stage::Sent(login, Request::UnderWay) => {
                now_ms <= login.ended_ms
            }
            _ => true,
        };
        (state.late.is_empty() || time_ms < 2 * MINUTE_MS) && state.hosts.iter().all(ends)
    }

    fn begin(&self, host: &mut Host, password: u8) {
        host.password = password;
        host.dead = false;
        host.stage = Stage::WaitsForLease;
    }
}

impl State {
    /// The platform's word on a password; a success begins its count anew.
    fn judge(&mut self, password: u8) -> bool {
        let right = password == RIGHT;
        self.strikes = if right { 0 } else { self.strikes + 1 };
        right
    }

    /// The sender of a login is gone.
    fn leave_behind(&mut self, h: usize, request: Request) {
        if request == Request::UnderWay {
            self.late.push(self.hosts[h].password);
            self.late.sort_unstable();
        }
    }
}

fn slot_of_a_failure() -> Slot {
    Slot {
        id: 0,
        sent_wall_ms: 0,
        reserved_ms: Some(START_MS),
        ended_ms: Some(START_MS),
        lease_ends_ms: None,
        refused: true,
        forgiven: false,
    }
}

impl Model for Bounds {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let now = Moment {
            clock: "0".into(),
            ms: START_MS,
        };
        let mut record = Record::new(SALT, &now);
        if self.proven {
            record.succeeded = Succeeded::Password(hash_of(RIGHT));
        }
        let mut value = Value::begin(record.clone());
        let seen = Witness::of(&value, record.clone());
        for _ in 0..self.failed {
            witness::push(&mut record, slot_of_a_failure());
        }
        if self.failed > 0 {
            value.record = Some(record);
            value.version += 1;
            value.operations.push((0, 1));
        }
        let relied_on = value.operations.last().copied();
        let content = Content {
            offset: value.version,
            value: Some(value),
        };
        let host = |(h, password): (usize, &u8)| {
            let knows = !(self.stranger && h + 1 == self.hosts);
            Host {
                password: *password,
                format: u8::from(self.two_versions && h > 0),
                dead: false,
                stage: Stage::WaitsForLease,
                witness: knows.then(|| seen.clone()),
                told: Vec::new(),
                own: None,
                bereft: false,
            }
        };
        let choices: &[&[u8]] = match self.hosts {
            2 => &[&[0, 1], &[1, 0], &[1, 1], &[1, 2]],
            _ => &[&[0, 1, 2], &[1, 2, 0], &[1, 1, 1], &[0, 0, 1]],
        };
        let state = |passwords: &&[u8]| State {
            now_ms: START_MS,
            server: 0,
            epoch: 0,
            first: content.clone(),
            follower: content.clone(),
            strays: Vec::new(),
            hosts: passwords.iter().enumerate().map(host).collect(),
            left: self.left,
            leases: 0,
            strikes: self.failed,
            late: Vec::new(),
            noted: Vec::new(),
            relied_on,
            lost: false,
            unseen: false,
            undetected: 0,
            broken: None,
        };
        choices.iter().map(state).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let left = &state.left;
        for (h, host) in state.hosts.iter().enumerate() {
            actions.push(Action::Step(h));
            match &host.stage {
                Stage::Sent(_, request) => {
                    if *request == Request::UnderWay {
                        actions.push(Action::Judge(h));
                    }
                    if left.unknown > 0 {
                        actions.push(Action::LoseAnswer(h));
                    }
                }
                Stage::Saves(..) if left.lost_saves > 0 => {
                    actions.extend([true, false].map(|done| Action::LoseSave { host: h, done }));
                }
                Stage::Confirms(..) if self.waits => actions.push(Action::GiveUp(h)),
                _ => {}
            }
            let idle = matches!(host.stage, Stage::Done);
            if left.crashes > 0 && !idle {
                actions.push(Action::Crash(h));
            }
            if host.dead || (idle && left.restarts > 0) {
                actions.extend((0..PASSWORDS).map(|password| Action::Restart(h, password)));
            }
        }
        actions.extend((0..state.strays.len()).map(Action::DoStray));
        for index in 0..state.late.len() {
            actions.extend([Action::JudgeLate(index), Action::NeverJudge(index)]);
        }
        if (self.waits || left.failovers > 0) && state.follower != state.first {
            actions.push(Action::Follow);
        }
        for (times, action) in [
            (left.failovers, Action::FailOver),
            (left.wipes, Action::Wipe),
            (left.evictions, Action::Evict),
        ] {
            if times > 0 {
                actions.push(action);
            }
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
            Action::Step(h) => self.step(&mut state, h)?,
            Action::Judge(h) => {
                let right = state.judge(state.hosts[h].password);
                if let Stage::Sent(_, request) = &mut state.hosts[h].stage {
                    *request = Request::Judged { right };
                }
            }
            Action::LoseAnswer(h) => {
                state.left.unknown -= 1;
                let Stage::Sent(login, request) = state.hosts[h].stage.clone() else {
                    unreachable!("only what was sent is answered");
                };
                state.leave_behind(h, request);
                state.hosts[h].stage = self.end(&state, h, &login, Fate::Unknown);
            }
            Action::LoseSave { host: h, done } => {
                state.left.lost_saves -= 1;
                let Stage::Saves(login, what, sending) = state.hosts[h].stage.clone() else {
                    unreachable!("only a save under way is lost");
                };
                if done {
                    let format = state.hosts[h].format;
                    self.save(&mut state, &mut login.clone(), what, sending, format);
                } else {
                    state.strays.push((login.clone(), what));
                }
                state.hosts[h].stage = Stage::Saves(login, what, Sending::Again);
            }
            Action::DoStray(index) => {
                let (mut login, what) = state.strays.remove(index);
                let broken = state.broken;
                self.save(&mut state, &mut login, what, Sending::Once, 0);
                state.broken = broken;
            }
            Action::GiveUp(h) => {
                if let Stage::Confirms(login, _) = &before.hosts[h].stage {
                    state.give_back(login.lease);
                }
                state.hosts[h].stage = Stage::Done;
            }
            Action::Crash(h) => {
                state.left.crashes -= 1;
                if let Stage::Sent(_, request) = state.hosts[h].stage {
                    state.leave_behind(h, request);
                }
                state.hosts[h].stage = Stage::Done;
                state.hosts[h].dead = true;
            }
            Action::Restart(h, password) => {
                if !state.hosts[h].dead {
                    state.left.restarts -= 1;
                }
                self.begin(&mut state.hosts[h], password);
            }
            Action::JudgeLate(index) => {
                let password = state.late.remove(index);
                state.judge(password);
            }
            Action::NeverJudge(index) => {
                state.late.remove(index);
            }
            Action::Follow => state.follower = state.first.clone(),
            Action::FailOver => {
                state.left.failovers -= 1;
                state.epoch += 1;
                state.server = 1 - state.server;
                // A follower that had to have it first has it.
                let content = state.follower.clone();
                state.replace(content, !self.waits);
            }
            Action::Wipe => {
                state.left.wipes -= 1;
                state.epoch += 1;
                state.replace(Content::default(), true);
            }
            Action::Evict => {
                state.left.evictions -= 1;
                match self.flaw {
                    Flaw::LeaseWithTimeToLive => state.give_back(state.leases),
                    _ => {
                        let offset = state.first.offset + 1;
                        let value = None;
                        state.replace(Content { offset, value }, true);
                    }
                }
            }
            Action::Pass(step) => {
                state.left.steps[step] -= 1;
                state.now_ms += STEPS_MS[step];
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(LOCKED, |_: &Bounds, state: &State| {
                state.strikes < 5 || state.undetected > 0
            }),
            Property::always(STRIKES, |model: &Bounds, state: &State| {
                let allowed = model.max_failures * (1 + usize::from(state.undetected));
                usize::from(state.strikes) <= allowed
            }),
            Property::always(IN_VAIN, |_: &Bounds, state: &State| state.broken.is_none()),
        ]
    }
}

const LOCKED: &str = "fewer than five failures in a row";
const STRIKES: &str = "no more than allowed";
const IN_VAIN: &str = "nothing is sent in vain";
