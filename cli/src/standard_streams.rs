//! Which of the standard streams whoever started this process had closed. Before `main` Rust's
//! runtime puts /dev/null in their place, so that no file of ours gets their numbers; but what is
//! written there would seem to have arrived. So they are looked at before the runtime begins.

use std::io;

/// Its number is that of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Input,
    Output,
    Error,
}

/// Fails where it was closed.
pub fn check(stream: Stream) -> io::Result<()> {
    match system::was_closed(stream) {
        true => Err(io::Error::other("is closed")),
        false => Ok(()),
    }
}

pub use system::leave_as_they_were;

#[cfg(unix)]
mod system {
    use std::os::fd::BorrowedFd;
    use std::sync::atomic::{AtomicBool, Ordering};

    use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
    use rustix::stdio::{stderr, stdin, stdout};

    use super::Stream;

    static WAS_CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

    // SAFETY: the system runs what stands in these sections before `main`, with or without
    // arguments. The function takes none, and does nothing that needs the runtime.
    #[used]
    #[allow(unsafe_code)]
    #[cfg_attr(
        target_vendor = "apple",
        unsafe(link_section = "__DATA,__mod_init_func")
    )]
    #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
    static BEFORE_MAIN: extern "C" fn() = look;

    extern "C" fn look() {
        for stream in [Stream::Input, Stream::Output, Stream::Error] {
            let is_closed = fcntl_getfd(number(stream)).is_err();
            WAS_CLOSED[stream as usize].store(is_closed, Ordering::Relaxed);
        }
    }

    fn number(stream: Stream) -> BorrowedFd<'static> {
        match stream {
            Stream::Input => stdin(),
            Stream::Output => stdout(),
            Stream::Error => stderr(),
        }
    }

    pub fn was_closed(stream: Stream) -> bool {
        WAS_CLOSED[stream as usize].load(Ordering::Relaxed)
    }

    /// What this process becomes has those closed that were.
    pub fn leave_as_they_were() {
        for stream in [Stream::Input, Stream::Output, Stream::Error] {
            if was_closed(stream) {
                let _ = fcntl_setfd(number(stream), FdFlags::CLOEXEC);
            }
        }
    }
}

/// There the runtime does nothing of that kind.
#[cfg(windows)]
mod system {
    pub fn was_closed(_: super::Stream) -> bool {
        false
    }

    pub fn leave_as_they_were() {}
}
