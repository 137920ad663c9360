//! Where log lines go, and which are made.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

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
pub(crate) struct Log(Option<Arc<Sink>>);

/// What all clones of a log share.
struct Sink {
    /// The number of the finest level that is told.
    max_level: AtomicI32,
    callback: Box<LogFn>,
}

type LogFn = dyn Fn(LogLevel, &str) + Send + Sync;

impl Log {
    pub fn new(
        max_level: LogLevel,
        callback: impl Fn(LogLevel, &str) + Send + Sync + 'static,
    ) -> Log {
        Log(Some(Arc::new(Sink {
            max_level: AtomicI32::new(max_level as i32),
            callback: Box::new(callback),
        })))
    }

    /// Tells more or less from now on, wherever this log is used.
    pub fn set_level(&self, max_level: LogLevel) {
        if let Some(sink) = &self.0 {
            sink.max_level.store(max_level as i32, Ordering::Relaxed);
        }
    }

    fn max_level(&self) -> i32 {
        let off = LogLevel::Off as i32;
        let of = |sink: &Arc<Sink>| sink.max_level.load(Ordering::Relaxed);
        self.0.as_ref().map_or(off, of)
    }

    /// Whether anybody wants lines of this level.
    pub fn tells(&self, level: LogLevel) -> bool {
        level as i32 <= self.max_level()
    }

    /// Makes the line only when somebody wants it.
    pub fn line(&self, level: LogLevel, text: impl FnOnce() -> String) {
        if let Some(sink) = &self.0
            && self.tells(level)
        {
            let (sink, text) = (Arc::clone(sink), text());
            telling::tell(move || (sink.callback)(level, &text));
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
        write!(f, "Log({})", self.max_level())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn the_level_can_change_for_all_that_use_the_log() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&told);
        let log = Log::new(LogLevel::Off, move |level, text| {
            kept.lock().unwrap().push((level, text.to_owned()));
        });
        let clone = log.clone();
        clone.error(|| unreachable!());
        log.set_level(LogLevel::Info);
        clone.info(|| "told".into());
        clone.debug(|| unreachable!());
        log.set_level(LogLevel::Off);
        clone.error(|| unreachable!());
        assert_eq!(*told.lock().unwrap(), [(LogLevel::Info, "told".into())]);
    }
}
