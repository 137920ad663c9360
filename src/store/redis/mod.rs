//! The store of many hosts, on Redis or Valkey: one hash an account holds the record and the lease,
//! and one script changes them. Its clock is the server's. A lease ends by itself, so nothing rests
//! on it but that one login is sent; what counts is that a save is compared with what the saver
//! has seen, and that a login leaves only after its slot is there. What each host knows is noted in
//! a file of its own, too, so that a server which forgets is found out.

mod client;
mod link;
mod place;
mod protocol;
mod seal;
#[cfg(test)]
mod tests;
mod witness;

#[cfg(test)]
pub(crate) use witness::merged;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;

use self::client::Client;
use self::link::{info, nobody, store_error};
use self::place::Known;
use self::protocol::{Answer, Command};
use self::seal::{Kept, Keys};
use self::witness::{History, Line, Noted, State, Witness};
use super::file::{FileStore, Note};
use super::record::hex;
use super::{Found, Key, Lasts, Lease, Meanwhile, Record, Store};
use crate::call::{LONGEST_OWN_TIME, Running};
use crate::error::{Error, Result, Status};
use crate::net::tls;
use crate::password::Salt;
use crate::runtime::{Moment, Runtime};
use crate::settings::{Account, StoreAccess};
use crate::store_name::{RedisName, WitnessAt};

/// How long a lease is: a login and what comes before it.
const LEASE_MS: u64 = LONGEST_OWN_TIME.as_millis() as u64 + 30_000;
/// How long the time is reckoned on from the last answer before it is asked for again.
const RECKONED_MS: u64 = 1000;
/// How long replicas and disks have to confirm a save.
const CONFIRMED_WITHIN: &str = "3000";
/// One who waits looks this often without a hint, which should never be needed...
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// ... and heeds a hint no sooner than this after the one before.
const HINT_EVERY: Duration = Duration::from_secs(1);

/// The fields of the hash that tell its content, and who holds the lease until when.
const CONTENT: [&str; 10] = [
    "v", "version", "record", "shared", "born", "ops", "doubt", "line", "owner", "ends",
];

pub(crate) struct RedisStore(Arc<Shared>);

/// What a store and its leases work with.
struct Shared {
    name: RedisName,
    access: StoreAccess,
    /// The hash, and the channel of its hints.
    key: String,
    account: Key,
    witness: Option<Witness>,
    tls: tls::Client,
    runtime: Arc<dyn Runtime>,
    last_time: ArcSwapOption<LastTime>,
    /// Whether the last look saw that another holds the lease.
    seen_held: AtomicBool,
}

/// The server's time, and ours between which it was told.
struct LastTime {
    server: Moment,
    before_ms: u64,
    after_ms: u64,
}

/// What the hash holds, as it was answered.
#[derive(Clone, Default)]
struct Content {
    state: State,
    record: Option<String>,
    shared: Vec<Kept>,
    operations: String,
    line: Line,
}

impl RedisStore {
    pub fn new(
        name: &RedisName,
        account: &Account,
        runtime: Arc<dyn Runtime>,
    ) -> Result<RedisStore> {
        let account_key = Key::new(account);
        let directory = match &name.witness {
            WitnessAt::StateDirectory => Some(None),
            WitnessAt::Directory(directory) => Some(Some(directory.as_str())),
            WitnessAt::Nowhere => None,
        };
        let witness = directory.map(|directory| -> Result<Witness> {
            let files = FileStore::new(directory, false, Arc::clone(&runtime));
            let files = files.map_err(advise_witness)?;
            // Of this account on this store.
            let key = Key {
                realm: format!("{name}\0{}", account_key.realm),
                username: account_key.username.clone(),
            };
            Ok(Witness::new(Note::new(files, key)))
        });
        Ok(RedisStore(Arc::new(Shared {
            name: name.clone(),
            access: account.store_access.clone(),
            key: format!("tsm:{{{}}}", hex(&digest("", &account_key))),
            account: account_key,
            witness: witness.transpose()?,
            tls: tls::Client::new(
                account.store_access.ca_file.as_deref(),
                Arc::clone(&runtime),
            ),
            runtime,
            last_time: ArcSwapOption::empty(),
            seen_held: AtomicBool::new(false),
        })))
    }
}

fn advise_witness(error: Error) -> Error {
    error.advising(
        "Each host notes there what it knows of the record on Redis, to find out if that is lost: \
         name a directory with ?witness=DIR after the store's URL, or do without with ?witness=no",
    )
}

fn digest(what: &str, account: &Key) -> Salt {
    let text = format!("{what}{}\0{}", account.realm, account.username);
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let mut bytes = Salt::default();
    bytes.copy_from_slice(&digest.as_ref()[..16]);
    bytes
}

impl Store for RedisStore {
    fn try_lease(&self, _: &Key, running: &Running) -> Result<Option<Box<dyn Lease>>> {
        // Not asked for again by who has just looked.
        if self.0.seen_held.swap(false, Ordering::Relaxed) {
            return Ok(None);
        }
        let mut client = Client::new(&self.0);
        let taking = Taking::new(&self.0)?;
        match taking.take(&mut client, running, false)? {
            Take::Taken(taken) => RedisLease::holding(&self.0, client, *taken),
            Take::Busy => Ok(None),
        }
    }

    fn wait_for_lease(
        &self,
        _: &Key,
        running: &Running,
        runtime: &dyn Runtime,
        meanwhile: Meanwhile<'_>,
    ) -> Result<Option<Box<dyn Lease>>> {
        let mut client = Client::new(&self.0);
        let taking = Taking::new(&self.0)?;
        let mut last_hint = None;
        loop {
            if let Take::Taken(taken) = taking.take(&mut client, running, true)? {
                return RedisLease::holding(&self.0, client, *taken);
            }
            let pace = Pace::new(last_hint, runtime)?;
            if self.0.await_hint(&mut client, &pace, running, runtime)? {
                last_hint = Some(Instant::now());
                if meanwhile(self.0.look(&mut client, running)?)? {
                    return Ok(None);
                }
            }
        }
    }

    fn peek(&self, _: &Key, running: &Running) -> Result<Found> {
        self.0.look(&mut Client::new(&self.0), running)
    }

    fn now(&self, running: &Running) -> Result<Moment> {
        if let Some(moment) = self.0.reckoned() {
            return Ok(moment);
        }
        let mut client = Client::new(&self.0);
        // Of the server that the key is on, which only a question about it finds.
        let (answers, run_id) = client.ask(running, &|target| {
            let exists = Command::about_key(&["HMGET", target.key(), "v"]);
            vec![exists, Command::new(&["TIME"])]
        })?;
        let ms = answers.get(1).and_then(time_ms);
        let ms = ms.ok_or_else(|| self.0.odd("TIME"))?;
        Ok(Moment {
            clock: clock(&run_id),
            ms,
        })
    }

    fn name(&self) -> String {
        self.0.name.to_string()
    }

    fn lasts(&self) -> Lasts {
        Lasts::Longer
    }

    fn lease_in_words(&self, _: &Key) -> String {
        format!("the lease in {} of {}", self.0.key, self.0.name)
    }
}

impl Shared {
    fn known(&self) -> Arc<Known> {
        Known::of(&self.name, &*self.runtime)
    }

    /// The server's time by what it said last, if that is fresh.
    fn reckoned(&self) -> Option<Moment> {
        let last = self.last_time.load_full()?;
        let passed_ms = self.runtime.now_ms().checked_sub(last.before_ms)?;
        let waited_ms = last.after_ms.saturating_sub(last.before_ms);
        (passed_ms <= RECKONED_MS && waited_ms <= RECKONED_MS / 4).then(|| Moment {
            ms: last.server.ms.saturating_add(passed_ms),
            clock: last.server.clock.clone(),
        })
    }

    /// Notes the time where answers tell it: TIME does, and the script.
    fn note_time(&self, run_id: &str, answers: &[Answer], before_ms: u64) {
        let scripts = |answer: &Answer| match answer.list() {
            [word, now, ..] if !word.text().is_empty() && word.number().is_none() => {
                now.number().filter(|ms| *ms < END_OF_TIME_MS)
            }
            _ => time_ms(answer),
        };
        if let Some(ms) = answers.iter().find_map(scripts) {
            self.last_time.store(Some(Arc::new(LastTime {
                server: Moment {
                    clock: clock(run_id),
                    ms,
                },
                before_ms,
                after_ms: self.runtime.now_ms(),
            })));
        }
    }

    fn new_id(&self) -> Result<String> {
        Ok(hex(&self.runtime.salt()?))
    }

    fn odd(&self, what: &str) -> Error {
        store_error(format!("{}: an odd answer to {what}", self.name))
    }

    fn keys(&self) -> Result<Option<Keys>> {
        let path = self.access.seal_key_file.as_deref();
        path.map(Keys::read).transpose()
    }

    /// What is there, without a lease.
    fn look(&self, client: &mut Client, running: &Running) -> Result<Found> {
        let (answers, _) = client.ask(running, &|target| {
            let mut fields = Command::about_key(&["HMGET", target.key()]);
            CONTENT.iter().for_each(|name| fields.push(name.as_bytes()));
            vec![Command::new(&["TIME"]), fields]
        })?;
        let values = answers.get(1).map_or(&[][..], Answer::list);
        let [v, values @ ..] = values else {
            return Err(self.odd("HMGET"));
        };
        self.check_version(v.str())?;
        let content = self.content(values)?;
        let held = match (&values[7..], time_ms(&answers[0])) {
            ([owner, ends], Some(now_ms)) => {
                !owner.text().is_empty() && ends.number().is_some_and(|ends| ends > now_ms)
            }
            _ => false,
        };
        self.seen_held.store(held, Ordering::Relaxed);
        let found = self.found(&content)?;
        if let (Some(witness), Found::Record(record)) = (&self.witness, &found) {
            let seen = Noted::new(content.state.clone(), content.line.clone(), record);
            // What is not noted now is noted with the next save.
            let _ = witness.note_look(&seen, &content.operations, running, &*self.runtime);
        }
        Ok(found)
    }

    fn check_version(&self, version: &str) -> Result<()> {
        match version {
            "" | "1" => Ok(()),
            newer => Err(Error::new(
                Status::Store,
                format!(
                    "store: {} holds this account in the format {newer}, of a newer version of \
                     this library, and this one knows 1: update this program, or give it another \
                     store",
                    self.name
                ),
            )),
        }
    }

    fn content(&self, values: &[Answer]) -> Result<Content> {
        let [version, record, shared, born, operations, doubt, line, ..] = values else {
            return Err(self.odd("a look at the record"));
        };
        let mut content = Content {
            state: State {
                born: born.str().to_owned(),
                version: version.number().unwrap_or_default(),
                operation: operations
                    .str()
                    .split(',')
                    .next()
                    .unwrap_or_default()
                    .into(),
                doubt: doubt.str() == "1",
            },
            record: (!record.text().is_empty()).then(|| record.str().to_owned()),
            shared: serde_json::from_slice(shared.text()).unwrap_or_default(),
            operations: operations.str().to_owned(),
            line: Line::default(),
        };
        let words: Vec<&str> = line.str().split(' ').collect();
        if let [id, offset, at] = words[..]
            && at.parse() == Ok(content.state.version)
        {
            content.line = Line {
                id: id.to_owned(),
                offset: offset.parse().unwrap_or_default(),
            };
        }
        Ok(content)
    }

    fn found(&self, content: &Content) -> Result<Found> {
        let Some(text) = &content.record else {
            return Ok(Found::Nothing);
        };
        let Some(mut record) = Record::from_json(text.as_bytes())? else {
            return Ok(Found::Unreadable {
                why: format!("{} of {} holds no record", self.key, self.name),
                again: content.state.doubt,
            });
        };
        if !content.shared.is_empty() && self.access.shares {
            let keys = self.keys()?;
            for kept in &content.shared {
                // What is not sealed may be anybody's, where tokens are.
                if keys.is_some() && !kept.is_sealed() {
                    continue;
                }
                let opened = kept.open(&self.key, keys.as_ref());
                record.shared.push(opened.ok_or_else(|| {
                    Error::new(
                        Status::Store,
                        format!(
                            "store: the shared token in {} of {} does not open: give all hosts \
                             the same store_seal_key_file",
                            self.key, self.name
                        ),
                    )
                })?);
            }
        }
        Ok(Found::Record(Box::new(record)))
    }

    /// The shared tokens of a record, as they are to lie there; what is there already stays.
    fn kept(&self, record: &Record, before: &[Kept]) -> Result<Vec<Kept>> {
        if !self.access.shares {
            return Ok(before.to_vec());
        }
        let keys = self.keys()?;
        let keep = |shared| {
            let same = before
                .iter()
                .find(|kept| kept.is(shared) && kept.is_sealed() == keys.is_some());
            match same {
                Some(kept) => Ok(kept.clone()),
                None => Kept::new(shared, &self.key, keys.as_ref()),
            }
        };
        record.shared.iter().map(keep).collect()
    }

    /// Waits for a hint that the lease has ended, or until it is time to look without one. Whether
    /// it was a hint.
    fn await_hint(
        &self,
        client: &mut Client,
        pace: &Pace,
        running: &Running,
        runtime: &dyn Runtime,
    ) -> Result<bool> {
        let mut hinted = false;
        loop {
            let until = if hinted { pace.hint_at } else { pace.look_at };
            let wait = until.saturating_duration_since(Instant::now());
            if wait.is_zero() {
                return Ok(hinted);
            }
            let Some(link) = client.link() else {
                running.check()?;
                runtime.sleep(wait.min(running.slice()));
                continue;
            };
            match link.hint_within_a_slice(wait, running) {
                Ok(came) => hinted |= came,
                Err(link::Trouble::Final(error)) => return Err(error),
                // The next look makes another.
                Err(_) => client.drop_link(),
            }
        }
    }
}

/// When one who waits asks the server next, so that many who wait together are no storm.
struct Pace {
    /// After a hint: at once, but when the last one was heeded just now.
    hint_at: Instant,
    /// Without one.
    look_at: Instant,
}

impl Pace {
    fn new(last_hint: Option<Instant>, runtime: &dyn Runtime) -> Result<Pace> {
        let now = Instant::now();
        let hint_at = last_hint.map_or(now, |last| last + HINT_EVERY);
        // Up to half as long again, so that those who came together do not look together.
        let jitter = LOOK_EVERY / 512 * u32::from(runtime.salt()?[0]);
        let look_at = now + LOOK_EVERY + jitter;
        Ok(Pace { hint_at, look_at })
    }
}

/// One attempt to take the lease, however often it is sent.
struct Taking<'a> {
    shared: &'a Shared,
    owner: String,
}

enum Take {
    Taken(Box<Taken>),
    Busy,
}

struct Taken {
    owner: String,
    fence: String,
    ends: Moment,
    /// The same by our own clock.
    own_end_ms: u64,
    content: Content,
    history: History,
}

impl<'a> Taking<'a> {
    fn new(shared: &'a Shared) -> Result<Taking<'a>> {
        let owner = shared.new_id()?;
        Ok(Taking { shared, owner })
    }

    /// Takes the lease if it is free. Where it is not and `hear`, hints of its end are asked for in
    /// the same breath: none is missed.
    fn take(&self, client: &mut Client, running: &Running, hear: bool) -> Result<Take> {
        let Taking { shared, owner } = self;
        let account = shared.account.in_words();
        let own_end_ms = shared.runtime.now_ms() + LEASE_MS;
        let (answers, run_id) = client.ask(running, &|target| {
            let take = target.script(&[
                b"take",
                owner.as_bytes(),
                LEASE_MS.to_string().as_bytes(),
                target.run_id.as_bytes(),
                account.as_bytes(),
            ]);
            let subscribe = hear.then(|| Command::new(&["SUBSCRIBE", &shared.key]));
            [Some(take), subscribe].into_iter().flatten().collect()
        })?;
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
            history: History {
                now: line(replication, "master_replid", "master_repl_offset"),
                before: line(replication, "master_replid2", "second_repl_offset"),
            },
        };
        let refusal = shared.unfit(memory.str(), replication);
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
    fn unfit(&self, memory: &str, replication: &str) -> Option<Error> {
        let policy = info(memory, "maxmemory_policy");
        let role = info(replication, "role");
        if role != "master" {
            return Some(store_error(format!(
                "{} leads to a server that is {role:?} and not the master: what is written there \
                 may be lost",
                self.name
            )));
        }
        // Keys without an expiry are none of the volatile policies' business.
        let evicts = policy.is_empty() || policy.starts_with("allkeys");
        (evicts && !self.name.evictable).then(|| {
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
        let release = client::Target::of(link, &self.key).script(&[
            b"release",
            owner.as_bytes(),
            fence.as_bytes(),
            well,
        ]);
        if !link.tell(&[release]) {
            client.drop_link();
        }
    }
}

struct RedisLease {
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
    /// A save may be there or not: what the next one would follow is not known.
    lost_touch: bool,
}

impl RedisLease {
    fn holding(
        shared: &Arc<Shared>,
        mut client: Client,
        taken: Taken,
    ) -> Result<Option<Box<dyn Lease>>> {
        let noted = match shared.witness.as_ref().map(Witness::read).transpose() {
            Ok(noted) => noted.flatten(),
            Err(error) => {
                shared.release(&mut client, &taken.owner, &taken.fence, false);
                return Err(advise_witness(error));
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
        let was_kept =
            |noted: &Noted| noted.was_kept(&content.state, &content.operations, &history);
        let lost = noted.filter(|noted| noted.state.version > 0 && !was_kept(noted));
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
            lost_touch: false,
        })))
    }

    /// A record to begin with. Its salt follows from the account, so that what two of them know of
    /// passwords can be taken together.
    fn new_record(&self, now: &Moment) -> Record {
        Record::new(digest("salt\0", &self.shared.account), now)
    }

    fn now(&self, running: &Running) -> Result<Moment> {
        RedisStore(Arc::clone(&self.shared)).now(running)
    }
}

impl Lease for RedisLease {
    fn load(&mut self, running: &Running) -> Result<Found> {
        let shared = Arc::clone(&self.shared);
        let found = shared.found(&self.content)?;
        let Some(noted) = &self.lost else {
            return Ok(match found {
                Found::Nothing => {
                    let record = self.new_record(&self.now(running)?);
                    Found::Record(Box::new(record))
                }
                found => found,
            });
        };
        let now = self.now(running)?;
        let kept = match found {
            Found::Record(record) => *record,
            _ => self.new_record(&now),
        };
        let rest = match noted.record() {
            Some(record) => witness::merged(kept, record, &now),
            None => kept,
        };
        Ok(Found::Incomplete {
            rest: Box::new(rest),
            why: format!(
                "{} has lost writes that this host knows of (it knows version {}, the server has \
                 {})",
                shared.name, noted.state.version, self.content.state.version
            ),
            again: self.content.state.doubt || noted.state.doubt,
        })
    }

    fn save(&mut self, record: &Record, running: &Running) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        if self.lost_touch {
            return Err(store_error(format!(
                "it is not known whether {} has what was saved before",
                shared.name
            )));
        }
        let operation = shared.new_id()?;
        let kept = shared.kept(record, &self.content.shared)?;
        // Long enough for any: what a vector leaves behind when it grows is not wiped.
        let mut shared_json = zeroize::Zeroizing::new(Vec::with_capacity(4096));
        serde_json::to_writer(&mut *shared_json, &kept)
            .map_err(|_| shared.odd("a shared token"))?;
        let record_json = witness::without_tokens(record);
        let State { version, born, .. } = &self.content.state;
        let version_before = match version {
            0 => String::new(),
            version => version.to_string(),
        };
        let (name, owner, fence) = (&shared.name, &self.owner, &self.fence);
        let doubt: &[u8] = if self.doubt { b"1" } else { b"" };
        let saved = self.client.save(running, &|target| {
            let save = target.script(&[
                b"save",
                owner.as_bytes(),
                fence.as_bytes(),
                version_before.as_bytes(),
                operation.as_bytes(),
                record_json.as_bytes(),
                &shared_json,
                doubt,
            ]);
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
        let answers = saved.inspect_err(|_| self.lost_touch = true)?;
        if answers[0].list().first().map_or("", Answer::str) != "done" {
            return Err(store_error(format!(
                "the lease in {} of {name} was lost before the record was saved",
                shared.key
            )));
        }
        let state = State {
            born: match born.is_empty() {
                true => operation.clone(),
                false => born.clone(),
            },
            version: version.saturating_add(1),
            operation,
            doubt: self.doubt,
        };
        self.content = Content {
            operations: format!("{},{}", state.operation, self.content.operations),
            state: state.clone(),
            record: Some(record_json),
            shared: kept,
            line: Line::default(),
        };
        self.lost = None;
        if let Some(witness) = &shared.witness {
            let about = answers[1].str();
            let line = line(about, "master_replid", "master_repl_offset");
            let noted = Noted::new(state, line, record);
            witness
                .note_save(&noted, running, &*shared.runtime)
                .map_err(advise_witness)?;
        }
        shared.check_confirmed(&answers[2..])
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

impl Shared {
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

fn clock(run_id: &str) -> String {
    format!("redis:{run_id}")
}

/// No server's time comes this far.
const END_OF_TIME_MS: u64 = 1 << 53;

/// The answer of TIME, in milliseconds.
fn time_ms(answer: &Answer) -> Option<u64> {
    match answer.list() {
        [seconds, micros] => {
            let ms = seconds.number()?.saturating_mul(1000);
            let ms = ms.saturating_add(micros.number()? / 1000);
            (ms < END_OF_TIME_MS).then_some(ms)
        }
        _ => None,
    }
}

fn line(about: &str, id: &str, offset: &str) -> Line {
    Line {
        id: info(about, id).to_owned(),
        offset: info(about, offset).parse().unwrap_or_default(),
    }
}
