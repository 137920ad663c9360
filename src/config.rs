//! Options: one table, which yields validation, environment names and documentation. What a session needs of them is in [`Settings`].
//! Setting an option checks its form at once; what must hold between options is checked by `login`, before anything is sent.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::error::{Error, Result, Status};
use crate::platform::token;
use crate::secret::Secret;

/// One row of the option table.
pub struct OptionInfo {
    /// Its name, as [`Config::set`] takes it.
    pub name: &'static str,
    /// What it accepts, in words.
    pub values: &'static str,
    /// What holds when it is not set; "" for nothing.
    pub default: &'static str,
    /// What it does, in a sentence or two.
    pub doc: &'static str,
    /// Whether its value must never be shown.
    pub secret: bool,
    check: fn(&str) -> std::result::Result<(), String>,
}

macro_rules! options {
    ($($name:ident: $values:literal, $default:literal, $secret:literal, $check:expr, $doc:literal;)*) => {
        /// Every option, in the order people meet them. `TSM_` and the name in capitals is its environment variable.
        pub const OPTIONS: &[OptionInfo] = &[$(OptionInfo {
            name: stringify!($name),
            values: $values,
            default: $default,
            doc: $doc,
            secret: $secret,
            check: $check,
        }),*];
    };
}

options! {
    protocol: "rest, soap", "rest", false, one_of_protocols,
        "Which session service to log in to.";
    base_url: "https URL", "https://thingspace.verizon.com/api", false, url,
        "Where the REST API is; the paths of requests are appended. http only for loopback.";
    soap_url: "https URL", "https://uws.apps.nphase.com/api/v2", false, url,
        "The folder of the .svc services. http only for loopback.";
    username: "text", "", false, not_empty,
        "The contact that logs in.";
    password: "text", "", true, not_empty,
        "Its password.";
    api_token: "token", "", true, |value| token::api_token(value).map(drop).map_err(|e| e.message().into()),
        "A fixed API token, instead of app_key and app_secret. REST only.";
    app_key: "text without a colon", "", false, app_key,
        "The application's key, to fetch API tokens with. REST only.";
    app_secret: "text", "", true, not_empty,
        "The application's secret.";
    auto_relogin: "true, false", "true", false, boolean,
        "Whether a request refused for its session token logs in again and is sent again.";
    store: "memory:, file:, file:DIR", "file:", false, |value| StoreChoice::parse(value).map(drop),
        "Where the lockout guard (and a shared token) lives: in this process, or in files for all processes of this host. file: alone is the user's state directory.";
    share_token: "true, false", "false", false, boolean,
        "Whether all sessions of the same account and store use one session token.";
    realm: "text", "", false, not_empty,
        "The name of the platform behind a private gateway, so that the lockout guard counts for it and not for the gateway.";
    max_login_failures: "1 to 4", "3", false, |value| number(value, 1..=4),
        "How many logins may have failed, or be of unknown fate, before none is sent any more. The platform locks at 5.";
    timeout_ms: "1 to 86400000", "30000", false, |value| number(value, 1..=DAY_MS),
        "The longest a call may take, from start to end.";
    connect_timeout_ms: "1 to 86400000", "10000", false, |value| number(value, 1..=DAY_MS),
        "The longest a new connection may take, TLS included.";
    ca_file: "path", "", false, not_empty,
        "A PEM file of the root certificates to trust instead of the system's.";
    proxy: "http URL, none", "", true, proxy,
        "The HTTP proxy to connect through; none for no proxy at all. Without it HTTPS_PROXY, ALL_PROXY and NO_PROXY count, but never for loopback.";
    user_agent: "text", "tsm/VERSION", false, header_text,
        "The User-Agent header.";
    max_response_bytes: "1 to 1099511627776", "16777216", false, |value| number(value, 1..=1 << 40),
        "The longest answer to take; a login's is bounded to 64 KiB.";
}

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// How much the log tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum LogLevel {
    /// Nothing.
    Off = 0,
    /// What an operator must see: a damaged record, a login that was refused to keep the account from being locked.
    Error = 1,
    /// What protects less than it should: the fallback of the default store.
    Warn = 2,
    /// Logins, renewals, logouts.
    Info = 3,
    /// Every request, by method, path and HTTP status.
    Debug = 4,
    /// Nothing more at present.
    Trace = 5,
}

/// What a session is to do, option by option. Copied by `login`; changing it later touches no session.
#[derive(Clone, Debug, Default)]
pub struct Config {
    values: BTreeMap<&'static str, Value>,
    log: Log,
}

#[derive(Clone, Debug)]
struct Value {
    text: Secret,
    by_hand: bool,
}

impl Config {
    /// No option set: every default holds.
    pub fn new() -> Config {
        Config::default()
    }

    /// Sets one option. An unknown name or a malformed value is refused, and nothing changes.
    pub fn set(&mut self, option: &str, value: &str) -> Result<()> {
        let info = OPTIONS
            .iter()
            .find(|info| info.name == option)
            .ok_or_else(|| unknown_option(option))?;
        self.put(info, value, true)
    }

    /// Takes every option that is set as `TSM_…` in the environment; empty ones count as not set.
    /// What is set by hand wins, before or after.
    pub fn load_env(&mut self) -> Result<()> {
        for info in OPTIONS {
            let variable = format!("TSM_{}", info.name.to_ascii_uppercase());
            let Some(value) = std::env::var_os(&variable).filter(|value| !value.is_empty()) else {
                continue;
            };
            if self.values.get(info.name).is_some_and(|v| v.by_hand) {
                continue;
            }
            let value = value
                .to_str()
                .ok_or_else(|| invalid(format!("{variable} is not UTF-8")))?;
            self.put(info, value, false)
                .map_err(|error| invalid(format!("environment {variable}: {}", error.message())))?;
        }
        Ok(())
    }

    /// Sends log lines up to `max_level` to `callback`, from any thread that is in a call.
    pub fn set_log(
        &mut self,
        max_level: LogLevel,
        callback: impl Fn(LogLevel, &str) + Send + Sync + 'static,
    ) {
        self.log = Log(Some((max_level, Arc::new(callback))));
    }

    /// Ends the log.
    pub fn unset_log(&mut self) {
        self.log = Log::default();
    }

    fn put(&mut self, info: &OptionInfo, value: &str, by_hand: bool) -> Result<()> {
        if value.contains('\0') {
            return Err(invalid(format!("{}: holds a NUL", info.name)));
        }
        (info.check)(value).map_err(|why| invalid(format!("{}: {why}", info.name)))?;
        let text = Secret::new(value);
        self.values.insert(info.name, Value { text, by_hand });
        Ok(())
    }

    fn get(&self, name: &str) -> Option<&str> {
        debug_assert!(OPTIONS.iter().any(|info| info.name == name));
        self.values.get(name).map(|value| value.text.reveal())
    }

    fn text<'a>(&'a self, name: &str) -> &'a str {
        let default = || OPTIONS.iter().find(|info| info.name == name);
        self.get(name)
            .unwrap_or_else(|| default().map_or("", |info| info.default))
    }

    fn flag(&self, name: &str) -> bool {
        is_true(self.text(name))
    }

    fn count(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap_or_default()
    }

    fn secret(&self, name: &str) -> Option<Secret> {
        self.values.get(name).map(|value| value.text.clone())
    }

    fn required(&self, name: &str) -> Result<&str> {
        self.get(name).ok_or_else(|| {
            let variable = name.to_ascii_uppercase();
            invalid(format!(
                "{name} is missing: set this option, or TSM_{variable} in the environment"
            ))
        })
    }

    /// Everything a session needs, checked as a whole.
    pub(crate) fn settings(&self) -> Result<Settings> {
        let protocol = Protocol::of(self);
        Ok(Settings {
            account: self.account()?,
            password: {
                self.required("password")?;
                self.secret("password").unwrap_or_default()
            },
            api_credential: match protocol {
                Protocol::Rest => Some(self.api_credential()?),
                Protocol::Soap => None,
            },
            protocol,
            base_url: Endpoint::parse(self.text("base_url")).map_err(invalid)?,
            soap_url: Endpoint::parse(self.text("soap_url")).map_err(invalid)?,
            auto_relogin: self.flag("auto_relogin"),
            share_token: self.flag("share_token"),
            timeout: Duration::from_millis(self.count("timeout_ms")),
            connect_timeout: Duration::from_millis(self.count("connect_timeout_ms")),
            ca_file: self.get("ca_file").map(str::to_owned),
            proxy: self.secret("proxy"),
            user_agent: self.get("user_agent").map_or_else(
                || concat!("tsm/", env!("CARGO_PKG_VERSION")).to_owned(),
                str::to_owned,
            ),
            max_response_bytes: self.count("max_response_bytes"),
            log: self.log.clone(),
        })
    }

    /// Whose logins the guard counts, and where: all that `unblock` needs.
    pub(crate) fn account(&self) -> Result<Account> {
        let endpoint = match Protocol::of(self) {
            Protocol::Rest => self.text("base_url"),
            Protocol::Soap => self.text("soap_url"),
        };
        let realm = match self.get("realm") {
            Some(realm) => Endpoint::named_realm(realm),
            None => Endpoint::parse(endpoint).map_err(invalid)?.realm(),
        };
        Ok(Account {
            realm,
            username: self.required("username")?.to_owned(),
            store: StoreChoice::parse(self.text("store")).map_err(invalid)?,
            store_is_default: self.get("store").is_none(),
            max_login_failures: self.count("max_login_failures") as usize,
            timeout: Duration::from_millis(self.count("timeout_ms")),
            log: self.log.clone(),
        })
    }

    fn api_credential(&self) -> Result<ApiCredential> {
        let by_hand = |name: &str| self.values.get(name).map(|value| value.by_hand);
        let fixed = by_hand("api_token");
        let pair = by_hand("app_key").max(by_hand("app_secret"));
        match (fixed, pair) {
            (None, None) => Err(invalid(
                "no API token is to be had: set app_key and app_secret, or api_token",
            )),
            (Some(a), Some(b)) if a == b => Err(invalid(
                "api_token and app_key/app_secret contradict each other: set one or the other",
            )),
            // What is set by hand wins over the environment.
            (Some(a), b) if Some(a) > b => Ok(ApiCredential::Fixed(
                self.secret("api_token").unwrap_or_default(),
            )),
            _ => {
                self.required("app_secret")?;
                Ok(ApiCredential::Application {
                    key: self.required("app_key")?.to_owned(),
                    secret: self.secret("app_secret").unwrap_or_default(),
                })
            }
        }
    }
}

/// The options of one session, typed and checked.
pub(crate) struct Settings {
    pub account: Account,
    pub protocol: Protocol,
    pub base_url: Endpoint,
    pub soap_url: Endpoint,
    pub password: Secret,
    /// None with SOAP, which needs no API token.
    pub api_credential: Option<ApiCredential>,
    pub auto_relogin: bool,
    pub share_token: bool,
    pub timeout: Duration,
    pub connect_timeout: Duration,
    pub ca_file: Option<String>,
    pub proxy: Option<Secret>,
    pub user_agent: String,
    pub max_response_bytes: u64,
    pub log: Log,
}

impl Settings {
    /// The endpoint that this session's protocol speaks to.
    pub fn endpoint(&self) -> &Endpoint {
        match self.protocol {
            Protocol::Rest => &self.base_url,
            Protocol::Soap => &self.soap_url,
        }
    }
}

/// Whose failed logins are counted, where, and up to what.
#[derive(Clone)]
pub(crate) struct Account {
    pub realm: String,
    pub username: String,
    pub store: StoreChoice,
    pub store_is_default: bool,
    pub max_login_failures: usize,
    pub timeout: Duration,
    pub log: Log,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Rest,
    Soap,
}

impl Protocol {
    fn of(config: &Config) -> Protocol {
        match config.text("protocol") {
            "soap" => Protocol::Soap,
            _ => Protocol::Rest,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Protocol::Rest => "rest",
            Protocol::Soap => "soap",
        }
    }
}

/// Where API tokens come from.
pub(crate) enum ApiCredential {
    Fixed(Secret),
    Application { key: String, secret: Secret },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreChoice {
    Memory,
    /// A directory, or None for the user's state directory; and whether one on a network file system is accepted.
    File {
        directory: Option<String>,
        network: bool,
    },
}

impl StoreChoice {
    fn parse(value: &str) -> std::result::Result<StoreChoice, String> {
        if value == "memory:" {
            return Ok(StoreChoice::Memory);
        }
        let Some(rest) = value.strip_prefix("file:") else {
            return Err("must be memory:, file: or file:DIR".into());
        };
        let (directory, network) = match rest.split_once('?') {
            None => (rest, false),
            Some((directory, "network=yes")) => (directory, true),
            Some((_, query)) => return Err(format!("?{query} is unknown; there is ?network=yes")),
        };
        Ok(StoreChoice::File {
            directory: (!directory.is_empty()).then(|| directory.to_owned()),
            network,
        })
    }
}

/// Where log lines go. A line never holds a secret.
#[derive(Clone, Default)]
pub(crate) struct Log(Option<(LogLevel, Arc<LogFn>)>);

type LogFn = dyn Fn(LogLevel, &str) + Send + Sync;

thread_local! {
    /// Lines that wait until this thread holds nothing that others wait for.
    static HELD_BACK: RefCell<Option<Vec<HeldBack>>> = const { RefCell::new(None) };
}

/// A line for the log that waits.
pub(crate) struct HeldBack {
    log: Log,
    level: LogLevel,
    text: String,
}

impl HeldBack {
    pub fn tell(self) {
        self.log.line(self.level, || self.text);
    }
}

/// Runs `work`, and lets no log callback run before it is over: it may hold a lease, or be what other threads wait for.
pub(crate) fn log_afterwards<R>(work: impl FnOnce() -> R) -> R {
    struct Scope(bool);

    impl Drop for Scope {
        fn drop(&mut self) {
            if self.0 {
                // A panic drops the lines with the rest.
                HELD_BACK.take();
            }
        }
    }

    let outermost = HELD_BACK.with_borrow_mut(|held| {
        let outermost = held.is_none();
        held.get_or_insert_default();
        outermost
    });
    let scope = Scope(outermost);
    let result = work();
    if outermost {
        let lines = HELD_BACK.take().unwrap_or_default();
        drop(scope);
        lines.into_iter().for_each(HeldBack::tell);
    }
    result
}

/// Runs `work` on a thread from which no log callback may be called, and gives the lines to be told on another.
pub(crate) fn log_elsewhere<R>(work: impl FnOnce() -> R) -> (R, Vec<HeldBack>) {
    HELD_BACK.set(Some(Vec::new()));
    let result = work();
    (result, HELD_BACK.take().unwrap_or_default())
}

impl Log {
    /// Makes the line only when somebody wants it.
    pub fn line(&self, level: LogLevel, text: impl FnOnce() -> String) {
        if self
            .0
            .as_ref()
            .is_none_or(|(max_level, _)| level > *max_level)
        {
            return;
        }
        let text = text();
        let now = HELD_BACK.with_borrow_mut(|held| match held {
            None => Some(text),
            Some(held) => {
                let log = self.clone();
                held.push(HeldBack { log, level, text });
                None
            }
        });
        if let Some(text) = now {
            self.call(level, &text);
        }
    }

    fn call(&self, level: LogLevel, text: &str) {
        if let Some((_, callback)) = &self.0 {
            callback(level, text);
        }
    }

    pub fn error(&self, text: impl FnOnce() -> String) {
        self.line(LogLevel::Error, text);
    }

    pub fn warn(&self, text: impl FnOnce() -> String) {
        self.line(LogLevel::Warn, text);
    }

    pub fn info(&self, text: impl FnOnce() -> String) {
        self.line(LogLevel::Info, text);
    }

    pub fn debug(&self, text: impl FnOnce() -> String) {
        self.line(LogLevel::Debug, text);
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = self.0.as_ref().map_or(LogLevel::Off, |(level, _)| *level);
        write!(f, "Log({level:?})")
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(Status::InvalidArgument, message)
}

fn unknown_option(option: &str) -> Error {
    let option: String = option.chars().take(64).collect();
    let nearest = OPTIONS
        .iter()
        .min_by_key(|info| edit_distance(info.name, &option.to_ascii_lowercase()))
        .map_or("", |info| info.name);
    invalid(format!(
        "there is no option {option:?}; did you mean {nearest:?}?"
    ))
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

type Checked = std::result::Result<(), String>;

fn one_of_protocols(value: &str) -> Checked {
    match value {
        "rest" | "soap" => Ok(()),
        _ => Err(format!("must be rest or soap, not {value:?}")),
    }
}

fn is_true(value: &str) -> bool {
    matches!(value, "true" | "1")
}

fn boolean(value: &str) -> Checked {
    if is_true(value) || matches!(value, "false" | "0") {
        Ok(())
    } else {
        Err(format!("must be true or false, not {value:?}"))
    }
}

fn number(value: &str, range: std::ops::RangeInclusive<u64>) -> Checked {
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    match value.parse() {
        Ok(n) if digits && range.contains(&n) => Ok(()),
        _ => Err(format!(
            "must be a whole number from {} to {}, not {value:?}",
            range.start(),
            range.end()
        )),
    }
}

fn not_empty(value: &str) -> Checked {
    if value.is_empty() {
        Err("must not be empty".into())
    } else {
        Ok(())
    }
}

fn app_key(value: &str) -> Checked {
    not_empty(value)?;
    match value.contains(':') {
        true => Err("must not hold a colon: the platform's Basic header ends the key there".into()),
        false => Ok(()),
    }
}

fn header_text(value: &str) -> Checked {
    let visible = |b: u8| (0x20..0x7f).contains(&b);
    if value.trim() == value && !value.is_empty() && value.bytes().all(visible) {
        Ok(())
    } else {
        Err("must be visible ASCII, as a header may hold it".into())
    }
}

fn url(value: &str) -> Checked {
    Endpoint::parse(value).map(drop)
}

fn proxy(value: &str) -> Checked {
    // The value may hold a password: no message repeats it.
    if value == "none" {
        return Ok(());
    }
    let http = value.starts_with("http://") || value.starts_with("https://");
    if http && ureq::Proxy::new(value).is_ok() {
        Ok(())
    } else {
        Err("must be none or a URL such as http://proxy.example:3128".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(options: &[(&str, &str)]) -> Config {
        let mut config = Config::new();
        for (name, value) in options {
            config.set(name, value).unwrap();
        }
        config
    }

    #[test]
    fn every_default_passes_its_own_check() {
        for info in OPTIONS {
            if !info.default.is_empty() && info.name != "user_agent" {
                assert_eq!((info.check)(info.default), Ok(()), "{}", info.name);
            }
        }
    }

    #[test]
    fn an_unknown_option_names_the_nearest() {
        let error = Config::new().set("pasword", "x").unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument);
        assert!(error.message().contains("\"password\""), "{error}");
    }

    #[test]
    fn malformed_values_are_refused_and_change_nothing() {
        for (name, value) in [
            ("protocol", "REST"),
            ("base_url", "http://thingspace.verizon.com/api"),
            ("base_url", "https://user:secret@host/"),
            ("base_url", "ftp://host"),
            ("username", ""),
            ("auto_relogin", "maybe"),
            ("store", "redis://localhost"),
            ("store", "file:/tmp?x"),
            ("max_login_failures", "5"),
            ("max_login_failures", "0"),
            ("timeout_ms", "0"),
            ("timeout_ms", "+5"),
            ("timeout_ms", "99999999999999999999999"),
            ("proxy", "socks5://localhost"),
            ("user_agent", "a\r\nb: c"),
            ("api_token", "a b"),
            ("app_key", "a:b"),
        ] {
            let mut config = Config::new();
            let error = config.set(name, value).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument, "{name}={value}");
            assert!(error.message().starts_with(name), "{error}");
            assert!(config.values.is_empty());
        }
    }

    #[test]
    fn no_secret_is_repeated_in_an_error_or_debug() {
        let mut config = config(&[("password", "IMgr8"), ("app_secret", "s3cret")]);
        assert!(!format!("{config:?}").contains("IMgr8"));
        let error = config
            .set("proxy", "nonsense://me:hunter2@host")
            .unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"));
        let error = config.set("api_token", "hunter2\n").unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_missing_is_named() {
        for (missing, options) in [
            ("username", vec![("password", "p"), ("api_token", "t")]),
            ("password", vec![("username", "u"), ("api_token", "t")]),
            ("app_key", vec![("username", "u"), ("password", "p")]),
            (
                "app_secret",
                vec![("username", "u"), ("password", "p"), ("app_key", "k")],
            ),
        ] {
            let error = config(&options).settings().err().unwrap();
            assert!(error.message().contains(missing), "{error}");
        }
        let soap = config(&[("username", "u"), ("password", "p"), ("protocol", "soap")]);
        assert!(soap.settings().is_ok());
    }

    #[test]
    fn two_api_credentials_set_the_same_way_contradict() {
        let mut both = config(&[
            ("username", "u"),
            ("password", "p"),
            ("api_token", "t"),
            ("app_key", "k"),
            ("app_secret", "s"),
        ]);
        assert!(
            both.settings()
                .err()
                .unwrap()
                .message()
                .contains("contradict")
        );
        // By hand wins over the environment.
        both.values.get_mut("api_token").unwrap().by_hand = false;
        let settings = both.settings().unwrap();
        assert!(matches!(
            settings.api_credential,
            Some(ApiCredential::Application { .. })
        ));
    }

    #[test]
    fn production_rest_and_soap_are_one_realm() {
        let rest = config(&[("username", "u")]).account().unwrap();
        let soap = config(&[("username", "u"), ("protocol", "soap")]);
        assert_eq!(rest.realm, soap.account().unwrap().realm);
        let gateway = config(&[
            ("username", "u"),
            ("base_url", "https://gateway.example:8443/ts"),
            ("realm", "ThingSpace.Verizon.com"),
        ]);
        assert_eq!(rest.realm, gateway.account().unwrap().realm);
    }
}
