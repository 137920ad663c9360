//! Servers that stand for each other: three with three Sentinels, and a cluster of six.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::free_port::free_port;
use crate::server::{Server, new_directory};
use crate::store::until;

/// The name that the Sentinels know the master by.
pub const MASTER: &str = "tsm";

const DEBUG: [&str; 2] = ["--enable-debug-command", "yes"];

/// A master, two replicas, and three Sentinels that watch them.
pub struct Sentinels {
    pub servers: Vec<Server>,
    watchers: Vec<Watcher>,
}

impl Sentinels {
    pub fn start() -> Sentinels {
        let mut servers: Vec<Server> = (0..3).map(|_| Server::with(&DEBUG)).collect();
        servers.iter_mut().for_each(Server::remember);
        let port = servers[0].port().to_string();
        for server in &servers {
            server.cli(&["CONFIG", "SET", "repl-diskless-sync-delay", "0"]);
            server.cli(&["CONFIG", "REWRITE"]);
        }
        for server in &servers[1..] {
            server.cli(&["REPLICAOF", "127.0.0.1", &port]);
        }
        let watchers: Vec<_> = (0..3).map(|_| Watcher::start(&port)).collect();
        let sentinels = Sentinels { servers, watchers };
        sentinels.settle();
        sentinels
    }

    /// Goes on when one is the master, all others follow it, and the Sentinels know of each other.
    pub fn settle(&self) {
        settled(|| {
            let master = &self.servers[self.master()];
            let about = master.cli(&["INFO", "replication"]);
            if !about.contains("role:master") || about.matches("state=online").count() != 2 {
                return Err(about);
            }
            for watcher in &self.watchers {
                let about = watcher.cli(&["SENTINEL", "MASTER", MASTER]);
                let value = |name: &str| {
                    let mut lines = about.lines().skip_while(|line| *line != name);
                    lines.nth(1).unwrap_or_default().to_owned()
                };
                if value("num-other-sentinels") != "2"
                    || value("num-slaves") != "2"
                    || value("flags") != "master"
                    || value("port") != master.port().to_string()
                {
                    return Err(about);
                }
            }
            Ok(())
        });
    }

    /// The master that the Sentinels name.
    pub fn master(&self) -> usize {
        let address = self.watchers[0].cli(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER]);
        let port = address.lines().nth(1).unwrap_or_default();
        let is_it = |server: &Server| server.port().to_string() == port;
        self.servers.iter().position(is_it).unwrap_or_default()
    }

    /// One of the replicas takes the master's place.
    pub fn fail_over(&self) {
        self.watchers[0].cli(&["SENTINEL", "FAILOVER", MASTER]);
    }

    /// The hosts of a store's URL.
    pub fn hosts(&self) -> String {
        let hosts = self
            .watchers
            .iter()
            .map(|watcher| format!("127.0.0.1:{}", watcher.port));
        hosts.collect::<Vec<_>>().join(",")
    }
}

struct Watcher {
    process: Child,
    directory: PathBuf,
    port: u16,
}

impl Watcher {
    fn start(master: &str) -> Watcher {
        let (directory, port) = (new_directory(), free_port());
        let path = directory.join("sentinel.conf");
        let text = format!(
            "port {port}\nbind 127.0.0.1\nsentinel monitor {MASTER} 127.0.0.1 {master} 2\n\
             sentinel down-after-milliseconds {MASTER} 700\n\
             sentinel failover-timeout {MASTER} 4000\n"
        );
        fs::write(&path, text).unwrap();
        let process = Command::new("redis-sentinel")
            .arg(&path)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-sentinel is installed");
        let watcher = Watcher {
            process,
            directory,
            port,
        };
        until("a Sentinel answers", || watcher.cli(&["PING"]) == "PONG");
        watcher
    }

    fn cli(&self, words: &[&str]) -> String {
        cli(self.port, words)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Three masters, each with a replica.
pub struct Cluster {
    pub servers: Vec<Server>,
}

impl Cluster {
    pub fn start() -> Cluster {
        let own = || {
            let port = free_port().to_string();
            let more = [
                "--cluster-enabled",
                "yes",
                "--cluster-config-file",
                "DIR/nodes.conf",
            ];
            let timeout = ["--cluster-node-timeout", "1000", "--cluster-port", &port];
            Server::with(&[&DEBUG[..], &more, &timeout].concat())
        };
        let servers: Vec<Server> = (0..6).map(|_| own()).collect();
        let made = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(
                servers
                    .iter()
                    .map(|server| format!("127.0.0.1:{}", server.port())),
            )
            .args(["--cluster-replicas", "1", "--cluster-yes"])
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stdout)
        );
        let cluster = Cluster { servers };
        cluster.settle();
        cluster
    }

    /// Goes on when all slots are served, and every replica follows.
    pub fn settle(&self) {
        settled(|| {
            for server in &self.servers {
                let about = server.cli(&["CLUSTER", "INFO"]);
                let link = server.cli(&["INFO", "replication"]);
                let nodes = server.cli(&["CLUSTER", "NODES"]);
                let follows =
                    link.contains("state=online") || link.contains("master_link_status:up");
                let masters = nodes.lines().filter(|line| line.contains("master")).count();
                if !about.contains("cluster_state:ok")
                    || !follows
                    || nodes.contains("fail")
                    || masters != 3
                {
                    return Err(format!("{about}\n{link}\n{nodes}"));
                }
            }
            Ok(())
        });
    }

    /// The servers that lead, by now.
    pub fn masters(&self) -> Vec<usize> {
        let leads = |server: &Server| server.cli(&["INFO", "replication"]).contains("role:master");
        let all = 0..self.servers.len();
        all.filter(|n| self.servers[*n].is_running() && leads(&self.servers[*n]))
            .collect()
    }

    pub fn hosts(&self) -> String {
        let hosts = self.servers.iter().take(3);
        let hosts = hosts.map(|server| format!("127.0.0.1:{}", server.port()));
        hosts.collect::<Vec<_>>().join(",")
    }
}

/// Goes on when the servers agree. Asks them now and then.
fn settled(is_so: impl Fn() -> Result<(), String>) {
    let patience = Instant::now() + Duration::from_secs(60);
    while let Err(about) = is_so() {
        assert!(
            Instant::now() < patience,
            "the servers never agree:\n{about}"
        );
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

fn cli(port: u16, words: &[&str]) -> String {
    let output = Command::new("redis-cli")
        .args(["-p", &port.to_string()])
        .args(words)
        .output()
        .expect("redis-cli is installed");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
