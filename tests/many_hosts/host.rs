//! A host: this test program, started again as a process with a state directory of its own. It is
//! told line by line what to do, and tells what came of it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::Sender;

use crate::machine;
use serde_json::{Map, Value};
use thingspace_session::{Call, Config, Request, Session};

const OPTIONS: &str = "TSM_HOST_OPTIONS";

pub type Options = Map<String, Value>;

pub struct Host {
    child: Child,
    input: ChildStdin,
}

/// What came of a step of a host.
#[derive(Debug)]
pub struct Outcome {
    /// Which host, as it was named when it was started.
    pub host: usize,
    /// `OK`, or the status; what ended with its process is `ended`.
    pub status: String,
    pub words: String,
}

impl Host {
    /// Its clock is ahead by so many seconds. `told` hears of each step; and at last that its
    /// process ended.
    pub fn start(name: usize, options: &Options, ahead: u64, told: &Sender<Outcome>) -> Host {
        let mut command = Command::new(std::env::current_exe().unwrap());
        machine::put_ahead(&mut command, ahead);
        let mut child = command
            .args(["host::work", "--exact", "--nocapture", "--test-threads=1"])
            .env(OPTIONS, Value::Object(options.clone()).to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let told = told.clone();
        std::thread::spawn(move || {
            let tell = |status: &str, words: &str| {
                let (status, words) = (status.to_owned(), words.to_owned());
                // Nobody listens any more where the test is over.
                let _ = told.send(Outcome {
                    host: name,
                    status,
                    words,
                });
            };
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // The test harness leaves a line of its own open.
                if let Some((_, said)) = line.split_once('@') {
                    let (status, words) = said.split_once(' ').unwrap_or((said, ""));
                    tell(status, words);
                }
            }
            tell("ended", "");
        });
        Host { child, input }
    }

    /// `login`, or `request`, which renews the token it holds where that has expired.
    pub fn tell(&mut self, what: &str) {
        // One that was killed does not hear it.
        let _ = writeln!(self.input, "{what}");
    }

    pub fn signal(&self, signal: i32) {
        // SAFETY: a plain call on a child that was not yet waited for.
        assert_eq!(unsafe { libc::kill(self.child.id() as i32, signal) }, 0);
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn config(options: &Options) -> Config {
    let mut config = Config::new();
    for (name, value) in options {
        config.set(name, value.as_str().unwrap()).unwrap();
    }
    config
}

/// What a host does. In the test run proper there are no options, and there is nothing to do.
#[test]
fn work() {
    let Ok(options) = std::env::var(OPTIONS) else {
        return;
    };
    let options: Value = serde_json::from_str(&options).unwrap();
    let config = config(options.as_object().unwrap());
    let mut session = None;
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let done = match (line.as_str(), &session) {
            ("login", _) | (_, None) => Session::login(&config, &Call::new()).map(|new| {
                session = Some(new);
            }),
            (_, Some(session)) => request(session),
        };
        match done {
            Ok(()) => println!("@OK"),
            Err(error) => println!("@{} {error}", error.status().name()),
        }
    }
    // The harness has nothing to add.
    std::process::exit(0);
}

fn request(session: &Session) -> thingspace_session::Result<()> {
    let request = Request {
        method: "GET",
        path: "/m2m/v1/accounts/0000123456-00001",
        headers: &[],
        body: &[],
    };
    session.request(&Call::new(), request).map(drop)
}
