//! Threads of the library's own, for what must not end with the call that began it. They run no code of the program's: no callback, and
//! no signal handler.

use std::io;

/// Starts a thread.
pub(crate) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let thread = std::thread::Builder::new().name(name.into());
    without_signals(|| thread.spawn(work)).map(drop)
}

/// A thread begins with the signal mask of the one that starts it.
#[cfg(unix)]
#[allow(unsafe_code)]
fn without_signals<R>(start: impl FnOnce() -> R) -> R {
    use std::mem::MaybeUninit;

    let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: plain calls on sets of this function's own; sigfillset makes the first one whole before it is read.
    let masked = unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) == 0
    };
    let started = start();
    if masked {
        // SAFETY: the call above made this set whole.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut()) };
    }
    started
}

#[cfg(not(unix))]
fn without_signals<R>(start: impl FnOnce() -> R) -> R {
    start()
}
