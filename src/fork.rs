//! Tells a forked child from its parent, and lets go there of what only the parent may hold. The
//! handler that the C library runs in a child touches atomics and closes descriptors: nothing else
//! is safe at that moment.

use once_cell::race::OnceBool;
use std::sync::atomic::{AtomicU32, Ordering};

/// How many forks lie between this process and the one that loaded the library.
static GENERATION: AtomicU32 = AtomicU32::new(0);
static WATCHED: OnceBool = OnceBool::new();

/// A number that differs between a process and the children it forks.
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

/// The descriptors of lock files. A child inherits them, and with them the lock: it would hold on
/// to it after its parent died.
#[cfg(unix)]
pub(crate) mod held_locks {
    use std::os::fd::{AsRawFd, RawFd};
    use std::sync::atomic::{AtomicI32, Ordering};

    const FREE: i32 = -1;
    static FDS: [AtomicI32; 64] = [const { AtomicI32::new(FREE) }; 64];

    /// While it lives, a forked child closes its copy of the descriptor. A process with more than
    /// 64 logins under way at once leaves the rest to the child's exit.
    pub(crate) struct Held(Option<(usize, RawFd)>);

    impl Held {
        pub fn new(file: &impl AsRawFd) -> Held {
            super::generation();
            let fd = file.as_raw_fd();
            let place = FDS.iter().position(|place| {
                place
                    .compare_exchange(FREE, fd, Ordering::AcqRel, Ordering::Relaxed)
                    .is_ok()
            });
            Held(place.map(|place| (place, fd)))
        }
    }

    impl Drop for Held {
        fn drop(&mut self) {
            if let Some((place, fd)) = self.0 {
                // In a forked child the place was emptied already, and may be another's by now.
                let _ = FDS[place].compare_exchange(fd, FREE, Ordering::AcqRel, Ordering::Relaxed);
            }
        }
    }

    #[allow(unsafe_code)]
    pub(super) fn close_all() {
        for place in &FDS {
            let fd = place.swap(FREE, Ordering::AcqRel);
            if fd != FREE {
                // SAFETY: the descriptor belongs to a lock file of the parent's; no code of the
                // child will ever use it, since the thread that opened it does not exist here.
                unsafe { libc::close(fd) };
            }
        }
    }
}

#[cfg(not(unix))]
pub(crate) mod held_locks {
    pub(crate) struct Held;

    impl Held {
        pub fn new<T>(_: &T) -> Held {
            Held
        }
    }
}
