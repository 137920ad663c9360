//! How the process ends when it is told to. Ctrl-C, SIGTERM and SIGHUP cancel the call, so that a
//! login that was not sent yet gives its slot of the lockout guard back, and end the process within
//! a tenth of a second, whatever it waits for. A command that stops in order, such as a server,
//! takes the first for itself; the second ends it all the same.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use thingspace_session::{Call, Event, EventKind, Status};

use crate::failure::Failure;
use crate::output;

/// From the signal to the end, whatever waits.
const TIME_TO_END: Duration = Duration::from_millis(95);
/// From the signal until a login that had not left has surely given its slot back.
const TIME_TO_GIVE_BACK: Duration = Duration::from_millis(85);

/// The call that is cancelled.
static CALL: OnceLock<Call> = OnceLock::new();
/// The signal that came, and when.
static CAME: Mutex<Option<(Signal, Instant)>> = Mutex::new(None);
static HAS_COME: Condvar = Condvar::new();
static STOPS_IN_ORDER: AtomicBool = AtomicBool::new(false);
static LOGIN_UNDER_WAY: AtomicBool = AtomicBool::new(false);

/// From now on a signal cancels this call, and ends the process.
pub fn cancels(call: &Call) {
    if CALL.set(call.clone()).is_ok() {
        system::watch();
    }
}

/// The first signal only cancels the call: the command stops by itself.
pub fn is_for_the_command() {
    STOPS_IN_ORDER.store(true, Ordering::SeqCst);
}

/// Waits until a signal has come.
pub fn wait() {
    let came = HAS_COME.wait_while(came(), |came| came.is_none());
    drop(came.unwrap_or_else(PoisonError::into_inner));
}

/// What happens to the session: a login that is under way is waited for a moment.
pub fn saw(event: &Event) {
    match event.kind {
        EventKind::LoginBegun => LOGIN_UNDER_WAY.store(true, Ordering::SeqCst),
        EventKind::LoginEnded => LOGIN_UNDER_WAY.store(false, Ordering::SeqCst),
        _ => {}
    }
}

/// Ends the process by the signal that came, if a command ended for that.
pub fn end_if_interrupted(failure: &Failure) {
    let Some((signal, at)) = *came() else {
        return;
    };
    if !matches!(failure, Failure::Library(error) if error.status() == Status::Cancelled) {
        return;
    }
    if LOGIN_UNDER_WAY.load(Ordering::SeqCst) {
        // It has its own thread, which gives its slot back unless it has left.
        std::thread::sleep(TIME_TO_GIVE_BACK.saturating_sub(at.elapsed()));
    }
    end(signal);
}

/// On the first thread that comes here.
fn end(signal: Signal) -> ! {
    if LOGIN_UNDER_WAY.swap(false, Ordering::SeqCst) {
        output::say(
            "interrupted while a login was under way: unless it had not left yet, it counts for \
             the lockout guard until another succeeds",
        );
    }
    system::die_of(signal)
}

fn came() -> MutexGuard<'static, Option<(Signal, Instant)>> {
    CAME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// On the thread that watches.
fn arrived(signal: Signal) {
    let is_first = came().replace((signal, Instant::now())).is_none();
    HAS_COME.notify_all();
    if let Some(call) = CALL.get() {
        call.cancel();
    }
    if is_first && STOPS_IN_ORDER.load(Ordering::SeqCst) {
        return;
    }
    std::thread::sleep(TIME_TO_END);
    end(signal);
}

/// As the signal does, for whom only the key came to.
pub fn end_by_ctrl_c() -> ! {
    system::die_of(system::CTRL_C)
}

pub use system::{Signal, end_by_broken_pipe, keep_memory_private};

#[cfg(unix)]
mod system {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGPIPE, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    use super::{arrived, process};
    use crate::terminal;

    /// Its number.
    pub type Signal = i32;
    pub const CTRL_C: Signal = SIGINT;

    /// What is ignored stays so: whoever started us, such as nohup, wants that.
    pub fn watch() {
        let wanted = [SIGINT, SIGTERM, SIGHUP].into_iter();
        let signals = Signals::new(wanted.filter(|signal| !is_ignored(*signal)));
        let Ok(mut signals) = signals else {
            return;
        };
        let watch = move || signals.forever().for_each(arrived);
        // Without a thread the system's own ways hold.
        let _ = std::thread::Builder::new()
            .name("signals".into())
            .spawn(watch);
    }

    #[allow(unsafe_code)]
    fn is_ignored(signal: Signal) -> bool {
        let mut action = std::mem::MaybeUninit::<libc::sigaction>::uninit();
        // SAFETY: with no new action the call only writes the present one, to a place of its size.
        let told = unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) };
        // SAFETY: the call that succeeded wrote it.
        told == 0 && unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN
    }

    /// As if nobody had handled it, so that a shell sees what ended us.
    pub fn die_of(signal: Signal) -> ! {
        terminal::restore();
        let _ = emulate_default_handler(signal);
        process::exit(128 + signal);
    }

    pub fn end_by_broken_pipe() {
        let _ = emulate_default_handler(SIGPIPE);
    }

    /// No core dump, and no other process of the user's reads this one's memory.
    pub fn keep_memory_private() {
        #[cfg(target_os = "linux")]
        {
            use rustix::process::{DumpableBehavior, set_dumpable_behavior};

            let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
        }
    }
}

#[cfg(windows)]
mod system {
    use super::{arrived, process};

    /// There is one kind.
    pub type Signal = ();
    pub const CTRL_C: Signal = ();

    pub fn watch() {
        // Without a handler the system's own ways hold.
        let _ = ctrlc::set_handler(|| arrived(()));
    }

    /// With the status that the system gives for Ctrl-C.
    pub fn die_of(_: Signal) -> ! {
        const STATUS_CONTROL_C_EXIT: i32 = 0xC000013A_u32 as i32;
        process::exit(STATUS_CONTROL_C_EXIT);
    }

    pub fn end_by_broken_pipe() {}

    pub fn keep_memory_private() {}
}
