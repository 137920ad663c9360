//! What crosses the border: C's strings and bytes coming in, checked; our text, NUL-terminated, and
//! handles going out.

use std::ffi::{CStr, CString, c_char};
use std::ptr::{self, NonNull};
use std::slice;

use crate::error::{Error, Result, Status};

pub fn invalid(message: String) -> Error {
    Error::new(Status::InvalidArgument, message)
}

/// A string argument.
///
/// # Safety
/// `pointer` is NULL or a NUL-terminated string that stays as it is for `'a`.
pub unsafe fn text<'a>(pointer: *const c_char, argument: &str) -> Result<&'a str> {
    // SAFETY: the caller's promise.
    unsafe { optional_text(pointer, argument) }?
        .ok_or_else(|| invalid(format!("`{argument}` is NULL")))
}

/// A string argument that may be NULL.
///
/// # Safety
/// As for [`text`].
pub unsafe fn optional_text<'a>(pointer: *const c_char, argument: &str) -> Result<Option<&'a str>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, so NUL-terminated by the caller's promise.
    let bytes = unsafe { CStr::from_ptr(pointer) };
    match bytes.to_str() {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(invalid(format!("`{argument}` is not UTF-8"))),
    }
}

/// Bytes with a length. NULL is no bytes.
///
/// # Safety
/// `pointer` is NULL or shows `length` bytes that stay as they are for `'a`.
pub unsafe fn bytes<'a>(pointer: *const u8, length: usize, argument: &str) -> Result<&'a [u8]> {
    if length == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(invalid(format!(
            "`{argument}` is NULL, but its length is {length}"
        )));
    }
    if isize::try_from(length).is_err() {
        return Err(invalid(format!(
            "the length of `{argument}`, {length}, is more than memory can hold"
        )));
    }
    // SAFETY: not NULL, not too long, and the caller's promise.
    Ok(unsafe { slice::from_raw_parts(pointer, length) })
}

/// A NULL-terminated list of `Name: value`. NULL is an empty list.
///
/// # Safety
/// `list` is NULL or ends with a NULL; what comes before are NUL-terminated strings; all
/// stay as they are for `'a`.
pub unsafe fn headers<'a>(list: *const *const c_char) -> Result<Vec<(&'a str, &'a str)>> {
    let mut headers = Vec::new();
    if list.is_null() {
        return Ok(headers);
    }
    let mut next = list;
    loop {
        // SAFETY: the list has not ended yet, so this entry can be read.
        let line = unsafe { *next };
        if line.is_null() {
            return Ok(headers);
        }
        let argument = format!("headers[{}]", headers.len());
        // SAFETY: not NULL, so a string by the caller's promise.
        let line = unsafe { text(line, &argument) }?;
        // The line itself is not quoted: it may hold a secret.
        let (name, value) = line.split_once(':').ok_or_else(|| {
            invalid(format!(
                "`{argument}` has no colon; a header is \"Name: value\""
            ))
        })?;
        // Line ends stay, for the request's own check to refuse.
        headers.push((
            name.trim_matches([' ', '\t']),
            value.trim_matches([' ', '\t']),
        ));
        // SAFETY: the entry was not the last, so the next one exists.
        next = unsafe { next.add(1) };
    }
}

/// Copies `text` and its NUL into the caller's buffer. What does not fit is not cut: the buffer
/// then holds "".
///
/// # Safety
/// `buffer` is NULL or has room for `capacity` bytes.
#[inline]
pub unsafe fn copy_out(text: &[u8], buffer: *mut c_char, capacity: usize) -> Result<()> {
    if buffer.is_null() {
        return Err(invalid("`buffer` is NULL".to_owned()));
    }
    if text.len() >= capacity {
        if capacity > 0 {
            // SAFETY: there is room for a byte.
            unsafe { buffer.write(0) };
        }
        return Err(Error::new(
            Status::BufferTooSmall,
            format!(
                "`buffer` needs room for {} bytes, NUL included, and has {capacity}",
                text.len() + 1
            ),
        ));
    }
    // SAFETY: `buffer` has room for more than `text.len()` bytes, and is the caller's, so it does
    // not overlap with our text.
    unsafe {
        ptr::copy_nonoverlapping(text.as_ptr(), buffer.cast(), text.len());
        buffer.add(text.len()).write(0);
    }
    Ok(())
}

/// Where a number goes out to the caller: a neutral one until it is set.
pub struct OutNumber<T>(NonNull<T>);

impl<T> OutNumber<T> {
    /// # Safety
    /// `pointer` is NULL or may be written to for as long as this lives.
    pub unsafe fn new(pointer: *mut T, neutral: T, argument: &str) -> Result<OutNumber<T>> {
        let slot = NonNull::new(pointer).ok_or_else(|| invalid(format!("`{argument}` is NULL")))?;
        // SAFETY: the caller's promise.
        unsafe { slot.write(neutral) };
        Ok(OutNumber(slot))
    }

    pub fn set(self, value: T) {
        // SAFETY: as promised to `new`.
        unsafe { self.0.write(value) };
    }
}

/// Where a handle goes out to the caller: NULL until it is given.
pub struct Out<C>(OutNumber<*mut C>);

impl<C> Out<C> {
    /// # Safety
    /// `pointer` is NULL or may be written to for as long as this lives.
    pub unsafe fn new(pointer: *mut *mut C, argument: &str) -> Result<Out<C>> {
        // SAFETY: the caller's promise.
        unsafe { OutNumber::new(pointer, ptr::null_mut(), argument) }.map(Out)
    }

    pub fn give(self, handle: *mut C) {
        self.0.set(handle);
    }
}

/// A C string of any text: a NUL inside, which would end it early, becomes U+FFFD.
pub fn terminated(text: &str) -> CString {
    CString::new(text)
        .or_else(|_| CString::new(text.replace('\0', "\u{FFFD}")))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_inside_does_not_cut_the_text() {
        assert_eq!(terminated("a\0b").to_str(), Ok("a\u{FFFD}b"));
        assert_eq!(terminated("plain").to_str(), Ok("plain"));
    }

    #[test]
    fn a_header_is_split_at_its_first_colon_and_line_ends_are_kept() {
        let list = [
            c"Name: a:b".as_ptr(),
            c"Other:\tx\r\n".as_ptr(),
            ptr::null(),
        ];
        // SAFETY: a NULL-terminated list of strings.
        let headers = unsafe { headers(list.as_ptr()) }.unwrap();
        assert_eq!(headers, [("Name", "a:b"), ("Other", "x\r\n")]);
    }
}
