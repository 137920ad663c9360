//! Tells a forked child from its parent, and lets go there of what only the parent may hold. The
//! handler that the C library runs in a child touches atomics and closes descriptors: nothing else
//! is safe at that moment.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use once_cell::race::OnceBool;

/// How many forks lie between this process and the one that loaded the library.
static GENERATION: AtomicU32 = AtomicU32::new(0);
static WATCHED: OnceBool = OnceBool::new();

/// A number that differs between a process and the children it forks.
#[inline(always)]
pub(crate) fn generation() -> u32 {
    // Registering twice in a race is harmless: a fork then counts as two.
    WATCHED.get_or_init(watch);
    GENERATION.load(Ordering::Relaxed)
}

#[cfg(unix)]
#[allow(unsafe_code)]
fn watch() -> bool {
    extern "C" fn in_child() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
        held_locks::close_all();
    }
    // SAFETY: the handler is a plain function that stays loaded (the library is linked with
    // nodelete) and only does what is async-signal-safe. A failure (no memory) leaves forks unseen,
    // which nothing here can mend.
    unsafe { libc::pthread_atfork(None, None, Some(in_child)) == 0 }
}

#[cfg(not(unix))]
fn watch() -> bool {
    true
}

/// A lock that a forked child does not wait for: if another thread held it at that instant, nobody
/// is there to let go of it.
pub(crate) struct Lock<T> {
    value: Mutex<T>,
    /// The process in which it is certain that who holds it is there.
    of: AtomicU32,
}

impl<T> Lock<T> {
    pub fn new(value: T) -> Lock<T> {
        Lock {
            value: Mutex::new(value),
            of: AtomicU32::new(generation()),
        }
    }

    /// None only in a forked child that has not had it yet, while it is held.
    pub fn lock(&self) -> Option<MutexGuard<'_, T>> {
        if generation() == self.of.load(Ordering::Relaxed) {
            return Some(self.value.lock().unwrap_or_else(PoisonError::into_inner));
        }
        let value = match self.value.try_lock() {
            Ok(value) => value,
            Err(TryLockError::Poisoned(value)) => value.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        // Nobody held it when this process was forked.
        self.of.store(generation(), Ordering::Relaxed);
        Some(value)
    }
}

/// The descriptors of lock files. A child inherits them, and with them the lock: it would hold on
/// to it after its parent died.
#[cfg(unix)]
pub(crate) mod held_locks {
    use std::os::fd::{AsRawFd, RawFd};
    use std::ptr;
    use std::sync::atomic::{AtomicI32, AtomicPtr, Ordering};

    const FREE: i32 = -1;

    /// Places for descriptors; when all are taken another block is added. Blocks are never freed.
    struct Block {
        places: [AtomicI32; 64],
        next: AtomicPtr<Block>,
    }

    static FIRST: Block = Block::new();

    impl Block {
        const fn new() -> Block {
            Block {
                places: [const { AtomicI32::new(FREE) }; 64],
                next: AtomicPtr::new(ptr::null_mut()),
            }
        }

        #[allow(unsafe_code)]
        fn next(&self) -> Option<&'static Block> {
            // SAFETY: a block in the list was leaked by `grown`, so it is there for good.
            unsafe { self.next.load(Ordering::Acquire).as_ref() }
        }

        /// The block after this one, made if there is none.
        fn grown(&self) -> &'static Block {
            if let Some(next) = self.next() {
                return next;
            }
            let new: &'static Block = Box::leak(Box::new(Block::new()));
            let _ = self.next.compare_exchange(
                ptr::null_mut(),
                ptr::from_ref(new).cast_mut(),
                Ordering::AcqRel,
                Ordering::Acquire,
            );
            self.next().unwrap_or(new)
        }

        fn take(&'static self, fd: RawFd) -> &'static AtomicI32 {
            let mut block = self;
            loop {
                let free = block.places.iter().find(|place| {
                    place
                        .compare_exchange(FREE, fd, Ordering::AcqRel, Ordering::Relaxed)
                        .is_ok()
                });
                match free {
                    Some(place) => return place,
                    None => block = block.grown(),
                }
            }
        }
    }

    /// While it lives, a forked child closes its copy of the descriptor.
    pub(crate) struct HeldLock {
        place: &'static AtomicI32,
        fd: RawFd,
    }

    impl HeldLock {
        pub fn new(file: &impl AsRawFd) -> HeldLock {
            super::generation();
            let fd = file.as_raw_fd();
            let place = FIRST.take(fd);
            HeldLock { place, fd }
        }
    }

    impl Drop for HeldLock {
        fn drop(&mut self) {
            // In a forked child the place was emptied already, and may be another's by now.
            let _ = self
                .place
                .compare_exchange(self.fd, FREE, Ordering::AcqRel, Ordering::Relaxed);
        }
    }

    #[allow(unsafe_code)]
    pub(super) fn close_all() {
        let blocks = std::iter::successors(Some(&FIRST), |block| block.next());
        for place in blocks.flat_map(|block| &block.places) {
            let fd = place.swap(FREE, Ordering::AcqRel);
            if fd != FREE {
                // SAFETY: the descriptor belongs to a lock file of the parent's; no code of the
                // child will ever use it, since the thread that opened it does not exist here.
                unsafe { libc::close(fd) };
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn there_is_a_place_for_every_lock() {
            let file = std::fs::File::open("/").unwrap();
            let held: Vec<_> = (0..200).map(|_| HeldLock::new(&file)).collect();
            let mut places: Vec<_> = held.iter().map(|held| ptr::from_ref(held.place)).collect();
            places.sort_unstable();
            places.dedup();
            assert_eq!(places.len(), 200);
        }
    }
}

#[cfg(not(unix))]
pub(crate) mod held_locks {
    pub(crate) struct HeldLock;

    impl HeldLock {
        pub fn new<T>(_: &T) -> HeldLock {
            HeldLock
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inherited_lock_is_not_waited_for_until_it_was_had_once() {
        let inherited = Lock::new(());
        inherited.of.store(generation() + 1, Ordering::Relaxed);
        let held = inherited.value.lock().unwrap();
        assert!(inherited.lock().is_none());
        drop(held);
        let held = inherited.lock().unwrap();
        std::thread::scope(|scope| {
            let next = scope.spawn(|| inherited.lock().is_some());
            drop(held);
            assert!(next.join().unwrap());
        });
        assert_eq!(inherited.of.load(Ordering::Relaxed), generation());
    }
}
