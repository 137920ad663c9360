//! Status numbers and error objects as C sees them.

use std::ffi::{CStr, CString, c_char};

use super::handle::{Kind, Table};
use super::panic;
use super::text::{copy_out, terminated};
use crate::error::{Error, Result, Status};

/// What a call came to: TSM_OK (0) or one of TSM_E_*. A number never changes its meaning; later
/// versions may add numbers, so treat one you do not know as a failure.
pub type tsm_status = i32;

// The other numbers are the table in `src/error.rs`; `make generate` puts them after this one.
/// Success.
pub const TSM_OK: tsm_status = 0;
/// One failed call: what happened, what the platform said, what to do. Made by the call that
/// failed, freed by the caller.
pub struct tsm_error {
    _private: (),
}

static ERRORS: Table<ErrorObject, tsm_error> = Table::new(Kind::Error);

struct ErrorObject {
    error: Error,
    code: CString,
    message: CString,
}

/// A handle to `error`; NULL when there is no room for one.
pub(super) fn hand_out(error: Error) -> *mut tsm_error {
    let failure = ErrorObject {
        code: terminated(error.code()),
        message: terminated(error.message()),
        error,
    };
    ERRORS.insert(failure).unwrap_or(std::ptr::null_mut())
}

/// The error of a handle that no table knows.
pub(super) fn bad_handle(argument: &str) -> Error {
    let message =
        format!("`{argument}` was closed or freed, is NULL, or never was a handle of this kind");
    Error::new(Status::InvalidHandle, message)
}

/// What kind of error it is: the status that the call returned. TSM_E_INVALID_HANDLE for anything
/// that is no error.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_error_status(error: *const tsm_error) -> tsm_status {
    panic::value("tsm_error_status", Status::Internal as tsm_status, || {
        ERRORS
            .with(error, |failure| failure.error.status() as tsm_status)
            .unwrap_or(Status::InvalidHandle as tsm_status)
    })
}

/// The platform's errorCode or SOAP faultcode exactly as it was sent, e.g.
/// "UnifiedWebService.REQUEST_FAILED.SessionToken.Expired"; "" if there was none. Codes may or may
/// not start with the name of a service: look for the part you mean with strstr(), as the
/// platform's page "LogIn" does. Borrowed: it lives until the error is freed.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_error_code(error: *const tsm_error) -> *const c_char {
    panic::value("tsm_error_code", c"".as_ptr(), || {
        ERRORS
            .with(error, |failure| failure.code.as_ptr())
            .unwrap_or(c"".as_ptr())
    })
}

/// What happened and what to do, for a person, in English; without secrets. Not for programs: the
/// wording changes. Borrowed: it lives until the error is freed.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_error_message(error: *const tsm_error) -> *const c_char {
    panic::value("tsm_error_message", c"".as_ptr(), || {
        ERRORS
            .with(error, |failure| failure.message.as_ptr())
            .unwrap_or(c"".as_ptr())
    })
}

/// Copies the token that was refused into `buffer`: pass it on to tsm_relogin() after
/// TSM_E_SESSION_EXPIRED (TSM_TOKEN_MAX bytes suffice), or to tsm_renew_api_token() after
/// TSM_E_API_TOKEN (TSM_API_TOKEN_MAX). It is "" when no token was refused. This is a secret; wipe
/// it after use.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT (`buffer` is NULL), TSM_E_BUFFER_TOO_SMALL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_error_token(
    error: *const tsm_error,
    buffer: *mut c_char,
    capacity: usize,
) -> tsm_status {
    let body = || -> Result<()> {
        ERRORS
            .with(error, |failure| {
                let token = failure.error.token().map_or("", |token| token.reveal());
                // SAFETY: the caller's promise.
                unsafe { copy_out(token.as_bytes(), buffer, capacity) }
            })
            .ok_or_else(|| bad_handle("error"))?
    };
    // SAFETY: NULL is allowed.
    unsafe { panic::status("tsm_error_token", std::ptr::null_mut(), body) }
}

/// Whether a call that failed so may succeed later without a change, as far as the status alone
/// tells: for failures of an HTTP client of yours, which the library made no error of. 1 or 0.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_status_retryable(status: tsm_status) -> i32 {
    panic::value("tsm_status_retryable", 0, || {
        known(status).is_some_and(Status::is_retryable).into()
    })
}

/// The HTTP status of the answer behind the error; 0 if there was no answer.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_error_http_status(error: *const tsm_error) -> i32 {
    panic::value("tsm_error_http_status", 0, || {
        ERRORS
            .with(error, |failure| failure.error.http_status().into())
            .unwrap_or(0)
    })
}

/// 1 if the same call may succeed later without anything being changed, else 0. It says nothing
/// about whether the request was acted on: think before you repeat one that is not idempotent.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_error_retryable(error: *const tsm_error) -> i32 {
    panic::value("tsm_error_retryable", 0, || {
        ERRORS
            .with(error, |failure| failure.error.retryable().into())
            .unwrap_or(0)
    })
}

/// How long to wait before trying again, in milliseconds; -1 if nobody said. The library never
/// waits by itself.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_error_retry_after_ms(error: *const tsm_error) -> i64 {
    panic::value("tsm_error_retry_after_ms", -1, || {
        ERRORS
            .with(error, |failure| failure.error.retry_after())
            .flatten()
            .map_or(-1, |wait| {
                i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)
            })
    })
}

/// Frees the error and all text borrowed from it. NULL is fine; a second time does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_error_free(error: *mut tsm_error) {
    panic::value("tsm_error_free", (), || drop(ERRORS.remove(error)));
}

/// The name of a status, e.g. "TSM_E_TIMEOUT"; "TSM_OK" for 0, "TSM_E_UNKNOWN" for a number this
/// version does not know. Never NULL; static.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_status_name(status: tsm_status) -> *const c_char {
    panic::value("tsm_status_name", c"".as_ptr(), || name(status).as_ptr())
}

fn name(number: tsm_status) -> &'static CStr {
    if number == TSM_OK {
        return c"TSM_OK";
    }
    known(number).map_or(c"TSM_E_UNKNOWN", Status::c_name)
}

fn known(number: tsm_status) -> Option<Status> {
    let mut all = Status::ALL.iter().copied();
    all.find(|status| *status as tsm_status == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_its_name() {
        assert_eq!(name(0), c"TSM_OK");
        assert_eq!(name(99), c"TSM_E_INTERNAL");
        assert_eq!(name(98), c"TSM_E_UNKNOWN");
        assert_eq!(name(-1), c"TSM_E_UNKNOWN");
        assert!(Status::ALL.iter().all(|s| s.name().starts_with("TSM_E_")));
    }
}
