//! One server, and what may be amiss with it: whose password it wants, what it may do, that it is
//! full, slow, wiped or gone. Whatever it is, no login leaves that is not counted.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use thingspace_sandbox::{Options, Sandbox};
use thingspace_session::{Call, Config, Error, Request, Session, Status};

use crate::free_port::free_port;
use crate::host::Host;
use crate::server::Server;

const USER: &str = "zbeeblebrox";
const RIGHT: &str = "IMgr8";

/// The commands and keys that docs/many-hosts.md says are enough.
const ACL: &str = "user tsm on >s3cret resetkeys ~tsm:* resetchannels &tsm:* -@all +eval +evalsha \
                   +hmget +hset +hdel +time +info +publish +subscribe +unsubscribe";

/// Goes on when it is so. A test that fails ends by its patience.
pub fn until(what: &str, is_so: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < patience, "never: {what}");
        std::thread::yield_now();
    }
}

struct Fleet {
    sandbox: Sandbox,
    server: Server,
}

impl Fleet {
    fn on(server: Server) -> Fleet {
        Fleet {
            sandbox: Sandbox::start(Options::default()).unwrap(),
            server,
        }
    }

    fn new() -> Fleet {
        Fleet::on(Server::start())
    }

    /// The store's URL over the socket, as one host has it.
    fn url(&self, host: &str) -> String {
        let (socket, directory) = (self.server.socket(), self.server.directory());
        format!(
            "redis+unix://{}?witness={}/{host}",
            socket.display(),
            directory.display()
        )
    }

    fn config(&self, store: &str, password: &str, more: &[(&str, &str)]) -> Config {
        let mut config = Config::new();
        for (name, value) in [
            ("base_url", self.sandbox.base_url()),
            ("username", USER),
            ("password", password),
            ("api_token", "static-test-token"),
            ("store", store),
            ("share_token", "true"),
            ("timeout_ms", "20000"),
        ]
        .iter()
        .chain(more)
        {
            config.set(name, value).unwrap();
        }
        config
    }

    fn session(&self, host: &str, password: &str) -> Result<Session, Error> {
        Session::login(&self.config(&self.url(host), password, &[]), &Call::new())
    }

    fn with(&self, store: &str, more: &[(&str, &str)]) -> Result<Session, Error> {
        Session::login(&self.config(store, RIGHT, more), &Call::new())
    }

    /// Of the one account.
    fn key(&self) -> String {
        self.server.cli(&["KEYS", "tsm:*"])
    }

    fn logins(&self) -> u64 {
        self.sandbox.counter("login")
    }

    fn expire(&self) {
        let what = json!({"what": "session"});
        self.sandbox.control("POST", "/expire", what);
    }
}

fn refused(result: Result<Session, Error>, words: &str) -> Error {
    let error = result.expect_err("it logged in");
    assert_eq!(error.status(), Status::Store, "{error}");
    assert!(error.message().contains(words), "{error}");
    error
}

fn token(session: &Session) -> String {
    session.token().unwrap().reveal().to_owned()
}

#[test]
fn hosts_share_one_token_and_one_login_renews_it_for_all() {
    let fleet = Fleet::new();
    let hosts: Vec<Session> = (0..6)
        .map(|n| fleet.session(&format!("h{n}"), RIGHT).unwrap())
        .collect();
    assert_eq!(fleet.logins(), 1);
    let first = token(&hosts[0]);
    fleet.expire();
    std::thread::scope(|scope| {
        for host in &hosts {
            scope.spawn(|| host.relogin(&Call::new(), Some(&first)).unwrap());
        }
    });
    assert_eq!(fleet.logins(), 2);
    assert!(hosts.iter().all(|host| token(host) == token(&hosts[0])));
    assert_ne!(token(&hosts[0]), first);
}

#[test]
fn a_wrong_password_is_one_strike_however_many_hosts_have_it() {
    let fleet = Fleet::new();
    std::thread::scope(|scope| {
        for n in 0..6 {
            let fleet = &fleet;
            scope.spawn(move || {
                let error = fleet.session(&format!("h{n}"), "wrong").unwrap_err();
                let fits = [Status::Credentials, Status::LoginBlocked];
                assert!(fits.contains(&error.status()), "{error}");
            });
        }
    });
    assert_eq!(fleet.logins(), 1);
    for n in 0..6 {
        let _ = fleet.session("h0", &format!("wrong {n}"));
    }
    assert_eq!(fleet.sandbox.counter("max_strikes"), 3);
}

#[test]
fn an_operator_unblocks_for_all_hosts() {
    let fleet = Fleet::new();
    for n in 0..4 {
        let _ = fleet.session("h0", &format!("wrong {n}"));
    }
    assert!(fleet.session("h1", RIGHT).is_err());
    let config = fleet.config(&fleet.url("h2"), RIGHT, &[]);
    let forgot = thingspace_session::unblock(&config).unwrap();
    assert_eq!((forgot.logins, forgot.passwords), (3, 3));
    fleet.session("h1", RIGHT).unwrap();
}

#[test]
fn the_fewest_rights_are_enough_and_a_password_that_is_missing_or_wrong_is_told() {
    let fleet = Fleet::new();
    fleet.server.cli(&["CONFIG", "SET", "requirepass", "other"]);
    let acl: Vec<&str> = ["-a", "other", "ACL", "SETUSER"]
        .into_iter()
        .chain(ACL.split_whitespace().skip(1))
        .collect();
    assert!(fleet.server.cli(&acl).contains("OK"));
    let url = fleet.url("a");
    let error = refused(fleet.with(&url, &[]), "Set store_password");
    assert!(!error.retryable());
    let user = ("store_user", "tsm");
    let wrong = [user, ("store_password", "wr0ng")];
    let error = refused(fleet.with(&url, &wrong), "Correct store_user");
    assert!(!error.message().contains("wr0ng"));
    assert_eq!(fleet.logins(), 0);

    let right = [user, ("store_password", "s3cret")];
    let one = fleet.with(&url, &right).unwrap();
    let first = token(&one);
    fleet.expire();
    one.relogin(&Call::new(), Some(&first)).unwrap();
    one.logout(&Call::new()).unwrap();
    assert_eq!(fleet.logins(), 2);
    assert_eq!(
        fleet
            .server
            .cli(&["-a", "other", "ACL", "LOG"])
            .lines()
            .count(),
        14
    );

    // With one command less it is told which.
    fleet
        .server
        .cli(&["-a", "other", "ACL", "SETUSER", "tsm", "-publish"]);
    fleet
        .server
        .cli(&["-a", "other", "ACL", "SETUSER", "tsm", "-info"]);
    fleet
        .server
        .cli(&["-a", "other", "CLIENT", "KILL", "TYPE", "normal"]);
    refused(fleet.with(&url, &right), "docs/many-hosts.md");
}

#[test]
fn a_password_may_come_from_a_file_that_others_cannot_read() {
    let fleet = Fleet::new();
    fleet
        .server
        .cli(&["CONFIG", "SET", "requirepass", "s3cret"]);
    let path = fleet.server.directory().join("password");
    fs::write(&path, "s3cret\n").unwrap();
    let file = [("store_password_file", path.to_str().unwrap())];
    let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o644);
    refused(fleet.with(&fleet.url("a"), &file), "others can read it");
    mode(0o600);
    fleet.with(&fleet.url("a"), &file).unwrap();
    assert_eq!(fleet.logins(), 1);
}

#[test]
fn plain_text_over_loopback_and_tls_with_a_certificate_that_is_checked() {
    let mut fleet = Fleet::new();
    let port = fleet.server.port();
    fleet
        .with(&format!("redis://127.0.0.1:{port}?witness=no"), &[])
        .unwrap();
    assert_eq!(fleet.logins(), 1);

    let tls_port = free_port().to_string();
    let directory = crate::server::new_directory();
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ])
        .args(["-nodes", "-days", "2", "-subj", "/CN=test"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(&directory)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let file = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    let (cert, key) = (file("cert.pem"), file("key.pem"));
    fleet.server = Server::with(&[
        "--tls-port",
        &tls_port,
        "--tls-cert-file",
        &cert,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &cert,
        "--tls-auth-clients",
        "no",
    ]);
    let url = format!("rediss://localhost:{tls_port}?witness=no");
    fleet.with(&url, &[("ca_file", &cert)]).unwrap();
    assert_eq!(fleet.logins(), 2);
    let error = refused(fleet.with(&url, &[]), "certificate");
    assert!(!error.retryable());
    assert_eq!(fleet.logins(), 2);
    fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn a_held_token_works_on_while_the_server_is_gone_and_nothing_is_sent_without_it() {
    let mut fleet = Fleet::new();
    let held = fleet.session("a", RIGHT).unwrap();
    let first = token(&held);
    fleet.server.kill();
    assert_eq!(token(&held), first);
    let warm = Request {
        method: "GET",
        headers: &[],
        body: &[],
        path: "/m2m/v1/accounts/0000123456-00001",
    };
    let answer = held.request(&Call::new(), warm).unwrap();
    assert_eq!(answer.status(), 200);
    let error = held.relogin(&Call::new(), Some(&first)).unwrap_err();
    assert_eq!(error.status(), Status::Store, "{error}");
    assert!(error.retryable());
    refused(fleet.session("b", RIGHT), "cannot be used");
    assert_eq!(fleet.logins(), 1);
    fleet.server.run();
    held.relogin(&Call::new(), Some(&first)).unwrap();
    assert_eq!(fleet.logins(), 2);
}

#[test]
fn a_server_without_memory_lets_no_login_leave() {
    let fleet = Fleet::new();
    let held = fleet.session("a", RIGHT).unwrap();
    let first = token(&held);
    fleet.server.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    let error = held.relogin(&Call::new(), Some(&first)).unwrap_err();
    assert!(error.message().contains("memory is full"), "{error}");
    assert!(error.retryable());
    assert_eq!(fleet.logins(), 1);
    fleet.server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    held.relogin(&Call::new(), Some(&first)).unwrap();
    assert_eq!(fleet.logins(), 2);
}

#[test]
fn a_save_that_too_few_replicas_have_lets_no_login_leave_and_takes_no_slot() {
    let fleet = Fleet::new();
    let two = format!("{}&replicas=1", fleet.url("a"));
    let error = refused(fleet.with(&two, &[]), "0 of 1 replicas");
    assert!(error.retryable());
    assert_eq!(fleet.logins(), 0);
    let main = fleet.server.port().to_string();
    let replica = Server::with(&["--replicaof", "127.0.0.1", &main]);
    until("the replica follows", || {
        let about = replica.cli(&["INFO", "replication"]);
        about.contains("master_link_status:up")
    });
    fleet.with(&two, &[]).unwrap();
    assert_eq!(fleet.logins(), 1);
    // The replica itself is no place to write.
    let url = format!("redis+unix://{}?witness=no", replica.socket().display());
    let replicas_own = [("share_token", "false")];
    refused(fleet.with(&url, &replicas_own), "READONLY");
    assert_eq!(fleet.logins(), 1);
}

#[test]
fn a_durable_save_wants_a_server_that_knows_how() {
    let fleet = Fleet::new();
    let url = format!("{}&fsync=yes", fleet.url("a"));
    match fleet.server.cli(&["COMMAND", "INFO", "WAITAOF"]).is_empty() {
        true => drop(refused(
            fleet.with(&url, &[]),
            "wants a server that knows WAITAOF",
        )),
        false => {
            refused(fleet.with(&url, &[]), "did not confirm");
            fleet.server.cli(&["CONFIG", "SET", "appendonly", "yes"]);
            fleet.with(&url, &[]).unwrap();
        }
    }
}

#[test]
fn a_server_that_stands_still_holds_nobody_past_a_deadline() {
    let fleet = Fleet::new();
    let held = fleet.session("a", RIGHT).unwrap();
    let first = token(&held);
    fleet.server.cli(&["CLIENT", "PAUSE", "60000"]);
    let call = Call::new();
    call.set_timeout(Duration::from_millis(200));
    let error = held.relogin(&call, Some(&first)).unwrap_err();
    assert_eq!(error.status(), Status::Timeout, "{error}");
    // With time left it is the store that is at fault.
    let error = held.relogin(&Call::new(), Some(&first)).unwrap_err();
    assert_eq!(error.status(), Status::Store, "{error}");
    assert!(error.message().contains("no answer within 5 s"), "{error}");
    assert_eq!(token(&held), first);
    assert_eq!(fleet.logins(), 1);
}

#[test]
fn a_wiped_server_leaves_nothing_to_passwords_that_never_worked() {
    let mut fleet = Fleet::new();
    for n in 0..2 {
        let _ = fleet.session("a", &format!("wrong {n}"));
    }
    // It only looks: its password was refused before.
    let _ = fleet.session("b", "wrong 1");
    assert_eq!(fleet.logins(), 2);
    fleet.server.wipe();
    for n in 0..5 {
        let _ = fleet.session("b", &format!("other {n}"));
        let _ = fleet.session("a", &format!("another {n}"));
        // What was rejected before the loss is not sent again.
        assert!(fleet.session("a", "wrong 1").is_err());
    }
    assert_eq!(fleet.logins(), 2);
    assert_eq!(fleet.sandbox.counter("max_strikes"), 2);
}

#[test]
fn a_server_that_is_wiped_gives_a_try_to_what_worked_and_to_nothing_else() {
    let mut fleet = Fleet::new();
    let options = json!({
        "base_url": fleet.sandbox.base_url(),
        "username": USER,
        "password": RIGHT,
        "api_token": "static-test-token",
        "store": fleet.url("a"),
        "share_token": "true",
    });
    // One thread of a process makes its hashes, one after the other: the servers of other tests
    // would keep it waiting.
    let (tell, told) = std::sync::mpsc::channel();
    let mut first = Host::start(0, options.as_object().unwrap(), 0, &tell);
    first.tell("login");
    assert_eq!(told.recv().unwrap().status, "OK");
    until("its hash is noted", || {
        let record = fleet.server.cli(&["HGET", &fleet.key(), "record"]);
        let record: serde_json::Value = serde_json::from_str(&record).unwrap_or_default();
        record["succeeded"].is_string()
    });
    let hosts = ["b", "c", "d", "e", "f"];
    for host in hosts.iter().chain(&["g"]) {
        fleet.session(host, RIGHT).unwrap();
    }
    for host in hosts {
        fleet.server.wipe();
        assert!(fleet.session(host, &format!("wrong at {host}")).is_err());
    }
    assert_eq!(fleet.sandbox.counter("max_strikes"), 0);
    fleet.server.wipe();
    fleet.session("g", RIGHT).unwrap();
    for host in hosts {
        fleet.session(host, RIGHT).unwrap();
    }
    assert_eq!(fleet.logins(), 2);
}

#[test]
fn a_fleet_with_the_right_password_gets_over_every_loss_at_once() {
    let mut fleet = Fleet::new();
    let hosts = ["a", "b", "c", "d", "e"];
    for losses in 0..4 {
        // Another one is the first each time.
        for n in 0..hosts.len() {
            let host = hosts[(n + losses) % hosts.len()];
            fleet.session(host, RIGHT).unwrap();
        }
        assert_eq!(fleet.logins(), losses as u64 + 1);
        fleet.server.wipe();
        fleet.expire();
    }
}

#[test]
fn a_host_whose_witness_cannot_be_written_sends_nothing() {
    let fleet = Fleet::new();
    let path = fleet.server.directory().join("no-directory");
    fs::write(&path, "").unwrap();
    refused(fleet.session("no-directory", RIGHT), "?witness=no");
    assert_eq!(fleet.logins(), 0);
}

#[test]
fn a_shared_token_is_sealed_for_those_who_have_the_key() {
    let fleet = Fleet::new();
    let key = |name: &str, keys: &[u8]| {
        use base64::Engine;

        let encode = |byte: &u8| base64::engine::general_purpose::STANDARD.encode([*byte; 32]);
        let path = fleet.server.directory().join(name);
        let lines: Vec<String> = keys.iter().map(encode).collect();
        fs::write(&path, lines.join("\n") + "\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (old, both, new) = (key("old", &[1]), key("both", &[2, 1]), key("new", &[2]));
    let login = |host: &str, key: &str| {
        let sealed = [("store_seal_key_file", key)];
        fleet.with(&fleet.url(host), &sealed)
    };
    let first = login("a", &old).unwrap();
    let key = fleet.server.cli(&["KEYS", "tsm:*"]);
    let shared = fleet.server.cli(&["HGET", &key, "shared"]);
    assert!(shared.contains("sealed") && !shared.contains(&token(&first)));
    assert_eq!(token(&login("b", &both).unwrap()), token(&first));
    refused(login("c", &new), "store_seal_key_file");
    refused(fleet.session("d", RIGHT), "store_seal_key_file");
    assert_eq!(fleet.logins(), 1);
    // The new key seals what comes next.
    let expired = token(&first);
    fleet.expire();
    let renewing = login("b", &both).unwrap();
    renewing.relogin(&Call::new(), Some(&expired)).unwrap();
    assert_eq!(token(&login("c", &new).unwrap()), token(&renewing));
    assert_eq!(fleet.logins(), 2);
}

#[test]
fn while_a_cluster_moves_the_key_the_lease_is_taken_and_released_where_it_is() {
    let bus = [free_port(), free_port()].map(|port| port.to_string());
    let [one, other] = bus.each_ref().map(|port| {
        let more = ["--cluster-enabled", "yes", "--cluster-port", port];
        Server::with(&more)
    });
    let fleet = Fleet::on(one);
    let one = &fleet.server;
    let id = |server: &Server| server.cli(&["CLUSTER", "MYID"]);
    let port = |server: &Server| server.port().to_string();
    one.cli(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    one.cli(&["CLUSTER", "MEET", "127.0.0.1", &port(&other), &bus[1]]);
    until("the cluster is there", || {
        [one, &other].iter().all(|server| {
            let about = server.cli(&["CLUSTER", "INFO"]);
            about.contains("cluster_state:ok") && about.contains("known_nodes:2")
        })
    });
    let url = |host: &str| {
        let directory = one.directory().display();
        let (one, other) = (one.port(), other.port());
        format!("redis://127.0.0.1:{one},127.0.0.1:{other}?witness={directory}/{host}")
    };
    let hosts = ["a", "b"].map(|host| fleet.with(&url(host), &[]).unwrap());
    let key = fleet.key();
    let slot = one.cli(&["CLUSTER", "KEYSLOT", &key]);
    other.cli(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &id(one)]);
    one.cli(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &id(&other)]);
    let moved = one.cli(&["MIGRATE", "127.0.0.1", &port(&other), &key, "0", "5000"]);
    assert_eq!(moved, "OK");
    for logins in [2, 3] {
        fleet.expire();
        for host in &hosts {
            host.relogin(&Call::new(), Some(&token(host))).unwrap();
        }
        assert_eq!(fleet.logins(), logins);
    }
}
