//! Many processes at once, each a host of its own, on one server.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use serde_json::json;
use thingspace_sandbox::{Options as SandboxOptions, Sandbox};

use crate::host::{Host, Options, Outcome};
use crate::server::Server;
use crate::world::{Seen, contact, expire};

const USER: &str = "zbeeblebrox";
const RIGHT: &str = "IMgr8";

struct Fleet {
    sandbox: Sandbox,
    server: Server,
    tell: Sender<Outcome>,
    told: Receiver<Outcome>,
}

impl Fleet {
    fn new() -> Fleet {
        let (tell, told) = channel();
        Fleet {
            sandbox: Sandbox::start(SandboxOptions::default()).unwrap(),
            server: Server::with(&["--maxclients", "1000"]),
            tell,
            told,
        }
    }

    fn options(&self, host: usize, password: &str) -> Options {
        let witness: PathBuf = self.server.directory().join(host.to_string());
        let (port, witness) = (self.server.port(), witness.display());
        let options = json!({
            "base_url": self.sandbox.base_url(),
            "username": USER,
            "password": password,
            "api_token": "static-test-token",
            "store": format!("redis://127.0.0.1:{port}?witness={witness}"),
            "share_token": "true",
            "timeout_ms": "120000",
        });
        options.as_object().unwrap().clone()
    }

    fn start(&self, host: usize, password: &str) -> Host {
        let ahead = host as u64 * 100;
        let mut host = Host::start(host, &self.options(host, password), ahead, &self.tell);
        host.tell("login");
        host
    }

    /// What so many steps came to.
    fn statuses(&self, count: usize) -> Vec<String> {
        let next = || {
            let outcome = self.told.recv_timeout(Duration::from_secs(300));
            outcome.expect("a host never comes back").status
        };
        (0..count).map(|_| next()).collect()
    }

    fn seen(&self) -> Seen {
        Seen::of(&self.sandbox, USER)
    }
}

fn all_ok(statuses: &[String]) -> bool {
    statuses.iter().all(|status| status == "OK")
}

#[test]
fn two_hundred_processes_meet_one_expiry_and_one_login_leaves() {
    const PROCESSES: usize = 200;
    let fleet = Fleet::new();
    let mut hosts: Vec<Host> = (0..PROCESSES).map(|n| fleet.start(n, RIGHT)).collect();
    assert!(all_ok(&fleet.statuses(PROCESSES)));
    assert_eq!(fleet.seen().logins, 1);
    for _ in 0..2 {
        let before = fleet.seen().logins;
        expire(&fleet.sandbox);
        fleet.server.cli(&["CONFIG", "RESETSTAT"]);
        hosts.iter_mut().for_each(|host| host.tell("request"));
        assert!(all_ok(&fleet.statuses(PROCESSES)));
        assert_eq!(fleet.seen().logins, before + 1);
        let commands = fleet.server.commands();
        println!("{commands} commands of {PROCESSES} processes");
        assert!(commands <= 12 * PROCESSES as u64, "{commands} commands");
    }
}

#[test]
fn a_wrong_password_of_a_whole_fleet_is_one_failure() {
    let fleet = Fleet::new();
    contact(&fleet.sandbox, USER, RIGHT);
    let hosts: Vec<Host> = (0..24).map(|n| fleet.start(n, "wrong")).collect();
    let statuses = fleet.statuses(hosts.len());
    let told = |status: &str| statuses.iter().filter(|told| *told == status).count();
    assert_eq!(told("OK"), 0);
    let seen = fleet.seen();
    assert_eq!((seen.logins, seen.most), (1, 1));
}

#[test]
fn a_dozen_wrong_passwords_of_a_fleet_are_three_failures() {
    let fleet = Fleet::new();
    contact(&fleet.sandbox, USER, RIGHT);
    let hosts: Vec<Host> = (0..12)
        .map(|n| fleet.start(n, &format!("wrong {n}")))
        .collect();
    assert!(
        fleet
            .statuses(hosts.len())
            .iter()
            .all(|status| status != "OK")
    );
    let seen = fleet.seen();
    assert_eq!((seen.logins, seen.most), (3, 3));
}
