//! Where log lines go, and which are made.

use std::fmt;
use std::sync::Arc;

use crate::telling;

/// How much the log tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum LogLevel {
    /// Nothing.
    Off = 0,
    /// What an operator must see: a damaged record, a login that was refused to keep the account
    /// from being locked.
    Error = 1,
    /// What protects less than it should: a store that forgets.
    Warn = 2,
    /// Logins, renewals, logouts.
    Info = 3,
    /// Every request, by method, path and HTTP status.
    Debug = 4,
    /// Nothing more at present.
    Trace = 5,
}

/// Where log lines go. A line never holds a secret.
#[derive(Clone, Default)]
pub(crate) struct Log(Option<(LogLevel, Arc<LogFn>)>);

type LogFn = dyn Fn(LogLevel, &str) + Send + Sync;

impl Log {
    pub fn new(
        max_level: LogLevel,
        callback: impl Fn(LogLevel, &str) + Send + Sync + 'static,
    ) -> Log {
        Log(Some((max_level, Arc::new(callback))))
    }

    /// Makes the line only when somebody wants it.
    pub fn line(&self, level: LogLevel, text: impl FnOnce() -> String) {
        if let Some((max_level, callback)) = &self.0
            && level <= *max_level
        {
            let (callback, text) = (Arc::clone(callback), text());
            telling::tell(move || callback(level, &text));
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
