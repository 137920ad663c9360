//! What ends a command before its time, and the exit status that says so: the number of the
//! library's [`Status`], or one of those that are told here.

use std::io;
use std::process::ExitCode;

use clap::error::ErrorKind;
use serde_json::{Map, Value, json};
use thingspace_session::{Error, Status};

use crate::interruption;
use crate::output;
use crate::time::seconds;

/// The command line itself is wrong (sysexits.h knows it as EX_USAGE).
pub const USAGE: u8 = 64;
/// A file, standard input or standard output cannot be read or written (EX_IOERR).
pub const IO: u8 = 74;

/// Why a command ended.
#[derive(Debug)]
pub enum Failure {
    /// What the library says of it.
    Library(Error),
    /// What was asked for cannot be.
    Usage(String),
    /// A profile, or another setting that is this program's own, is wrong.
    Settings(String),
    /// A file, standard input or standard output.
    Io(String),
    /// Whoever read standard output has gone. Nothing is said of it.
    BrokenPipe,
    /// Help or a version was asked for: it goes to standard output.
    Shown(String),
    /// All is said; this is the exit status.
    Exit(u8),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Library(error)
    }
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Failure {
        let text = error.render().to_string();
        match error.use_stderr() {
            true if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                output::show_help(&text);
                Failure::Exit(USAGE)
            }
            true => Failure::Usage(text.trim_start_matches("error: ").trim_end().to_owned()),
            false => Failure::Shown(text),
        }
    }
}

impl Failure {
    /// What went wrong with a file, or another place to read from or write to.
    pub fn io(what: &str, error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::BrokenPipe,
            _ => Failure::Io(format!("{what}: {}", output::reason(error))),
        }
    }

    /// What a person is told; nothing where there is nothing to tell.
    pub fn message(&self) -> Option<String> {
        match self {
            Failure::Library(error) => Some(error.message().to_owned()),
            Failure::Usage(text) | Failure::Settings(text) | Failure::Io(text) => {
                Some(text.clone())
            }
            Failure::BrokenPipe | Failure::Shown(_) | Failure::Exit(_) => None,
        }
    }

    /// The number that the process ends with.
    pub fn exit_status(&self) -> u8 {
        match self {
            Failure::Library(error) => error.status() as i32 as u8,
            Failure::Usage(_) => USAGE,
            Failure::Settings(_) => Status::InvalidArgument as i32 as u8,
            Failure::Io(_) => IO,
            Failure::BrokenPipe => 141,
            Failure::Shown(_) => 0,
            Failure::Exit(status) => *status,
        }
    }

    /// What a program is told that wants JSON; nothing where there is nothing to tell.
    fn line(&self) -> Option<Vec<u8>> {
        let message = self.message()?;
        let told = match self {
            Failure::Library(error) => Told::of(error),
            _ => Told {
                status: self.exit_status().into(),
                name: match self {
                    Failure::Usage(_) => "EX_USAGE",
                    Failure::Io(_) => "EX_IOERR",
                    _ => Status::InvalidArgument.name(),
                },
                message: &message,
                ..Told::default()
            },
        };
        Some(told.line())
    }

    /// Says it, and ends as a process does to which this happened. With `json`, standard output
    /// has it as an object.
    pub fn end(self, json: bool) -> ExitCode {
        if let Failure::Shown(text) = &self {
            return match output::print(text.as_bytes()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(failure) => failure.end(json),
            };
        }
        interruption::end_if_interrupted(&self);
        if json && let Some(line) = self.line() {
            // It may be what failed.
            let _ = output::print(&line);
        }
        let is_said = |error: &Error| output::has_logged(&error.to_string());
        match (&self, self.message()) {
            (Failure::Library(error), _) if is_said(error) => {}
            (_, Some(message)) => output::say(&message),
            (_, None) => {}
        }
        if let Failure::BrokenPipe = self {
            interruption::end_by_broken_pipe();
        }
        ExitCode::from(self.exit_status())
    }
}

/// A failure as programs are told of it, with `--json` and by the proxy: one object on a line.
#[derive(Default)]
pub struct Told<'a> {
    /// The exit status.
    pub status: i32,
    pub name: &'a str,
    pub message: &'a str,
    pub retryable: bool,
    pub retry_after_s: Option<u64>,
    /// What the platform said: "" and 0 for nothing.
    pub code: &'a str,
    pub http_status: u16,
}

impl Told<'_> {
    pub fn of(error: &Error) -> Told<'_> {
        Told {
            status: error.status() as i32,
            name: error.status().name(),
            message: error.message(),
            retryable: error.retryable(),
            retry_after_s: error.retry_after().map(seconds),
            code: error.code(),
            http_status: error.http_status(),
        }
    }

    pub fn line(&self) -> Vec<u8> {
        let mut members = Map::new();
        members.insert("status".into(), json!(self.status));
        members.insert("name".into(), json!(self.name));
        members.insert("message".into(), json!(self.message));
        members.insert("retryable".into(), json!(self.retryable));
        if let Some(seconds) = self.retry_after_s {
            members.insert("retry_after".into(), json!(seconds));
        }
        if !self.code.is_empty() {
            members.insert("code".into(), json!(self.code));
        }
        if self.http_status > 0 {
            members.insert("http_status".into(), json!(self.http_status));
        }
        format!("{}\n", Value::Object(members)).into_bytes()
    }
}
