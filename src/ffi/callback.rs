//! The caller's callbacks: the pointer that they get back, and the gate that keeps those of a
//! config from being called once nobody can expect it any more.

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The pointer that a callback gets back. The library only carries it.
#[derive(Clone, Copy)]
pub(super) struct Context(pub *mut c_void);

// SAFETY: never dereferenced here. The header asks of the caller that callbacks can be called from
// the threads that make calls, which is to say that whatever the context points at can be used
// there.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

impl Context {
    /// By method, so that closures capture the whole (and with it `Send`) and not the bare pointer.
    pub fn pointer(self) -> *mut c_void {
        self.0
    }
}

/// How many live configs and sessions may use a callback. At none it is closed for good, though
/// calls of a freed session may still be running and have something to tell.
pub(super) struct Gate {
    owners: AtomicUsize,
}

impl Gate {
    pub fn is_open(&self) -> bool {
        self.owners.load(Ordering::Acquire) != 0
    }
}

/// One owner's share in a callback: a config's, a session's, or that of a login in between.
pub(super) struct Share {
    gate: Arc<Gate>,
    released: AtomicBool,
}

impl Share {
    pub fn first() -> Share {
        Share {
            gate: Arc::new(Gate {
                owners: AtomicUsize::new(1),
            }),
            released: AtomicBool::new(false),
        }
    }

    /// To be asked before each call of the callback.
    pub fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate)
    }

    /// Gives the share up before it is dropped: at `tsm_free`, when calls may still hold the
    /// session.
    pub fn release(&self) {
        if !self.released.swap(true, Ordering::AcqRel) {
            self.gate.owners.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Clone for Share {
    fn clone(&self) -> Share {
        self.gate.owners.fetch_add(1, Ordering::AcqRel);
        Share {
            gate: Arc::clone(&self.gate),
            released: AtomicBool::new(false),
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.release();
    }
}

/// The shares of one owner in all its callbacks.
#[derive(Clone, Default)]
pub(super) struct Shares {
    pub log: Option<Share>,
    pub event: Option<Share>,
}

impl Shares {
    pub fn release(&self) {
        let all = [&self.log, &self.event];
        all.into_iter().flatten().for_each(Share::release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_closes_with_the_last_share() {
        let config = Share::first();
        let gate = config.gate();
        let session = config.clone();
        drop(config);
        assert!(gate.is_open());
        session.release();
        assert!(!gate.is_open());
        session.release();
        drop(session);
        assert!(!gate.is_open());
    }
}
