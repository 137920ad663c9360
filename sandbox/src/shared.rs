//! What all threads of one sandbox share: the world behind its lock, the bell that wakes those who
//! wait, and the open connections. Whoever takes the lock finds the world up to date: everything
//! that was due by its clock has happened.

use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::world::World;

/// How often a held connection is asked whether its client is still there.
const HANG_UP_CHECK: Duration = Duration::from_millis(20);

pub struct Shared {
    world: Mutex<World>,
    bell: Condvar,
    stopping: AtomicBool,
    pub connections: Connections,
}

/// How holding a request ended.
pub enum Held {
    Released,
    ClientGone,
    Stopping,
}

impl Shared {
    pub fn new() -> Shared {
        Shared {
            world: Mutex::new(World::new()),
            bell: Condvar::new(),
            stopping: AtomicBool::new(false),
            connections: Connections::default(),
        }
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        let mut world = lock(&self.world);
        world.catch_up();
        world
    }

    pub fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Ends every wait, now and from now on.
    pub fn stop(&self) {
        let world = lock(&self.world);
        self.stopping.store(true, Ordering::Release);
        drop(world);
        self.ring();
    }

    /// Wakes those who wait, to look at the world again.
    pub fn ring(&self) {
        self.bell.notify_all();
    }

    /// Waits that long in real time; false when the sandbox stops first.
    pub fn pause(&self, length: Duration) -> bool {
        let Some(end) = Instant::now().checked_add(length) else {
            return self.pause(Duration::from_secs(u64::from(u32::MAX)));
        };
        let mut world = lock(&self.world);
        loop {
            if self.stopping() {
                return false;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            world = self.wait(world, left);
        }
    }

    /// Waits until the faults of that generation are dropped, or `client_gone` says so.
    pub fn hold(&self, generation: u64, mut client_gone: impl FnMut() -> bool) -> Held {
        loop {
            if client_gone() {
                return Held::ClientGone;
            }
            let world = lock(&self.world);
            if self.stopping() {
                return Held::Stopping;
            }
            if world.faults.generation() != generation {
                return Held::Released;
            }
            drop(self.wait(world, HANG_UP_CHECK));
        }
    }

    fn wait<'a>(&self, world: MutexGuard<'a, World>, at_most: Duration) -> MutexGuard<'a, World> {
        self.bell
            .wait_timeout(world, at_most)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }
}

/// The open connections, so that the sandbox can close them when it ends.
#[derive(Default)]
pub struct Connections {
    open: Mutex<Open>,
    empty: Condvar,
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
        let mut open = lock(&self.open);
        if open.closed {
            return None;
        }
        let id = open.next;
        open.next += 1;
        open.sockets.insert(id, Arc::clone(socket));
        Some(id)
    }

    pub fn forget(&self, id: u64) {
        let mut open = lock(&self.open);
        open.sockets.remove(&id);
        if open.sockets.is_empty() {
            self.empty.notify_all();
        }
    }

    /// Closes all, refuses new ones and waits until their threads let go of them.
    pub fn close_all(&self) {
        let mut open = lock(&self.open);
        open.closed = true;
        for socket in open.sockets.values() {
            let _ = socket.shutdown(Shutdown::Both);
        }
        while !open.sockets.is_empty() {
            open = self
                .empty
                .wait(open)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
