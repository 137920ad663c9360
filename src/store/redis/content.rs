//! What the hash holds: read without a lease, and turned into a record and back.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::client::{Client, Target};
use super::protocol::{Answer, Command};
use super::seal::{Kept, Keys};
use super::witness::{self, History, Line, Noted, State, Witness};
use super::{Shared, advise_witness, digest, time_ms};
use crate::call::Running;
use crate::error::{Error, Result, Status};
use crate::runtime::Moment;
use crate::store::{Found, Record};

/// The fields of the hash that tell its content, and who holds the lease until when.
const CONTENT: [&str; 10] = [
    "v", "version", "record", "shared", "born", "ops", "doubt", "line", "owner", "ends",
];

/// What the hash holds, as it was answered.
#[derive(Clone, Default)]
pub(super) struct Content {
    pub state: State,
    pub record: Option<String>,
    pub shared: Vec<Kept>,
    pub operations: String,
    pub line: Line,
}

fn fields(target: &Target<'_>) -> Command {
    let mut fields = Command::about_key(&["HMGET", target.key()]);
    CONTENT.iter().for_each(|name| fields.push(name.as_bytes()));
    fields
}

impl Noted {
    /// Whether the server has lost something of it.
    pub(super) fn lacks(&self, content: &Content, history: &History) -> bool {
        self.state.version > 0 && !self.was_kept(&content.state, &content.operations, history)
    }
}

impl Shared {
    /// What is there, without a lease.
    pub(super) fn look(&self, client: &mut Client, running: &Running) -> Result<Found> {
        let (answers, _) = client.ask(running, &|target| {
            vec![Command::new(&["TIME"]), fields(target)]
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

    /// What who takes the lease now would find. Nothing is noted.
    pub(super) fn inspect(
        self: &Arc<Self>,
        client: &mut Client,
        running: &Running,
    ) -> Result<Found> {
        let (answers, _) = client.ask(running, &|target| {
            let replication = Command::new(&["INFO", "replication"]);
            vec![Command::new(&["TIME"]), fields(target), replication]
        })?;
        let values = answers.get(1).map_or(&[][..], Answer::list);
        let [v, values @ ..] = values else {
            return Err(self.odd("HMGET"));
        };
        self.check_version(v.str())?;
        let content = self.content(values)?;
        let noted = self.noted()?;
        let history = History::of(answers.get(2).map_or("", Answer::str));
        let lost = noted.filter(|noted| noted.lacks(&content, &history));
        self.found_beside(&content, lost.as_ref(), || self.now(running))
    }

    /// What this host noted.
    pub(super) fn noted(&self) -> Result<Option<Noted>> {
        let noted = self.witness.as_ref().map(Witness::read).transpose();
        noted.map(Option::flatten).map_err(advise_witness)
    }

    /// What the server holds, taken together with what this host knows and the server has lost.
    pub(super) fn found_beside(
        &self,
        content: &Content,
        lost: Option<&Noted>,
        now: impl Fn() -> Result<Moment>,
    ) -> Result<Found> {
        let found = self.found(content)?;
        let Some(noted) = lost else {
            return Ok(match found {
                Found::Nothing => Found::Record(Box::new(self.new_record(&now()?))),
                found => found,
            });
        };
        let now = now()?;
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
                self.name, noted.state.version, content.state.version
            ),
            again: content.state.doubt || noted.state.doubt,
        })
    }

    /// A record to begin with. Its salt follows from the account, so that what two of them know of
    /// passwords can be taken together.
    fn new_record(&self, now: &Moment) -> Record {
        Record::new(digest("salt\0", &self.account), now)
    }

    pub(super) fn check_version(&self, version: &str) -> Result<()> {
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

    pub(super) fn content(&self, values: &[Answer]) -> Result<Content> {
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

    pub(super) fn found(&self, content: &Content) -> Result<Found> {
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
    pub(super) fn kept(&self, record: &Record, before: &[Kept]) -> Result<Vec<Kept>> {
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

    pub(super) fn keys(&self) -> Result<Option<Keys>> {
        let path = self.access.seal_key_file.as_deref();
        path.map(Keys::read).transpose()
    }
}
