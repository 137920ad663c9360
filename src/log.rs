//! Where log lines go, and when: none is told while its thread holds what others wait for.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

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

thread_local! {
    /// Lines of a thread that may not tell them itself.
    static DEFERRED: RefCell<Option<Vec<DeferredLine>>> = const { RefCell::new(None) };
}

/// A line for the log that waits.
pub(crate) struct DeferredLine {
    log: Log,
    level: LogLevel,
    text: String,
}

impl DeferredLine {
    pub fn write(self) {
        self.log.line(self.level, || self.text);
    }
}

/// Runs `work` on a thread of the library's own, from which no log callback may be called, and
/// gives the lines to be told on another.
pub(crate) fn deferred<R>(work: impl FnOnce() -> R) -> (R, Vec<DeferredLine>) {
    DEFERRED.set(Some(Vec::new()));
    let result = work();
    (result, DEFERRED.take().unwrap_or_default())
}

impl Log {
    pub fn new(
        max_level: LogLevel,
        callback: impl Fn(LogLevel, &str) + Send + Sync + 'static,
    ) -> Log {
        Log(Some((max_level, Arc::new(callback))))
    }

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
        let now = DEFERRED.with_borrow_mut(|held| match held {
            None => Some(text),
            Some(held) => {
                let log = self.clone();
                held.push(DeferredLine { log, level, text });
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
