//! Threads of the library's own, for what must not end with the call that began it. They call
//! nothing of the program's and take none of its signals. (The last to drop a session drops the log
//! function of a Rust program with it, and that may be such a thread.)

use std::cell::RefCell;
use std::io;
#[cfg(unix)]
use std::sync::atomic::{AtomicBool, Ordering};

/// What a thread of the library's own has to do.
pub(crate) type Work = Box<dyn FnOnce() + Send>;

thread_local! {
    /// What a thread of the library's own does when it is done; None on any other.
    static NEXT: RefCell<Option<Vec<Work>>> = const { RefCell::new(None) };
}

/// Starts a thread.
pub(crate) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let thread = std::thread::Builder::new().name(name.into());
    let work = move || {
        NEXT.set(Some(Vec::new()));
        work();
        while let Some(next) = NEXT.with_borrow_mut(|next| next.as_mut()?.pop()) {
            next();
        }
    };
    without_signals(|| thread.spawn(work)).map(drop)
}

/// Has this done when the thread that calls is done with what it does; by a new thread where it is
/// one of the program's.
pub(crate) fn do_next(name: &str, work: Work) -> io::Result<()> {
    let left = NEXT.with_borrow_mut(|next| match next {
        Some(next) => {
            next.push(work);
            None
        }
        None => Some(work),
    });
    left.map_or(Ok(()), |work| spawn(name, work))
}

/// Has the C library call this once when the process exits by itself, on the thread that exits.
/// On Windows the threads of a process are gone by then.
#[cfg(unix)]
#[allow(unsafe_code)]
pub(crate) fn before_exit(finish: extern "C" fn()) {
    static REGISTERED: AtomicBool = AtomicBool::new(false);
    if !REGISTERED.swap(true, Ordering::Relaxed) {
        // SAFETY: a plain function that stays loaded (the library is linked with nodelete).
        // Without memory for it nobody waits, which is no harm.
        unsafe { libc::atexit(finish) };
    }
}

#[cfg(windows)]
pub(crate) fn before_exit(_: extern "C" fn()) {}

/// A thread begins with the signal mask of the one that starts it.
#[cfg(unix)]
#[allow(unsafe_code)]
fn without_signals<R>(start: impl FnOnce() -> R) -> R {
    use std::mem::MaybeUninit;

    let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: plain calls on sets of this function's own; sigfillset makes the first one whole
    // before it is read.
    let masked = unsafe {
        libc::sigfillset(all.as_mut_ptr());
        // What a thread's own fault raises goes to whoever reports crashes, or emulates system
        // calls.
        for own in [
            libc::SIGSEGV,
            libc::SIGBUS,
            libc::SIGILL,
            libc::SIGFPE,
            libc::SIGTRAP,
            libc::SIGSYS,
            libc::SIGABRT,
        ] {
            libc::sigdelset(all.as_mut_ptr(), own);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) == 0
    };
    let started = start();
    if masked {
        // SAFETY: the call above made this set whole.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut()) };
    }
    started
}

/// There are no signals; but a thread must find its code there until it ends.
#[cfg(windows)]
fn without_signals<R>(start: impl FnOnce() -> R) -> R {
    crate::windows::stay_loaded();
    start()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_does_what_is_next_when_it_is_done() {
        let (say, said) = std::sync::mpsc::channel();
        let work = move || {
            let next = say.clone();
            let tell = move || next.send(std::thread::current().id()).unwrap();
            do_next("tsm-next", Box::new(tell)).unwrap();
            say.send(std::thread::current().id()).unwrap();
        };
        spawn("tsm-test", work).unwrap();
        let first = said.recv().unwrap();
        assert_eq!(said.recv().unwrap(), first);

        let (say, said) = std::sync::mpsc::channel();
        let tell = move || say.send(std::thread::current().id()).unwrap();
        do_next("tsm-next", Box::new(tell)).unwrap();
        assert_ne!(said.recv().unwrap(), std::thread::current().id());
    }

    #[test]
    fn a_thread_takes_no_signals_but_those_of_its_own_faults() {
        let (say, said) = std::sync::mpsc::channel();
        spawn("tsm-test", move || {
            let status = std::fs::read_to_string("/proc/thread-self/status");
            say.send(status.unwrap()).unwrap();
        })
        .unwrap();
        let status = said.recv().unwrap();
        let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:"));
        let blocked = u64::from_str_radix(blocked.unwrap().trim(), 16).unwrap();
        let is_blocked = |signal: i32| blocked >> (signal - 1) & 1 == 1;
        assert!(
            [libc::SIGINT, libc::SIGTERM, libc::SIGCHLD, libc::SIGUSR1].map(is_blocked)
                == [true; 4]
        );
        assert!([libc::SIGSEGV, libc::SIGSYS, libc::SIGABRT].map(is_blocked) == [false; 3]);
    }
}
