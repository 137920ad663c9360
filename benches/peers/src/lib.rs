//! A token behind `arc-swap`, read from C: what one might write instead of `tsm_token`.

use std::ffi::{CStr, c_char, c_int};
use std::sync::LazyLock;

use arc_swap::ArcSwap;

static HELD: LazyLock<ArcSwap<Vec<u8>>> = LazyLock::new(ArcSwap::default);

/// Holds this token from now on.
///
/// # Safety
/// `token` is a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn peer_arc_swap_set(token: *const c_char) {
    // SAFETY: the caller's promise.
    let token = unsafe { CStr::from_ptr(token) };
    HELD.store(token.to_bytes_with_nul().to_vec().into());
}

/// Copies the token; 0 when there was room for it.
///
/// # Safety
/// `out` has `room` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn peer_arc_swap_read(out: *mut c_char, room: usize) -> c_int {
    let token = HELD.load();
    if token.len() > room {
        return 1;
    }
    // SAFETY: `out` has room for it, by the caller's promise.
    unsafe { out.copy_from_nonoverlapping(token.as_ptr().cast(), token.len()) };
    0
}
