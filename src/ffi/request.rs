//! Requests as C sees them: sending one with both tokens, over REST or SOAP, and reading an answer
//! that somebody else got.

use std::ffi::c_char;

use super::call::{call_or_default, tsm_call};
use super::error::{tsm_error, tsm_status};
use super::panic;
use super::response::{hand_out, tsm_response};
use super::session::{held, tsm_session};
use super::text::{Out, bytes, headers, optional_text, text};
use crate::call::Call;
use crate::error::Result;
use crate::response::Response;
use crate::session::{self, Request, Session};

/// Sends one request with both tokens in its headers and gives the answer, whatever its HTTP
/// status.
///
/// - `method`: e.g. "GET", "POST".
/// - `path`: what follows `base_url`, starting with one slash, query included:
///   "/m2m/v1/devices/actions/list". A login is refused: the lockout guard would not count it.
/// - `headers`: NULL, or a list of "Name: value" that ends with NULL. `Authorization`,
///   `Host`, `Content-Length`, `Transfer-Encoding`, `Expect` and the one of the session token
///   (option `session_token_header`) are the library's own and may not be given. A body without a
///   `Content-Type` is `application/json`.
/// - `body`, `body_length`: what to send; NULL and 0 for nothing.
///
/// When the platform refuses a token, that token is renewed (with `auto_relogin`) and the request
/// sent again, at most once for each of the two tokens. Nothing else is ever sent again. HTTP 4xx
/// and 5xx are answers, not errors, unless they are about the tokens: tsm_response_check() makes
/// errors of them. The caller frees `*response` with tsm_response_free(); on failure it is NULL.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT, TSM_E_SESSION_EXPIRED, TSM_E_API_TOKEN,
/// TSM_E_NOT_LOGGED_IN, TSM_E_PROTOCOL, TSM_E_NETWORK, TSM_E_TIMEOUT, TSM_E_TLS, TSM_E_CANCELLED,
/// TSM_E_FORKED; with `auto_relogin` those of tsm_login() too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_request(
    session: *const tsm_session,
    call: *const tsm_call,
    method: *const c_char,
    path: *const c_char,
    headers: *const *const c_char,
    body: *const u8,
    body_length: usize,
    response: *mut *mut tsm_response,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let send = |session: &Session, call: &Call| {
        // SAFETY: the caller's promise, for all four.
        let (method, path, headers, body) = unsafe {
            (
                text(method, "method")?,
                text(path, "path")?,
                self::headers(headers)?,
                bytes(body, body_length, "body")?,
            )
        };
        let request = Request {
            method,
            path,
            headers: &headers,
            body,
        };
        session.request(call, request)
    };
    // SAFETY: the caller's promise.
    unsafe { answer("tsm_request", session, call, response, error, send) }
}

/// Calls an operation of a SOAP service (Unified Web Service v2) with the session token in the
/// envelope's header.
///
/// - `service`: e.g. "DeviceService"; `operation`: e.g. "GetDeviceList".
/// - `body_xml`, `body_length`: what goes into the envelope's Body, UTF-8.
///
/// Everything else is as with tsm_request(): a fault is an answer unless it is about the token;
/// tsm_response_check() makes an error of it. The platform's page "LogIn" shows the pattern that is
/// followed when a token is expired.
///
/// Gives the errors of tsm_request().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_soap_call(
    session: *const tsm_session,
    call: *const tsm_call,
    service: *const c_char,
    operation: *const c_char,
    body_xml: *const u8,
    body_length: usize,
    response: *mut *mut tsm_response,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let send = |session: &Session, call: &Call| {
        // SAFETY: the caller's promise, for all three.
        let (service, operation, body_xml) = unsafe {
            (
                text(service, "service")?,
                text(operation, "operation")?,
                bytes(body_xml, body_length, "body_xml")?,
            )
        };
        session.soap_call(call, service, operation, body_xml)
    };
    // SAFETY: the caller's promise.
    unsafe { answer("tsm_soap_call", session, call, response, error, send) }
}

/// Runs an export that gives a response. Handles are looked at first, as everywhere.
///
/// # Safety
/// `response` and `error` are each NULL or may be written to.
unsafe fn answer(
    export: &'static str,
    session: *const tsm_session,
    call: *const tsm_call,
    response: *mut *mut tsm_response,
    error: *mut *mut tsm_error,
    send: impl FnOnce(&Session, &Call) -> Result<Response>,
) -> tsm_status {
    let body = || {
        // SAFETY: the caller's promise.
        let response = unsafe { Out::new(response, "response") };
        let held = held(session)?;
        let call = call_or_default(call)?;
        let response = response?;
        response.give(hand_out(send(&held.session, &call)?)?);
        Ok(())
    };
    // SAFETY: the caller's promise.
    unsafe { panic::status(export, error, body) }
}

/// What does this answer, which an HTTP client of yours got, stand for? TSM_OK when it is a
/// success: a 2xx that is no SOAP fault and no HTML page. Else the error that tsm_response_check()
/// would make of it. A 401 that names neither token is TSM_E_SESSION_EXPIRED: either may be meant.
/// It uses no network and needs no session. What to renew, and whether to send again, an exchange
/// says: tsm_exchange_new().
///
/// Gives TSM_E_INVALID_ARGUMENT, TSM_E_SESSION_EXPIRED, TSM_E_API_TOKEN, TSM_E_PLATFORM,
/// TSM_E_RATE_LIMITED, TSM_E_UNAVAILABLE, TSM_E_PROTOCOL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_check(
    http_status: i32,
    body: *const u8,
    body_length: usize,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let check = || {
        // SAFETY: the caller's promise.
        let body = unsafe { bytes(body, body_length, "body") }?;
        session::check(http_status, body)
    };
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_check", error, check) }
}

/// The same as tsm_check() for an answer whose header `Retry-After` you have: its error says when
/// to try again (tsm_error_retry_after_ms()). `retry_after` is the header's value; NULL is none.
///
/// Gives the errors of tsm_check().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_check_answer(
    http_status: i32,
    retry_after: *const c_char,
    body: *const u8,
    body_length: usize,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let check = || {
        // SAFETY: the caller's promise, for both.
        let (retry_after, body) = unsafe {
            (
                optional_text(retry_after, "retry_after")?,
                bytes(body, body_length, "body")?,
            )
        };
        session::check_answer(http_status, retry_after, body)
    };
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_check_answer", error, check) }
}
