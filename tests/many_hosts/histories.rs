//! Histories: accounts with hosts that log in, ask, are killed, stopped and started again, while
//! sessions expire, answers are lost, and servers die, stop, stand still, forget, change places or
//! cannot be reached. Afterwards the platform's log must be one that may be.
//!
//! A seed makes the deeds of a round of histories; what runs beside them takes its own time.
//! `TSM_SEED=n cargo test --test many_hosts histories` does one again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use serde_json::json;
use thingspace_sandbox::{Options as SandboxOptions, Sandbox};

use crate::groups::{Cluster, Sentinels};
use crate::host::{Host, Options, Outcome};
use crate::places::{HOSTS, Place};
use crate::random::Random;
use crate::server::new_directory;
use crate::world::{Deeds, Seen, contact, expire};

const RIGHT: &str = "IMgr8";
/// Histories of a round, which share the servers and what befalls them.
const ACCOUNTS: usize = 8;
const DEEDS: usize = 60;
/// What a call of a host may come to.
const STATUSES: [&str; 8] = [
    "OK",
    "TSM_E_CREDENTIALS",
    "TSM_E_LOGIN_BLOCKED",
    "TSM_E_NETWORK",
    "TSM_E_SESSION_EXPIRED",
    "TSM_E_STORE",
    "TSM_E_TIMEOUT",
    "TSM_E_LOCKED",
];

struct Round<'a> {
    random: Random,
    place: &'a mut Place,
    sandbox: Sandbox,
    directory: PathBuf,
    hosts: Vec<Member>,
    deeds: Vec<Deeds>,
    tell: Sender<Outcome>,
    told: Receiver<Outcome>,
    ill: bool,
    counts: BTreeMap<String, usize>,
}

/// A host of an account, while its process goes on or not.
struct Member {
    password: String,
    process: Option<Host>,
    busy: bool,
    stopped: bool,
}

/// Longer ones are wrong in other ways.
fn wrong(number: u64) -> String {
    format!("wrong{}", "!".repeat(1 + number as usize))
}

impl Round<'_> {
    fn new<'a>(place: &'a mut Place, seed: u64) -> Round<'a> {
        let mut random = Random(seed);
        let sandbox = Sandbox::start(SandboxOptions::default()).unwrap();
        let mut hosts = Vec::new();
        let mut deeds = Vec::new();
        for account in 0..ACCOUNTS {
            contact(&sandbox, &username(seed, account), RIGHT);
            // All have the right password, or some, or none.
            let right = random.below(3);
            let passwords: Vec<String> = (0..HOSTS as u64)
                .map(|host| match right == 0 || (right == 1 && host != 1) {
                    true => RIGHT.to_owned(),
                    false => wrong(random.below(3)),
                })
                .collect();
            deeds.push(Deeds {
                right: passwords.iter().any(|password| password == RIGHT),
                ..Deeds::default()
            });
            hosts.extend(passwords.into_iter().map(|password| Member {
                password,
                process: None,
                busy: false,
                stopped: false,
            }));
        }
        let (tell, told) = channel();
        Round {
            random,
            place,
            sandbox,
            directory: new_directory(),
            hosts,
            deeds,
            tell,
            told,
            ill: false,
            counts: BTreeMap::new(),
        }
    }

    fn options(&self, seed: u64, name: usize) -> Options {
        let (account, host) = (name / HOSTS, name % HOSTS);
        let witness = self.directory.join(name.to_string());
        let options = json!({
            "base_url": self.sandbox.base_url(),
            "username": username(seed, account),
            "password": self.hosts[name].password,
            "api_token": "static-test-token",
            "store": self.place.url(host, &witness),
            "share_token": "true",
            "timeout_ms": "4000",
        });
        options.as_object().unwrap().clone()
    }

    fn count(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }

    /// Something that may excuse what the platform sees of one account, or of all.
    fn mishap(&mut self, account: Option<usize>, what: &str) {
        self.count(what);
        match account {
            Some(account) => self.deeds[account].mishaps += 1,
            None => self.deeds.iter_mut().for_each(|deeds| deeds.mishaps += 1),
        }
    }

    fn start(&mut self, seed: u64, name: usize) {
        let options = self.options(seed, name);
        // Of each its own.
        let ahead = 1000 * (name as u64 % 7);
        let host = Host::start(name, &options, ahead, &self.tell);
        self.hosts[name].process = Some(host);
        self.ask(name, "login");
    }

    fn ask(&mut self, name: usize, what: &str) {
        let host = &mut self.hosts[name];
        host.process.as_mut().expect("it is there").tell(what);
        host.busy = true;
    }

    fn hear(&mut self, within: Duration) -> bool {
        let Ok(outcome) = self.told.recv_timeout(within) else {
            return false;
        };
        let Outcome {
            host,
            status,
            words,
        } = outcome;
        if status != "ended" {
            assert!(STATUSES.contains(&&*status), "{status} {words}");
            self.hosts[host].busy = false;
            self.count(&status);
        }
        true
    }

    /// Everyone looks into the store once, so that each can know what is lost there later.
    fn begin(&mut self, seed: u64) {
        for host in 0..HOSTS {
            for account in 0..ACCOUNTS {
                self.start(seed, account * HOSTS + host);
            }
            self.quiet();
        }
    }

    /// Goes on when nobody is busy.
    fn quiet(&mut self) {
        while self.hosts.iter().any(|host| host.busy) {
            assert!(
                self.hear(Duration::from_secs(60)),
                "a host never comes back"
            );
        }
    }

    fn deed(&mut self, seed: u64) {
        let name = self.random.below(self.hosts.len() as u64) as usize;
        let account = name / HOSTS;
        let alive = self.hosts[name].process.is_some();
        match self.random.below(20) {
            0 => {
                expire(&self.sandbox);
                self.deeds.iter_mut().for_each(|deeds| deeds.expiries += 1);
            }
            1 => {
                let fault = json!({"on": "login", "fault": "close_after", "times": 1});
                self.sandbox.control("POST", "/faults", fault);
                self.mishap(None, "answers lost");
            }
            2 if alive => {
                self.mishap(Some(account), "hosts killed");
                let host = &mut self.hosts[name];
                (host.process, host.busy, host.stopped) = (None, false, false);
                if host.password != RIGHT {
                    host.password = wrong(self.random.below(3));
                }
            }
            3 if alive => {
                self.mishap(Some(account), "hosts stopped");
                let host = &mut self.hosts[name];
                host.stopped = true;
                host.process
                    .as_ref()
                    .expect("it is there")
                    .signal(libc::SIGSTOP);
            }
            4 | 5 if !self.ill => {
                let what = self.place.mishap(&mut self.random);
                self.mishap(None, what);
                self.ill = true;
            }
            6 if self.ill => {
                self.place.heal();
                self.ill = false;
            }
            _ if !alive => self.start(seed, name),
            _ if self.hosts[name].stopped => self.wake(name),
            _ if !self.hosts[name].busy => self.ask(name, "request"),
            _ => {}
        }
    }

    fn wake(&mut self, name: usize) {
        let host = &mut self.hosts[name];
        host.stopped = false;
        if let Some(process) = &host.process {
            process.signal(libc::SIGCONT);
        }
    }

    /// All mishaps end, and all calls come to theirs.
    fn end(&mut self) {
        (0..self.hosts.len()).for_each(|name| self.wake(name));
        self.place.heal();
        self.quiet();
    }

    /// How often what happened.
    fn told(&mut self, seed: u64) -> BTreeMap<String, usize> {
        for account in 0..ACCOUNTS {
            let seen = Seen::of(&self.sandbox, &username(seed, account));
            for (what, times) in [("logins", seen.logins), ("successes", seen.succeeded)] {
                *self.counts.entry(what.to_owned()).or_default() += times;
            }
            let most = self
                .counts
                .entry("most failures in a row".to_owned())
                .or_default();
            *most = (*most).max(seen.most as usize);
        }
        std::mem::take(&mut self.counts)
    }

    /// Why what the platform saw must not be.
    fn check(&self, seed: u64) -> Result<(), String> {
        for (account, deeds) in self.deeds.iter().enumerate() {
            let seen = Seen::of(&self.sandbox, &username(seed, account));
            if let Some(flaw) = seen.flaw(deeds) {
                return Err(format!("{flaw}\nreplay it with TSM_SEED={seed}"));
            }
        }
        Ok(())
    }
}

impl Drop for Round<'_> {
    fn drop(&mut self) {
        self.hosts.clear();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn username(seed: u64, account: usize) -> String {
    format!("user {seed} {account}")
}

fn round(place: &mut Place, seed: u64) -> Result<BTreeMap<String, usize>, String> {
    let mut round = Round::new(place, seed);
    round.begin(seed);
    round.check(seed)?;
    for _ in 0..DEEDS {
        round.deed(seed);
        let within = Duration::from_millis(round.random.below(120));
        while round.hear(within) && round.random.one_in(2) {}
    }
    round.end();
    round.check(seed)?;
    Ok(round.told(seed))
}

/// So many rounds, or ten times as many, or the one that is asked for. Its seeds are those that
/// leave this rest when divided by three.
fn rounds(rest: u64, rounds: u64, place: impl FnOnce() -> Place) {
    let number = |name| Some(std::env::var(name).ok()?.parse::<u64>().expect("a number"));
    let (first, last) = match (number("TSM_SEED"), std::env::var_os("TSM_SOAK")) {
        (Some(seed), _) if seed % 3 != rest => return,
        (Some(seed), _) => (seed / 3, seed / 3),
        (None, Some(_)) => {
            let first = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
            (first, first + 10 * rounds - 1)
        }
        (None, None) => (0, rounds - 1),
    };
    let mut place = place();
    let mut all = BTreeMap::<String, usize>::new();
    for n in first..=last {
        let seed = 3 * n + rest;
        println!("seed {seed}");
        let counts = round(&mut place, seed).unwrap_or_else(|flaw| panic!("{flaw}"));
        for (what, times) in counts {
            let count = all.entry(what.clone()).or_default();
            *count = match what.starts_with("most") {
                true => times.max(*count),
                false => *count + times,
            };
        }
    }
    let histories = (last - first + 1) * ACCOUNTS as u64;
    println!("{histories} histories: {all:#?}");
    assert!(all["OK"] > 0 && all["successes"] > 0, "nothing worked");
}

#[test]
fn hosts_that_share_nothing_are_found_out() {
    let flaw = round(&mut Place::Apart, 0).expect_err("they go unseen");
    println!("{flaw}");
}

#[test]
fn on_one_server() {
    rounds(0, 13, Place::alone);
}

#[test]
fn on_a_master_that_sentinels_choose() {
    rounds(1, 7, || Place::Sentinels(Sentinels::start()));
}

#[test]
fn on_a_cluster() {
    rounds(2, 5, || Place::Cluster(Cluster::start()));
}
