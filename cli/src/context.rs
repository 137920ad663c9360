//! What a command has to work with: the settings, a call that Ctrl-C ends, and its output.

use std::sync::OnceLock;

use clap::ArgMatches;
use thingspace_session::{Call, Config, LogLevel, OPTIONS};

use crate::failure::Failure;
use crate::interruption;
use crate::output::{self, Output};

/// What a command has to work with.
pub struct Context {
    /// The call for everything that may wait: Ctrl-C cancels it, as SIGTERM and SIGHUP do.
    pub call: Call,
    pub output: Output,
    matches: ArgMatches,
    config: OnceLock<Config>,
}

impl Context {
    /// Reads no file, and nothing of the environment.
    pub fn new(matches: &ArgMatches) -> Context {
        let call = Call::new();
        interruption::cancels(&call);
        Context {
            call,
            output: Output::of(matches),
            matches: matches.clone(),
            config: OnceLock::new(),
        }
    }

    /// The session's options as flags, environment and profile say, in that order. Read when a
    /// command first wants it: what is set wrong is no matter for one that does not.
    pub fn config(&self) -> Result<&Config, Failure> {
        if self.config.get().is_none() {
            let _ = self.config.set(self.read_config()?);
        }
        Ok(self.config.get().expect("it was set"))
    }

    fn read_config(&self) -> Result<Config, Failure> {
        let mut config = Config::new();
        for option in OPTIONS.iter().filter(|option| !option.is_secret()) {
            if let Some(value) = self.matches.get_one::<String>(option.name) {
                config.set(option.name, value)?;
            }
        }
        config.load_env()?;
        config.set_fallback("share_token", "true")?;
        config.set_log(self.output.log_level(), |level, line| {
            output::say(&format!("{}{line}", label(level)));
        });
        config.set_event(interruption::saw);
        Ok(config)
    }
}

fn label(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Error => "error: ",
        LogLevel::Warn => "warning: ",
        LogLevel::Debug => "debug: ",
        _ => "",
    }
}
