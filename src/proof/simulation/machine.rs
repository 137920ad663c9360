//! The machine that a process runs on: time, waiting, threads, salts and hashes.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::world::{Scene, World, me};
use crate::error::Result;
use crate::password::{self, Memory, PasswordHash, Salt};
use crate::runtime::{Runtime, Signal, Work};
use crate::secret::Secret;

/// All that a life of a process has to do with.
#[derive(Clone)]
pub(super) struct Machine {
    pub world: Arc<World>,
    pub process: usize,
    pub life: u64,
    number: u64,
    clock: String,
    /// What its process has hashed.
    hashed: Arc<Mutex<BTreeSet<(Salt, String)>>>,
}

impl Machine {
    /// `number` is that of its process, which no other has that goes on now.
    pub fn new(world: &Arc<World>, process: usize, life: u64, number: u64) -> Machine {
        Machine {
            world: Arc::clone(world),
            process,
            life,
            number,
            clock: world.lock().clock_name(process),
            hashed: Arc::default(),
        }
    }
}

impl Runtime for Machine {
    fn clock(&self) -> &str {
        &self.clock
    }

    fn now_ms(&self) -> u64 {
        self.world.lock().local_ms(self.process)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.now_ms())
    }

    fn wall_ms(&self) -> u64 {
        self.world.lock().now_ms
    }

    fn process(&self) -> u64 {
        self.number
    }

    fn sleep(&self, time: Duration) {
        let time_ms = stretched(&mut self.world.lock(), time);
        drop(self.world.pass("sleeps", time_ms));
    }

    fn wait(&self, signal: &Signal, seen: u64, time: Duration) {
        let mut scene = self.world.lock();
        // A call looks at its deadline in time.
        let slice_ms = time.as_millis() as u64;
        let most_ms = scene.time_left_ms(me()).max(slice_ms);
        let time_ms = stretched(&mut scene, time).min(most_ms);
        drop(scene);
        let awaits = Some((signal.clone(), seen));
        drop(self.world.pass_awaiting("waits", time_ms, awaits));
    }

    fn spawn(&self, name: &str, work: Work) -> io::Result<()> {
        let mut scene = self.world.pass(name, 0);
        if !scene.calm && scene.random.one_in(200) {
            scene.counts.one("threads not given");
            drop(scene);
            return Err(io::Error::other("simulated"));
        }
        drop(scene);
        self.world.spawn(work);
        Ok(())
    }

    fn salt(&self) -> Result<Salt> {
        Ok(self.world.lock().new_salt())
    }

    fn known_hash(&self, password: &Secret, salt: &Salt) -> Option<PasswordHash> {
        let text = password.reveal();
        let hashed = self.hashed().contains(&(*salt, text.to_owned()));
        hashed.then(|| hashed_once(text, salt))
    }

    fn hash(&self, password: &Secret, salt: &Salt, _: &mut Memory) -> PasswordHash {
        let text = password.reveal();
        // It takes its time, and others go on meanwhile.
        drop(self.world.pass("hashes", 40));
        self.hashed().insert((*salt, text.to_owned()));
        hashed_once(text, salt)
    }
}

impl Machine {
    fn hashed(&self) -> MutexGuard<'_, BTreeSet<(Salt, String)>> {
        self.hashed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Numbers for processes. Those whose process left nothing behind in the library's tables are given
/// again: the tables only grow.
static FREE_NUMBERS: Mutex<(u64, Vec<u64>)> = Mutex::new((0, Vec::new()));

pub(super) fn take_number() -> u64 {
    let mut numbers = FREE_NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
    let (used, free) = &mut *numbers;
    free.pop().unwrap_or_else(|| {
        *used += 1;
        *used
    })
}

pub(super) fn give_number_back(number: u64) {
    let mut numbers = FREE_NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
    numbers.1.push(number);
}

/// A busy machine lets threads wait longer than they asked for; which spares steps, too.
fn stretched(scene: &mut Scene, time: Duration) -> u64 {
    let time_ms = (time.as_millis() as u64).max(1);
    match time_ms < 20 {
        true => time_ms,
        false => time_ms * (1 + scene.random.below(30)),
    }
}

/// The real hash, made once: it is slow on purpose, and histories need the same few very often.
pub(super) fn hashed_once(password: &str, salt: &Salt) -> PasswordHash {
    static MADE: Mutex<BTreeMap<(Salt, String), PasswordHash>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (*salt, password.to_owned());
    if let Some(hash) = made.get(&key) {
        return *hash;
    }
    let mut memory = Memory::reserve().expect("19 MiB");
    let hash = password::argon2id(&Secret::new(password), salt, &mut memory);
    made.insert(key, hash);
    hash
}
