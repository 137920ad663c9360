//! A sandbox and a store directory of their own for one test, and logins in this process against
//! them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use thingspace_sandbox::{Options, Sandbox};
use thingspace_session::{Call, Config, Error, Request, Session, Status, Unblocked};

use crate::helper::Helper;

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
            std::env::temp_dir().join(format!("thingspace-guard-{}-{n}", std::process::id()));
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

    /// The same, with an API token that must be fetched.
    pub fn fetching(&self, password: &str) -> Map<String, Value> {
        let application = json!({"api_token": null, "app_key": "key", "app_secret": "secret"});
        with(self.options(password), application)
    }

    /// Options of the same user over SOAP.
    pub fn soap(&self, password: &str) -> Map<String, Value> {
        let soap = json!({"protocol": "soap", "api_token": null});
        with(self.options(password), soap)
    }

    /// Logs in, in this process: the token, or how it failed.
    pub fn login(&self, password: &str) -> Result<String, Status> {
        login(&self.options(password))
    }

    pub fn login_with(&self, password: &str, more: Value) -> Result<String, Status> {
        login(&with(self.options(password), more))
    }

    /// Logs in, and goes on when it is noted that this password works.
    pub fn prove(&self, password: &str) {
        self.login(password).unwrap();
        until_hashed(&self.directory());
    }

    /// Logs in, in a process of its own that starts so many seconds from now.
    pub fn login_after(&self, seconds: u64, password: &str) -> String {
        let login = json!([{"do": "login"}]);
        let job = Helper::job(&self.options(password), login);
        job.after(seconds).start().outcome()
    }

    pub fn unblock(&self) -> Unblocked {
        thingspace_session::unblock(&config(&self.options(RIGHT))).unwrap()
    }

    pub fn fault(&self, fault: Value) {
        self.sandbox.control("POST", "/faults", fault);
    }

    /// The next logins, so many, get no answer, though the platform has judged them. -1 is all.
    pub fn lose_answers(&self, times: i32) {
        self.fault(json!({"on": "login", "fault": "close_after", "times": times}));
    }

    pub fn drop_faults(&self) {
        self.sandbox.control("DELETE", "/faults", Value::Null);
    }

    /// Ends all live sessions of the platform.
    pub fn expire(&self) {
        self.sandbox
            .control("POST", "/expire", json!({"what": "session"}));
    }

    pub fn contact(&self, username: &str, password: &str) {
        let contact = json!({"username": username, "password": password});
        self.sandbox.control("POST", "/contacts", contact);
    }

    pub fn settings(&self, settings: Value) {
        self.sandbox.control("POST", "/settings", settings);
    }

    /// Logins that arrived, REST and SOAP.
    pub fn logins(&self) -> u64 {
        self.sandbox.counter("login") + self.sandbox.counter("soap_login")
    }

    /// Goes on when that many logins have arrived.
    pub fn wait_for_logins(&self, logins: u64) {
        until("logins have arrived", || self.logins() >= logins);
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

    /// The guard's slots: how many were refused, and how many are of unknown fate.
    pub fn slots(&self) -> (usize, usize) {
        slots_in(&self.directory())
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// The slots of the one account in the store of these options.
pub fn slots_of(options: &Map<String, Value>) -> (usize, usize) {
    let store = options["store"].as_str().unwrap();
    slots_in(Path::new(store.strip_prefix("file:").unwrap()))
}

/// Where there is no record, or not even a directory, there are none.
fn slots_in(directory: &Path) -> (usize, usize) {
    let records = records_in(directory);
    assert!(records.len() <= 1, "{records:?}");
    let slots = records
        .first()
        .and_then(|record| record["slots"].as_array());
    let slots = slots.map_or(&[][..], Vec::as_slice);
    let refused = slots.iter().filter(|slot| slot["refused"] == json!(true));
    let refused = refused.count();
    (refused, slots.len() - refused)
}

/// Goes on when a directory has records, and of each account the password that worked last is
/// hashed.
pub fn until_hashed(directory: &Path) {
    until("the passwords are hashed", || are_hashed(directory));
}

pub fn are_hashed(directory: &Path) -> bool {
    let is_hashed = |record: &Value| record["succeeded"].is_string();
    let records = records_in(directory);
    !records.is_empty() && records.iter().all(is_hashed)
}

/// The records in a directory.
fn records_in(directory: &Path) -> Vec<Value> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    let records = paths.filter(|path| path.extension().is_some_and(|e| e == "json"));
    let read = |path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    records.map(read).collect()
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
    let session = session(options).map_err(|error| error.status())?;
    Ok(session.token().unwrap().reveal().to_owned())
}

pub fn session(options: &Map<String, Value>) -> Result<Session, Error> {
    Session::login(&config(options), &Call::new())
}

/// The failure of a login.
pub fn refused(options: &Map<String, Value>) -> Error {
    session(options).expect_err("it logged in")
}

/// How many seconds these words say that the next login is away.
pub fn seconds_told(words: &str) -> u64 {
    let told = words.split_once("may leave in ").and_then(|(_, rest)| {
        let (seconds, _) = rest.split_once(" s")?;
        seconds.parse().ok()
    });
    told.unwrap_or_else(|| panic!("no time in {words}"))
}

/// Goes on when it is so. A test that fails ends by its patience.
pub fn until(what: &str, is_so: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < patience, "never: {what}");
        // What is being read all the time cannot be replaced everywhere.
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

#[cfg(target_os = "linux")]
pub fn is_root() -> bool {
    // SAFETY: reads a number of this process; cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// The HTTP status of a request's answer, or why there was none.
pub fn get(session: &Session) -> Result<u16, Status> {
    let request = Request {
        method: "GET",
        path: "/m2m/v1/accounts/0000123456-00001",
        headers: &[],
        body: &[],
    };
    let answer = session.request(&Call::new(), request);
    answer
        .map(|answer| answer.status())
        .map_err(|error| error.status())
}
