//! Exchanges as C sees them: what a program with an HTTP client of its own asks before it sends and
//! after it got an answer.

use std::ffi::c_char;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use zeroize::Zeroizing;

use super::call::{call_or_default, tsm_call};
use super::error::{bad_handle, tsm_error, tsm_status};
use super::handle::{Kind, Table};
use super::panic;
use super::session::{held, tsm_session, with_session};
use super::text::{Out, OutNumber, bytes, copy_out, headers, invalid, optional_text, text};
use crate::error::{Error, Result, Status};
use crate::exchange::{self, Due, Next, Progress};
use crate::session::{Carried, Request, Session};
use crate::settings::Protocol;

/// The answer is the caller's.
pub const TSM_NEXT_DONE: i32 = 0;
/// Send the request, with the tokens just given.
pub const TSM_NEXT_SEND: i32 = 1;
/// Call tsm_exchange_renew(), then tsm_exchange_tokens(), then send.
pub const TSM_NEXT_RENEW: i32 = 2;

/// Nothing is to be renewed.
pub const TSM_DUE_NOTHING: i32 = 0;
/// An API token is to be fetched, or another fetched in place of the one refused.
pub const TSM_DUE_API_TOKEN: i32 = 1;
/// A login is due: the session token was refused, or there was none yet.
pub const TSM_DUE_SESSION_TOKEN: i32 = 2;

/// One request that a program sends with an HTTP client of its own, resends included.
pub struct tsm_exchange {
    _private: (),
}

static EXCHANGES: Table<HeldExchange, tsm_exchange> = Table::new(Kind::Exchange);

/// What an exchange's handle stands for. It knows its session by the handle only, and so does not
/// keep it alive.
struct HeldExchange {
    session: usize,
    protocol: Protocol,
    /// Never waited for: two threads at once are a mistake of theirs.
    course: Mutex<Course>,
}

/// How far the request has come.
struct Course {
    progress: Progress,
    own: Option<Own>,
}

/// A request of the session's own, which the exchange lends.
struct Own {
    carried: Carried,
    /// The envelope that goes with the tokens given last.
    envelope: Option<Zeroizing<Vec<u8>>>,
}

impl HeldExchange {
    fn session(&self) -> *const tsm_session {
        ptr::without_provenance(self.session)
    }

    fn course(&self) -> Result<MutexGuard<'_, Course>> {
        match self.course.try_lock() {
            Ok(course) => Ok(course),
            // Each step replaces the whole state, so a panic leaves none half done.
            Err(TryLockError::Poisoned(poisoned)) => Ok(PoisonError::into_inner(poisoned)),
            Err(TryLockError::WouldBlock) => Err(invalid(
                "`exchange` is in use by another thread, or by the call that is running this \
                 callback: an exchange is for one thread at a time"
                    .to_owned(),
            )),
        }
    }
}

fn exchange(exchange: *const tsm_exchange) -> Result<Arc<HeldExchange>> {
    EXCHANGES
        .get(exchange)
        .ok_or_else(|| bad_handle("exchange"))
}

/// Begins one request of a program with an HTTP client of its own: the exchange says which tokens
/// to send, what each answer means and what to do next, by the rules that tsm_request() follows.
/// Section A CLIENT OF YOUR OWN above shows the whole of it. It uses no network and waits for
/// nothing.
///
/// - `url`: where the request goes, or NULL if you know that it goes to the session's `base_url`
///   (with SOAP `soap_url`) and is no login. Another origin (scheme, host, port) than that is
///   TSM_E_INVALID_ARGUMENT: tokens go nowhere else. So is, in a REST session, a login of your own,
///   or a SOAP call, which may be one: the lockout guard would not count it.
///
/// What is refused is renewed whatever the option `auto_relogin` says: that is about tsm_request().
/// An exchange is for one request and, at any moment, for one thread; a second one inside at the
/// same time gets TSM_E_INVALID_ARGUMENT. It does not keep its session alive: after tsm_free() its
/// functions give TSM_E_INVALID_HANDLE. The caller frees `*exchange` with tsm_exchange_free(). On
/// failure `*exchange` is NULL.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT, TSM_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_exchange_new(
    session: *const tsm_session,
    url: *const c_char,
    exchange: *mut *mut tsm_exchange,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let body = || {
        // SAFETY: the caller's promise.
        let exchange = unsafe { Out::new(exchange, "exchange") };
        let owner = held(session)?;
        let exchange = exchange?;
        // SAFETY: the caller's promise.
        let url = unsafe { optional_text(url, "url") }?;
        let progress = owner.session.begin_exchange(url)?;
        exchange.give(hand_out(session, &owner.session, progress, None)?);
        Ok(())
    };
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_exchange_new", error, body) }
}

/// Begins what tsm_request() would send, for an HTTP client of yours to carry: an asynchronous one,
/// or one whose bodies are streams. All that tsm_request() asks of method, path and headers is
/// checked now. Go on as section A CLIENT OF YOUR OWN shows, and send what tsm_exchange_head()
/// says.
///
/// It differs from tsm_exchange_new() in two things: a refusal is mended as the option
/// `auto_relogin` says, and one that stays is an error of tsm_exchange_answered(), as it is one of
/// tsm_request().
///
/// - `has_body`: 0 if no body goes with it; else a `Content-Type` is among the headers.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT, TSM_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_exchange_request(
    session: *const tsm_session,
    method: *const c_char,
    path: *const c_char,
    headers: *const *const c_char,
    has_body: i32,
    exchange: *mut *mut tsm_exchange,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let carry = |session: &Session| {
        // SAFETY: the caller's promise, for all three.
        let (method, path, headers) = unsafe {
            (
                text(method, "method")?,
                text(path, "path")?,
                self::headers(headers)?,
            )
        };
        let request = Request {
            method,
            path,
            headers: &headers,
            body: &[],
        };
        session.carry(&request, has_body != 0)
    };
    // SAFETY: the caller's promise.
    unsafe { begin_own("tsm_exchange_request", session, exchange, error, carry) }
}

/// Begins what tsm_soap_call() would send, for an HTTP client of yours to carry, as
/// tsm_exchange_request() does. The method is POST; tsm_exchange_body() gives the envelope.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT, TSM_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_exchange_soap_call(
    session: *const tsm_session,
    service: *const c_char,
    operation: *const c_char,
    body_xml: *const u8,
    body_length: usize,
    exchange: *mut *mut tsm_exchange,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let carry = |session: &Session| {
        // SAFETY: the caller's promise, for all three.
        let (service, operation, body_xml) = unsafe {
            (
                text(service, "service")?,
                text(operation, "operation")?,
                bytes(body_xml, body_length, "body_xml")?,
            )
        };
        session.carry_soap_call(service, operation, body_xml)
    };
    // SAFETY: the caller's promise.
    unsafe { begin_own("tsm_exchange_soap_call", session, exchange, error, carry) }
}

/// Begins an exchange for a request of the session's own.
///
/// # Safety
/// `exchange` and `error` are each NULL or may be written to.
unsafe fn begin_own(
    export: &'static str,
    session: *const tsm_session,
    exchange: *mut *mut tsm_exchange,
    error: *mut *mut tsm_error,
    carry: impl FnOnce(&Session) -> Result<Carried>,
) -> tsm_status {
    let body = || {
        // SAFETY: the caller's promise.
        let exchange = unsafe { Out::new(exchange, "exchange") };
        let owner = held(session)?;
        let exchange = exchange?;
        let own = Own {
            carried: carry(&owner.session)?,
            envelope: None,
        };
        let progress = owner.session.begin_own_exchange();
        exchange.give(hand_out(session, &owner.session, progress, Some(own))?);
        Ok(())
    };
    // SAFETY: the caller's promise.
    unsafe { panic::status(export, error, body) }
}

fn hand_out(
    handle: *const tsm_session,
    session: &Session,
    progress: Progress,
    own: Option<Own>,
) -> Result<*mut tsm_exchange> {
    let held = HeldExchange {
        session: handle.addr(),
        protocol: session.protocol(),
        course: Mutex::new(Course { progress, own }),
    };
    EXCHANGES
        .insert(held)
        .ok_or_else(|| Error::new(Status::Internal, "too many exchanges are alive"))
}

/// Where a request of tsm_exchange_request() or tsm_exchange_soap_call() goes, and its headers but
/// those of the tokens: the URL, then name and value of each header, every one with a NUL behind
/// it. `*length` (if `length` is not NULL) is set to the bytes of all, NULs included. NULL and 0
/// for any other exchange. Send the headers as they are and no others of this meaning, and the URL
/// as it is: not every client leaves a path alone. Borrowed: it lives until the exchange is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_exchange_head(
    exchange: *const tsm_exchange,
    length: *mut usize,
) -> *const c_char {
    let find = |course: &Course| {
        let own = course.own.as_ref()?;
        Some(lent(&own.carried.head))
    };
    // SAFETY: the caller's promise.
    unsafe { lend("tsm_exchange_head", exchange, length, find) }.cast()
}

/// The body of a request of tsm_exchange_soap_call(), for the tokens that tsm_exchange_tokens()
/// gave: the envelope, with the session token in it. `*length` (if `length` is not NULL) is set to
/// its bytes. NULL and 0 for any other exchange, and before there are tokens. This is a secret.
/// Borrowed: it lives until the next tsm_exchange_tokens(), or until the exchange is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_exchange_body(
    exchange: *const tsm_exchange,
    length: *mut usize,
) -> *const u8 {
    let find = |course: &Course| {
        let envelope = course.own.as_ref()?.envelope.as_ref();
        envelope.map(|envelope| lent(envelope))
    };
    // SAFETY: the caller's promise.
    unsafe { lend("tsm_exchange_body", exchange, length, find) }
}

fn lent(bytes: &[u8]) -> (*const u8, usize) {
    (bytes.as_ptr(), bytes.len())
}

/// Runs an export that gives bytes of an exchange's.
///
/// # Safety
/// `length` is NULL or may be written to.
unsafe fn lend(
    export: &'static str,
    exchange: *const tsm_exchange,
    length: *mut usize,
    find: impl FnOnce(&Course) -> Option<(*const u8, usize)>,
) -> *const u8 {
    let nothing = (ptr::null(), 0);
    let (start, found) = panic::value(export, nothing, || {
        EXCHANGES
            .with(exchange, |held| find(&*held.course().ok()?))
            .flatten()
            .unwrap_or(nothing)
    });
    if !length.is_null() {
        // SAFETY: not NULL, and the caller's promise.
        unsafe { length.write(found) };
    }
    start
}

/// Copies the tokens to send now: the session token for the header that tsm_info() names as
/// `session_token_header` (in SOAP for `token` in the envelope's header), the API token for
/// "Authorization: Bearer …" ("" with SOAP). TSM_TOKEN_MAX and TSM_API_TOKEN_MAX bytes suffice. It
/// never waits and never uses the network. These are secrets.
///
/// `*next` is TSM_NEXT_SEND, or TSM_NEXT_RENEW when something must be renewed first, such as an API
/// token whose time is up; both buffers then hold "". A request that found no answer, because the
/// network failed, may be sent again with the tokens that this gives then. On failure `*next` is
/// TSM_NEXT_DONE.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT (a buffer or `next` is NULL; the request was
/// answered already), TSM_E_BUFFER_TOO_SMALL (both hold "" then), TSM_E_NOT_LOGGED_IN,
/// TSM_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_exchange_tokens(
    exchange: *mut tsm_exchange,
    session_token: *mut c_char,
    session_token_capacity: usize,
    api_token: *mut c_char,
    api_token_capacity: usize,
    next: *mut i32,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let body = || {
        // SAFETY: the caller's promise.
        let next = unsafe { OutNumber::new(next, TSM_NEXT_DONE, "next") };
        let held = self::exchange(exchange)?;
        with_session(held.session(), |session| {
            let next = next?;
            if session_token.is_null() || api_token.is_null() {
                return Err(invalid("`session_token` or `api_token` is NULL".to_owned()));
            }
            session.check_process()?;
            let mut course = held.course()?;
            let tokens = session.tokens_for(&mut course.progress)?;
            let (session_text, api_text) = match &tokens {
                Some(tokens) => (
                    tokens.session_token().reveal(),
                    tokens.api_token().map_or("", |token| token.reveal()),
                ),
                None => ("", ""),
            };
            // SAFETY: the caller's promise, for both.
            let copied = unsafe {
                copy_out(
                    session_text.as_bytes(),
                    session_token,
                    session_token_capacity,
                )
                .and_then(|()| copy_out(api_text.as_bytes(), api_token, api_token_capacity))
            };
            if copied.is_err() {
                // SAFETY: the caller's promise, for both.
                unsafe {
                    let _ = copy_out(b"", session_token, session_token_capacity);
                    let _ = copy_out(b"", api_token, api_token_capacity);
                }
            }
            copied?;
            if let Some(own) = &mut course.own {
                let tokens = tokens.as_ref();
                own.envelope = tokens.and_then(|tokens| own.carried.envelope(tokens));
            }
            next.set(match tokens {
                Some(_) => TSM_NEXT_SEND,
                None => TSM_NEXT_RENEW,
            });
            Ok(())
        })
    };
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_exchange_tokens", error, body) }
}

/// How many bytes of the body of an answer of this HTTP status tsm_exchange_answered() has to see.
/// 0 is none: the body need not be read before the answer is passed on. Of a longer body pass one
/// byte more than this, or all of it: it then says nothing. It is the same for all exchanges of a
/// session.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_exchange_body_max(exchange: *const tsm_exchange, http_status: i32) -> usize {
    panic::value("tsm_exchange_body_max", 0, || {
        EXCHANGES
            .with(exchange, |held| {
                exchange::body_max(held.protocol, http_status)
            })
            .unwrap_or(0)
    })
}

/// Judges the answer to what was sent with the tokens of tsm_exchange_tokens(). It never waits.
///
/// - `http_status`: from 100 to 999.
/// - `body`, `body_length`: as much of the body as tsm_exchange_body_max() asks for.
///
/// `*next` is TSM_NEXT_DONE: the answer is the program's, be it good or bad, and the exchange is
/// over; tsm_check() makes an error of it. Or TSM_NEXT_RENEW: a token was refused and another is to
/// be had. On failure `*next` is TSM_NEXT_DONE.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT (also when no request is under way),
/// TSM_E_FORKED; for a request of tsm_exchange_request() or tsm_exchange_soap_call() also
/// TSM_E_SESSION_EXPIRED and TSM_E_API_TOKEN, when a refusal stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_exchange_answered(
    exchange: *mut tsm_exchange,
    http_status: i32,
    body: *const u8,
    body_length: usize,
    next: *mut i32,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let judge = || {
        // SAFETY: the caller's promise.
        let next = unsafe { OutNumber::new(next, TSM_NEXT_DONE, "next") };
        let held = self::exchange(exchange)?;
        with_session(held.session(), |session| {
            let next = next?;
            // SAFETY: the caller's promise.
            let body = unsafe { bytes(body, body_length, "body") }?;
            session.check_process()?;
            let Course { progress, own } = &mut *held.course()?;
            let carried = own.as_ref().map(|own| &own.carried);
            let judged = session.judge_for(progress, carried, http_status, body)?;
            next.set(match judged {
                Next::Done => TSM_NEXT_DONE,
                Next::Renew => TSM_NEXT_RENEW,
            });
            Ok(())
        })
    };
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_exchange_answered", error, judge) }
}

/// Begins another request with an exchange whose request is over. 1 where the
/// tokens that this exchange gave last are to be sent again: the session holds them still, their
/// time is not up, and an answer has shown that the platform takes them. Send then, with no
/// tsm_exchange_tokens() before; tsm_exchange_answered() is for answers of which
/// tsm_exchange_body_max() asks for a byte, and may be left out for all others. 0 in any other
/// case, and of a bad handle: make another exchange.
///
/// So a program that keeps its exchanges asks one thing for nearly every request. The request must
/// go where the one before went, and be no login: no URL is looked at. Make another exchange for a
/// URL with a percent sign, "login" or ".svc" in it. An exchange of tsm_exchange_request() begins
/// the very same request once more; 0 where the log wants a line of each answer. One of
/// tsm_exchange_soap_call() gives 0. It never waits.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_exchange_again(exchange: *mut tsm_exchange) -> i32 {
    begin_again("tsm_exchange_again", exchange, |session, course| {
        let carried = course.own.as_ref().map(|own| &own.carried);
        session.again_for(&mut course.progress, carried)
    })
}

/// Begins another request of the session's own with an exchange of tsm_exchange_request() whose
/// request is over, as tsm_exchange_again() does: 1 where it is to be sent with the tokens that
/// this exchange gave last. tsm_exchange_head() then says the rest. 0 also where something is wrong
/// with the request: tsm_exchange_request() says what. It never waits.
///
/// The arguments are those of tsm_exchange_request().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_exchange_request_again(
    exchange: *mut tsm_exchange,
    method: *const c_char,
    path: *const c_char,
    headers: *const *const c_char,
    has_body: i32,
) -> i32 {
    begin_again("tsm_exchange_request_again", exchange, |session, course| {
        // SAFETY: the caller's promise, for all three.
        let (method, path, headers) = unsafe {
            (
                text(method, "method"),
                text(path, "path"),
                self::headers(headers),
            )
        };
        let (Ok(method), Ok(path), Ok(headers)) = (method, path, headers) else {
            return false;
        };
        let request = Request {
            method,
            path,
            headers: &headers,
            body: &[],
        };
        match &mut course.own {
            Some(own) => session.carry_again(
                &mut course.progress,
                &mut own.carried,
                &request,
                has_body != 0,
            ),
            None => false,
        }
    })
}

fn begin_again(
    export: &'static str,
    exchange: *mut tsm_exchange,
    again: impl FnOnce(&Session, &mut Course) -> bool,
) -> i32 {
    panic::value(export, 0, || {
        let begins = self::exchange(exchange).and_then(|held| {
            with_session(held.session(), |session| {
                Ok(again(session, &mut *held.course()?))
            })
        });
        i32::from(begins.unwrap_or(false))
    })
}

/// What tsm_exchange_renew() would do now: TSM_DUE_API_TOKEN, TSM_DUE_SESSION_TOKEN, or
/// TSM_DUE_NOTHING. Where many requests wait for the same, a program can let one of them renew and
/// the others wait for that: their own tsm_exchange_renew() then takes what is there, and
/// tsm_waited() counts their wait for a session token.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_exchange_due(exchange: *const tsm_exchange) -> i32 {
    panic::value("tsm_exchange_due", TSM_DUE_NOTHING, || {
        let due = |held: &HeldExchange| match held.course().ok()?.progress.due().ok()? {
            Due::FetchApi | Due::RenewApi(_) => Some(TSM_DUE_API_TOKEN),
            Due::LogIn | Due::RenewSession(_) => Some(TSM_DUE_SESSION_TOKEN),
        };
        EXCHANGES
            .with(exchange, due)
            .flatten()
            .unwrap_or(TSM_DUE_NOTHING)
    })
}

/// Does what is due after TSM_NEXT_RENEW: fetches an API token, renews the one that was refused, or
/// logs in again as tsm_relogin() does. Each token is renewed at most once for a request; one that
/// somebody else has renewed meanwhile is taken as it is. This may wait. After a failure it may be
/// called again.
///
/// - `can_resend`: 0 if the request's body cannot be sent twice. Everything that may be at fault is
///   renewed then, and the refusal itself is the error: TSM_E_SESSION_EXPIRED or TSM_E_API_TOKEN,
///   with the token that was refused and the platform's code, retryable. Make the request again
///   with a fresh body. An API token that is only fetched before the first sending is no refusal.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT (nothing is due), TSM_E_SESSION_EXPIRED,
/// TSM_E_NOT_LOGGED_IN (a logout is not undone), TSM_E_FORKED, and the errors of tsm_login().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_exchange_renew(
    exchange: *mut tsm_exchange,
    call: *const tsm_call,
    can_resend: i32,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let body = || {
        let exchange = self::exchange(exchange)?;
        let owner = held(exchange.session())?;
        let call = call_or_default(call)?;
        owner.session.check_process()?;
        let mut course = exchange.course()?;
        owner
            .session
            .renew_for(&mut course.progress, &call, can_resend != 0)
    };
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_exchange_renew", error, body) }
}

/// Frees the exchange; at any time, whatever became of its session. A call that is running with it
/// comes to its end. NULL is fine; a second time does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_exchange_free(exchange: *mut tsm_exchange) {
    panic::value("tsm_exchange_free", (), || drop(EXCHANGES.remove(exchange)));
}
