//! A sandbox, a folder of its own, and the binary, which is run with nothing in its environment but
//! what a test sets.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, fs};

use thingspace_sandbox::{Options, Sandbox};

/// One test's world. The sandbox's account is in the environment of what it runs, unless taken out.
pub struct Scene {
    pub sandbox: Sandbox,
    pub folder: PathBuf,
}

/// What a run came to.
pub struct Done {
    /// None where a signal ended it.
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Scene {
    pub fn new() -> Scene {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder =
            env::temp_dir().join(format!("thingspace-cli-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder can be made");
        Scene {
            sandbox: Sandbox::start(Options::default()).expect("a sandbox starts"),
            folder,
        }
    }

    /// The binary.
    pub fn binary() -> &'static Path {
        Path::new(env!("CARGO_BIN_EXE_thingspace"))
    }

    /// What a user of the sandbox has in the environment.
    pub fn account(&self) -> Vec<(&'static str, String)> {
        vec![
            ("TSM_BASE_URL", self.sandbox.base_url().to_owned()),
            ("TSM_SOAP_URL", self.sandbox.soap_url().to_owned()),
            ("TSM_USERNAME", "zbeeblebrox".to_owned()),
            ("TSM_PASSWORD", "IMgr8".to_owned()),
            ("TSM_APP_KEY", "key".to_owned()),
            ("TSM_APP_SECRET", "secret".to_owned()),
            (
                "TSM_STORE",
                format!("file:{}", self.folder.join("store").display()),
            ),
        ]
    }

    /// A program with the account in its environment, and nothing else; standard input is empty.
    pub fn program(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        // Whoever runs the tests may ignore signals, as nohup does.
        let mut command = Command::new("/usr/bin/env");
        command
            .arg("--default-signal=INT,TERM,HUP,PIPE")
            .arg(program)
            .env_clear()
            .envs(self.account())
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        command
    }

    /// `thingspace` with these arguments.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(Scene::binary());
        command.args(arguments);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Done {
        self.done(&mut self.command(arguments))
    }

    /// Runs it to its end.
    pub fn done(&self, command: &mut Command) -> Done {
        Done::of(command.output().expect("it runs"))
    }

    /// The same with this on standard input.
    pub fn fed(&self, command: &mut Command, input: &str) -> Done {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("it runs");
        // It may have ended before.
        let _ = child
            .stdin
            .take()
            .expect("it is piped")
            .write_all(input.as_bytes());
        Done::of(child.wait_with_output().expect("it ends"))
    }

    /// The platform forgets all tokens.
    pub fn expire(&self) {
        let all = serde_json::json!({"what": "all"});
        self.sandbox.control("POST", "/expire", all);
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Done {
    fn of(output: Output) -> Done {
        let text = |bytes| String::from_utf8(bytes).expect("it is UTF-8");
        Done {
            status: output.status.code(),
            out: text(output.stdout),
            err: without_container(&text(output.stderr)),
        }
    }
}

/// Where the tests run in a container, its users are told that the store is one of it.
pub fn without_container(err: &str) -> String {
    let told = |line: &&str| !line.contains("the lockout guard is in");
    err.split_inclusive('\n').filter(told).collect()
}
