//! The lease of an account: taking it, saving with it, giving it back. As soon as it is taken, what
//! the server holds is compared with what this host's witness knows.

use std::sync::Arc;

use super::client::{Client, Target};
use super::content::Content;
use super::examined::ServerFacts;
use super::link::{nobody, store_error};
use super::protocol::{Answer, Command};
use super::witness::{self, History, Line, Noted, State};
use super::{END_OF_TIME_MS, Shared, advise_witness, clock};
use crate::call::Running;
use crate::error::{Error, Result, Status};
use crate::runtime::Moment;
use crate::store::{Found, LEASE_MS, Lease, Record};

/// How long replicas and disks have to confirm a save.
const CONFIRMED_WITHIN: &str = "3000";

/// One attempt to take the lease, however often it is sent.
pub(super) struct Taking<'a> {
    shared: &'a Shared,
    owner: String,
}

pub(super) enum Take {
    Taken(Box<Taken>),
    Busy,
}

pub(super) struct Taken {
    owner: String,
    fence: String,
    ends: Moment,
    /// The same by our own clock.
    own_end_ms: u64,
    content: Content,
    history: History,
}

impl<'a> Taking<'a> {
    pub fn new(shared: &'a Shared) -> Result<Taking<'a>> {
        let owner = shared.new_id()?;
        Ok(Taking { shared, owner })
    }

    /// Takes the lease if it is free. Where it is not and `hear`, hints of its end are asked for in
    /// the same breath: none is missed.
    pub fn take(&self, client: &mut Client, running: &Running, hear: bool) -> Result<Take> {
        let Taking { shared, owner } = self;
        let account = shared.account.in_words();
        let own_end_ms = shared.runtime.now_ms() + LEASE_MS;
        let asked = client.ask(running, &|target| {
            let take = target.script(&[
                b"take",
                owner.as_bytes(),
                LEASE_MS.to_string().as_bytes(),
                target.run_id.as_bytes(),
                account.as_bytes(),
            ]);
            let subscribe = hear.then(|| Command::new(&["SUBSCRIBE", &shared.key]));
            [Some(take), subscribe].into_iter().flatten().collect()
        });
        // It may be taken all the same, as soon as the server goes on.
        let (answers, run_id) = asked.inspect_err(|_| shared.release(client, owner, "", false))?;
        let [word, _, values @ ..] = answers[0].list() else {
            return Err(shared.odd("take"));
        };
        let [content @ .., fence, ends, memory, replication] = values else {
            return match (word.str(), values) {
                ("newer", [version]) => Err(shared
                    .check_version(version.str())
                    .err()
                    .unwrap_or_else(|| shared.odd("take"))),
                _ => Err(shared.odd("take")),
            };
        };
        if word.str() == "busy" {
            return Ok(Take::Busy);
        }
        let replication = replication.str();
        let taken = Taken {
            owner: owner.clone(),
            fence: fence.str().to_owned(),
            ends: Moment {
                clock: clock(&run_id),
                ms: match ends.number() {
                    Some(ms) if ms < END_OF_TIME_MS => ms,
                    _ => return Err(shared.odd("take")),
                },
            },
            own_end_ms,
            content: shared.content(content)?,
            history: History::of(replication),
        };
        let refusal = shared.unfit(&ServerFacts::read(&[memory.str(), replication].join("\n")));
        match refusal {
            None => Ok(Take::Taken(Box::new(taken))),
            Some(error) => {
                shared.release(client, &taken.owner, &taken.fence, false);
                Err(error)
            }
        }
    }
}

impl Shared {
    /// Why this server is not to be trusted with a record.
    fn unfit(&self, facts: &ServerFacts) -> Option<Error> {
        let ServerFacts { role, policy, .. } = facts;
        if !facts.is_master() {
            return Some(store_error(format!(
                "{} leads to a server that is {role:?} and not the master: what is written there \
                 may be lost",
                self.name
            )));
        }
        (facts.evicts() && !self.name.evictable).then(|| {
            Error::new(
                Status::Store,
                format!(
                    "store: {} has the maxmemory-policy {policy:?}: it may drop the lockout \
                     guard's record when its memory is full. Set noeviction there, or accept that \
                     with ?evictable=yes",
                    self.name
                ),
            )
        })
    }

    /// Gives the lease back without waiting for an answer: where that does not arrive it ends by
    /// itself.
    fn release(&self, client: &mut Client, owner: &str, fence: &str, well: bool) {
        let Some(link) = client.link_at_once() else {
            return;
        };
        let well: &[u8] = if well { b"well" } else { b"" };
        let target = Target::of(link, &self.key).unanswered();
        let release = target.script(&[b"release", owner.as_bytes(), fence.as_bytes(), well]);
        let asking = link.is_asked.then(|| Command::new(&["ASKING"]));
        let commands: Vec<Command> = asking.into_iter().chain([release]).collect();
        if !link.tell(&commands) {
            client.drop_link();
        }
    }

    /// Whether enough replicas, and the disk, have what was saved.
    fn check_confirmed(&self, answers: &[Answer]) -> Result<()> {
        let mut answers = answers.iter();
        if self.name.replicas > 0 {
            let wanted = u64::from(self.name.replicas);
            let got = answers.next().and_then(Answer::number).unwrap_or_default();
            if got < wanted {
                return Err(store_error(format!(
                    "{} wrote the record, but only {got} of {wanted} replicas have it: no login is \
                     sent without them",
                    self.name
                )));
            }
        }
        if self.name.fsync {
            let local = answers.next().and_then(|answer| answer.list().first());
            if local.and_then(Answer::number) != Some(1) {
                return Err(store_error(format!(
                    "{} wrote the record, but did not confirm that it is on its disk: no login is \
                     sent without that",
                    self.name
                )));
            }
        }
        Ok(())
    }
}

/// What the script is told of a save.
struct SaveArguments {
    owner: String,
    fence: String,
    version_before: String,
    operation: String,
    record: String,
    tokens: zeroize::Zeroizing<Vec<u8>>,
    doubt: bool,
}

impl SaveArguments {
    fn each(&self) -> Vec<&[u8]> {
        vec![
            b"save",
            self.owner.as_bytes(),
            self.fence.as_bytes(),
            self.version_before.as_bytes(),
            self.operation.as_bytes(),
            self.record.as_bytes(),
            &self.tokens,
            if self.doubt { b"1" } else { b"" },
        ]
    }
}

pub(super) struct RedisLease {
    shared: Arc<Shared>,
    client: Client,
    owner: String,
    fence: String,
    ends: Moment,
    own_end_ms: u64,
    content: Content,
    /// What this host knows that the server does not.
    lost: Option<Box<Noted>>,
    doubt: bool,
    well: bool,
    /// The operation of a save that may be there or not.
    unanswered: Option<String>,
}

impl RedisLease {
    pub fn holding(
        shared: &Arc<Shared>,
        mut client: Client,
        taken: Taken,
    ) -> Result<Option<Box<dyn Lease>>> {
        let noted = match shared.noted() {
            Ok(noted) => noted,
            Err(error) => {
                shared.release(&mut client, &taken.owner, &taken.fence, false);
                return Err(error);
            }
        };
        let Taken {
            owner,
            fence,
            ends,
            own_end_ms,
            content,
            history,
        } = taken;
        let lost = noted.filter(|noted| noted.lacks(&content, &history));
        Ok(Some(Box::new(RedisLease {
            shared: Arc::clone(shared),
            client,
            owner,
            fence,
            ends,
            own_end_ms,
            doubt: content.state.doubt || lost.is_some(),
            content,
            lost: lost.map(Box::new),
            well: false,
            unanswered: None,
        })))
    }

    /// What the hash is to hold once this record is saved.
    fn content_after(&self, record: &Record) -> Result<Content> {
        let before = &self.content;
        let operation = self.shared.new_id()?;
        Ok(Content {
            operations: format!("{operation},{}", before.operations),
            state: State {
                born: match before.state.born.is_empty() {
                    true => operation.clone(),
                    false => before.state.born.clone(),
                },
                version: before.state.version.saturating_add(1),
                operation,
                doubt: self.doubt,
            },
            record: Some(witness::without_tokens(record)),
            shared: self.shared.kept(record, &before.shared)?,
            line: Line::default(),
        })
    }

    /// Saves, and has it confirmed as far as the store's name says, in one breath: what confirms
    /// it must be of the connection that saved it.
    fn send(&mut self, next: &Content, running: &Running) -> Result<Vec<Answer>> {
        let shared = Arc::clone(&self.shared);
        let arguments = self.arguments(next)?;
        let name = &shared.name;
        let saved = self.client.save(running, &|target| {
            let save = target.script(&arguments.each());
            let mut commands = vec![save, Command::new(&["INFO", "replication"])];
            if name.replicas > 0 {
                let replicas = name.replicas.to_string();
                commands.push(Command::new(&["WAIT", &replicas, CONFIRMED_WITHIN]));
            }
            if name.fsync {
                commands.push(Command::new(&["WAITAOF", "1", "0", CONFIRMED_WITHIN]));
            }
            commands
        });
        let unanswered = || Some(next.state.operation.clone());
        let answers = saved.inspect_err(|_| self.unanswered = unanswered())?;
        match answers[0].list().first().map_or("", Answer::str) {
            "done" => Ok(answers),
            _ => Err(store_error(format!(
                "the lease in {} of {name} was lost before the record was saved",
                shared.key
            ))),
        }
    }

    /// Saves over one that was not answered, if it was done, after it on the same connection and
    /// without waiting for an answer.
    fn say_last(&mut self, next: &Content, unanswered: &str) -> Error {
        if let (Ok(arguments), Some(link)) = (self.arguments(next), self.client.link()) {
            let mut words = arguments.each();
            words.push(unanswered.as_bytes());
            let save = Target::of(link, &self.shared.key).script(&words);
            link.tell(&[save]);
        }
        store_error(format!(
            "it is not known whether {} has what was saved last",
            self.shared.name
        ))
    }

    fn arguments(&self, next: &Content) -> Result<SaveArguments> {
        // Long enough for any: what a vector leaves behind when it grows is not wiped.
        let mut tokens = zeroize::Zeroizing::new(Vec::with_capacity(4096));
        serde_json::to_writer(&mut *tokens, &next.shared)
            .map_err(|_| self.shared.odd("a shared token"))?;
        Ok(SaveArguments {
            owner: self.owner.clone(),
            fence: self.fence.clone(),
            version_before: match self.content.state.version {
                0 => String::new(),
                version => version.to_string(),
            },
            operation: next.state.operation.clone(),
            record: next.record.clone().unwrap_or_default(),
            tokens,
            doubt: self.doubt,
        })
    }

    /// Tells this host's witness.
    fn note_save(&self, record: &Record, replication: &str, running: &Running) -> Result<()> {
        let Some(witness) = &self.shared.witness else {
            return Ok(());
        };
        let line = History::of(replication).now;
        let noted = Noted::new(self.content.state.clone(), line, record);
        witness
            .note_save(&noted, running, &*self.shared.runtime)
            .map_err(advise_witness)
    }
}

impl Lease for RedisLease {
    fn load(&mut self, running: &Running) -> Result<Found> {
        let shared = &self.shared;
        shared.found_beside(&self.content, self.lost.as_deref(), || shared.now(running))
    }

    fn save(&mut self, record: &Record, running: &Running) -> Result<()> {
        let next = self.content_after(record)?;
        if let Some(operation) = self.unanswered.take() {
            return Err(self.say_last(&next, &operation));
        }
        let answers = self.send(&next, running)?;
        self.content = next;
        self.lost = None;
        self.note_save(record, answers[1].str(), running)?;
        self.shared.check_confirmed(&answers[2..])
    }

    /// By the server's clock, but no later than by our own: the server's may be set back.
    fn ends(&self) -> Option<Moment> {
        let mut ends = self.ends.clone();
        let now = self.shared.reckoned();
        if let Some(now) = now.filter(|now| now.clock == ends.clock) {
            let left_ms = self.own_end_ms.saturating_sub(self.shared.runtime.now_ms());
            ends.ms = ends.ms.min(now.ms.saturating_add(left_ms));
        }
        Some(ends)
    }

    fn all_is_well(&mut self) {
        self.well = true;
    }
}

impl Drop for RedisLease {
    fn drop(&mut self) {
        let shared = Arc::clone(&self.shared);
        let well = self.well && self.doubt;
        shared.release(&mut self.client, &self.owner, &self.fence, well);
        if let (true, Some(witness)) = (well, &shared.witness) {
            // Where it is not noted the doubt goes on: the safe side.
            let _ = witness.all_is_well(&self.content.state, &nobody(), &*shared.runtime);
        }
    }
}
