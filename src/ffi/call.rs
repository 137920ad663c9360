//! Calls as C sees them: a deadline and ways to cancel.

use std::ffi::c_void;
use std::time::Duration;

use super::callback::Context;
use super::error::{bad_handle, tsm_status};
use super::handle::{Kind, Table};
use super::panic;
use crate::call::Call;
use crate::error::Result;

/// One call's deadline and cancellation, or that of several. Every function that takes one takes
/// NULL too: the session's own defaults.
pub struct tsm_call {
    _private: (),
}

/// Asked at least every 100 ms while a call waits, on the thread that made the call; non-zero
/// cancels the call. It must return soon, and by returning: no longjmp(), no C++ exception. No lock
/// of the library is held, so it may call the library.
pub type tsm_interrupt_fn = Option<unsafe extern "C" fn(context: *mut c_void) -> i32>;

static CALLS: Table<Call, tsm_call> = Table::new(Kind::Call);

/// The call of an argument that may be NULL.
pub(super) fn call_or_default(call: *const tsm_call) -> Result<Call> {
    if call.is_null() {
        return Ok(Call::new());
    }
    find(call)
}

fn find(call: *const tsm_call) -> Result<Call> {
    CALLS
        .with(call, Call::clone)
        .ok_or_else(|| bad_handle("call"))
}

/// Makes a call with nothing set. The caller frees it with tsm_call_free(). NULL only when sixteen
/// million are alive.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_call_new() -> *mut tsm_call {
    panic::value("tsm_call_new", std::ptr::null_mut(), || {
        CALLS.insert(Call::new()).unwrap_or(std::ptr::null_mut())
    })
}

/// Sets the longest that each function called with this may take, in milliseconds from its start,
/// whatever the network does; then it gives TSM_E_TIMEOUT. It takes the place of the session's
/// option `timeout_ms`, for calls made from now on. 0 is no time at all.
///
/// Gives TSM_E_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_call_set_timeout(call: *mut tsm_call, timeout_ms: u64) -> tsm_status {
    let body = || {
        find(call)?.set_timeout(Duration::from_millis(timeout_ms));
        Ok(())
    };
    // SAFETY: NULL is allowed.
    unsafe { panic::status("tsm_call_set_timeout", std::ptr::null_mut(), body) }
}

/// Says how long the calls made with this from now on have waited before, in milliseconds, such as
/// in a queue of the program's own: so much of their time is over when they start. A call that is
/// late names its whole time.
///
/// Gives TSM_E_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_call_set_waited(call: *mut tsm_call, waited_ms: u64) -> tsm_status {
    let body = || {
        find(call)?.set_waited(Duration::from_millis(waited_ms));
        Ok(())
    };
    // SAFETY: NULL is allowed.
    unsafe { panic::status("tsm_call_set_waited", std::ptr::null_mut(), body) }
}

/// Sets the function to ask whether to go on, or none with NULL; `context` is handed back as it is.
/// This is how Python answers Ctrl-C: the call ends with TSM_E_CANCELLED and the session stays
/// usable. `context` must live until the functions called with this have returned.
///
/// Gives TSM_E_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_call_set_interrupt(
    call: *mut tsm_call,
    interrupt: tsm_interrupt_fn,
    context: *mut c_void,
) -> tsm_status {
    let context = Context(context);
    let body = || {
        find(call)?.set_interrupt(interrupt.map(|interrupt| {
            // SAFETY: the caller gave this function and this context for this purpose.
            let ask = move || unsafe { interrupt(context.pointer()) != 0 };
            Box::new(ask) as Box<_>
        }));
        Ok(())
    };
    // SAFETY: NULL is allowed.
    unsafe { panic::status("tsm_call_set_interrupt", std::ptr::null_mut(), body) }
}

/// Ends every function running or yet to be called with this `call` with TSM_E_CANCELLED, soon:
/// they notice within 100 ms. From any thread. What was sent before may have been acted on. A login
/// that was sent goes on by itself: others who need a token wait for it and share its outcome.
///
/// Gives TSM_E_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_call_cancel(call: *const tsm_call) -> tsm_status {
    let body = || {
        find(call)?.cancel();
        Ok(())
    };
    // SAFETY: NULL is allowed.
    unsafe { panic::status("tsm_call_cancel", std::ptr::null_mut(), body) }
}

/// Frees the call. Functions running with it go on with its deadline, without its interrupt
/// function, and can no longer be cancelled by it. NULL is fine; a second time does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_call_free(call: *mut tsm_call) {
    panic::value("tsm_call_free", (), || {
        if let Some(call) = CALLS.remove(call) {
            call.set_interrupt(None);
        }
    });
}
