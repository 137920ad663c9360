//! One who asks the store: finds the server that a key is on, follows when it moves, and sends
//! again what may be sent again. Everything that is sent here may be: what changes something
//! carries the name of its operation.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::Shared;
use super::link::{Link, Tried, Trouble, nobody, store_error};
use super::place::Place;
use super::protocol::{Answer, Command};
use crate::call::Running;
use crate::error::{Error, Result};
use crate::store::record::hex;
use crate::store_name::{Host, Servers};

const SCRIPT: &str = include_str!("script.lua");

/// How long a server that cannot be used now is asked again, where another may take its place...
const WHILE_FAILING_OVER: Duration = Duration::from_secs(15);
/// ... and where there is only that one.
const WHILE_RESTARTING: Duration = Duration::from_secs(1);
/// How long a save is tried for: what came of a login is worth the wait.
const WHILE_SAVING: Duration = Duration::from_secs(10);
const MOST_REDIRECTS: usize = 8;

/// Where commands go, which some of them depend on.
pub(super) struct Target<'a> {
    pub run_id: &'a str,
    key: &'a str,
    whole_script: bool,
}

impl<'a> Target<'a> {
    pub fn of(link: &'a Link, key: &'a str) -> Target<'a> {
        Target {
            run_id: &link.run_id,
            key,
            whole_script: false,
        }
    }

    /// For what is told without reading an answer, which could ask for the script.
    pub fn unanswered(self) -> Target<'a> {
        Target {
            whole_script: true,
            ..self
        }
    }

    pub fn key(&self) -> &str {
        self.key
    }

    /// A call of the script, by its digest unless the server asked for all of it.
    pub fn script(&self, arguments: &[&[u8]]) -> Command {
        // The name under which servers keep it: not a matter of trust.
        let name = || hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, SCRIPT.as_bytes()).as_ref());
        let mut command = match self.whole_script {
            true => Command::about_key(&["EVAL", SCRIPT, "1", self.key]),
            false => Command::about_key(&["EVALSHA", &name(), "1", self.key]),
        };
        arguments.iter().for_each(|word| command.push(word));
        command
    }
}

pub(super) struct Client {
    shared: Arc<Shared>,
    link: Option<Link>,
    /// Whether it was given up on: it serves for last words only.
    is_spent: bool,
}

impl Client {
    pub fn new(shared: &Arc<Shared>) -> Client {
        Client {
            shared: Arc::clone(shared),
            link: None,
            is_spent: false,
        }
    }

    /// The connection that served last. What is told on it comes after what was asked on it, also
    /// where nobody waits for an answer any more.
    pub fn link(&mut self) -> Option<&mut Link> {
        self.link.as_mut()
    }

    /// The same, or another where there is none, if that can be had soon.
    pub fn link_at_once(&mut self) -> Option<&mut Link> {
        if self.link.is_none() {
            self.link = self.connect(&nobody()).ok();
        }
        self.link.as_mut()
    }

    /// The connection is of no use any more.
    pub fn drop_link(&mut self) {
        self.link = None;
    }

    /// Sends commands in one piece, gives their answers, and says which start of which server gave
    /// them. No answer is an error.
    pub fn ask(
        &mut self,
        running: &Running,
        commands: &dyn Fn(&Target<'_>) -> Vec<Command>,
    ) -> Result<(Vec<Answer>, String)> {
        self.ask_for(self.shared.patience(), running, commands)
    }

    /// The same for a save.
    pub fn save(
        &mut self,
        running: &Running,
        commands: &dyn Fn(&Target<'_>) -> Vec<Command>,
    ) -> Result<Vec<Answer>> {
        let asked = self.ask_for(WHILE_SAVING, running, commands);
        asked.map(|(answers, _)| answers)
    }

    fn ask_for(
        &mut self,
        patience: Duration,
        running: &Running,
        commands: &dyn Fn(&Target<'_>) -> Vec<Command>,
    ) -> Result<(Vec<Answer>, String)> {
        let begun = Instant::now();
        let mut whole_script = false;
        let mut asked = None;
        let mut redirects = 0;
        let mut pause = Duration::from_millis(25);
        loop {
            let is_kept = self.link.is_some() && !self.is_spent;
            let tried = self.try_once(running, asked.take(), whole_script, commands);
            let trouble = match tried {
                Ok(answers) => return Ok(answers),
                Err(trouble) => trouble,
            };
            let known = self.shared.known();
            let why = match trouble {
                Trouble::NoScript if !whole_script => {
                    whole_script = true;
                    continue;
                }
                Trouble::NoScript => "the server forgets its scripts at once".to_owned(),
                Trouble::Moved(host) if redirects < MOST_REDIRECTS => {
                    redirects += 1;
                    known.moved(&self.shared.key, &Place::Host(host));
                    self.give_back();
                    continue;
                }
                Trouble::Asked(host) if redirects < MOST_REDIRECTS => {
                    redirects += 1;
                    asked = Some(host);
                    self.give_back();
                    continue;
                }
                Trouble::Moved(_) | Trouble::Asked(_) => {
                    "the servers of the cluster send this from one to the other".to_owned()
                }
                Trouble::Final(error) => {
                    self.is_spent = true;
                    return Err(error);
                }
                Trouble::Broken(why) | Trouble::NotNow(why) => why,
            };
            self.is_spent = true;
            known.forget_place_of(&self.shared.key);
            if begun.elapsed() + pause > patience {
                return Err(self.cannot_be_used(&why));
            }
            // A kept connection may just have been closed meanwhile.
            if !is_kept {
                self.pause(running, pause)?;
                pause = (pause * 2).min(Duration::from_millis(400));
            }
        }
    }

    fn try_once(
        &mut self,
        running: &Running,
        asked: Option<Host>,
        whole_script: bool,
        commands: &dyn Fn(&Target<'_>) -> Vec<Command>,
    ) -> Tried<(Vec<Answer>, String)> {
        running.check().map_err(Trouble::Final)?;
        if let Some(host) = asked {
            let mut link = Link::open(&Place::Host(host), &self.shared, running)?;
            link.is_asked = true;
            self.link = Some(link);
        } else if self.link.is_none() || self.is_spent {
            self.link = Some(self.connect(running)?);
        }
        self.is_spent = false;
        let link = self.link.as_mut().expect("it was just made");
        let target = Target {
            run_id: &link.run_id,
            key: &self.shared.key,
            whole_script,
        };
        let mut all = Vec::new();
        for command in commands(&target) {
            if link.is_asked && command.keyed {
                all.push((Command::new(&["ASKING"]), false));
            }
            all.push((command, true));
        }
        let (all, wanted): (Vec<Command>, Vec<bool>) = all.into_iter().unzip();
        let before_ms = self.shared.runtime.now_ms();
        let answers = link.ask(&all, running)?;
        for answer in &answers {
            link.check(answer)?;
        }
        let run_id = link.run_id.clone();
        // The key has not moved yet: what is asked next goes to where it is.
        self.is_spent = link.is_asked;
        let wanted = answers
            .into_iter()
            .zip(wanted)
            .filter(|(_, wanted)| *wanted);
        let answers: Vec<Answer> = wanted.map(|(answer, _)| answer).collect();
        self.shared.note_time(&run_id, &answers, before_ms);
        Ok((answers, run_id))
    }

    /// A connection to the server that the key is on, as far as that is known.
    fn connect(&self, running: &Running) -> Tried<Link> {
        let Shared { name, access, .. } = &*self.shared;
        let known = self.shared.known();
        if let Some(place) = known.place_of(&self.shared.key) {
            let kept = known.take(&place, access);
            return kept.map_or_else(|| Link::open(&place, &self.shared, running), Ok);
        }
        let mut why = Vec::new();
        for place in known.servers(name) {
            let opened = match &name.sentinel {
                None => match known.take(&place, access) {
                    Some(link) => Ok(link),
                    None => Link::open(&place, &self.shared, running),
                },
                Some(_) => Link::ask_sentinel(&place, &self.shared, running).and_then(|master| {
                    let link = match known.take(&master, access) {
                        Some(link) => Ok(link),
                        None => Link::open(&master, &self.shared, running),
                    };
                    link.inspect(|_| known.found_master(&master))
                }),
            };
            match opened {
                Ok(link) => {
                    known.can_be_used(name, &place);
                    return Ok(link);
                }
                Err(Trouble::Broken(more) | Trouble::NotNow(more)) => why.push(more),
                Err(trouble) => return Err(trouble),
            }
        }
        Err(Trouble::Broken(why.join("; ")))
    }

    fn cannot_be_used(&self, why: &str) -> Error {
        store_error(format!("{} cannot be used: {why}", self.shared.name))
            .advising("No login is sent until it can")
    }

    fn pause(&self, running: &Running, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        loop {
            running.check()?;
            match end.saturating_duration_since(Instant::now()) {
                Duration::ZERO => return Ok(()),
                left => self.shared.runtime.sleep(left.min(running.slice())),
            }
        }
    }

    fn give_back(&mut self) {
        let link = self.link.take().filter(|_| !self.is_spent);
        if let Some(link) = link {
            self.shared.known().give_back(link);
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.give_back();
    }
}

impl Shared {
    fn patience(&self) -> Duration {
        match &self.name.servers {
            Servers::Tcp { hosts, .. } if hosts.len() > 1 || self.name.sentinel.is_some() => {
                WHILE_FAILING_OVER
            }
            _ => WHILE_RESTARTING,
        }
    }
}
