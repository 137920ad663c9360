//! Standard output and standard error: results whole and unbuffered to the one, words for a person
//! to the other, colour and progress only where a terminal shows them.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use clap::ArgMatches;
use thingspace_session::LogLevel;

use crate::failure::Failure;
use crate::standard_streams::{self, Stream};

/// What a person wants to hear, and what shows it.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// Nothing but failures on standard error.
    pub quiet: bool,
    /// How many times -v was given.
    pub verbose: u8,
    /// Results, and failures, as one JSON object.
    pub json: bool,
    /// Whether standard output is a terminal.
    pub is_terminal: bool,
    /// Whether standard error is one.
    pub errors_on_terminal: bool,
}

impl Output {
    pub fn of(matches: &ArgMatches) -> Output {
        let switch = |name| matches.try_get_one::<bool>(name).ok().flatten() == Some(&true);
        let format = matches.try_get_one::<String>("format").ok().flatten();
        Output {
            quiet: switch("quiet"),
            verbose: matches.get_count("verbose"),
            json: switch("json") || format.is_some_and(|format| format == "json"),
            is_terminal: io::stdout().is_terminal(),
            errors_on_terminal: io::stderr().is_terminal(),
        }
    }

    /// A result, as it is.
    pub fn print(&self, bytes: &[u8]) -> Result<(), Failure> {
        print(bytes)
    }

    /// A line that only helps: not with --quiet.
    pub fn note(&self, message: &str) {
        if !self.quiet {
            say(message);
        }
    }

    /// What the library may log.
    pub fn log_level(&self) -> LogLevel {
        match (self.quiet, self.verbose) {
            (true, _) => LogLevel::Off,
            (_, 0) => LogLevel::Warn,
            (_, 1) => LogLevel::Info,
            _ => LogLevel::Debug,
        }
    }

    /// Whether standard output takes colour.
    pub fn has_colour(&self) -> bool {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        self.is_terminal && wanted && !dumb
    }
}

/// A result to standard output, without a buffer that would keep a copy.
pub fn print(bytes: &[u8]) -> Result<(), Failure> {
    standard_streams::check(Stream::Output)
        .and_then(|()| standard_output())
        .and_then(|mut out| out.write_all(bytes).and_then(|()| out.flush()))
        .map_err(|error| Failure::io("standard output", &error))
}

#[cfg(unix)]
fn standard_output() -> io::Result<impl Write> {
    use std::os::fd::AsFd;

    Ok(std::fs::File::from(
        io::stdout().as_fd().try_clone_to_owned()?,
    ))
}

/// A console of Windows takes text, which is for std to turn into its own.
#[cfg(windows)]
fn standard_output() -> io::Result<impl Write> {
    Ok(io::stdout().lock())
}

/// A line to standard error, written at once, so that it stays whole beside others. Where that
/// cannot be written, nobody is left to tell.
pub fn say(message: &str) {
    let line = format!("thingspace: {message}\n");
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

/// A line of the library's log.
pub fn log(level: LogLevel, line: &str) {
    if level == LogLevel::Error {
        *last_error() = line.to_owned();
    }
    say(&format!("{}{line}", label(level)));
}

/// Whether the log's last error said this: a failure is told once.
pub fn has_logged(line: &str) -> bool {
    *last_error() == line
}

fn last_error() -> MutexGuard<'static, String> {
    static LAST: Mutex<String> = Mutex::new(String::new());
    LAST.lock().unwrap_or_else(PoisonError::into_inner)
}

fn label(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Error => "error: ",
        LogLevel::Warn => "warning: ",
        LogLevel::Debug => "debug: ",
        _ => "",
    }
}

/// Help for somebody who did not ask for it.
pub fn show_help(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// `1 login`, `2 logins`.
pub fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// What the system says, without the number behind it.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}
