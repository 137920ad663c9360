//! Status numbers and error objects as C sees them.

use std::ffi::{CStr, CString, c_char};

use super::handle::{Kind, Table};
use super::panic;
use super::text::{copy_out, terminated};
use crate::error::{Error, Result, Status};

/// What a call came to: TSM_OK (0) or one of TSM_E_*. A number never changes its meaning; later
/// versions may add numbers, so treat one you do not know as a failure.
pub type tsm_status = i32;

/// Success.
pub const TSM_OK: tsm_status = 0;
/// An argument or option is NULL, not UTF-8, unknown, or has a bad value; the message names it.
/// Nothing was sent.
pub const TSM_E_INVALID_ARGUMENT: tsm_status = 1;
/// A handle is NULL, was freed, or never was one of this kind.
pub const TSM_E_INVALID_HANDLE: tsm_status = 2;
/// The buffer has no room for the text and its NUL. It holds "" now, if it has room for one byte.
/// TSM_TOKEN_MAX and its like always suffice.
pub const TSM_E_BUFFER_TOO_SMALL: tsm_status = 3;
/// The platform rejected username or password. Those are not sent again; correct the password, do
/// not retry.
pub const TSM_E_CREDENTIALS: tsm_status = 10;
/// The platform says the contact is locked. Only Verizon's support can unlock it.
pub const TSM_E_LOCKED: tsm_status = 11;
/// The lockout guard refused to log in, so that the account is not locked; nothing was sent. The
/// message says why and what to do.
pub const TSM_E_LOGIN_BLOCKED: tsm_status = 12;
/// The platform refused the session token (`SessionToken.Expired` and its kin), and re-login is off
/// or did not help. tsm_error_token() has the token.
pub const TSM_E_SESSION_EXPIRED: tsm_status = 13;
/// No API token is to be had, or the platform rejects it. tsm_error_token() has the token, if one
/// was rejected.
pub const TSM_E_API_TOKEN: tsm_status = 14;
/// The session was logged out. tsm_relogin() brings it back.
pub const TSM_E_NOT_LOGGED_IN: tsm_status = 15;
/// Any other errorCode or SOAP fault of the platform; tsm_error_code() has it.
pub const TSM_E_PLATFORM: tsm_status = 20;
/// The platform asks for fewer requests (HTTP 429); tsm_error_retry_after_ms() may say how long to
/// wait.
pub const TSM_E_RATE_LIMITED: tsm_status = 21;
/// The platform failed (HTTP 5xx) without an error of its own.
pub const TSM_E_UNAVAILABLE: tsm_status = 22;
/// The answer is not what the platform documents: malformed, without a token, too large.
pub const TSM_E_PROTOCOL: tsm_status = 23;
/// The network failed.
pub const TSM_E_NETWORK: tsm_status = 30;
/// The call's deadline passed. Whether the platform acted on the request is not known.
pub const TSM_E_TIMEOUT: tsm_status = 31;
/// The TLS handshake failed, or the server's certificate is not to be trusted.
pub const TSM_E_TLS: tsm_status = 32;
/// The call was cancelled, by tsm_call_cancel(), tsm_cancel(), tsm_free() or its interrupt
/// function.
pub const TSM_E_CANCELLED: tsm_status = 33;
/// The store cannot be reached, read or written.
pub const TSM_E_STORE: tsm_status = 40;
/// The session was made before this process was forked. Make a new one here.
pub const TSM_E_FORKED: tsm_status = 41;
/// A defect of this library; the message helps to report it. The process and all other handles are
/// unharmed.
pub const TSM_E_INTERNAL: tsm_status = 99;

/// One failed call: what happened, what the platform said, what to do. Made by the call that
/// failed, freed by the caller.
pub struct tsm_error {
    _private: (),
}

static ERRORS: Table<Failure, tsm_error> = Table::new(Kind::Error);

struct Failure {
    error: Error,
    code: CString,
    message: CString,
}

/// A handle to `error`; NULL when there is no room for one.
pub(super) fn hand_out(error: Error) -> *mut tsm_error {
    let failure = Failure {
        code: terminated(error.code()),
        message: terminated(error.message()),
        error,
    };
    ERRORS.insert(failure).unwrap_or(std::ptr::null_mut())
}

/// The error of a handle that no table knows.
pub(super) fn bad_handle(argument: &str) -> Error {
    let message = format!("`{argument}` is NULL, was freed, or never was a handle of this kind");
    Error::new(Status::InvalidHandle, message)
}

/// What kind of error it is: the status that the call returned. TSM_E_INVALID_HANDLE for anything
/// that is no error.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_error_status(error: *const tsm_error) -> tsm_status {
    panic::value("tsm_error_status", TSM_E_INTERNAL, || {
        ERRORS
            .with(error, |failure| failure.error.status() as tsm_status)
            .unwrap_or(TSM_E_INVALID_HANDLE)
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
                unsafe { copy_out(token, buffer, capacity) }
            })
            .ok_or_else(|| bad_handle("error"))?
    };
    // SAFETY: NULL is allowed.
    unsafe { panic::status("tsm_error_token", std::ptr::null_mut(), body) }
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

fn name(status: tsm_status) -> &'static CStr {
    match status {
        TSM_OK => c"TSM_OK",
        TSM_E_INVALID_ARGUMENT => c"TSM_E_INVALID_ARGUMENT",
        TSM_E_INVALID_HANDLE => c"TSM_E_INVALID_HANDLE",
        TSM_E_BUFFER_TOO_SMALL => c"TSM_E_BUFFER_TOO_SMALL",
        TSM_E_CREDENTIALS => c"TSM_E_CREDENTIALS",
        TSM_E_LOCKED => c"TSM_E_LOCKED",
        TSM_E_LOGIN_BLOCKED => c"TSM_E_LOGIN_BLOCKED",
        TSM_E_SESSION_EXPIRED => c"TSM_E_SESSION_EXPIRED",
        TSM_E_API_TOKEN => c"TSM_E_API_TOKEN",
        TSM_E_NOT_LOGGED_IN => c"TSM_E_NOT_LOGGED_IN",
        TSM_E_PLATFORM => c"TSM_E_PLATFORM",
        TSM_E_RATE_LIMITED => c"TSM_E_RATE_LIMITED",
        TSM_E_UNAVAILABLE => c"TSM_E_UNAVAILABLE",
        TSM_E_PROTOCOL => c"TSM_E_PROTOCOL",
        TSM_E_NETWORK => c"TSM_E_NETWORK",
        TSM_E_TIMEOUT => c"TSM_E_TIMEOUT",
        TSM_E_TLS => c"TSM_E_TLS",
        TSM_E_CANCELLED => c"TSM_E_CANCELLED",
        TSM_E_STORE => c"TSM_E_STORE",
        TSM_E_FORKED => c"TSM_E_FORKED",
        TSM_E_INTERNAL => c"TSM_E_INTERNAL",
        _ => c"TSM_E_UNKNOWN",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_those_of_the_core() {
        for status in Status::ALL {
            assert_eq!(name(*status as tsm_status).to_str(), Ok(status.name()));
        }
        let named = (-1000..1000).filter(|number| name(*number) != c"TSM_E_UNKNOWN");
        assert_eq!(named.count(), Status::ALL.len() + 1);
    }
}
