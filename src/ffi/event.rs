//! Events as C sees them, and what they come to in numbers.

use std::ffi::{c_char, c_void};
use std::time::{Duration, UNIX_EPOCH};

use super::callback::{Context, Share};
use super::config::{change, tsm_config};
use super::error::{TSM_OK, tsm_error, tsm_status};
use super::panic;
use super::session::{held, tsm_session};
use super::text::{copy_out, terminated};
use crate::error::Error;
use crate::events::{Event, EventDetail};

/// What happened to a session: one of TSM_EVENT_*. A number never changes its meaning; later
/// versions may add numbers, so pass over one you do not know.
pub type tsm_event_kind = i32;

/// Enough for what tsm_metrics() writes: bytes, NUL included.
pub const TSM_METRICS_MAX: usize = 16384;

/// Something that happened to a session. It is lent to a tsm_event_fn for the length of its call,
/// texts included, and holds no secret.
#[repr(C)]
pub struct tsm_event {
    /// The size of this struct. Later versions may add fields at its end: one that lies beyond
    /// `size` is not there.
    pub size: usize,
    /// What happened.
    pub kind: tsm_event_kind,
    /// The failure that it was, or came of; TSM_OK if it is none.
    pub status: tsm_status,
    /// The HTTP status of that failure; 0 if there was none.
    pub http_status: i32,
    /// How many logins the lockout guard has left, as this session saw last; -1 before it has
    /// looked.
    pub slots_left: i32,
    /// When it happened, in microseconds since 1970 (UTC); what took time ended then.
    pub time_us: i64,
    /// How long it took, in microseconds; -1 where that has no meaning.
    pub duration_us: i64,
    /// The name of its kind, e.g. "login_ended". Static.
    pub name: *const c_char,
    /// What tells it from others of its kind, in a word of the table of events, e.g. "success"; ""
    /// for none. Static.
    pub detail: *const c_char,
    /// The platform's code for the failure; "" if there was none.
    pub code: *const c_char,
    /// What failed and what to do, for a person; "" if nothing failed.
    pub message: *const c_char,
}

/// Receives one event. It may be called from any thread that is in a call of this library, several
/// at once, but from no thread of the library's own: what happens on one of those is told by the
/// call that waits for it, else by the next call of the session. So an event may come late, and
/// after a younger one; `time_us` tells. No lock of the library is held, so it may call the
/// library, tsm_free() included; the events of those calls are counted (tsm_metrics()), but not
/// told. It must return: no longjmp(), no C++ exception.
pub type tsm_event_fn = Option<unsafe extern "C" fn(event: *const tsm_event, context: *mut c_void)>;

type Callback = unsafe extern "C" fn(*const tsm_event, *mut c_void);

/// Tells `callback` what happens to this config's sessions: logins and what came of them, waits,
/// adopted tokens, resends, refusals of the lockout guard, failures of its store. The table of
/// events above has them all. A NULL callback tells nobody. `context` is handed back as it is.
///
/// After the config and every session made with it are freed, the callback is not called again; one
/// that is running in another thread at that moment comes to its end. To be sure, free the context
/// after the threads that were in calls have left them.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_FORKED (as tsm_config_set()).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_config_set_event(
    config: *mut tsm_config,
    callback: tsm_event_fn,
    context: *mut c_void,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let context = Context(context);
    let body = || {
        change(config, |contents| {
            match callback {
                Some(callback) => {
                    let share = Share::first();
                    let sink = sink(callback, context, &share);
                    contents.config.set_event(sink);
                    contents.shares.event = Some(share);
                }
                None => {
                    contents.config.unset_event();
                    contents.shares.event = None;
                }
            }
            Ok(())
        })
    };
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_config_set_event", error, body) }
}

/// Writes what the session counted into `buffer`, in the text format of Prometheus (to be served as
/// `text/plain; version=0.0.4`): logins by their fate and how long they took, waits, resends,
/// refusals of the lockout guard, and how many logins it has left. TSM_METRICS_MAX bytes suffice.
/// It waits for nothing. No secret is in it. A counter never goes back, a name is never taken away.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT (`buffer` is NULL), TSM_E_BUFFER_TOO_SMALL,
/// TSM_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_metrics(
    session: *const tsm_session,
    buffer: *mut c_char,
    capacity: usize,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let body = || {
        let metrics = held(session)?.session.metrics()?;
        // SAFETY: the caller's promise.
        unsafe { copy_out(metrics.as_bytes(), buffer, capacity) }
    };
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_metrics", error, body) }
}

/// Tells the session that a request of the program's waited so long for a login that another one
/// was having done, and shares what came of it. For programs that let one of many renew, as
/// tsm_exchange_due() says: of those that wait outside of this library it knows nothing else. It is
/// counted and told as TSM_EVENT_WAITED, "login", like the waits inside.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_waited(
    session: *const tsm_session,
    duration_us: u64,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let body = || {
        let owner = held(session)?;
        owner.session.waited(Duration::from_micros(duration_us))
    };
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_waited", error, body) }
}

/// Where the core sends its events, while any share is left.
fn sink(
    callback: Callback,
    context: Context,
    share: &Share,
) -> impl Fn(&Event) + Send + Sync + 'static {
    let gate = share.gate();
    move |event| {
        if gate.is_open() {
            as_c_sees_it(event, |event| {
                // SAFETY: the caller gave this function for this purpose; the event and its texts
                // live until it returns.
                unsafe { callback(event, context.pointer()) }
            });
        }
    }
}

fn as_c_sees_it(event: &Event, show: impl FnOnce(*const tsm_event)) {
    let error = event.error.as_ref();
    let code = terminated(error.map_or("", Error::code));
    let message = terminated(error.map_or("", Error::message));
    let us = |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    let since_1970 = event.time.duration_since(UNIX_EPOCH).unwrap_or_default();
    show(&tsm_event {
        size: size_of::<tsm_event>(),
        kind: event.kind as tsm_event_kind,
        status: event.status().map_or(TSM_OK, |status| status as tsm_status),
        http_status: error.map_or(0, |error| i32::from(error.http_status())),
        slots_left: event
            .slots_left
            .map_or(-1, |slots| i32::try_from(slots).unwrap_or(i32::MAX)),
        time_us: us(since_1970),
        duration_us: event.duration.map_or(-1, us),
        name: event.kind.c_name().as_ptr(),
        detail: event.detail.map_or(c"", EventDetail::c_name).as_ptr(),
        code: code.as_ptr(),
        message: message.as_ptr(),
    });
}
