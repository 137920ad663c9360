//! What matters of a state: times by how long ago they were, leases by their order among those that
//! anything still refers to, counters by how far they are behind, wrong passwords by nothing but
//! their being different.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use super::server::{Content, Operation, Value};
use super::witness::Witness;
use super::{Host, Login, Request, Sending, Stage, State, What};
use crate::lockout::Fate;
use crate::password::PasswordHash;
use crate::runtime::Moment;
use crate::store::{Record, Succeeded};

use super::super::parts::{NAMES, Names, SECOND_MS, append_sorted};

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let outliner = |names| Outliner {
            state: self,
            names,
            referred: self.referred(),
        };
        let [one, other] = NAMES.map(|names| outliner(names).of_all());
        hasher.write(&one.min(other));
        (self.left, self.server, self.strikes, self.broken).hash(hasher);
        (self.lost, self.unseen, self.undetected).hash(hasher);
    }
}

impl State {
    /// Saves that anything refers to.
    fn referred(&self) -> Vec<Operation> {
        let values = [&self.first, &self.follower].into_iter();
        let born = values.flat_map(|content| &content.value).map(Value::born);
        let of_hosts = self.hosts.iter().flat_map(|host| {
            let witness = host.witness.iter();
            let witness = witness.flat_map(|witness| [witness.operation, witness.born]);
            witness.chain(host.own)
        });
        let logins = self.hosts.iter().filter_map(|host| host.stage.login());
        let logins = logins.chain(self.strays.iter().map(|(login, _)| login));
        let of_logins = logins.flat_map(|login| [(login.lease, 1), (login.lease, 2)]);
        let owners = [&self.first, &self.follower].into_iter();
        let owners = owners.flat_map(|content| content.value.as_ref()?.owner);
        let all: BTreeSet<Operation> = born
            .chain(of_hosts)
            .chain(of_logins)
            .chain(self.relied_on)
            .chain(owners.map(|owner| (owner, 0)))
            .collect();
        all.into_iter().collect()
    }
}

impl Stage {
    fn login(&self) -> Option<&Login> {
        match self {
            Stage::WaitsForLease | Stage::Done => None,
            Stage::Saves(login, ..)
            | Stage::Confirms(login, _)
            | Stage::Saved(login)
            | Stage::Looked(login)
            | Stage::Sent(login, _) => Some(login),
        }
    }

    fn number(&self) -> u8 {
        match self {
            Stage::WaitsForLease => 0,
            Stage::Saves(_, what, Sending::Once) => what.number(),
            Stage::Saves(_, what, Sending::Again) => 2 + what.number(),
            Stage::Confirms(_, what) => 4 + what.number(),
            Stage::Saved(_) => 7,
            Stage::Looked(_) => 8,
            Stage::Sent(_, Request::UnderWay) => 9,
            Stage::Sent(_, Request::Judged { right }) => 10 + u8::from(*right),
            Stage::Done => 12,
        }
    }
}

struct Outliner<'a> {
    state: &'a State,
    names: Names,
    referred: Vec<Operation>,
}

impl Outliner<'_> {
    fn of_all(&self) -> Vec<u8> {
        let state = self.state;
        let mut all = Vec::with_capacity(512);
        for content in [&state.first, &state.follower] {
            self.content(content, &mut all);
        }
        let strays = state.strays.iter().map(|(login, what)| {
            let mut outline = vec![what.number()];
            self.login(login, &mut outline);
            outline
        });
        append_sorted(&mut all, strays.collect());
        let hosts = state.hosts.iter().map(|host| self.host(host));
        append_sorted(&mut all, hosts.collect());
        self.passwords(&state.late, &mut all);
        self.passwords(&state.noted, &mut all);
        all.push(self.operation(state.relied_on));
        all
    }

    fn content(&self, content: &Content, all: &mut Vec<u8>) {
        all.push(self.behind(content.offset));
        let Some(value) = &content.value else {
            all.push(u8::MAX);
            return;
        };
        all.extend([
            self.behind_version(value.version),
            self.operation(Some(value.born())),
            value.format,
            u8::from(value.doubt),
            self.fence(value.fence),
            self.operation(value.owner.map(|owner| (owner, 0))),
        ]);
        all.extend(
            self.referred
                .iter()
                .map(|operation| u8::from(content.has(*operation))),
        );
        if let Some(until) = &value.until {
            self.moment(until, all);
        }
        match &value.record {
            Some(record) => self.record(record, all),
            None => all.push(u8::MAX),
        }
    }

    fn host(&self, host: &Host) -> Vec<u8> {
        let mut all = vec![
            self.names[host.password as usize],
            host.format,
            u8::from(host.dead),
            u8::from(host.bereft),
            self.operation(host.own),
            host.stage.number(),
        ];
        self.passwords(&host.told, &mut all);
        if let Some(witness) = &host.witness {
            self.witness(witness, &mut all);
        }
        all.push(u8::MAX);
        if let Stage::Saves(_, What::Outcome(fate), _) | Stage::Confirms(_, What::Outcome(fate)) =
            &host.stage
        {
            all.push(match fate {
                Fate::Succeeded(_) => 0,
                Fate::Rejected(_) => 1,
                _ => 2,
            });
        }
        if let Some(login) = host.stage.login() {
            self.login(login, &mut all);
        }
        all
    }

    fn witness(&self, witness: &Witness, all: &mut Vec<u8>) {
        all.extend([
            self.behind_version(witness.version),
            self.operation(Some(witness.operation)),
            self.operation(Some(witness.born)),
            u8::from(witness.doubt),
        ]);
        self.record(&witness.record, all);
    }

    fn login(&self, login: &Login, all: &mut Vec<u8>) {
        self.record(&login.record, all);
        let permit = login.permit.as_ref();
        all.extend(
            permit
                .iter()
                .flat_map(|permit| permit.outline(&login.record)),
        );
        all.extend([
            self.behind_version(login.version),
            self.operation(Some((login.lease, 1))),
            self.fence(login.fence),
            self.state.epoch - login.epoch,
            self.behind(login.offset),
            u8::from(login.noticed),
            u8::from(login.doubt),
        ]);
        self.moment(&login.until, all);
        self.time(login.ended_ms, all);
    }

    fn record(&self, record: &Record, all: &mut Vec<u8>) {
        all.extend(record.clock.as_bytes());
        self.time(record.as_of_ms, all);
        for slot in &record.slots {
            for time in [slot.ended_ms, slot.lease_ends_ms] {
                match time {
                    Some(ms) => self.time(ms, all),
                    None => all.push(u8::MAX),
                }
            }
            let settled = slot.id < record.unsettled_from;
            all.push(u8::from(slot.refused) + 2 * u8::from(settled));
        }
        all.push(u8::MAX);
        let name = |hash: &PasswordHash| self.names[hash[0] as usize];
        all.extend(record.rejected.iter().map(name));
        all.push(match &record.succeeded {
            Succeeded::Password(hash) => name(hash),
            _ => u8::MAX,
        });
        all.push(100 + u8::from(!record.shared.is_empty()));
    }

    fn moment(&self, moment: &Moment, all: &mut Vec<u8>) {
        all.extend(moment.clock.as_bytes());
        self.time(moment.ms, all);
    }

    /// In units of five seconds.
    fn time(&self, ms: u64, all: &mut Vec<u8>) {
        let units = (ms as i64 - self.state.now_ms as i64).div_euclid(5 * SECOND_MS as i64);
        all.extend((units.max(-1000) as i16).to_le_bytes());
    }

    /// How far a count is behind the first server's.
    fn behind(&self, offset: u64) -> u8 {
        (self.state.first.offset as i64 - offset as i64) as u8
    }

    fn behind_version(&self, version: u64) -> u8 {
        let first = self.state.first.value.as_ref();
        (first.map_or(0, |value| value.version) as i64 - version as i64) as u8
    }

    fn fence(&self, fence: u8) -> u8 {
        let first = self.state.first.value.as_ref();
        first.map_or(0, |value| value.fence).wrapping_sub(fence)
    }

    fn operation(&self, operation: Option<Operation>) -> u8 {
        let place = operation.and_then(|of| self.referred.binary_search(&of).ok());
        place.map_or(u8::MAX, |place| place as u8)
    }

    fn passwords(&self, passwords: &[u8], all: &mut Vec<u8>) {
        let start = all.len();
        all.extend(passwords.iter().map(|of| self.names[*of as usize]));
        all[start..].sort_unstable();
        all.push(u8::MAX);
    }
}
