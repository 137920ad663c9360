//! The store of the lockout guard: whether it can be used, and what makes it forget.

use std::sync::Arc;
use std::time::Duration;

use super::finding::{Check, Findings};
use crate::call::Running;
use crate::error::{Error, Result, Status};
use crate::login::{advise, on_a_thread};
use crate::runtime::Runtime;
use crate::settings::Account;
use crate::store::file::FileStore;
use crate::store::redis::{RedisStore, ServerFacts};
use crate::store::{Lasts, Store};
use crate::store_name::{RedisName, StoreName, WitnessAt};

/// The longest that a disk may take.
const DISK_WITHIN: Duration = Duration::from_secs(10);
/// The longest that a server may take, one that fails over included.
const SERVER_WITHIN: Duration = Duration::from_secs(20);
/// A record takes a few kilobytes. With less than this it is time to make room.
const LITTLE_BYTES: u64 = 1024 * 1024;

const ANOTHER: &str = "Name a directory that lasts, and belongs to this user alone, with the \
                       option store (TSM_STORE=file:DIR), or take redis://…";

/// What a directory of files is for.
struct Of {
    what: &'static str,
    /// How another is named.
    another: &'static str,
}

const RECORD: Of = Of {
    what: "the lockout guard's count",
    another: ANOTHER,
};

const WITNESS: Of = Of {
    what: "what this host knows of the count on Redis",
    another: "Name a directory that lasts, and belongs to this user alone, with ?witness=DIR after \
              the store's URL",
};

pub(super) fn examine(
    account: &Account,
    running: &Running,
    runtime: &Arc<dyn Runtime>,
    findings: &mut Findings<'_>,
) {
    match &account.store {
        StoreName::Memory => findings.warn(
            Check::Store,
            "memory: the lockout guard forgets failed logins when this process ends, and no other \
             process knows of them",
            "Set the option store (TSM_STORE) to file:DIR on a volume that lasts, or to redis://…",
        ),
        StoreName::File { directory, network } => {
            let files = FileStore::new(directory.as_deref(), *network, Arc::clone(runtime));
            let of = |error| advise(error, account.store_is_default);
            examine_files(&RECORD, files.map_err(of), running, runtime, findings);
        }
        StoreName::Redis(name) => examine_redis(name, account, running, runtime, findings),
    }
}

/// What is known of a directory of files.
#[derive(Clone)]
struct Directory {
    name: String,
    is_there: bool,
    lasts: Lasts,
    room: Option<Room>,
    tried: std::result::Result<(), Error>,
}

/// What is known of a file system.
#[derive(Clone, Copy)]
struct Room {
    read_only: bool,
    free_bytes: u64,
    has_free_files: bool,
}

fn examine_files(
    of: &Of,
    files: Result<FileStore>,
    running: &Running,
    runtime: &Arc<dyn Runtime>,
    findings: &mut Findings<'_>,
) {
    let files = match files {
        Ok(files) => files,
        Err(error) => return findings.error(Check::Store, &error, of.another),
    };
    let within = running.within(DISK_WITHIN, "the disk did not answer");
    let look = move |_: &Running| {
        let (place, directory) = (files.place(), files.directory());
        let is_there = place == directory;
        Ok(Directory {
            name: files.name(),
            is_there,
            lasts: files.lasts(),
            room: room(place),
            tried: match is_there {
                true => files.try_out(),
                false => files.check_only(),
            },
        })
    };
    match on_a_thread(runtime, &within, look) {
        Ok(directory) => tell_of_files(of, &directory, findings),
        Err(error) => findings.error(Check::Store, &error, of.another),
    }
}

fn tell_of_files(of: &Of, directory: &Directory, findings: &mut Findings<'_>) {
    let Of { what, another } = of;
    let name = &directory.name;
    if let Err(error) = &directory.tried {
        let first = match directory.room {
            Some(room) if room.read_only => "The file system is read-only: mount it writable. ",
            Some(room) if room.free_bytes == 0 || !room.has_free_files => {
                "The file system is full: make room. "
            }
            _ => "",
        };
        let (message, advice) = error.apart();
        let then = if advice.is_empty() { another } else { advice };
        let remedy = format!("{first}{then}");
        return findings.fail(Check::Store, error.status(), message, remedy);
    }
    let state = match directory.is_there {
        true => "files in it can be locked, written and read",
        false => "it is not there yet, and can be made by the first login",
    };
    let message = format!("{name}, for {what}: {state}");
    match (directory.lasts, directory.room) {
        (Lasts::Longer, Some(room)) if room.free_bytes < LITTLE_BYTES => findings.warn(
            Check::Store,
            format!(
                "{message}; but only {} KiB are free in its file system: when it is full no login \
                 is sent",
                room.free_bytes / 1024
            ),
            "Make room",
        ),
        (Lasts::Longer, _) => findings.fine(Check::Store, format!("{message}; it lasts")),
        (lasts, _) => findings.warn(
            Check::Store,
            format!("{message}; but it is there only {}", lasts.name()),
            format!("Mount a volume that lasts. {another}"),
        ),
    }
}

#[cfg(unix)]
fn room(place: &std::path::Path) -> Option<Room> {
    use rustix::fs::{StatVfsMountFlags, statvfs};

    let about = statvfs(place).ok()?;
    Some(Room {
        read_only: about.f_flag.contains(StatVfsMountFlags::RDONLY),
        free_bytes: about.f_bavail.saturating_mul(about.f_frsize),
        // Some file systems have no limit, and say so by none.
        has_free_files: about.f_files == 0 || about.f_favail > 0,
    })
}

#[cfg(not(unix))]
fn room(_: &std::path::Path) -> Option<Room> {
    None
}

fn examine_redis(
    name: &RedisName,
    account: &Account,
    running: &Running,
    runtime: &Arc<dyn Runtime>,
    findings: &mut Findings<'_>,
) {
    let within = running.within(SERVER_WITHIN, "the store did not answer");
    let store = match RedisStore::new(name, account, Arc::clone(runtime)) {
        Ok(store) => store,
        Err(error) => return findings.error(Check::Store, &error, ANOTHER),
    };
    let facts = match store.server_facts(&within) {
        Ok(facts) => facts,
        Err(error) => {
            let remedy = "Start the server, or correct the option store (TSM_STORE); see that no \
                          firewall is between";
            return findings.error(Check::Store, &error, remedy);
        }
    };
    let failures = findings.failures;
    tell_of_server(name, &facts, findings);
    let within = running.within(SERVER_WITHIN, "the store did not answer");
    if findings.failures > failures {
        findings.not_tried(Check::Store, "a save, since the server is not fit for one");
    } else if let Err(error) = RedisStore::rehearse(name, account, &within, runtime) {
        findings.error(
            Check::Store,
            &error,
            "Mend that: until then no login is sent",
        );
    } else {
        findings.fine(
            Check::Store,
            format!("{name}: a lease was taken and a record saved there, as a login does"),
        );
    }
    let directory = match &name.witness {
        WitnessAt::Nowhere => return,
        WitnessAt::StateDirectory => None,
        WitnessAt::Directory(directory) => Some(directory.as_str()),
    };
    let files = FileStore::new(directory, false, Arc::clone(runtime));
    examine_files(&WITNESS, files, running, runtime, findings);
}

/// What is to be said of a server that answers. Pure.
fn tell_of_server(name: &RedisName, facts: &ServerFacts, findings: &mut Findings<'_>) {
    let before = (findings.failures, findings.warnings);
    let mut fail = |message: String, remedy: &str| {
        findings.fail(
            Check::Store,
            Status::Store,
            format!("{name}: {message}"),
            remedy,
        );
    };
    if facts.major_version < 5 {
        fail(
            format!("{} is too old", facts.name),
            "Take Redis 5 or later, or Valkey",
        );
    }
    if !facts.is_master() {
        fail(
            format!("the server is {:?} and not the master", facts.role),
            "Name the master, or the Sentinels that know it with ?sentinel=NAME",
        );
    }
    let evicts = facts.evicts();
    let evicts_what = format!(
        "the maxmemory-policy is {:?}: it may drop the lockout guard's record when the memory is \
         full",
        facts.policy
    );
    if evicts && !name.evictable {
        fail(
            evicts_what.clone(),
            "Set maxmemory-policy noeviction there, or one of the volatile policies",
        );
    }
    let wanted = u64::from(name.replicas);
    if facts.replicas < wanted {
        fail(
            format!("{} of {wanted} replicas are attached", facts.replicas),
            "Attach them, or ask for fewer with ?replicas=N",
        );
    }
    let mut warn = |message: String, remedy: &str| {
        findings.warn(Check::Store, format!("{name}: {message}"), remedy);
    };
    if evicts && name.evictable {
        warn(evicts_what, "Set maxmemory-policy noeviction there");
    }
    for what in &facts.failed_to_write {
        warn(
            format!("the server could not write {what} to its disk"),
            "Look into the server's log, and make room on its disk",
        );
    }
    if !facts.has_append_only_file {
        warn(
            "the server keeps no append-only file: it forgets the last writes when it is started \
             anew"
                .into(),
            "Set appendonly yes there, and appendfsync always if it is alone",
        );
    }
    if facts.max_bytes > 0 && facts.used_bytes >= facts.max_bytes / 100 * 95 {
        warn(
            "the server's memory is nearly full: when it is, no login is sent".into(),
            "Raise maxmemory there, or make room",
        );
    }
    if (findings.failures, findings.warnings) == before {
        let replicas = match (facts.replicas, wanted) {
            (0, _) => "no replica".to_owned(),
            (n, 0) => format!("{n} replicas, and no save waits for them (?replicas=N)"),
            (n, wanted) => format!("{n} replicas, of which each save waits for {wanted}"),
        };
        let message = format!("{name}: {}, the master, with {replicas}", facts.name);
        findings.fine(Check::Store, message);
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Finding, Verdict};
    use super::*;

    fn found(name: &str, change: impl FnOnce(&mut ServerFacts)) -> Vec<Finding> {
        let StoreName::Redis(name) = StoreName::parse(name).unwrap() else {
            panic!("{name}");
        };
        let mut facts = ServerFacts {
            name: "Redis 7.0.15".into(),
            major_version: 7,
            role: "master".into(),
            policy: "noeviction".into(),
            has_append_only_file: true,
            ..ServerFacts::default()
        };
        change(&mut facts);
        let mut all = Vec::new();
        let mut keep = |finding| all.push(finding);
        tell_of_server(&name, &facts, &mut Findings::new(&mut keep));
        all
    }

    const NAME: &str = "redis://localhost";

    #[test]
    fn each_flaw_of_a_server_is_told_with_its_remedy() {
        assert_eq!(found(NAME, |_| {})[0].verdict, Verdict::Fine);
        let failed = Verdict::Failed(Status::Store);
        type Change = fn(&mut ServerFacts);
        let cases: [(&str, Change, Verdict, &str); 8] = [
            (NAME, |facts| facts.major_version = 4, failed, "Redis 5"),
            (NAME, |facts| facts.role = "slave".into(), failed, "master"),
            (
                NAME,
                |facts| facts.policy = "allkeys-lru".into(),
                failed,
                "noeviction",
            ),
            (
                "redis://localhost?evictable=yes",
                |facts| facts.policy = "allkeys-lru".into(),
                Verdict::Warning,
                "noeviction",
            ),
            (
                "redis://localhost?replicas=2",
                |facts| facts.replicas = 1,
                failed,
                "?replicas=N",
            ),
            (
                NAME,
                |facts| facts.has_append_only_file = false,
                Verdict::Warning,
                "appendonly yes",
            ),
            (
                NAME,
                |facts| facts.failed_to_write = vec!["a snapshot"],
                Verdict::Warning,
                "disk",
            ),
            (
                NAME,
                |facts| (facts.used_bytes, facts.max_bytes) = (99, 100),
                Verdict::Warning,
                "maxmemory",
            ),
        ];
        for (name, change, verdict, remedy) in cases {
            let found = found(name, change);
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].verdict, verdict, "{found:?}");
            assert!(found[0].remedy.contains(remedy), "{found:?}");
        }
    }
}
