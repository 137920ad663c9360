//! What a helper does to its own process: it forks, limits itself, becomes somebody else.

use serde_json::Value;

use crate::helper::say;

pub fn change(what: &str, step: &Value) {
    match what {
        "fork" => fork(),
        "full disk" => full_disk(),
        "no files" => limit(libc::RLIMIT_NOFILE, 3),
        "no memory" => limit(libc::RLIMIT_AS, in_use() + (12 << 20)),
        "no limits" => LIMITED.iter().for_each(|of| lift(*of)),
        "become" => become_user(step["user"].as_u64().unwrap() as u32),
        other => panic!("{other}"),
    }
}

/// A child that lives on until nobody holds the other end of its standard input. What the library
/// does in a child before anything else is done once it is told of.
fn fork() {
    let (mut ends, mut byte) = ([0; 2], 0u8);
    // SAFETY: the child calls nothing but what is async-signal-safe.
    unsafe {
        assert_eq!(libc::pipe(ends.as_mut_ptr()), 0);
        let child = libc::fork();
        if child == 0 {
            libc::write(ends[1], (&raw const byte).cast(), 1);
            while libc::read(0, (&raw mut byte).cast(), 1) > 0 {}
            libc::_exit(0);
        }
        assert_eq!(libc::read(ends[0], (&raw mut byte).cast(), 1), 1);
        say(&format!("forked {child}"));
    }
}

/// From here on no file of this process can grow: writing gives an error, as on a full disk.
fn full_disk() {
    // SAFETY: a plain call. Without the signal's default the write itself fails.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    limit(libc::RLIMIT_FSIZE, 0);
}

/// What limits are put on.
const LIMITED: [Resource; 3] = [libc::RLIMIT_FSIZE, libc::RLIMIT_NOFILE, libc::RLIMIT_AS];

#[cfg(target_env = "gnu")]
type Resource = libc::__rlimit_resource_t;
#[cfg(not(target_env = "gnu"))]
type Resource = i32;

fn limit(resource: Resource, to: u64) {
    let mut limits = limits(resource);
    limits.rlim_cur = to;
    // SAFETY: a plain call with valid arguments.
    unsafe { assert_eq!(libc::setrlimit(resource, &limits), 0) };
}

/// What this process has mapped. Some more lets it go on, but hash no password.
fn in_use() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').next().unwrap().parse().unwrap();
    pages * 4096
}

fn lift(resource: Resource) {
    limit(resource, limits(resource).rlim_max);
}

fn limits(resource: Resource) -> libc::rlimit {
    let mut limits = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: a plain call with valid arguments.
    unsafe { assert_eq!(libc::getrlimit(resource, &mut limits), 0) };
    limits
}

fn become_user(user: u32) {
    // SAFETY: a plain call; no other thread of this process does anything yet.
    unsafe { assert_eq!(libc::setuid(user), 0) };
}
