//! The boundary every export goes through: whatever happens inside, C gets a status or a neutral
//! value, never an unwinding stack.
//!
//! No panic hook is set: hooks belong to the whole program. So Rust's own one-line report of a
//! panic (file and line, on standard error) stays, as a trace for the bug report that each of them
//! deserves; the same text is in the error's message.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::{self, tsm_error};
use super::{TSM_OK, tsm_status};
use crate::error::{Error, Result, Status};

/// Runs an export that can fail: the status is what it returns, the error goes out through `error`
/// unless that is NULL.
///
/// # Safety
/// `error` is NULL or may be written to.
#[inline]
pub unsafe fn status(
    export: &'static str,
    error: *mut *mut tsm_error,
    body: impl FnOnce() -> Result<()>,
) -> tsm_status {
    match caught(export, body) {
        Ok(Ok(())) => {
            if !error.is_null() {
                // SAFETY: the caller's promise.
                unsafe { error.write(std::ptr::null_mut()) };
            }
            TSM_OK
        }
        // SAFETY: the caller's promise.
        Ok(Err(failure)) => unsafe { failed(error, failure) },
        // SAFETY: the caller's promise.
        Err(panic) => unsafe { failed(error, defect(export, panic)) },
    }
}

/// Runs an export that cannot fail; a panic gives `neutral`.
#[inline]
pub fn value<R>(export: &'static str, neutral: R, body: impl FnOnce() -> R) -> R {
    caught(export, body).unwrap_or_else(|panic| {
        discard(panic);
        neutral
    })
}

type Panic = Box<dyn Any + Send>;

#[inline]
fn caught<R>(export: &'static str, body: impl FnOnce() -> R) -> std::result::Result<R, Panic> {
    // What a panic leaves half done is not shared: the tables hold whole objects only, and the core
    // keeps its own state whole.
    catch_unwind(AssertUnwindSafe(|| {
        inject(export);
        body()
    }))
}

/// Hands the error out.
///
/// # Safety
/// `error` is NULL or may be written to.
#[cold]
unsafe fn failed(error: *mut *mut tsm_error, failure: Error) -> tsm_status {
    let status = failure.status() as tsm_status;
    if error.is_null() {
        // An error is plain data; but should dropping it fail, it must not end the host.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(failure))).map_err(mem::forget);
        return status;
    }
    match catch_unwind(AssertUnwindSafe(|| error::hand_out(failure))) {
        Ok(handle) => {
            // SAFETY: not NULL, and the caller's promise.
            unsafe { error.write(handle) };
            status
        }
        Err(panic) => {
            discard(panic);
            // SAFETY: not NULL, and the caller's promise.
            unsafe { error.write(std::ptr::null_mut()) };
            Status::Internal as tsm_status
        }
    }
}

#[cold]
fn defect(export: &'static str, panic: Panic) -> Error {
    let text = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text.as_str(),
        _ => "no message",
    };
    let message =
        format!("a defect of thingspace-session, please report it: panic in {export}: {text}");
    discard(panic);
    Error::new(Status::Internal, message)
}

/// Drops what a panic carried, but only what is known to drop quietly: a payload of any other type
/// might panic again.
#[cold]
fn discard(panic: Panic) {
    if !panic.is::<&str>() && !panic.is::<String>() {
        mem::forget(panic);
    }
}

/// Nothing; in the build that the panic test makes for itself, a panic in the export named by
/// `TSM_PANIC_IN`, or in all of them for `*`.
#[inline(always)]
fn inject(export: &'static str) {
    #[cfg(tsm_panic_test)]
    if let Ok(wanted) = std::env::var("TSM_PANIC_IN")
        && (wanted == "*" || wanted == export)
    {
        panic!("injected into {export}");
    }
    let _ = export;
}

#[cfg(test)]
mod tests {
    use std::panic::panic_any;

    use super::*;

    struct DropsLoudly;

    impl Drop for DropsLoudly {
        fn drop(&mut self) {
            panic!("a payload that panics when dropped");
        }
    }

    #[test]
    fn a_payload_of_any_type_is_survived() {
        assert_eq!(value("test", 7, || panic_any(DropsLoudly)), 7);
        let body = || panic_any(DropsLoudly);
        // SAFETY: NULL is allowed.
        let status = unsafe { status("test", std::ptr::null_mut(), body) };
        assert_eq!(status, Status::Internal as tsm_status);
    }

    #[test]
    fn the_error_names_the_export_and_the_panic() {
        let panic = catch_unwind(|| panic!("slot {}", 3)).unwrap_err();
        let error = defect("tsm_login", panic);
        assert_eq!(error.status(), Status::Internal);
        assert!(error.message().contains("tsm_login: slot 3"), "{error}");
    }
}
