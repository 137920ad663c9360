//! A port for a program that a test starts, which cannot choose one by itself and tell it.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

/// A port that nothing listens on, and that the system gives nobody who asks for any: a program may
/// come back to it after its end.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let own = std::process::id().wrapping_mul(64);
    loop {
        let next = own.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = 20_000 + (next % 12_000) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
