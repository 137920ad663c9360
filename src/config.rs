//! The options that a program sets, by hand or from the environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use crate::error::{Error, Result, Status};
use crate::events::{Event, EventSink};
use crate::log::{Log, LogLevel};
use crate::options::{self, OPTIONS, OptionInfo, OptionKind, is_true};
use crate::secret::Secret;

/// What a session is to do, option by option. Copied by `login`; changing it later touches no
/// session.
#[derive(Clone, Debug, Default)]
pub struct Config {
    values: BTreeMap<&'static str, Value>,
    pub(crate) does_without_password: bool,
    pub(crate) log: Log,
    pub(crate) events: EventSink,
}

#[derive(Clone, Debug)]
struct Value {
    text: Text,
    source: Source,
}

/// Who set a value. What comes later here wins, whichever was first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    Fallback,
    Environment,
    Hand,
}

impl Source {
    /// In words, for this option.
    pub fn name(self, option: &OptionInfo) -> String {
        match self {
            Source::Fallback => "as a default".into(),
            Source::Environment => match std::env::var_os(option.variable()) {
                Some(value) if !value.is_empty() => "in the environment".into(),
                _ => "in CREDENTIALS_DIRECTORY".into(),
            },
            Source::Hand => "directly".into(),
        }
    }
}

/// A value as it was set. Only secrets take a page of their own.
#[derive(Clone, Debug)]
enum Text {
    Plain(String),
    Secret(Secret),
}

impl Text {
    fn as_str(&self) -> &str {
        match self {
            Text::Plain(text) => text,
            Text::Secret(secret) => secret.reveal(),
        }
    }
}

impl Config {
    /// No option set: every default holds.
    pub fn new() -> Config {
        Config::default()
    }

    /// Sets one option. An unknown name or a malformed value is refused, and nothing changes.
    pub fn set(&mut self, option: &str, value: &str) -> Result<()> {
        let info = options::find(option)?;
        self.put(info, value, Source::Hand)
    }

    /// Sets what holds where neither [`Config::set`] nor the environment says otherwise, before or
    /// after: a program's own default, or what its configuration file says.
    pub fn set_fallback(&mut self, option: &str, value: &str) -> Result<()> {
        let info = options::find(option)?;
        self.put(info, value, Source::Fallback)
    }

    /// Takes back whatever was set, in any way.
    pub fn unset(&mut self, option: &str) -> Result<()> {
        let info = options::find(option)?;
        self.values.remove(info.name);
        Ok(())
    }

    /// Whether an option was set, in any way.
    pub fn is_set(&self, option: &str) -> Result<bool> {
        let info = options::find(option)?;
        Ok(self.values.contains_key(info.name))
    }

    /// What an option comes to: as it was set, else its default, else "". A secret is not given.
    pub fn value(&self, option: &str) -> Result<&str> {
        let info = options::find(option)?;
        match info.is_secret() {
            true => Err(invalid(format!("{}: a secret is not given", info.name))),
            false => Ok(self.text(info.name)),
        }
    }

    /// Lets sessions do without a password for as long as a shared session token serves. The login
    /// that needs one fails with [`Status::InvalidArgument`], before anything is sent.
    pub fn do_without_password(&mut self) {
        self.does_without_password = true;
    }

    /// Takes every option that is set as `TSM_…` in the environment; empty ones count as not set.
    /// What is set by hand wins, before or after. A secret that is set in no way is looked for as
    /// the file `tsm_…` (`tsm_password`) in the folder that `CREDENTIALS_DIRECTORY` names, where
    /// systemd puts a service's credentials.
    pub fn load_env(&mut self) -> Result<()> {
        self.load_from(|variable| std::env::var_os(variable))
    }

    /// [`Config::load_env`], from any environment.
    pub(crate) fn load_from(
        &mut self,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<()> {
        for info in OPTIONS {
            let variable = info.variable();
            let Some(value) = environment(&variable).filter(|value| !value.is_empty()) else {
                continue;
            };
            if self.source(info.name) > Some(Source::Environment) {
                continue;
            }
            let value = value
                .to_str()
                .ok_or_else(|| invalid(format!("{variable} is not UTF-8")))?;
            self.put(info, value, Source::Environment)
                .map_err(|error| invalid(format!("environment {variable}: {}", error.message())))?;
        }
        match environment("CREDENTIALS_DIRECTORY") {
            Some(directory) => self.load_credentials(Path::new(&directory)),
            None => Ok(()),
        }
    }

    fn load_credentials(&mut self, directory: &Path) -> Result<()> {
        for info in OPTIONS {
            let OptionKind::SecretFile = info.kind else {
                continue;
            };
            let secret = info.name.trim_end_matches("_file");
            let is_set = |option| self.values.contains_key(option);
            let path = directory.join(format!("tsm_{secret}"));
            if is_set(info.name) || is_set(secret) || !path.exists() {
                continue;
            }
            let path = path
                .to_str()
                .ok_or_else(|| invalid("environment CREDENTIALS_DIRECTORY is not UTF-8"))?;
            self.put(info, path, Source::Environment)?;
        }
        Ok(())
    }

    /// Sends log lines up to `max_level` to `callback`, from any thread that is in a call.
    pub fn set_log(
        &mut self,
        max_level: LogLevel,
        callback: impl Fn(LogLevel, &str) + Send + Sync + 'static,
    ) {
        self.log = Log::new(max_level, callback);
    }

    /// Ends the log.
    pub fn unset_log(&mut self) {
        self.log = Log::default();
    }

    /// Tells `callback` what happens, from any thread that is in a call, while nothing is locked.
    /// The events that its own calls cause are counted, but not told; a panic ends with it.
    pub fn set_event(&mut self, callback: impl Fn(&Event) + Send + Sync + 'static) {
        self.events = EventSink::new(callback);
    }

    /// Tells nobody.
    pub fn unset_event(&mut self) {
        self.events = EventSink::default();
    }

    fn put(&mut self, info: &OptionInfo, value: &str, source: Source) -> Result<()> {
        if value.contains('\0') {
            return Err(invalid(format!("{}: holds a NUL", info.name)));
        }
        info.check(value)
            .map_err(|why| invalid(format!("{}: {why}", info.name)))?;
        let text = match info.is_secret() {
            true => Text::Secret(Secret::new(value)),
            false => Text::Plain(value.to_owned()),
        };
        if self.source(info.name) <= Some(source) {
            self.values.insert(info.name, Value { text, source });
        }
        Ok(())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        debug_assert!(OPTIONS.iter().any(|info| info.name == name));
        self.values.get(name).map(|value| value.text.as_str())
    }

    /// The value set, or the default.
    pub(crate) fn text<'a>(&'a self, name: &str) -> &'a str {
        let default = || options::find(name).map_or("", |info| info.default);
        self.get(name).unwrap_or_else(default)
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        is_true(self.text(name))
    }

    pub(crate) fn count(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap_or_default()
    }

    pub(crate) fn secret(&self, name: &str) -> Option<Secret> {
        match &self.values.get(name)?.text {
            Text::Secret(secret) => Some(secret.clone()),
            Text::Plain(_) => None,
        }
    }

    /// Who set an option, if anybody did.
    pub(crate) fn source(&self, name: &str) -> Option<Source> {
        self.values.get(name).map(|value| value.source)
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str> {
        self.get(name).ok_or_else(|| missing(name, name))
    }
}

/// What is missing, and the option that it is set by.
pub(crate) fn missing(what: &str, option: &str) -> Error {
    let variable = options::find(option).map_or_else(|_| String::new(), OptionInfo::variable);
    invalid(format!(
        "{what} is missing: set this option, or {variable} in the environment"
    ))
}

pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::new(Status::InvalidArgument, message)
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
            ("store", "redis://cache.example"),
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
            ("session_token_header", ""),
            ("session_token_header", "Session Token"),
            ("session_token_header", "SessionToken:"),
            ("session_token_header", "authorization"),
            ("session_token_header", "Content-Type"),
        ] {
            let mut config = Config::new();
            let error = config.set(name, value).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument, "{name}={value}");
            assert!(error.message().starts_with(name), "{error}");
            assert!(config.values.is_empty());
        }
    }

    #[test]
    fn a_value_is_the_one_set_or_the_default() {
        let config = config(&[("timeout_ms", "7"), ("password", "IMgr8")]);
        assert_eq!(config.value("timeout_ms").unwrap(), "7");
        assert_eq!(config.value("store").unwrap(), "file:");
        assert_eq!(config.value("realm").unwrap(), "");
        for refused in ["password", "api_token", "pasword"] {
            let error = config.value(refused).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument);
            assert!(!error.message().contains("IMgr8"), "{error}");
        }
    }

    #[test]
    fn what_is_set_by_hand_wins_over_the_environment_and_both_over_a_fallback() {
        let environment = |name: &str| (name == "TSM_REALM").then(|| "environment".into());
        for (by_hand, from_environment, comes_to) in [
            (true, true, "hand"),
            (true, false, "hand"),
            (false, true, "environment"),
            (false, false, "fallback"),
        ] {
            for fallback_first in [true, false] {
                let mut config = Config::new();
                assert!(!config.is_set("realm").unwrap());
                let fallback = |config: &mut Config, now: bool| {
                    if now {
                        config.set_fallback("realm", "fallback").unwrap();
                    }
                };
                fallback(&mut config, fallback_first);
                if by_hand {
                    config.set("realm", "hand").unwrap();
                }
                if from_environment {
                    config.load_from(environment).unwrap();
                }
                fallback(&mut config, !fallback_first);
                assert_eq!(config.value("realm").unwrap(), comes_to);
                assert!(config.is_set("realm").unwrap());
            }
        }
        assert!(Config::new().set_fallback("realm", "").is_err());
        assert!(Config::new().is_set("relm").is_err());
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
    fn credentials_of_a_service_are_found_where_nothing_else_is_set() {
        let directory =
            std::env::temp_dir().join(format!("tsm-credentials-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        for name in [
            "tsm_password",
            "tsm_app_secret",
            "tsm_store_seal_key",
            "password",
        ] {
            std::fs::write(directory.join(name), "x").unwrap();
        }
        let found = |set: &[(&str, &str)], variable: &str| {
            let mut config = config(set);
            let folder = |name: &str| match name {
                "CREDENTIALS_DIRECTORY" => Some(directory.clone().into_os_string()),
                name if name == variable => Some("v".into()),
                _ => None,
            };
            config.load_from(folder).unwrap();
            let path = config.get("password_file").map(str::to_owned);
            path.map(|path| path == directory.join("tsm_password").to_str().unwrap())
        };
        assert_eq!(found(&[], ""), Some(true));
        assert_eq!(found(&[("password", "p")], ""), None);
        assert_eq!(found(&[("password_file", "/p")], ""), Some(false));
        assert_eq!(found(&[], "TSM_PASSWORD"), None);
        assert_eq!(found(&[], "TSM_PASSWORD_FILE"), Some(false));
        assert_eq!(found(&[], "TSM_APP_KEY"), Some(true));
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
