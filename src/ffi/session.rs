//! Sessions as C sees them: logging in and out, tokens, cancelling, freeing.

use std::ffi::c_char;
use std::mem;
use std::sync::Arc;

use super::call::{call_or_default, tsm_call};
use super::callback::Shares;
use super::config::{contents, level, tsm_config};
use super::error::{bad_handle, tsm_error, tsm_status};
use super::handle::{Kind, Table};
use super::panic;
use super::text::{Out, copy_out, invalid, optional_text};
use crate::call::Call;
use crate::config::Config;
use crate::copied::Word;
use crate::error::{Error, Result, Status};
use crate::session::{self, Session};

/// Enough for any session token: bytes, NUL included.
pub const TSM_TOKEN_MAX: usize = 128;
/// Enough for any API token: bytes, NUL included.
pub const TSM_API_TOKEN_MAX: usize = 4096;
/// Enough for what tsm_info() writes: bytes, NUL included.
pub const TSM_INFO_MAX: usize = 16384;

/// A ThingSpace session: a username, a password and the tokens got with them.
pub struct tsm_session {
    _private: (),
}

static SESSIONS: Table<HeldSession, tsm_session> = Table::new(Kind::Session);

/// What a session's handle stands for.
pub(super) struct HeldSession {
    pub session: Session,
    shares: Shares,
}

/// The session, kept alive for the length of a call even if it is freed meanwhile.
pub(super) fn held(session: *const tsm_session) -> Result<Arc<HeldSession>> {
    SESSIONS.get(session).ok_or_else(|| bad_handle("session"))
}

/// Shows the session to a call that does not wait. Writes to nothing that other threads read.
pub(super) fn with_session<R>(
    session: *const tsm_session,
    read: impl FnOnce(&Session) -> Result<R>,
) -> Result<R> {
    SESSIONS
        .with(session, |held| read(&held.session))
        .ok_or_else(|| bad_handle("session"))?
}

/// Copies the URL of the HTTP proxy that leads to the platform by the option `proxy` and the
/// environment, as they were at the login: for an HTTP client of yours. It may hold a user and a
/// password; they are percent-encoded, and secrets. "" where there is none. 1024 bytes
/// are plenty.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT (`buffer` is NULL), TSM_E_BUFFER_TOO_SMALL,
/// TSM_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_proxy(
    session: *const tsm_session,
    buffer: *mut c_char,
    capacity: usize,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let body = || {
        with_session(session, |session| {
            let proxy = session.proxy()?;
            let url = proxy.as_ref().map_or("", |url| url.reveal());
            // SAFETY: the caller's promise.
            unsafe { copy_out(url.as_bytes(), buffer, capacity) }
        })
    };
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_proxy", error, body) }
}

/// Logs in and makes a session. Use one for the life of the program: the platform's page "Start a
/// Connectivity Management Session" asks to keep a token as long as it works, and locks the contact
/// after five failed logins.
///
/// The config is copied; change or free it as you like. The caller frees `*session` with
/// tsm_free(). On failure `*session` is NULL. With the option `share_token` a token that is held in
/// the store is adopted, without a login and without proving the password.
///
/// Gives TSM_E_INVALID_ARGUMENT (an option is missing or contradicts another; nothing was sent),
/// TSM_E_INVALID_HANDLE, TSM_E_CREDENTIALS, TSM_E_LOCKED, TSM_E_LOGIN_BLOCKED, TSM_E_API_TOKEN,
/// TSM_E_PLATFORM, TSM_E_RATE_LIMITED, TSM_E_UNAVAILABLE, TSM_E_PROTOCOL, TSM_E_NETWORK,
/// TSM_E_TIMEOUT, TSM_E_TLS, TSM_E_CANCELLED, TSM_E_STORE, TSM_E_FORKED (as tsm_config_set()).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_login(
    config: *const tsm_config,
    call: *const tsm_call,
    session: *mut *mut tsm_session,
    error: *mut *mut tsm_error,
) -> tsm_status {
    // SAFETY: the caller's promise.
    let body = || unsafe { give_session(config, call, session, Session::login) };
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_login", error, body) }
}

/// Makes a session that is not logged in yet: it logs in when a request, or an exchange, first
/// needs it to, or by tsm_relogin(); once, however many threads wait for that. For programs that
/// must start whether or not the platform can be reached. All options are checked now; nothing is
/// sent.
///
/// Until then tsm_token() gives TSM_E_NOT_LOGGED_IN. Everything else is as with tsm_login().
///
/// Gives TSM_E_INVALID_ARGUMENT (an option is missing or contradicts another),
/// TSM_E_INVALID_HANDLE, TSM_E_TIMEOUT, TSM_E_TLS, TSM_E_CANCELLED, TSM_E_STORE, TSM_E_FORKED (as
/// tsm_config_set()).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_open(
    config: *const tsm_config,
    call: *const tsm_call,
    session: *mut *mut tsm_session,
    error: *mut *mut tsm_error,
) -> tsm_status {
    // SAFETY: the caller's promise.
    let body = || unsafe { give_session(config, call, session, Session::open) };
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_open", error, body) }
}

/// Makes a session and gives its handle.
///
/// # Safety
/// `session` is NULL or can be written to.
unsafe fn give_session(
    config: *const tsm_config,
    call: *const tsm_call,
    session: *mut *mut tsm_session,
    make: impl Fn(&Config, &Call) -> Result<Session>,
) -> Result<()> {
    // SAFETY: the caller's promise.
    let session = unsafe { Out::new(session, "session") };
    let contents = contents(config)?;
    let call = call_or_default(call)?;
    let session = session?;
    let held = HeldSession {
        session: make(&contents.config, &call)?,
        shares: contents.shares.clone(),
    };
    let handle = SESSIONS
        .insert(held)
        .ok_or_else(|| Error::new(Status::Internal, "too many sessions are alive"))?;
    session.give(handle);
    Ok(())
}

/// Copies the session token, what the platform calls the VZ-M2M token, into `buffer`; TSM_TOKEN_MAX
/// bytes suffice. For callers who send requests themselves. It touches no network, waits for
/// nothing and takes some 30 ns: ask for each request instead of keeping a copy. It cannot tell
/// whether the platform still takes the token; only the platform's answer does, and an exchange
/// (tsm_exchange_new()) judges that. This is a secret.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT (`buffer` is NULL), TSM_E_BUFFER_TOO_SMALL,
/// TSM_E_NOT_LOGGED_IN, TSM_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_token(
    session: *const tsm_session,
    buffer: *mut c_char,
    capacity: usize,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let body = || {
        with_session(session, |session| {
            // SAFETY: the caller's promise.
            if unsafe { copy_token(session, buffer, capacity) } {
                return Ok(());
            }
            let token = session.token()?;
            // SAFETY: the caller's promise.
            unsafe { copy_out(token.reveal().as_bytes(), buffer, capacity) }
        })
    };
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_token", error, body) }
}

/// The quick way: the session token straight into `buffer`, unless that is too short for it.
///
/// # Safety
/// `buffer` is NULL or has room for `capacity` bytes.
#[inline(always)]
unsafe fn copy_token(session: &Session, buffer: *mut c_char, capacity: usize) -> bool {
    if buffer.is_null() {
        return false;
    }
    // A NUL comes behind.
    let room = capacity.saturating_sub(1) / size_of::<Word>();
    let put = |n: usize, word: Word| {
        // SAFETY: there is room for `room` words, of which this is one.
        unsafe { buffer.cast::<Word>().add(n).write_unaligned(word) }
    };
    match session.copy_token(room, put) {
        Some(length) => {
            // SAFETY: no longer than the words, behind which there is a byte.
            unsafe { buffer.add(length).write(0) };
            true
        }
        None => false,
    }
}

/// Copies the API token, what the platform calls the ThingSpace token, into `buffer`;
/// TSM_API_TOKEN_MAX bytes suffice. If it has run out by the clock a new one is fetched first, as
/// the platform's page "Getting Credentials" describes, so this may wait. This is a secret.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT (`buffer` is NULL), TSM_E_BUFFER_TOO_SMALL,
/// TSM_E_API_TOKEN, TSM_E_RATE_LIMITED, TSM_E_UNAVAILABLE, TSM_E_PROTOCOL, TSM_E_NETWORK,
/// TSM_E_TIMEOUT, TSM_E_TLS, TSM_E_CANCELLED, TSM_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_api_token(
    session: *const tsm_session,
    call: *const tsm_call,
    buffer: *mut c_char,
    capacity: usize,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let body = || {
        let held = held(session)?;
        let call = call_or_default(call)?;
        if buffer.is_null() {
            return Err(invalid("`buffer` is NULL".to_owned()));
        }
        let token = held.session.api_token(&call)?;
        // SAFETY: the caller's promise.
        unsafe { copy_out(token.reveal().as_bytes(), buffer, capacity) }
    };
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_api_token", error, body) }
}

/// Copies the API token that is held, without waiting and without the network: TSM_E_API_TOKEN when
/// there is none or its time is up, and tsm_api_token() fetches one. TSM_API_TOKEN_MAX bytes
/// suffice. This is a secret.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT (`buffer` is NULL, or a SOAP session),
/// TSM_E_BUFFER_TOO_SMALL, TSM_E_API_TOKEN, TSM_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_api_token_held(
    session: *const tsm_session,
    buffer: *mut c_char,
    capacity: usize,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let body = || {
        with_session(session, |session| {
            if buffer.is_null() {
                return Err(invalid("`buffer` is NULL".to_owned()));
            }
            let token = session.api_token_held()?;
            // SAFETY: the caller's promise.
            unsafe { copy_out(token.reveal().as_bytes(), buffer, capacity) }
        })
    };
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_api_token_held", error, body) }
}

/// Gets a new session token, because the platform refused `expired_token`; NULL stands for whatever
/// token is held. This is the "call your Login() method again" of the platform's page "LogIn": call
/// it when the platform said that the token is expired, and only then.
///
/// If the token held is no longer `expired_token`, another thread has been here already and this
/// returns at once. However many threads call it together, one login is sent and all share its
/// outcome. It also brings a session back after tsm_logout().
///
/// Gives the errors of tsm_login(), TSM_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_relogin(
    session: *const tsm_session,
    call: *const tsm_call,
    expired_token: *const c_char,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let body = || {
        let held = held(session)?;
        let call = call_or_default(call)?;
        // SAFETY: the caller's promise.
        let token = unsafe { optional_text(expired_token, "expired_token") }?;
        held.session.relogin(&call, token)
    };
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_relogin", error, body) }
}

/// Gets a new API token, because the platform refused `rejected_token`; NULL stands for whatever
/// token is held. Compare-first and shared like tsm_relogin(). Failing to renew never drops a token
/// that is still valid.
///
/// Gives the errors of tsm_api_token(), TSM_E_INVALID_ARGUMENT (`rejected_token` is not UTF-8).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_renew_api_token(
    session: *const tsm_session,
    call: *const tsm_call,
    rejected_token: *const c_char,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let body = || {
        let held = held(session)?;
        let call = call_or_default(call)?;
        // SAFETY: the caller's promise.
        let token = unsafe { optional_text(rejected_token, "rejected_token") }?;
        held.session.renew_api_token(&call, token)
    };
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_renew_api_token", error, body) }
}

/// Ends the session at the platform ("End a Connectivity Management Session"). Calls then give
/// TSM_E_NOT_LOGGED_IN until tsm_relogin(). A token shared through a store is ended for all who
/// share it. The handle lives on; free it.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_NOT_LOGGED_IN, TSM_E_SESSION_EXPIRED, TSM_E_API_TOKEN,
/// TSM_E_PLATFORM, TSM_E_RATE_LIMITED, TSM_E_UNAVAILABLE, TSM_E_PROTOCOL, TSM_E_NETWORK,
/// TSM_E_TIMEOUT, TSM_E_TLS, TSM_E_CANCELLED, TSM_E_STORE, TSM_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_logout(
    session: *const tsm_session,
    call: *const tsm_call,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let body = || {
        let held = held(session)?;
        let call = call_or_default(call)?;
        held.session.logout(&call)
    };
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_logout", error, body) }
}

/// Ends what the session is doing, for good: network calls that are running, and all later ones,
/// give TSM_E_CANCELLED. From any thread. It waits for nothing and sends nothing; the session at
/// the platform lives on until it expires.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_FORKED.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_cancel(session: *const tsm_session) -> tsm_status {
    let body = || {
        let held = held(session)?;
        if held.session.is_forked() {
            let message =
                "the session was made before this process was forked; make a new one here";
            return Err(Error::new(Status::Forked, message));
        }
        held.session.cancel();
        Ok(())
    };
    // SAFETY: NULL is allowed.
    unsafe { panic::status("tsm_cancel", std::ptr::null_mut(), body) }
}

/// Changes how much of the session's log is told, from now on: `max_level` is what
/// tsm_config_set_log() takes. All sessions that were made with the same tsm_config_set_log() share
/// the level.
///
/// Gives TSM_E_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_set_log_level(session: *const tsm_session, max_level: i32) -> tsm_status {
    let body = || {
        held(session)?.session.set_log_level(level(max_level));
        Ok(())
    };
    // SAFETY: NULL is allowed.
    unsafe { panic::status("tsm_set_log_level", std::ptr::null_mut(), body) }
}

/// Frees the session. It never waits, uses the network or logs out. Calls that are running in other
/// threads end with TSM_E_CANCELLED, later ones with TSM_E_INVALID_HANDLE; the last of them wipes
/// the secrets. In a forked child it only drops the handle: nothing of the parent's is closed. NULL
/// is fine; a second time does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_free(session: *mut tsm_session) {
    panic::value("tsm_free", (), || {
        let Some(held) = SESSIONS.remove(session) else {
            return;
        };
        held.shares.release();
        if held.session.is_forked() {
            // The sockets are the parent's too, and locks may be held by threads that do not exist
            // here.
            mem::forget(held);
        } else {
            held.session.cancel();
        }
    });
}

/// Writes what the session has done as flat JSON into `buffer`; TSM_INFO_MAX bytes suffice. No
/// secret is in it. Keys are stable and none goes away: `logins`, `login_failures`,
/// `api_token_fetches`, `requests`, `resends`, `store`, `store_lasts` ("for good", or what ends its
/// memory; null before its first use), `session_token_header`, `token_age_ms`, and more. A counter
/// never goes back.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT (`buffer` is NULL), TSM_E_BUFFER_TOO_SMALL,
/// TSM_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_info(
    session: *const tsm_session,
    buffer: *mut c_char,
    capacity: usize,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let body = || {
        let info = held(session)?.session.info()?;
        // SAFETY: the caller's promise.
        unsafe { copy_out(info.as_bytes(), buffer, capacity) }
    };
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_info", error, body) }
}

/// Forgets what the lockout guard counted for this config's username, and the passwords it saw
/// rejected. For a person who knows that the account is in order again, not for programs to call on
/// TSM_E_LOGIN_BLOCKED: that is how accounts get locked. Logins of unknown fate count on until they
/// are five minutes old, since the platform may still judge them. What was forgotten is told to the
/// log, at the level of information. It sends nothing, and waits for a login under way, as long as
/// `timeout_ms`.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT, TSM_E_TIMEOUT, TSM_E_STORE, TSM_E_FORKED (as
/// tsm_config_set()).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_unblock(
    config: *const tsm_config,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let body = || session::unblock(&contents(config)?.config).map(drop);
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_unblock", error, body) }
}
