//! The store against a real server, step by step: leases, saves, lost answers, losses.

use std::path::PathBuf;
use std::process::{Child, Command as Program, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::*;
use crate::call::Call;
use crate::error::Status;
use crate::log::Log;
use crate::runtime;
use crate::store::{LEASE_MS, Record};
use crate::store_name::StoreName;

/// A redis-server of this test's own.
struct Server {
    process: Child,
    directory: PathBuf,
}

static SERVERS: AtomicU32 = AtomicU32::new(0);

impl Server {
    fn start() -> Server {
        let number = SERVERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("tsm-redis-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        let process = run(&directory);
        let server = Server { process, directory };
        server.wait();
        server
    }

    /// Starts anew, with nothing.
    fn restart(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.process = run(&self.directory);
        self.wait();
    }

    fn wait(&self) {
        while self.cli(&["PING"]) != "PONG" {
            std::thread::yield_now();
        }
    }

    /// Does something while the server neither reads nor answers.
    fn stands_still(&self, meanwhile: impl FnOnce()) {
        let process = Pid::from_child(&self.process);
        kill_process(process, Signal::STOP).unwrap();
        meanwhile();
        kill_process(process, Signal::CONT).unwrap();
    }

    fn cli(&self, words: &[&str]) -> String {
        let socket = self.directory.join("s");
        let mut program = Program::new("redis-cli");
        program.arg("-s").arg(socket).args(words);
        let output = program.output().expect("redis-cli is installed");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The store as one host has it; `host` names the directory of its witness.
    fn store(&self, host: &str) -> RedisStore {
        self.store_with(host, "")
    }

    fn store_with(&self, host: &str, more: &str) -> RedisStore {
        let directory = self.directory.display();
        let name = format!("redis+unix://{directory}/s?witness={directory}/{host}{more}");
        let StoreName::Redis(name) = StoreName::parse(&name).unwrap() else {
            panic!("{name}");
        };
        let account = Account {
            realm: "redis-test".into(),
            username: "zbeeblebrox".into(),
            store: StoreName::Redis(name.clone()),
            store_access: StoreAccess {
                shares: true,
                connect_timeout: Duration::from_secs(5),
                ..StoreAccess::default()
            },
            store_is_default: false,
            max_login_failures: 3,
            timeout: Duration::from_secs(30),
            log: Log::default(),
        };
        RedisStore::new(&name, &account, runtime::system()).unwrap()
    }
}

fn run(directory: &PathBuf) -> Child {
    Program::new("redis-server")
        .args([
            "--port",
            "0",
            "--unixsocket",
            "s",
            "--save",
            "",
            "--appendonly",
            "no",
        ])
        .current_dir(directory)
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is installed")
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn running() -> Running {
    Running::start(&Call::new(), Arc::default(), Duration::from_secs(60))
}

fn account() -> Key {
    Key {
        realm: "redis-test".into(),
        username: "zbeeblebrox".into(),
    }
}

fn key() -> String {
    format!("tsm:{{{}}}", hex(&digest("", &account())))
}

fn take(store: &dyn Store) -> Option<Box<dyn Lease>> {
    store.try_lease(&account(), &running()).unwrap()
}

/// The lease that was given back just now: the server may not have heard of it yet.
fn take_soon(store: &dyn Store) -> Box<dyn Lease> {
    let (system, mut waited) = (runtime::system(), false);
    let nothing_else = &mut |_| Ok(false);
    let lease = store.wait_for_lease(&account(), &running(), &*system, nothing_else, &mut waited);
    lease.unwrap().expect("nothing else will do")
}

fn loaded(lease: &mut dyn Lease) -> Record {
    match lease.load(&running()).unwrap() {
        Found::Record(record) => *record,
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_host_at_a_time_has_the_lease_and_the_next_sees_what_was_saved() {
    let server = Server::start();
    let (one, other) = (server.store("a"), server.store("b"));
    let mut lease = take(&one).unwrap();
    assert!(take(&other).is_none());
    let mut record = loaded(&mut *lease);
    record.ended = 7;
    lease.save(&record, &running()).unwrap();
    record.ended = 8;
    lease.save(&record, &running()).unwrap();
    let Found::Record(seen) = other.peek(&account(), &running()).unwrap() else {
        panic!("it is there");
    };
    assert_eq!(seen.ended, 8);
    let now = other.now(&running()).unwrap();
    let ends = lease.ends().unwrap();
    assert_eq!(ends.clock, now.clock);
    assert!(ends.ms > now.ms && ends.ms <= now.ms + LEASE_MS);
    // Whoever has just seen that it is held is not told again.
    assert!(take(&other).is_none());
    drop(lease);
    let mut lease = take_soon(&other);
    assert_eq!(loaded(&mut *lease), record);
    assert_eq!(server.cli(&["TTL", &key()]), "-1");
}

#[test]
fn who_waits_is_woken_by_the_end_of_the_lease() {
    let server = Server::start();
    let (one, other) = (server.store("a"), server.store("b"));
    let mut lease = take(&one).unwrap();
    let mut record = loaded(&mut *lease);
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let mut looks = 0;
            let mut meanwhile = |found| {
                looks += 1;
                Ok(matches!(found, Found::Record(record) if record.ended == 9))
            };
            let system = runtime::system();
            let lease =
                other.wait_for_lease(&account(), &running(), &*system, &mut meanwhile, &mut false);
            (lease.unwrap().is_none(), looks)
        });
        let hears = ["PUBSUB", "NUMSUB", &key()];
        while !server.cli(&hears).ends_with('1') {
            std::thread::yield_now();
        }
        record.ended = 9;
        lease.save(&record, &running()).unwrap();
        drop(lease);
        assert_eq!(waiter.join().unwrap(), (true, 1));
    });
    // It needed no lease, so that there is one.
    assert!(take(&one).is_some());
}

/// What the script answers, asked as `who` asks it.
fn script(who: &RedisStore, arguments: &[&str]) -> Answer {
    let mut client = Client::new(&who.0);
    let arguments: Vec<&[u8]> = arguments.iter().map(|word| word.as_bytes()).collect();
    let asked = client.ask(&running(), &|target| vec![target.script(&arguments)]);
    asked.unwrap().0.remove(0)
}

fn word(answer: &Answer) -> &str {
    answer.list()[0].str()
}

/// A lease taken by hand, and its fence.
fn taken(who: &RedisStore, owner: &str, length: &str, clock: &str) -> Option<String> {
    let answer = script(who, &["take", owner, length, clock, "me"]);
    (word(&answer) == "taken").then(|| answer.list()[9].str().to_owned())
}

#[test]
fn an_answer_that_was_lost_may_be_asked_for_again() {
    let server = Server::start();
    let store = server.store("a");
    assert_eq!(taken(&store, "me", "90000", "c").as_deref(), Some("1"));
    assert_eq!(taken(&store, "me", "90000", "c").as_deref(), Some("1"));
    let save = ["save", "me", "1", "", "op1", "{}", "[]", ""];
    assert_eq!(word(&script(&store, &save)), "done");
    assert_eq!(word(&script(&store, &save)), "done");
    assert_eq!(server.cli(&["HGET", &key(), "version"]), "1");
    // Even when another has saved since: it was done.
    assert_eq!(word(&script(&store, &["release", "me", "1", ""])), "done");
    assert_eq!(taken(&store, "other", "90000", "c").as_deref(), Some("2"));
    let other = ["save", "other", "2", "1", "op2", "{}", "[]", ""];
    assert_eq!(word(&script(&store, &other)), "done");
    assert_eq!(word(&script(&store, &save)), "done");
    assert_eq!(server.cli(&["HGET", &key(), "version"]), "2");
}

#[test]
fn nobody_saves_without_the_lease_or_over_what_was_not_seen() {
    let server = Server::start();
    let store = server.store("a");
    taken(&store, "me", "90000", "c").unwrap();
    for save in [
        ["save", "other", "1", "", "op1", "{}", "[]", ""],
        ["save", "me", "2", "", "op1", "{}", "[]", ""],
        ["save", "me", "1", "1", "op1", "{}", "[]", ""],
    ] {
        assert_eq!(word(&script(&store, &save)), "lost");
    }
    assert_eq!(server.cli(&["HEXISTS", &key(), "record"]), "0");
    // Who does not hold it gives nothing back.
    script(&store, &["release", "other", "1", ""]);
    assert_eq!(taken(&store, "other", "90000", "c"), None);
}

#[test]
fn a_lease_that_is_over_is_the_next_ones_and_its_holder_saves_no_more() {
    let server = Server::start();
    let store = server.store("a");
    taken(&store, "asleep", "0", "c").unwrap();
    // Nobody took it: nobody changed anything.
    let save = ["save", "asleep", "1", "", "op1", "{}", "[]", ""];
    assert_eq!(word(&script(&store, &save)), "done");
    assert_eq!(taken(&store, "next", "90000", "c").as_deref(), Some("2"));
    let late = ["save", "asleep", "1", "1", "op2", "{}", "[]", ""];
    assert_eq!(word(&script(&store, &late)), "lost");
}

#[test]
fn by_another_servers_clock_a_lease_lasts_its_whole_length_once_more() {
    let server = Server::start();
    let store = server.store("a");
    taken(&store, "me", "90000", "c").unwrap();
    for set in [["ends", "5"], ["ends", "99999999999999"]] {
        server.cli(&["HSET", &key(), set[0], set[1], "clock", "before"]);
        assert_eq!(taken(&store, "next", "90000", "c"), None);
        let ends: u64 = server.cli(&["HGET", &key(), "ends"]).parse().unwrap();
        let now = store.now(&running()).unwrap().ms;
        assert!(ends > now && ends <= now + 90_000, "{ends} {now}");
        assert_eq!(server.cli(&["HGET", &key(), "clock"]), "c");
    }
    // By the same clock it cannot end later than it is long.
    server.cli(&["HSET", &key(), "ends", "99999999999999"]);
    assert_eq!(taken(&store, "next", "90000", "c"), None);
    let ends: u64 = server.cli(&["HGET", &key(), "ends"]).parse().unwrap();
    assert!(ends < 99_999_999_999_999);
}

#[test]
fn a_newer_version_is_left_alone() {
    let server = Server::start();
    let store = server.store("a");
    server.cli(&["HSET", &key(), "v", "2", "record", "?"]);
    for error in [
        store.peek(&account(), &running()).unwrap_err(),
        store.try_lease(&account(), &running()).err().unwrap(),
    ] {
        assert_eq!(error.status(), Status::Store);
        assert!(error.message().contains("newer version"), "{error}");
        assert!(!error.retryable());
    }
    assert_eq!(server.cli(&["HLEN", &key()]), "2");
}

#[test]
fn a_server_that_forgets_its_scripts_is_told_them_again() {
    let server = Server::start();
    let store = server.store("a");
    for _ in 0..2 {
        let mut lease = take(&store).unwrap();
        server.cli(&["SCRIPT", "FLUSH"]);
        let record = loaded(&mut *lease);
        lease.save(&record, &running()).unwrap();
    }
    server.cli(&["SCRIPT", "FLUSH"]);
    assert!(take(&store).is_some());
}

#[test]
fn who_gives_up_while_the_server_stands_still_leaves_no_lease_behind() {
    let server = Server::start();
    let (here, there) = (server.store("a"), server.store("b"));
    let soon = || Running::start(&Call::new(), Arc::default(), Duration::from_millis(50));
    // Connected, so that taking it is what hangs.
    let mut lease = take(&here).unwrap();
    let record = loaded(&mut *lease);
    server.stands_still(|| {
        assert!(lease.save(&record, &soon()).is_err());
        drop(lease);
    });
    drop(take_soon(&there));
    server.stands_still(|| assert!(here.try_lease(&account(), &soon()).is_err()));
    drop(take_soon(&there));
}

#[test]
fn a_save_that_was_not_answered_is_taken_back() {
    // What was sent is done when the server goes on. Where the time was up before, there is more.
    let mut versions = [50, 500, 5000].into_iter().map(version_after_saves_within);
    assert!(versions.any(|version| version == "3"), "not both are done");
}

/// Two saves that have so much time, the second of which takes the first one back, while the server
/// stands still: how many the server has done at last, one before them included.
fn version_after_saves_within(ms: u64) -> String {
    let server = Server::start();
    let store = server.store("a");
    let soon = || Running::start(&Call::new(), Arc::default(), Duration::from_millis(ms));
    let before = save_slots(&store, 1);
    let mut lease = take(&store).unwrap();
    let mut record = loaded(&mut *lease);
    record.ended = 99;
    server.stands_still(|| {
        assert!(lease.save(&record, &soon()).is_err());
        assert!(lease.save(&before, &soon()).is_err());
        drop(lease);
    });
    let mut lease = take_soon(&store);
    assert_eq!(loaded(&mut *lease), before);
    server.cli(&["HGET", &key(), "version"])
}

#[test]
fn a_connection_that_was_closed_meanwhile_is_made_anew() {
    let server = Server::start();
    let store = server.store("a");
    for _ in 0..3 {
        let mut lease = take(&store).unwrap();
        let record = loaded(&mut *lease);
        server.cli(&["CLIENT", "KILL", "TYPE", "normal"]);
        lease.save(&record, &running()).unwrap();
    }
    assert_eq!(server.cli(&["HGET", &key(), "version"]), "3");
}

/// Saves a record with so many slots of unknown fate.
fn save_slots(store: &RedisStore, slots: u64) -> Record {
    let mut lease = take_soon(store);
    let mut record = loaded(&mut *lease);
    for id in 0..slots {
        record.slots.push(crate::store::Slot {
            id: record.next_id,
            sent_wall_ms: id + 1,
            reserved_ms: Some(0),
            ended_ms: Some(0),
            lease_ends_ms: None,
            refused: true,
            forgiven: false,
        });
        record.next_id += 1;
    }
    record.rejected.push([slots as u8; 32]);
    lease.save(&record, &running()).unwrap();
    record
}

#[test]
fn a_server_that_forgot_is_found_out_by_every_host_that_knew() {
    let mut server = Server::start();
    let (one, other, fresh) = (server.store("a"), server.store("b"), server.store("c"));
    let record = save_slots(&one, 2);
    // It knows of the two by looking.
    other.peek(&account(), &running()).unwrap();
    server.restart();
    // Who never looked finds nothing amiss.
    assert_eq!(loaded(&mut *take_soon(&fresh)).slots, []);
    let incomplete = |store: &RedisStore| {
        let mut lease = take_soon(store);
        match lease.load(&running()).unwrap() {
            Found::Incomplete { rest, again, why } => {
                assert!(why.contains("has lost writes"), "{why}");
                (lease, *rest, again)
            }
            found => panic!("{found:?}"),
        }
    };
    let (mut lease, rest, again) = incomplete(&one);
    assert_eq!(rest.slots.len(), 2);
    assert!(!again && rest.rejected == record.rejected && rest.salt == record.salt);
    lease.save(&rest, &running()).unwrap();
    drop(lease);
    // Once one host has found it out, there is nothing left for the next one.
    let (mut lease, rest, again) = incomplete(&other);
    assert!(again);
    assert_eq!(rest.slots.len(), 2);
    lease.save(&rest, &running()).unwrap();
    lease.all_is_well();
    drop(lease);
    assert_eq!(loaded(&mut *take_soon(&other)).slots.len(), 2);
    assert_eq!(server.cli(&["HGET", &key(), "doubt"]), "");
}

#[test]
fn a_host_that_slept_for_long_trusts_a_server_that_went_on_all_the_time() {
    let server = Server::start();
    let (one, other) = (server.store("a"), server.store("b"));
    save_slots(&one, 1);
    for _ in 0..20 {
        save_slots(&other, 0);
    }
    assert_eq!(loaded(&mut *take_soon(&one)).slots.len(), 1);
    // One that only looked has the line of the last release.
    let looker = server.store("c");
    looker.peek(&account(), &running()).unwrap();
    for _ in 0..20 {
        save_slots(&other, 0);
    }
    assert_eq!(loaded(&mut *take_soon(&looker)).slots.len(), 1);
}

#[test]
fn a_record_rolled_back_and_written_over_is_found_out() {
    let server = Server::start();
    let (one, other) = (server.store("a"), server.store("b"));
    save_slots(&one, 0);
    server.cli(&["COPY", &key(), "{x}before"]);
    save_slots(&one, 1);
    server.cli(&["COPY", "{x}before", &key(), "REPLACE"]);
    for _ in 0..3 {
        save_slots(&other, 0);
    }
    let mut lease = take_soon(&one);
    let Found::Incomplete { rest, .. } = lease.load(&running()).unwrap() else {
        panic!("a save of this host is missing");
    };
    assert_eq!(rest.slots.len(), 1);
}

#[test]
fn what_is_no_record_is_damaged_and_a_key_of_another_kind_is_an_error() {
    let server = Server::start();
    let store = server.store("a");
    server.cli(&["HSET", &key(), "v", "1", "record", "?"]);
    let found = store.peek(&account(), &running()).unwrap();
    assert!(matches!(found, Found::Unreadable { again: false, .. }));
    server.cli(&["SET", &key(), "x"]);
    let error = store.peek(&account(), &running()).unwrap_err();
    assert!(error.message().contains("something else"), "{error}");
}

#[test]
fn a_server_that_may_evict_the_record_is_refused_unless_that_is_accepted() {
    let server = Server::start();
    for (policy, fits) in [
        ("noeviction", true),
        ("volatile-lru", true),
        ("allkeys-lru", false),
        ("allkeys-random", false),
    ] {
        server.cli(&["CONFIG", "SET", "maxmemory-policy", policy]);
        let lease = server.store("a").try_lease(&account(), &running());
        if let Err(error) = &lease {
            assert!(error.message().contains("evictable=yes"), "{error}");
        }
        assert_eq!(lease.is_ok(), fits, "{policy}");
        assert!(take(&server.store_with("a", "&evictable=yes")).is_some() || fits);
    }
}

#[test]
fn a_save_that_too_few_replicas_have_is_not_confirmed() {
    let server = Server::start();
    let store = server.store_with("a", "&replicas=1");
    let mut lease = take(&store).unwrap();
    let record = loaded(&mut *lease);
    let error = lease.save(&record, &running()).unwrap_err();
    assert!(error.message().contains("0 of 1 replicas"), "{error}");
    assert!(error.retryable());
}

#[test]
fn after_a_save_of_unknown_fate_the_lease_saves_nothing_more() {
    let server = Server::start();
    let store = server.store("a");
    let mut lease = take(&store).unwrap();
    let record = loaded(&mut *lease);
    let call = Call::new();
    call.cancel();
    let ended = Running::start(&call, Arc::default(), Duration::from_secs(60));
    let error = lease.save(&record, &ended).unwrap_err();
    assert_eq!(error.status(), Status::Cancelled);
    let error = lease.save(&record, &running()).unwrap_err();
    assert!(error.message().contains("not known"), "{error}");
    drop(lease);
    // The next lease begins with what is there.
    let mut lease = take_soon(&store);
    let record = loaded(&mut *lease);
    lease.save(&record, &running()).unwrap();
}

#[test]
fn a_look_from_outside_finds_what_the_lease_would_and_notes_nothing() {
    let mut server = Server::start();
    let (one, other) = (server.store("a"), server.store("b"));
    let inspect = |store: &RedisStore| store.inspect(&account(), &running()).unwrap();
    let is_new = |found: &Found| matches!(found, Found::Record(record) if record.is_new());
    assert!(is_new(&inspect(&one)));
    let mut lease = take(&one).unwrap();
    let mut record = loaded(&mut *lease);
    record.ended = 9;
    lease.save(&record, &running()).unwrap();
    // While another holds the lease, too.
    let has_ended = |found: Found| matches!(found, Found::Record(record) if record.ended == 9);
    assert!(has_ended(inspect(&other)));
    drop(lease);
    assert!(has_ended(inspect(&other)));
    assert!(!server.directory.join("b").exists());
    server.restart();
    let lost = inspect(&one);
    assert!(matches!(lost, Found::Incomplete { rest, again: false, .. } if rest.ended == 9));
    // Who never noted anything has nothing to miss.
    assert!(is_new(&inspect(&other)));
    assert_eq!(server.cli(&["DBSIZE"]), "0");
}
