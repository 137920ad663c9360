//! A sandbox, a folder of its own, and the binary, which is run with nothing in its environment but
//! what a test sets.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
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
        let mut command = Command::new(program);
        command
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
        Done::of(&mut self.command(arguments))
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Done {
    pub fn of(command: &mut Command) -> Done {
        let output = command.output().expect("it runs");
        let text = |bytes| String::from_utf8(bytes).expect("it is UTF-8");
        Done {
            status: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}
