//! What a person wants to know of the server that a record is on, and a rehearsal of a save there:
//! asked as logins ask.

use std::sync::Arc;

use super::RedisStore;
use super::client::Client;
use super::link::info;
use super::protocol::{Answer, Command};
use crate::call::Running;
use crate::error::Result;
use crate::runtime::Runtime;
use crate::settings::Account;
use crate::store::{Found, Key, Lease, Store};
use crate::store_name::{RedisName, WitnessAt};

/// What a server tells of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerFacts {
    /// `Redis 7.0.15`
    pub name: String,
    pub major_version: u64,
    pub role: String,
    pub policy: String,
    pub used_bytes: u64,
    /// 0 where there is no limit.
    pub max_bytes: u64,
    pub has_append_only_file: bool,
    /// What could not be written to the disk last: the append-only file, or a snapshot.
    pub failed_to_write: Vec<&'static str>,
    pub replicas: u64,
}

impl ServerFacts {
    pub fn read(about: &str) -> ServerFacts {
        let number = |name| info(about, name).parse::<u64>().unwrap_or_default();
        let (kind, version) = match info(about, "valkey_version") {
            "" => ("Redis", info(about, "redis_version")),
            version => ("Valkey", version),
        };
        let major = info(about, "redis_version").split('.').next();
        let failed =
            |(name, what): (&str, &'static str)| (info(about, name) == "err").then_some(what);
        let writes = [
            ("aof_last_write_status", "the append-only file"),
            ("rdb_last_bgsave_status", "a snapshot"),
        ];
        ServerFacts {
            name: format!("{kind} {version}"),
            major_version: major
                .and_then(|major| major.parse().ok())
                .unwrap_or_default(),
            role: info(about, "role").to_owned(),
            policy: info(about, "maxmemory_policy").to_owned(),
            used_bytes: number("used_memory"),
            max_bytes: number("maxmemory"),
            has_append_only_file: info(about, "aof_enabled") == "1",
            failed_to_write: writes.into_iter().filter_map(failed).collect(),
            replicas: number("connected_slaves"),
        }
    }
}

impl ServerFacts {
    pub fn is_master(&self) -> bool {
        self.role == "master"
    }

    /// Whether it may drop a record when its memory is full: keys without an expiry are none of the
    /// volatile policies' business.
    pub fn evicts(&self) -> bool {
        self.policy.is_empty() || self.policy.starts_with("allkeys")
    }
}

/// What a rehearsal leaves behind in a hash, if nothing were done about it.
const FIELDS: [&str; 14] = [
    "v", "owner", "fence", "ends", "length", "clock", "account", "version", "record", "shared",
    "born", "ops", "doubt", "line",
];

impl RedisStore {
    /// What the server of this account's record tells of itself.
    pub fn server_facts(&self, running: &Running) -> Result<ServerFacts> {
        let mut client = Client::new(&self.0);
        let (answers, _) = client.ask(running, &|target| {
            // Finds the server that the key is on.
            let mut commands = vec![Command::about_key(&["HMGET", target.key(), "v"])];
            let sections = ["server", "memory", "persistence", "replication"];
            commands.extend(sections.map(|section| Command::new(&["INFO", section])));
            commands
        })?;
        let about: Vec<&str> = answers[1..].iter().map(Answer::str).collect();
        Ok(ServerFacts::read(&about.join("\n")))
    }

    /// Takes a lease and saves a record as a login does, for an account that nobody has, and takes
    /// its hash away again. Fails as a login would.
    pub fn rehearse(
        name: &RedisName,
        account: &Account,
        running: &Running,
        runtime: &Arc<dyn Runtime>,
    ) -> Result<()> {
        let nobody = Account {
            realm: "rehearsal".into(),
            username: super::hex(&runtime.salt()?),
            ..account.clone()
        };
        let name = RedisName {
            witness: WitnessAt::Nowhere,
            ..name.clone()
        };
        let store = RedisStore::new(&name, &nobody, Arc::clone(runtime))?;
        let saved = store.rehearse_as(&Key::new(&nobody), running);
        // Where this fails there was nothing, or nothing can be done.
        let _ = Client::new(&store.0).ask(running, &|target| {
            let mut forget = Command::about_key(&["HDEL", target.key()]);
            FIELDS
                .iter()
                .for_each(|field| forget.push(field.as_bytes()));
            vec![forget]
        });
        saved
    }

    fn rehearse_as(&self, key: &Key, running: &Running) -> Result<()> {
        let Some(mut lease) = self.try_lease(key, running)? else {
            return Err(self.0.odd("the taking of a lease that nobody else wants"));
        };
        self.save_what_is_there(&mut *lease, running)
    }

    fn save_what_is_there(&self, lease: &mut dyn Lease, running: &Running) -> Result<()> {
        match lease.load(running)? {
            Found::Record(record) => lease.save(&record, running),
            _ => Err(self.0.odd("a look at a record that is new")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_known_by_what_it_tells() {
        let about = "redis_version:7.2.4\r\nvalkey_version:8.1.1\r\nmaxmemory_policy:allkeys-lru\r\n\
            used_memory:5\r\nmaxmemory:10\r\naof_enabled:1\r\naof_last_write_status:err\r\n\
            rdb_last_bgsave_status:ok\r\nrole:slave\r\nconnected_slaves:2\r\n";
        let wanted = ServerFacts {
            name: "Valkey 8.1.1".into(),
            major_version: 7,
            role: "slave".into(),
            policy: "allkeys-lru".into(),
            used_bytes: 5,
            max_bytes: 10,
            has_append_only_file: true,
            failed_to_write: vec!["the append-only file"],
            replicas: 2,
        };
        assert_eq!(ServerFacts::read(about), wanted);
        let old = ServerFacts::read("redis_version:4.0.0\r\n");
        assert_eq!((old.name.as_str(), old.major_version), ("Redis 4.0.0", 4));
    }
}
