//! A process of its own that logs in as it is told: this test program, started again. It tells each
//! thing it does on a line of its own and waits on its standard input where it is told to, so that
//! a test knows where it stands when it kills it.

use std::io::{self, BufRead, BufReader, Write};
#[cfg(target_os = "linux")]
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Map, Value, json};
use thingspace_session::{Call, LogLevel, Request, Session};

use crate::machine;
#[cfg(target_os = "linux")]
use crate::process;
use crate::scene::{config, with};

/// The variable that tells a helper what to do.
pub const JOB: &str = "TSM_HELPER_JOB";

pub struct Helper {
    child: Child,
    lines: BufReader<ChildStdout>,
}

/// What a helper is to do, and on which machine.
pub struct Job {
    command: Command,
}

impl Job {
    #[cfg(target_os = "linux")]
    /// Without a value the variable is not set.
    pub fn env(mut self, name: &str, value: Option<&Path>) -> Job {
        match value {
            Some(value) => self.command.env(name, value),
            None => self.command.env_remove(name),
        };
        self
    }

    /// It starts so many seconds from now, by the clock that the guard goes by.
    pub fn after(mut self, seconds: u64) -> Job {
        machine::put_ahead(&mut self.command, seconds);
        self
    }

    #[cfg(target_os = "linux")]
    /// Its machine was started at another time than ours, which has the name in this file.
    pub fn booted(mut self, name: &Path) -> Job {
        machine::boot(&mut self.command, name);
        self
    }

    #[cfg(target_os = "linux")]
    /// It finds a disk there that never answers.
    pub fn stalled_at(mut self, directory: &Path) -> Job {
        machine::stall(&mut self.command, directory);
        self
    }

    pub fn start(mut self) -> Helper {
        let child = spawn(&mut self.command);
        let mut child = child.expect("a process, in namespaces of its own where it needs them");
        let lines = BufReader::new(child.stdout.take().unwrap());
        Helper { child, lines }
    }
}

/// Wine now and then has an error of its own in the place of a process. Nothing of that one ran.
fn spawn(command: &mut Command) -> io::Result<Child> {
    const ERROR_INTERNAL_ERROR: i32 = 1359;
    let fails_by_chance =
        |error: &io::Error| cfg!(windows) && error.raw_os_error() == Some(ERROR_INTERNAL_ERROR);
    for _ in 0..20 {
        match command.spawn() {
            Err(error) if fails_by_chance(&error) => {}
            spawned => return spawned,
        }
    }
    command.spawn()
}

impl Helper {
    /// `steps` are what `work` knows, each with options of its own over these.
    pub fn job(options: &Map<String, Value>, steps: Value) -> Job {
        let command = command(&json!({"options": options, "steps": steps}));
        Job { command }
    }

    pub fn start(options: &Map<String, Value>, steps: Value) -> Helper {
        Helper::job(options, steps).start()
    }

    pub fn login(options: &Map<String, Value>) -> Helper {
        Helper::start(options, json!([{"do": "login"}]))
    }

    /// The next line it says; those of the test harness apart.
    pub fn line(&mut self) -> String {
        loop {
            let mut line = String::new();
            let length = self.lines.read_line(&mut line).unwrap();
            assert!(length > 0, "the helper ended");
            // The harness leaves its own line open.
            if let Some((_, said)) = line.trim_end().split_once('@') {
                return said.to_owned();
            }
        }
    }

    /// The first line that begins so, from here on.
    pub fn line_of(&mut self, beginning: &str) -> String {
        loop {
            let line = self.line();
            if let Some(rest) = line.strip_prefix(beginning) {
                return rest.trim().to_owned();
            }
        }
    }

    /// Goes on when it waits for somebody else's lease. Its call is asked once when it starts, and
    /// after that only while it waits.
    pub fn wait_until_it_waits(&mut self) {
        self.line_of("asked");
        self.line_of("asked");
    }

    /// The outcome of its next step: `OK`, or the status.
    pub fn outcome(&mut self) -> String {
        self.whole_outcome().0
    }

    /// With the words that come with it.
    pub fn whole_outcome(&mut self) -> (String, String) {
        let line = self.line_of("outcome");
        let (status, words) = line.split_once(' ').unwrap_or((&line, ""));
        (status.trim_end_matches(':').to_owned(), words.to_owned())
    }

    pub fn go(&mut self) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(b"\n").unwrap();
    }

    #[cfg(target_os = "linux")]
    pub fn signal(&self, signal: i32) {
        // SAFETY: a plain call on a child that was not yet waited for.
        assert_eq!(unsafe { libc::kill(self.child.id() as i32, signal) }, 0);
    }

    #[cfg(target_os = "linux")]
    /// Goes on when it has come to its own end.
    pub fn end(&mut self) {
        assert!(self.child.wait().unwrap().success());
    }

    /// SIGKILL, and nothing of it is left when this returns.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[cfg(target_os = "linux")]
impl Helper {
    /// `Child::wait` closes our end of its standard input, which its children have, too.
    pub fn kill_keeping_its_children(&mut self) {
        let stdin = self.child.stdin.take();
        self.kill();
        self.child.stdin = stdin;
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn command(job: &Value) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["helper::work", "--exact", "--nocapture", "--test-threads=1"])
        .env(JOB, job.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// What a helper does. In the test run proper there is no job, and nothing to do.
#[test]
fn work() {
    let Ok(job) = std::env::var(JOB) else {
        return;
    };
    let job: Value = serde_json::from_str(&job).unwrap();
    let mut session = None;
    for step in job["steps"].as_array().unwrap() {
        let options = job["options"].as_object().unwrap().clone();
        let own = step.get("options").cloned().unwrap_or_else(|| json!({}));
        do_step(step, &with(options, own), &mut session);
    }
    // The harness has nothing to add.
    std::process::exit(0);
}

fn do_step(step: &Value, options: &Map<String, Value>, session: &mut Option<Session>) {
    match step["do"].as_str().unwrap() {
        "login" => {
            for _ in 0..step["times"].as_u64().unwrap_or(1) {
                tell(login(options).map(|new| {
                    let token = new.token().unwrap().reveal().to_owned();
                    *session = Some(new);
                    token
                }));
            }
        }
        "relogin" => {
            let renewed = session.as_ref().unwrap().relogin(&Call::new(), None);
            tell(renewed.map(|()| String::new()));
        }
        "unblock" => {
            let forgotten = thingspace_session::unblock(&config(options));
            tell(forgotten.map(|forgotten| format!("{forgotten:?}")));
        }
        "request" => {
            let request = Request {
                method: "GET",
                path: "/m2m/v1/accounts/0000123456-00001",
                headers: &[],
                body: &[],
            };
            let answer = session.as_ref().unwrap().request(&Call::new(), request);
            tell(answer.map(|answer| answer.status().to_string()));
        }
        "logout" => {
            let ended = session.as_ref().unwrap().logout(&Call::new());
            tell(ended.map(|()| String::new()));
        }
        "wait" => {
            say("waiting");
            std::io::stdin().read_line(&mut String::new()).unwrap();
        }
        "login in a thread" => {
            let options = options.clone();
            std::thread::spawn(move || tell(login(&options).map(|_| String::new())));
        }
        #[cfg(target_os = "linux")]
        other => process::change(other, step),
        #[cfg(windows)]
        other => panic!("{other}"),
    }
}

fn login(options: &Map<String, Value>) -> thingspace_session::Result<Session> {
    let mut config = config(options);
    config.set_log(LogLevel::Warn, |level, line| {
        say(&format!("log {level:?} {line}"));
    });
    let call = Call::new();
    call.set_interrupt(Some(Box::new(|| {
        say("asked");
        false
    })));
    say("go");
    Session::login(&config, &call)
}

fn tell(result: thingspace_session::Result<String>) {
    match result {
        Ok(text) => say(&format!("outcome OK {text}")),
        Err(error) => {
            let after = error.retry_after().map(|wait| format!("(after {wait:?})"));
            let name = error.status().name();
            say(&format!(
                "outcome {name} {error} {}",
                after.unwrap_or_default()
            ));
        }
    }
}

pub fn say(line: &str) {
    println!("@{line}");
}
