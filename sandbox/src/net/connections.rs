//! The open connections, so that the sandbox can close them when it ends, and leaves no thread
//! behind.

use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A pause that nobody will see the end of.
const LONGEST: Duration = Duration::from_secs(u32::MAX as u64);

#[derive(Default)]
pub struct Connections {
    open: Mutex<Open>,
    changed: Condvar,
}

#[derive(Default)]
struct Open {
    closed: bool,
    next: u64,
    sockets: HashMap<u64, Arc<TcpStream>>,
}

impl Connections {
    /// None when the sandbox is ending.
    pub fn register(&self, socket: &Arc<TcpStream>) -> Option<u64> {
        let mut open = self.lock();
        if open.closed {
            return None;
        }
        let id = open.next;
        open.next += 1;
        open.sockets.insert(id, Arc::clone(socket));
        Some(id)
    }

    pub fn forget(&self, id: u64) {
        let mut open = self.lock();
        open.sockets.remove(&id);
        if open.sockets.is_empty() {
            self.changed.notify_all();
        }
    }

    pub fn closed(&self) -> bool {
        self.lock().closed
    }

    /// Waits that long in real time; false when all are closed first.
    pub fn pause(&self, length: Duration) -> bool {
        let end = Instant::now() + length.min(LONGEST);
        let mut open = self.lock();
        while !open.closed {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            open = self
                .changed
                .wait_timeout(open, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        false
    }

    /// Closes all, refuses new ones and waits until their threads let go of them.
    pub fn close_all(&self) {
        let mut open = self.lock();
        open.closed = true;
        for socket in open.sockets.values() {
            let _ = socket.shutdown(Shutdown::Both);
        }
        self.changed.notify_all();
        while !open.sockets.is_empty() {
            open = self
                .changed
                .wait(open)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
