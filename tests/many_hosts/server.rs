//! A redis-server of one test's own, on a socket and on a port of loopback.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::free_port::free_port;

pub struct Server {
    process: Option<Child>,
    directory: PathBuf,
    port: u16,
    more: Vec<String>,
}

impl Server {
    pub fn start() -> Server {
        Server::with(&[])
    }

    /// With more arguments, in which DIR is the server's directory.
    pub fn with(more: &[&str]) -> Server {
        let directory = new_directory();
        let more = more
            .iter()
            .map(|word| word.replace("DIR", directory.to_str().unwrap()));
        let mut server = Server {
            process: None,
            port: free_port(),
            more: more.collect(),
            directory,
        };
        server.run();
        server
    }

    pub fn run(&mut self) {
        let socket = self.socket();
        let _ = fs::remove_file(&socket);
        let config = self.directory.join("redis.conf");
        let server = Command::new("redis-server")
            .args(config.exists().then_some(config))
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--unixsocket", socket.to_str().unwrap()])
            .args(["--save", "", "--appendonly", "no"])
            .args(&self.more)
            .current_dir(&self.directory)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        self.process = Some(server);
        crate::store::until("redis answers", || self.cli(&["PING"]) == "PONG");
    }

    /// What others make of it, such as whose replica it is, lasts beyond its end.
    pub fn remember(&mut self) {
        fs::write(self.directory.join("redis.conf"), "").unwrap();
        self.wipe();
    }

    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Starts anew, with nothing.
    pub fn wipe(&mut self) {
        self.kill();
        self.run();
    }

    pub fn is_running(&self) -> bool {
        self.process.is_some()
    }

    pub fn signal(&self, signal: i32) {
        if let Some(process) = &self.process {
            // SAFETY: a plain call on a child that was not yet waited for.
            unsafe { libc::kill(process.id() as i32, signal) };
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub fn socket(&self) -> PathBuf {
        self.directory.join("s")
    }

    /// What redis-cli prints.
    pub fn cli(&self, words: &[&str]) -> String {
        let output = Command::new("redis-cli")
            .arg("-s")
            .arg(self.socket())
            .args(words)
            .output()
            .expect("redis-cli is installed");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// It answers nobody for so many seconds.
    pub fn stand_still(&self, seconds: &str) {
        let mut asked = Command::new("redis-cli")
            .arg("-s")
            .arg(self.socket())
            .args(["DEBUG", "SLEEP", seconds])
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-cli is installed");
        std::thread::spawn(move || asked.wait());
    }

    /// How many commands it was given since the last reset of its statistics.
    pub fn commands(&self) -> u64 {
        let about = self.cli(&["INFO", "commandstats"]);
        let calls = about.lines().filter_map(|line| {
            let calls = line.split_once("calls=")?.1;
            calls.split(',').next()?.parse::<u64>().ok()
        });
        calls.sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A short path: a socket's may not be long.
pub fn new_directory() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let directory = std::env::temp_dir().join(format!("tsm-hosts-{}-{number}", std::process::id()));
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir(&directory).unwrap();
    directory
}
