//! Which library this is.

use std::ffi::c_char;

use super::panic;

/// The number of the ABI that this header describes: see tsm_abi_version().
pub const TSM_ABI_VERSION: u32 = 1;

/// The version of the library, e.g. "0.1.0". Never NULL; static. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    panic::value("tsm_version", c"".as_ptr(), || VERSION.as_ptr().cast())
}

/// The number of the library's ABI. It changes only when a program built against an older header
/// could break. A wrapper that loads the library at run time compares it with TSM_ABI_VERSION
/// first. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn tsm_abi_version() -> u32 {
    panic::value("tsm_abi_version", 0, || TSM_ABI_VERSION)
}
