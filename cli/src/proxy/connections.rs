//! The connections there are: bounded, and ended in order. At the bound the one that has been
//! silent longest makes room, or else one whose client halts in the middle of a request or of its
//! answer; where all are at work, new ones wait in the system's queue.

use std::collections::HashMap;
use std::net::Shutdown;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use thingspace_session::Call;

use super::socket::Socket;

/// Each may hold a thread, two sockets and a body.
const MOST: usize = 256;
/// How long what is under way may go on once the proxy stops.
const TIME_TO_STOP: Duration = Duration::from_secs(10);
/// How long it may take once its calls are cancelled.
const TIME_TO_CANCEL: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_millis(50);
/// How long a client may halt in the middle where others wait.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Default)]
pub struct Connections {
    table: Mutex<Table>,
    /// One ended, or fell silent, or all are to end.
    changed: Condvar,
}

#[derive(Default)]
struct Table {
    live: HashMap<u64, Entry>,
    next: u64,
    is_stopping: bool,
}

struct Entry {
    socket: Arc<Socket>,
    call: Call,
    /// Since when nothing was asked.
    silent_since: Option<Instant>,
    /// It was closed for another.
    makes_room: bool,
}

impl Connections {
    /// Waits until one more can be served, which is there. False when no more are.
    pub fn await_room(&self) -> bool {
        let mut table = self.table();
        loop {
            if table.is_stopping {
                return false;
            }
            if table.live.len() < MOST {
                return true;
            }
            if let Some(entry) = table.dispensable() {
                entry.makes_room = true;
                entry.socket.shut(Shutdown::Both);
            }
            let waited = self.changed.wait_timeout(table, RETRY);
            table = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether more are served.
    pub fn are_taken(&self) -> bool {
        !self.table().is_stopping
    }

    /// Waits a moment, or until one ends.
    pub fn await_change(&self) {
        let waited = self.changed.wait_timeout(self.table(), RETRY);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// No more are served, and those that are silent end.
    pub fn refuse_more(&self) {
        let mut table = self.table();
        table.is_stopping = true;
        for entry in table.live.values() {
            if entry.silent_since.is_some() {
                entry.socket.shut(Shutdown::Both);
            }
        }
        self.changed.notify_all();
    }

    /// Lets what is under way end, and cancels what does not end in time.
    pub fn stop(&self) {
        let table = self.await_end(self.table(), TIME_TO_STOP);
        for entry in table.live.values() {
            entry.call.cancel();
            entry.socket.shut(Shutdown::Read);
        }
        drop(self.await_end(table, TIME_TO_CANCEL));
    }

    fn await_end<'a>(&self, table: MutexGuard<'a, Table>, time: Duration) -> MutexGuard<'a, Table> {
        let is_served = |table: &mut Table| !table.live.is_empty();
        let waited = self.changed.wait_timeout_while(table, time, is_served);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// The one to make room for another, unless one is about to.
    fn dispensable(&mut self) -> Option<&mut Entry> {
        if self.live.values().any(|entry| entry.makes_room) {
            return None;
        }
        let idle_since = |entry: &Entry| {
            let halts_since = entry.socket.waits_since();
            let halts_since = halts_since.filter(|since| since.elapsed() >= PATIENCE);
            entry.silent_since.or(halts_since)
        };
        let idle = self.live.values_mut();
        let idle = idle.filter_map(|entry| Some((idle_since(entry)?, entry)));
        let longest = idle.min_by_key(|(since, _)| *since);
        longest.map(|(_, entry)| entry)
    }
}

/// The place of one connection, left when it is dropped.
pub struct Seat {
    connections: Arc<Connections>,
    number: u64,
    /// What ends its requests.
    pub call: Call,
}

impl Seat {
    /// None when no more are served.
    pub fn take(connections: &Arc<Connections>, socket: &Arc<Socket>) -> Option<Seat> {
        let call = Call::new();
        let client = Arc::clone(socket);
        call.set_interrupt(Some(Box::new(move || client.is_gone())));
        let mut table = connections.table();
        if table.is_stopping {
            return None;
        }
        let number = table.next;
        table.next += 1;
        let entry = Entry {
            socket: Arc::clone(socket),
            call: call.clone(),
            silent_since: Some(Instant::now()),
            makes_room: false,
        };
        table.live.insert(number, entry);
        drop(table);
        Some(Seat {
            connections: Arc::clone(connections),
            number,
            call,
        })
    }

    /// Nothing is asked. False when no more is answered.
    pub fn falls_silent(&self) -> bool {
        let mut table = self.connections.table();
        if table.is_stopping {
            return false;
        }
        if let Some(entry) = table.live.get_mut(&self.number) {
            entry.silent_since = Some(Instant::now());
        }
        if table.live.len() >= MOST {
            self.connections.changed.notify_all();
        }
        true
    }

    /// Something is asked.
    pub fn is_asked(&self) {
        let mut table = self.connections.table();
        if let Some(entry) = table.live.get_mut(&self.number) {
            entry.silent_since = None;
        }
    }

    /// Whether no more is answered than what was asked already.
    pub fn is_last(&self) -> bool {
        self.connections.table().is_stopping
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.connections.table().live.remove(&self.number);
        self.connections.changed.notify_all();
    }
}
