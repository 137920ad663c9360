//! Responses as C sees them. Header text is copied for C once, when it is asked for; the body is
//! never copied.

use std::ffi::{CStr, c_char};
use std::ptr;

use once_cell::race::OnceBox;

use super::error::{bad_handle, tsm_error, tsm_status};
use super::handle::{Kind, Table};
use super::panic;
use super::text::invalid;
use crate::error::{Error, Result, Status};
use crate::response::Response;

/// One answer of the platform: HTTP status, headers, body. It never changes: any number of threads
/// may read it at once.
pub struct tsm_response {
    _private: (),
}

static RESPONSES: Table<Answer, tsm_response> = Table::new(Kind::Response);

struct Answer {
    response: Response,
    headers: OnceBox<Headers>,
}

/// All header names and values in one piece, each with a NUL behind it, and where each starts.
struct Headers {
    text: Vec<u8>,
    starts: Vec<(usize, usize)>,
}

pub(super) fn hand_out(mut response: Response) -> Result<*mut tsm_response> {
    // Not part of the body, but C that forgets the length then stops all the same.
    response.body.reserve(1);
    response.body.spare_capacity_mut()[0].write(0);
    let answer = Answer {
        response,
        headers: OnceBox::new(),
    };
    RESPONSES
        .insert(answer)
        .ok_or_else(|| Error::new(Status::Internal, "too many responses are alive"))
}

impl Answer {
    fn headers(&self) -> &Headers {
        self.headers
            .get_or_init(|| Box::new(Headers::new(self.response.headers())))
    }

    fn header_at(&self, index: usize) -> Option<(*const c_char, *const c_char)> {
        let headers = self.headers();
        let (name, value) = *headers.starts.get(index)?;
        Some((headers.at(name), headers.at(value)))
    }

    fn header(&self, name: &[u8]) -> Option<*const c_char> {
        let headers = self.response.headers();
        let index = headers
            .iter()
            .position(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name))?;
        self.header_at(index).map(|(_, value)| value)
    }
}

impl Headers {
    fn new(headers: &[(String, String)]) -> Headers {
        let length = headers
            .iter()
            .map(|(name, value)| name.len() + value.len() + 2);
        let mut text = Vec::with_capacity(length.sum());
        let mut add = |part: &str| {
            let start = text.len();
            // A NUL inside, which no header may hold, would end the text early.
            text.extend(part.bytes().map(|byte| if byte == 0 { b'?' } else { byte }));
            text.push(0);
            start
        };
        let starts = headers
            .iter()
            .map(|(name, value)| (add(name), add(value)))
            .collect();
        Headers { text, starts }
    }

    fn at(&self, start: usize) -> *const c_char {
        self.text[start..].as_ptr().cast()
    }
}

/// The HTTP status, e.g. 200.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_response_status(response: *const tsm_response) -> i32 {
    panic::value("tsm_response_status", 0, || {
        RESPONSES
            .with(response, |answer| answer.response.status().into())
            .unwrap_or(0)
    })
}

/// The value of the first header of that name, in any case; NULL if there is none or `name` is
/// NULL. Borrowed: it lives until the response is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_response_header(
    response: *const tsm_response,
    name: *const c_char,
) -> *const c_char {
    panic::value("tsm_response_header", ptr::null(), || {
        if name.is_null() {
            return ptr::null();
        }
        // SAFETY: not NULL, so a string by the caller's promise.
        let name = unsafe { CStr::from_ptr(name) };
        RESPONSES
            .with(response, |answer| answer.header(name.to_bytes()))
            .flatten()
            .unwrap_or(ptr::null())
    })
}

/// Name and value of the header at `index`, counted from 0 in the order they came. Past the last it
/// gives TSM_E_INVALID_ARGUMENT and sets both to NULL: that ends a loop. Both are borrowed: they
/// live until the response is freed.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT (no such index; `name` or `value` is NULL).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_response_header_at(
    response: *const tsm_response,
    index: usize,
    name: *mut *const c_char,
    value: *mut *const c_char,
) -> tsm_status {
    let body = || {
        let found = RESPONSES
            .with(response, |answer| answer.header_at(index))
            .ok_or_else(|| bad_handle("response"))?;
        let (found_name, found_value) = found.unwrap_or((ptr::null(), ptr::null()));
        for (out, text) in [(name, found_name), (value, found_value)] {
            if !out.is_null() {
                // SAFETY: not NULL, and the caller's promise.
                unsafe { out.write(text) };
            }
        }
        if name.is_null() || value.is_null() {
            return Err(invalid("`name` or `value` is NULL".to_owned()));
        }
        found
            .map(|_| ())
            .ok_or_else(|| invalid(format!("there is no header {index}")))
    };
    // SAFETY: NULL is allowed.
    unsafe { panic::status("tsm_response_header_at", ptr::null_mut(), body) }
}

/// All headers at once, for bindings: name, NUL, value, NUL of the first, of the second, and so on
/// in the order they came; their length together in `*length` unless `length` is NULL. No name and
/// no value holds a NUL. Never NULL but on a bad handle, which gives NULL and 0. Borrowed: it lives
/// until the response is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_response_headers(
    response: *const tsm_response,
    length: *mut usize,
) -> *const c_char {
    panic::value("tsm_response_headers", ptr::null(), || {
        let (text, size) = RESPONSES
            .with(response, |answer| {
                let text = &answer.headers().text;
                (text.as_ptr().cast(), text.len())
            })
            .unwrap_or((ptr::null(), 0));
        if !length.is_null() {
            // SAFETY: not NULL, and the caller's promise.
            unsafe { length.write(size) };
        }
        text
    })
}

/// The body, and its length in bytes in `*length` unless `length` is NULL. A NUL follows it that
/// does not count. An empty body has length 0 and is not NULL. On a bad handle NULL and 0.
/// Borrowed: it lives until the response is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_response_body(
    response: *const tsm_response,
    length: *mut usize,
) -> *const u8 {
    panic::value("tsm_response_body", ptr::null(), || {
        let (body, size) = RESPONSES
            .with(response, |answer| {
                let body = answer.response.body();
                (body.as_ptr(), body.len())
            })
            .unwrap_or((ptr::null(), 0));
        if !length.is_null() {
            // SAFETY: not NULL, and the caller's promise.
            unsafe { length.write(size) };
        }
        body
    })
}

/// Makes a typed error of an answer that is one: anything but 2xx, or a SOAP fault. A 2xx answer of
/// JSON is always a success, whatever its body says.
///
/// Gives TSM_E_INVALID_HANDLE, TSM_E_SESSION_EXPIRED, TSM_E_API_TOKEN, TSM_E_PLATFORM,
/// TSM_E_RATE_LIMITED, TSM_E_UNAVAILABLE, TSM_E_PROTOCOL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tsm_response_check(
    response: *const tsm_response,
    error: *mut *mut tsm_error,
) -> tsm_status {
    let body = || {
        RESPONSES
            .with(response, |answer| answer.response.check())
            .ok_or_else(|| bad_handle("response"))?
    };
    // SAFETY: the caller's promise.
    unsafe { panic::status("tsm_response_check", error, body) }
}

/// Frees the response and all that is borrowed from it. NULL is fine; a second time does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_response_free(response: *mut tsm_response) {
    panic::value("tsm_response_free", (), || drop(RESPONSES.remove(response)));
}
