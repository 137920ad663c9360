//! A line for a person who waits: after two seconds, on a terminal, once.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use crate::output;

const PATIENCE: Duration = Duration::from_secs(2);

/// Dropped when the wait is over.
pub struct Progress(Option<Sender<()>>);

impl Progress {
    /// Says what is waited for, if that takes long.
    pub fn of(what: String) -> Progress {
        let (over, is_over) = mpsc::channel();
        let wait = move || {
            if is_over.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                output::say(&format!("waiting for {what} …"));
            }
        };
        // Without a thread nothing is said.
        let _ = thread::Builder::new().name("progress".into()).spawn(wait);
        Progress(Some(over))
    }

    /// Nobody looks.
    pub fn none() -> Progress {
        Progress(None)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.take();
    }
}
