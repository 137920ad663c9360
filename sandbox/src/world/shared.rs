//! The world behind its lock, and the bells that wake those who wait for it to change. Whoever
//! takes the lock finds the world up to date: everything that was due by its clock has happened.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::held::Ticket;
use super::log::Note;
use super::memory::World;
use crate::http::Request;

/// How often one who waits looks whether he still has to.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Processes a request whose client is gone, at that time.
pub type ProcessLate = fn(&mut World, u64, &Request<'_>) -> Note;

pub struct SharedWorld {
    world: Mutex<World>,
    /// Rung when the control port has acted: held requests look up.
    acted: Condvar,
    /// Rung when a request has come: those who await one look up.
    came: Condvar,
    stopping: AtomicBool,
    process_late: ProcessLate,
}

/// How waiting ended.
#[derive(PartialEq)]
pub enum Waited {
    /// It is as it was waited for.
    Ready,
    /// Whoever waited for the outcome is gone.
    GivenUp,
    Stopping,
}

impl SharedWorld {
    pub fn new(process_late: ProcessLate) -> SharedWorld {
        SharedWorld {
            world: Mutex::new(World::new()),
            acted: Condvar::new(),
            came: Condvar::new(),
            stopping: AtomicBool::new(false),
            process_late,
        }
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        let mut world = self.lock();
        self.catch_up(&mut world);
        world
    }

    /// Ends every wait, now and from now on.
    pub fn stop(&self) {
        let world = self.lock();
        self.stopping.store(true, Ordering::Release);
        drop(world);
        self.acted.notify_all();
        self.came.notify_all();
    }

    /// To be called after the control port has changed something.
    pub fn control_acted(&self) {
        self.acted.notify_all();
    }

    /// To be called when the counters say that a request has come.
    pub fn request_came(&self) {
        self.came.notify_all();
    }

    /// Waits until the control port has released that request, or its client has hung up.
    pub fn wait_for_release(&self, ticket: Ticket, client_gone: impl FnMut() -> bool) -> Waited {
        let waited = self.wait(&self.acted, client_gone, |world| !world.held.holds(ticket));
        if waited != Waited::Ready {
            self.world().held.forget(ticket);
        }
        waited
    }

    /// Waits until requests have made the world `ready`, for at most so long.
    pub fn wait_for_requests(
        &self,
        at_most: Duration,
        ready: impl FnMut(&World) -> bool,
    ) -> Waited {
        let start = Instant::now();
        self.wait(&self.came, || start.elapsed() >= at_most, ready)
    }

    fn wait(
        &self,
        bell: &Condvar,
        mut given_up: impl FnMut() -> bool,
        mut ready: impl FnMut(&World) -> bool,
    ) -> Waited {
        loop {
            let world = self.world();
            if ready(&world) {
                return Waited::Ready;
            }
            if self.stopping.load(Ordering::Acquire) {
                return Waited::Stopping;
            }
            drop(
                bell.wait_timeout(world, LOOK_AGAIN)
                    .unwrap_or_else(PoisonError::into_inner),
            );
            if given_up() {
                return Waited::GivenUp;
            }
        }
    }

    fn catch_up(&self, world: &mut World) {
        let now_ms = world.clock.now_ms();
        while let Some((due_ms, line, postponed)) = world.late.next_due(now_ms) {
            let note = postponed.read(|request| (self.process_late)(world, due_ms, request));
            if let Some(note) = note {
                world
                    .log
                    .explain(line, note.after("process_late, processed"));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
