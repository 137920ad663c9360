//! What a login costs in memory. In a process of its own, so that nothing else is counted.

#![cfg(target_os = "linux")]

use thingspace_sandbox::{Options, Sandbox};
use thingspace_session::{Call, Config, Session, Status};

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[test]
fn nothing_holds_on_to_the_memory_of_a_password_hash() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let login = |n: usize| {
        let mut config = Config::new();
        for (name, value) in [
            ("base_url", sandbox.base_url()),
            ("username", &format!("user {n}")),
            ("password", "wrong"),
            ("app_key", "key"),
            ("app_secret", "secret"),
            ("store", "memory:"),
        ] {
            config.set(name, value).unwrap();
        }
        Session::login(&config, &Call::new()).unwrap_err().status()
    };
    assert_eq!(login(0), Status::Credentials);
    let before = resident_bytes();
    for n in 1..=20 {
        assert_eq!(login(n), Status::Credentials);
    }
    let grown = resident_bytes().saturating_sub(before);
    // Each rejection hashes the password in 19 MiB.
    assert!(grown < 10 << 20, "20 hashes hold {grown} bytes");
}
