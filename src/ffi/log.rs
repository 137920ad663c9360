//! The caller's two kinds of callback, and the gate that keeps the log's from being called once
//! nobody can expect it any more.

use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::text::terminated;
use crate::log::LogLevel;

/// Receives one line of the log: `level` is 1 (error), 2 (warning), 3 (information), 4 (debug) or 5
/// (trace); `message` is UTF-8, `length` bytes and a NUL, valid during the call, without secrets.
/// It may be called from any thread that is in a call of this library, several at once. No lock of
/// the library is held, so it may call the library. It must return: no longjmp(), no C++ exception.
pub type tsm_log_fn = Option<
    unsafe extern "C" fn(level: i32, message: *const c_char, length: usize, context: *mut c_void),
>;

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

type Callback = unsafe extern "C" fn(i32, *const c_char, usize, *mut c_void);

/// A log callback and how many live configs and sessions may use it. At none it is closed for good,
/// though calls of a freed session may still be running and logging.
struct Gate {
    callback: Callback,
    context: Context,
    owners: AtomicUsize,
}

/// One owner's share in the log: a config's, a session's, or that of a login in between.
pub(super) struct LogShare {
    gate: Arc<Gate>,
    released: AtomicBool,
}

impl LogShare {
    pub fn new(callback: Callback, context: Context) -> LogShare {
        LogShare {
            gate: Arc::new(Gate {
                callback,
                context,
                owners: AtomicUsize::new(1),
            }),
            released: AtomicBool::new(false),
        }
    }

    /// Where the core sends its lines.
    pub fn sink(&self) -> impl Fn(LogLevel, &str) + Send + Sync + 'static {
        let gate = self.gate.clone();
        move |level, message| gate.log(level, message)
    }

    /// Gives the share up before it is dropped: at `tsm_free`, when calls may still hold the
    /// session.
    pub fn release(&self) {
        if !self.released.swap(true, Ordering::AcqRel) {
            self.gate.owners.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Clone for LogShare {
    fn clone(&self) -> LogShare {
        self.gate.owners.fetch_add(1, Ordering::AcqRel);
        LogShare {
            gate: self.gate.clone(),
            released: AtomicBool::new(false),
        }
    }
}

impl Drop for LogShare {
    fn drop(&mut self) {
        self.release();
    }
}

impl Gate {
    fn log(&self, level: LogLevel, message: &str) {
        if self.owners.load(Ordering::Acquire) == 0 {
            return;
        }
        let text = terminated(message);
        let length = text.as_bytes().len();
        // SAFETY: the caller gave this function for this purpose; the text lives until it returns.
        unsafe { (self.callback)(level as i32, text.as_ptr(), length, self.context.pointer()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    unsafe extern "C" fn count(
        _: i32,
        message: *const c_char,
        length: usize,
        context: *mut c_void,
    ) {
        assert!(!message.is_null());
        // SAFETY: the tests below pass a counter.
        let counter = unsafe { &*context.cast::<AtomicUsize>() };
        counter.fetch_add(length, Ordering::Relaxed);
    }

    #[test]
    fn nothing_is_logged_once_the_last_share_is_gone() {
        let counter = AtomicUsize::new(0);
        let context = Context((&raw const counter).cast_mut().cast());
        let config = LogShare::new(count, context);
        let sink = config.sink();
        sink(LogLevel::Info, "four");
        let session = config.clone();
        drop(config);
        sink(LogLevel::Info, "four");
        session.release();
        session.release();
        sink(LogLevel::Info, "four");
        drop(session);
        sink(LogLevel::Info, "four");
        assert_eq!(counter.load(Ordering::Relaxed), 8);
    }
}
