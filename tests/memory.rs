//! What a session costs in memory. In a process of its own, so that nothing else is counted.

#![cfg(target_os = "linux")]

use thingspace_sandbox::{Options, Sandbox};
use thingspace_session::{Call, Config, Session};

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[test]
fn sessions_do_not_hold_on_to_the_memory_of_the_password_hash() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let mut config = Config::new();
    for (name, value) in [
        ("base_url", sandbox.base_url()),
        ("username", "zbeeblebrox"),
        ("password", "IMgr8"),
        ("app_key", "key"),
        ("app_secret", "secret"),
        ("store", "memory:"),
    ] {
        config.set(name, value).unwrap();
    }
    let login = || Session::login(&config, &Call::new()).unwrap();
    let first = login();
    let before = resident_bytes();
    let sessions: Vec<Session> = (0..20).map(|_| login()).collect();
    let grown = resident_bytes().saturating_sub(before);
    // Each login hashes the password in 19 MiB.
    assert!(grown < 40 << 20, "20 sessions hold {grown} bytes");
    drop((first, sessions));
}
