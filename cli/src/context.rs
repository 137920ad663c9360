//! What a command has to work with: the settings, a call that Ctrl-C ends, and its output.

use std::env::VarError;
use std::sync::OnceLock;

use clap::ArgMatches;
use thingspace_session::{Call, Config, OPTIONS, OptionKind, Status};

use crate::failure::Failure;
use crate::output::{self, Output};
use crate::profile::Profile;
use crate::progress::Progress;
use crate::{input, interruption, terminal};

/// What a command has to work with.
pub struct Context {
    /// The call for everything that may wait: Ctrl-C cancels it, as SIGTERM and SIGHUP do.
    pub call: Call,
    pub output: Output,
    matches: ArgMatches,
    settings: OnceLock<Settings>,
}

/// What flags, environment and profile come to.
struct Settings {
    config: Config,
    profile: Option<Profile>,
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
            settings: OnceLock::new(),
        }
    }

    /// The session's options as flags, environment and profile say, in that order. Read when a
    /// command first wants it: what is set wrong is no matter for one that does not.
    pub fn config(&self) -> Result<&Config, Failure> {
        Ok(&self.settings()?.config)
    }

    /// The profile that is used, if there is one.
    pub fn profile(&self) -> Result<Option<&Profile>, Failure> {
        Ok(self.settings()?.profile.as_ref())
    }

    /// Does what may take a login. Where no password is set, it is asked for on a terminal as soon
    /// as a login needs it. A person who waits is told for what.
    pub fn run<R>(
        &self,
        work: impl Fn(&Config) -> thingspace_session::Result<R>,
    ) -> Result<R, Failure> {
        self.run_with(self.config()?, work)
    }

    /// The same with a config that a command has changed.
    pub fn run_with<R>(
        &self,
        config: &Config,
        work: impl Fn(&Config) -> thingspace_session::Result<R>,
    ) -> Result<R, Failure> {
        counts_for_the_next(config)?;
        let waiting = |config: &Config| {
            let _progress = self.progress(config);
            work(config)
        };
        if config.is_set("password")? || config.is_set("password_file")? {
            return Ok(waiting(config)?);
        }
        let mut config = config.clone();
        config.do_without_password();
        match waiting(&config) {
            Err(error) if is_for_want_of_a_password(&error) && terminal::is_there() => {
                let prompt = format!("Password of {}: ", config.value("username")?);
                let password =
                    terminal::ask(&prompt).map_err(|error| Failure::io("the terminal", &error))?;
                config.set("password", password.reveal())?;
                Ok(waiting(&config)?)
            }
            outcome => Ok(outcome?),
        }
    }

    /// Says where an option stands that a failure is about, or where a missing one may stand.
    pub fn locate(&self, failure: Failure) -> Failure {
        if let Failure::Library(error) = &failure
            && error.status() == Status::InvalidArgument
            && error.message().contains(" is missing: set ")
            && self
                .settings
                .get()
                .is_some_and(|settings| settings.profile.is_none())
        {
            let profile = Profile::whereabouts();
            return Failure::Settings(format!("{}, or {profile}", error.message()));
        }
        let (
            Failure::Library(error),
            Some(Settings {
                config,
                profile: Some(profile),
            }),
        ) = (&failure, self.settings.get())
        else {
            return failure;
        };
        let message = error.message();
        let name = message.split([':', ' ']).next().unwrap_or_default();
        let is_overruled = profile.options.iter().any(|option| {
            let value = config.value(option.name);
            option.name == name && value.is_ok_and(|value| value != option.value)
        });
        match profile.place_of(name) {
            Some(place) if error.status() == Status::InvalidArgument && !is_overruled => {
                Failure::Settings(format!("{message} ({place})"))
            }
            _ => failure,
        }
    }

    fn progress(&self, config: &Config) -> Progress {
        if !self.output.errors_on_terminal || self.output.quiet {
            return Progress::none();
        }
        let url = match config.value("protocol") {
            Ok("soap") => config.value("soap_url"),
            _ => config.value("base_url"),
        };
        let url = url.unwrap_or_default();
        let host = url.split('/').nth(2).unwrap_or(url);
        Progress::of(host.to_owned())
    }

    fn settings(&self) -> Result<&Settings, Failure> {
        if self.settings.get().is_none() {
            let _ = self.settings.set(self.read_settings()?);
        }
        Ok(self.settings.get().expect("it was set"))
    }

    fn read_settings(&self) -> Result<Settings, Failure> {
        let mut config = Config::new();
        self.take_flags(&mut config)?;
        config.load_env()?;
        let profile = Profile::read(self.profile_name()?.as_deref(), &self.output)?;
        for option in profile.iter().flat_map(|profile| &profile.options) {
            config.set_fallback(option.name, &option.value)?;
        }
        if !config.is_set("share_token")? {
            config.set_fallback("share_token", "true")?;
        }
        config.set_log(self.output.log_level(), output::log);
        config.set_event(interruption::saw);
        Ok(Settings { config, profile })
    }

    fn take_flags(&self, config: &mut Config) -> Result<(), Failure> {
        for option in OPTIONS.iter().filter(|option| !option.is_secret()) {
            let Some(value) = self.matches.get_one::<String>(option.name) else {
                continue;
            };
            let secret = option.name.strip_suffix("_file");
            let is_option = |name: &&str| OPTIONS.iter().any(|option| option.name == *name);
            if let (OptionKind::SecretFile, Some(secret)) = (&option.kind, secret.filter(is_option))
                && let Some(text) = input::secret_from_pipe(value, option.name)?
            {
                config.set(secret, text.reveal())?;
                continue;
            }
            config.set(option.name, value)?;
        }
        Ok(())
    }

    fn profile_name(&self) -> Result<Option<String>, Failure> {
        if let Some(flag) = self.matches.get_one::<String>("profile") {
            return Ok(Some(flag.clone()));
        }
        match std::env::var("THINGSPACE_PROFILE") {
            Ok(name) => Ok(Some(name).filter(|name| !name.is_empty())),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => Err(Failure::Settings(
                "environment THINGSPACE_PROFILE is not UTF-8".into(),
            )),
        }
    }
}

/// A command is a process: where what it counts ends with it, each of five would send the same
/// wrong password.
pub fn counts_for_the_next(config: &Config) -> Result<(), Failure> {
    match config.value("store")? {
        "memory:" => Err(Failure::Settings(
            "store: memory: forgets with this command how many logins failed, so the next ones \
             would send a wrong password until the contact is locked; set store (TSM_STORE) to \
             file:DIR, a directory that lasts, or to redis://HOST"
                .into(),
        )),
        _ => Ok(()),
    }
}

fn is_for_want_of_a_password(error: &thingspace_session::Error) -> bool {
    error.status() == Status::InvalidArgument
        && error
            .message()
            .starts_with("password (or password_file) is missing")
}
