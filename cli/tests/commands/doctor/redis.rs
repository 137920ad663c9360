//! Servers that are no place for the lockout guard: real ones, each with one fault.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::{Report, doctor};
use crate::scene::Scene;

struct Server {
    process: Child,
    socket: PathBuf,
}

impl Server {
    fn start(scene: &Scene, arguments: &[&str]) -> Server {
        let socket = scene.folder.join("redis");
        let process = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket"])
            .arg(&socket)
            .args(arguments)
            .current_dir(&scene.folder)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        let server = Server { process, socket };
        while !server.ask(&["PING"]).contains("PONG") {
            std::thread::yield_now();
        }
        server
    }

    fn ask(&self, words: &[&str]) -> String {
        let mut program = Command::new("redis-cli");
        program.arg("-s").arg(&self.socket).args(words);
        let output = program.output().expect("redis-cli is installed");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What is found of it; `more` is for the store's URL.
    fn examined(&self, scene: &Scene, more: &str, variables: &[(&str, &str)]) -> Report {
        let witness = scene.folder.join("witness");
        let (socket, witness) = (self.socket.display(), witness.display());
        let store = format!("redis+unix://{socket}?witness={witness}{more}");
        let mut all = vec![("TSM_STORE", store.as_str())];
        all.extend(variables);
        doctor(scene, &all)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const DURABLE: [&str; 2] = ["--appendonly", "yes"];

#[test]
fn a_sound_server_is_told_and_nothing_is_left_on_it() {
    let scene = Scene::new();
    let server = Server::start(&scene, &DURABLE);
    let report = server.examined(&scene, "", &[]);
    report.names("store", "ok", "the master, with no replica", "");
    report.names("store", "ok", "a lease was taken and a record saved", "");
    report.names("guard", "ok", "0 of 3", "");
    assert_eq!(server.ask(&["DBSIZE"]).trim(), "0");
}

#[test]
fn a_server_that_is_down_is_named() {
    let scene = Scene::new();
    let server = Server::start(&scene, &DURABLE);
    server.ask(&["SHUTDOWN", "NOSAVE"]);
    let report = server.examined(&scene, "", &[]);
    report.fails(
        40,
        "store",
        "cannot be used",
        "No login is sent until it can",
    );
    report.names("guard", "not tried", "store failed", "");
}

#[test]
fn a_wrong_password_and_rights_that_lack_are_named() {
    let scene = Scene::new();
    let server = Server::start(&scene, &DURABLE);
    server.ask(&[
        "ACL",
        "SETUSER",
        "thingspace",
        "on",
        ">hunter2",
        "~tsm:*",
        "+info",
        "+hmget",
    ]);
    server.ask(&["ACL", "SETUSER", "default", "-@all"]);
    let with = |password| {
        let user = ("TSM_STORE_USER", "thingspace");
        server.examined(&scene, "", &[user, ("TSM_STORE_PASSWORD", password)])
    };
    let wrong = with("hunter3");
    wrong
        .fails(40, "store", "WRONGPASS", "Correct store_user")
        .hides("hunter3");
    let lacking = with("hunter2");
    lacking
        .fails(40, "store", "eval", "docs/many-hosts.md")
        .hides("hunter2");
    lacking.fails(40, "store", "", "Give this user the commands");
}

#[test]
fn a_server_that_forgets_is_named() {
    let scene = Scene::new();
    let server = Server::start(&scene, &["--maxmemory-policy", "allkeys-lru"]);
    let report = server.examined(&scene, "", &[]);
    report.fails(
        40,
        "store",
        "\"allkeys-lru\"",
        "maxmemory-policy noeviction",
    );
    report.names("store", "warning", "no append-only file", "appendonly yes");
    report.names("store", "not tried", "a save", "");
    let accepted = server.examined(&scene, "&evictable=yes", &[]);
    accepted.warns("store", "\"allkeys-lru\"", "maxmemory-policy noeviction");
}

#[test]
fn a_replica_and_replicas_that_lack_are_named() {
    let scene = Scene::new();
    let server = Server::start(&scene, &DURABLE);
    let report = server.examined(&scene, "&replicas=1", &[]);
    report.fails(40, "store", "0 of 1 replicas", "?replicas=N");
    server.ask(&["REPLICAOF", "127.0.0.1", "1"]);
    let report = server.examined(&scene, "", &[]);
    report.fails(40, "store", "not the master", "?sentinel=NAME");
}
