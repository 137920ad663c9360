//! What is left of a login when its token was handed out: the hash of the password that worked is
//! made, and noted in the record, so that it may be tried now and then in an outage. One thread of
//! a process does it for one session after the other; a process that exits waits a moment for it.
//! Where it comes to nothing, the next login of the session notes it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Logins;
use crate::background;
use crate::call::{Call, LONGEST_OWN_TIME, Running};
use crate::error::Result;
use crate::fork;
use crate::per_key::PerKey;
use crate::runtime::{Runtime, Signal};
use crate::store::{Found, Lasts};
use crate::telling::News;

/// Those who wait for the token, or use it at once, have the processor before.
const PAUSE: Duration = Duration::from_millis(50);
/// Where the lease is another's it is tried again, so often, after a longer pause each time. That
/// outlasts any login of another's.
const TRIES: u32 = 64;
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The longest that the end of a process is put off.
const AT_EXIT: Duration = Duration::from_secs(1);

/// By process.
static WAITING: PerKey<u64, Waiting> = PerKey::new();

#[derive(Default)]
struct Waiting {
    state: Mutex<State>,
    /// Given when the process is about to exit.
    exits: Signal,
    done: Condvar,
}

#[derive(Default)]
struct State {
    sessions: Vec<Arc<Logins>>,
    /// A thread does it.
    at_work: bool,
    /// Some of it is for a store that outlives the process: its end waits for that.
    outlives: bool,
}

/// To be called when a login of this session has succeeded, and its lease has ended.
pub(super) fn hash_password(of: &Arc<Logins>) {
    let waiting = WAITING.get(&of.runtime.process());
    let mut state = waiting.lock();
    state.sessions.push(Arc::clone(of));
    state.outlives |= of.lasts.get() != Some(&Lasts::AsLongAsTheProcess);
    if std::mem::replace(&mut state.at_work, true) {
        return;
    }
    drop(state);
    background::before_exit(finish);
    let runtime = Arc::clone(&of.runtime);
    let thread = AtWork(Some(waiting));
    let work = move || thread.work(&*runtime);
    // Without a thread it is left to the next login.
    let _ = of.runtime.do_next("tsm-hash", Box::new(work));
}

/// Waits until nothing is left to do that anybody could know of afterwards. In a forked child
/// nothing is.
extern "C" fn finish() {
    let waiting = WAITING.get(&fork::generation().into());
    let state = waiting.lock();
    if state.outlives {
        waiting.exits.give();
        let goes_on = |state: &mut State| state.outlives;
        drop(waiting.done.wait_timeout_while(state, AT_EXIT, goes_on));
    }
}

/// Whether nothing of a process is left here.
#[cfg(test)]
pub(crate) fn is_at_rest(process: u64) -> bool {
    let waiting = WAITING.get(&process);
    let state = waiting.lock();
    state.sessions.is_empty() && !state.at_work
}

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Vec<Arc<Logins>> {
        std::mem::take(&mut self.lock().sessions)
    }

    /// Whether nothing is left to do; the thread is at work no more then.
    fn is_done(&self) -> bool {
        let mut state = self.lock();
        let done = state.sessions.is_empty();
        if done {
            *state = State::default();
            self.done.notify_all();
        }
        done
    }
}

/// The thread that does it.
struct AtWork(Option<Arc<Waiting>>);

impl AtWork {
    fn work(mut self, runtime: &dyn Runtime) {
        let Some(waiting) = self.0.clone() else {
            return;
        };
        let (mut left, mut tries, mut seen) = (Vec::new(), 0, 0);
        while tries < TRIES {
            let pause = PAUSE * 2u32.pow(tries.min(10));
            runtime.wait(&waiting.exits, seen, pause.min(LONGEST_PAUSE));
            seen = waiting.exits.count();
            let mut new = waiting.next();
            tries = if new.is_empty() { tries + 1 } else { 0 };
            left.append(&mut new);
            left.retain(waits_on);
            if left.is_empty() && waiting.is_done() {
                self.0 = None;
                return;
            }
        }
    }
}

impl Drop for AtWork {
    /// What waits is let go where the thread gave up, died, or was not given.
    fn drop(&mut self) {
        if let Some(waiting) = &self.0 {
            let left = std::mem::take(&mut *waiting.lock());
            waiting.done.notify_all();
            drop(left);
        }
    }
}

/// A store that fails is told of by the next login.
fn waits_on(logins: &Arc<Logins>) -> bool {
    let noted = News::default().of(|| logins.note_what_succeeded());
    matches!(noted, Ok(Noted::NotYet))
}

enum Noted {
    /// Or there is nothing to note any more.
    Done,
    /// The lease is another's.
    NotYet,
}

impl Logins {
    /// Takes the lease only if it is free: nobody is to wait for this.
    fn note_what_succeeded(&self) -> Result<Noted> {
        let Some((unhashed, password)) = self.unhashed() else {
            return Ok(Noted::Done);
        };
        let hash = self.hash(&password, &unhashed.salt)?;
        let running = &Running::start(&Call::new(), Arc::default(), LONGEST_OWN_TIME);
        let of_it = |found: Found| match found {
            Found::Record(record) if unhashed.stands(&record) => Some(record),
            _ => None,
        };
        if of_it(self.store.peek(&self.key, running)?).is_none() {
            return Ok(Noted::Done);
        }
        let Some(mut lease) = self.store.try_lease(&self.key, running)? else {
            return Ok(Noted::NotYet);
        };
        if let Some(mut record) = of_it(lease.load(running)?) {
            unhashed.note(&mut record, hash);
            lease.save(&record, running)?;
        }
        Ok(Noted::Done)
    }
}
