//! The world behind its lock, and the bell that wakes those who wait for it to change. Whoever
//! takes the lock finds the world up to date: everything that was due by its clock has happened.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::log::Note;
use super::memory::World;
use crate::http::Request;

/// How often one who waits looks whether he still has to.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Processes a request whose client is gone, at that time.
pub type ProcessLate = fn(&mut World, u64, &Request<'_>) -> Note;

pub struct SharedWorld {
    world: Mutex<World>,
    bell: Condvar,
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
            bell: Condvar::new(),
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
        self.ring();
    }

    /// Wakes those who wait, to look at the world again.
    pub fn ring(&self) {
        self.bell.notify_all();
    }

    /// Waits until the world is `ready`, for as long as nobody gives up.
    pub fn wait(
        &self,
        mut given_up: impl FnMut() -> bool,
        mut ready: impl FnMut(&World) -> bool,
    ) -> Waited {
        loop {
            if given_up() {
                return Waited::GivenUp;
            }
            let world = self.world();
            if self.stopping.load(Ordering::Acquire) {
                return Waited::Stopping;
            }
            if ready(&world) {
                return Waited::Ready;
            }
            drop(
                self.bell
                    .wait_timeout(world, LOOK_AGAIN)
                    .unwrap_or_else(PoisonError::into_inner),
            );
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
