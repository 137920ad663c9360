//! A sandbox and a store directory of their own for one test, and logins in this process against
//! them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Map, Value, json};
use thingspace_sandbox::{Options, Sandbox};
use thingspace_session::{Call, Config, Session, Status};

pub const USER: &str = "zbeeblebrox";
pub const RIGHT: &str = "IMgr8";

pub struct Scene {
    pub sandbox: Sandbox,
    root: PathBuf,
}

impl Scene {
    pub fn new() -> Scene {
        static SCENES: AtomicU32 = AtomicU32::new(0);
        let n = SCENES.fetch_add(1, Ordering::Relaxed);
        let root =
            std::env::temp_dir().join(format!("thingspace-killed-{}-{n}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir(&root).unwrap();
        Scene {
            sandbox: Sandbox::start(Options::default()).unwrap(),
            root,
        }
    }

    /// Where the store is. It makes the directory itself.
    pub fn directory(&self) -> PathBuf {
        self.root.join("store")
    }

    /// A folder of the test's own around the store.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Options of a session with this password, in form of a JSON object.
    pub fn options(&self, password: &str) -> Map<String, Value> {
        let options = json!({
            "base_url": self.sandbox.base_url(),
            "soap_url": self.sandbox.soap_url(),
            "username": USER,
            "password": password,
            "api_token": "static-test-token",
            "store": format!("file:{}", self.directory().display()),
            "timeout_ms": "600000",
        });
        options.as_object().unwrap().clone()
    }

    /// Logs in, in this process: the token, or how it failed.
    pub fn login(&self, password: &str) -> Result<String, Status> {
        login(&self.options(password))
    }

    pub fn login_with(&self, password: &str, more: Value) -> Result<String, Status> {
        login(&with(self.options(password), more))
    }

    pub fn unblock(&self) {
        thingspace_session::unblock(&config(&self.options(RIGHT))).unwrap();
    }

    pub fn fault(&self, fault: Value) {
        self.sandbox.control("POST", "/faults", fault);
    }

    pub fn drop_faults(&self) {
        self.sandbox.control("DELETE", "/faults", Value::Null);
    }

    /// Logins that arrived, REST and SOAP.
    pub fn logins(&self) -> u64 {
        self.sandbox.counter("login") + self.sandbox.counter("soap_login")
    }

    /// Goes on when that many logins have arrived.
    pub fn wait_for_logins(&self, logins: u64) {
        while self.logins() < logins {
            std::thread::yield_now();
        }
    }

    /// The most consecutive failures the account ever had.
    pub fn most_strikes(&self) -> u64 {
        self.sandbox.counter("max_strikes")
    }

    /// The one file of the store with this ending.
    pub fn file(&self, ending: &str) -> PathBuf {
        let found = self.files(ending);
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    }

    pub fn files(&self, ending: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.directory()).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.extension().is_some_and(|e| e == ending))
            .collect()
    }

    /// The guard's slots: how many are rejections, and how many of unknown fate.
    pub fn slots(&self) -> (usize, usize) {
        let record: Value = serde_json::from_slice(&fs::read(self.file("json")).unwrap()).unwrap();
        let slots = record["slots"].as_array().unwrap();
        let rejected = slots.iter().filter(|slot| slot["rejected"] == json!(true));
        let rejected = rejected.count();
        (rejected, slots.len() - rejected)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

pub fn with(mut options: Map<String, Value>, more: Value) -> Map<String, Value> {
    options.extend(more.as_object().unwrap().clone());
    options
}

/// An option of null is not set.
pub fn config(options: &Map<String, Value>) -> Config {
    let mut config = Config::new();
    for (name, value) in options {
        match value.as_str() {
            Some(value) => config.set(name, value).unwrap(),
            None => assert!(value.is_null(), "{name}"),
        }
    }
    config
}

pub fn login(options: &Map<String, Value>) -> Result<String, Status> {
    let session = Session::login(&config(options), &Call::new()).map_err(|e| e.status())?;
    Ok(session.token().unwrap().reveal().to_owned())
}

pub fn is_root() -> bool {
    // SAFETY: reads a number of this process; cannot fail.
    unsafe { libc::geteuid() == 0 }
}
