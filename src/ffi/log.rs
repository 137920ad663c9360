//! The log as C sees it.

use std::ffi::{c_char, c_void};

use super::callback::{Context, Share};
use super::text::terminated;
use crate::log::LogLevel;

/// Receives one line of the log: `level` is 1 (error), 2 (warning), 3 (information), 4 (debug) or 5
/// (trace); `message` is UTF-8, `length` bytes and a NUL, valid during the call, without secrets.
/// It may be called from any thread that is in a call of this library, several at once. No lock of
/// the library is held, so it may call the library; what those calls would log is left out. It must
/// return: no longjmp(), no C++ exception.
pub type tsm_log_fn = Option<
    unsafe extern "C" fn(level: i32, message: *const c_char, length: usize, context: *mut c_void),
>;

type Callback = unsafe extern "C" fn(i32, *const c_char, usize, *mut c_void);

/// Where the core sends its lines, while any share is left.
pub(super) fn sink(
    callback: Callback,
    context: Context,
    share: &Share,
) -> impl Fn(LogLevel, &str) + Send + Sync + 'static {
    let gate = share.gate();
    move |level, message| {
        if !gate.is_open() {
            return;
        }
        let text = terminated(message);
        let length = text.as_bytes().len();
        // SAFETY: the caller gave this function for this purpose; the text lives until it returns.
        unsafe { callback(level as i32, text.as_ptr(), length, context.pointer()) };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    unsafe extern "C" fn count(
        _: i32,
        message: *const c_char,
        length: usize,
        context: *mut c_void,
    ) {
        assert!(!message.is_null());
        // SAFETY: the test below passes a counter.
        let counter = unsafe { &*context.cast::<AtomicUsize>() };
        counter.fetch_add(length, Ordering::Relaxed);
    }

    #[test]
    fn nothing_is_logged_once_the_last_share_is_gone() {
        let counter = AtomicUsize::new(0);
        let context = Context((&raw const counter).cast_mut().cast());
        let config = Share::first();
        let sink = sink(count, context, &config);
        sink(LogLevel::Info, "four");
        let session = config.clone();
        drop(config);
        sink(LogLevel::Info, "four");
        session.release();
        sink(LogLevel::Info, "four");
        assert_eq!(counter.load(Ordering::Relaxed), 8);
    }
}
