//! The threads of one process that want the same lease, in the order in which they came. A child
//! that is forked meanwhile begins with empty queues: it never looks at its parent's.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Key;
use crate::call::Running;
use crate::error::Result;
use crate::per_key::PerKey;
use crate::runtime::{Runtime, Signal};

/// One account in one store, in one process.
#[derive(Clone, PartialEq, Eq, Hash)]
struct QueueKey {
    process: u64,
    store: String,
    account: Key,
}

static QUEUES: PerKey<QueueKey, Queue> = PerKey::new();

#[derive(Default)]
struct Queue {
    places: Mutex<Places>,
}

#[derive(Default)]
struct Places {
    next: u64,
    /// The first has its turn.
    waiting: VecDeque<(u64, Signal)>,
}

/// A place in the queue; its end lets the next one on.
pub(crate) struct Turn {
    queue: Arc<Queue>,
    number: u64,
    /// Whether others came before.
    pub waited: bool,
}

/// Waits until all who came before are done.
pub(super) fn wait(
    store: &str,
    account: &Key,
    running: &Running,
    runtime: &dyn Runtime,
) -> Result<Turn> {
    let queue = QUEUES.get(&QueueKey {
        process: runtime.process(),
        store: store.to_owned(),
        account: account.clone(),
    });
    let signal = Signal::default();
    let number = {
        let mut places = queue.places();
        places.next += 1;
        let number = places.next;
        places.waiting.push_back((number, signal.clone()));
        number
    };
    let mut turn = Turn {
        queue,
        number,
        waited: false,
    };
    loop {
        let seen = signal.count();
        if turn.has_come() {
            return Ok(turn);
        }
        turn.waited = true;
        running.check()?;
        runtime.wait(&signal, seen, running.slice());
    }
}

impl Turn {
    fn has_come(&self) -> bool {
        let places = self.queue.places();
        let first = places.waiting.front();
        first.is_some_and(|(number, _)| *number == self.number)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut places = self.queue.places();
        places.waiting.retain(|(number, _)| *number != self.number);
        if let Some((_, signal)) = places.waiting.front() {
            signal.give();
        }
    }
}

impl Queue {
    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::call::Call;
    use crate::runtime;

    fn account() -> Key {
        Key {
            realm: "queue-test".into(),
            username: "zbeeblebrox".into(),
        }
    }

    fn queued(store: &str, call: &Call) -> Result<Turn> {
        let running = Running::start(call, Arc::default(), Duration::from_secs(3600));
        wait(store, &account(), &running, &*runtime::system())
    }

    fn length(store: &str) -> usize {
        let queue = QUEUES.get(&QueueKey {
            process: runtime::system().process(),
            store: store.to_owned(),
            account: account(),
        });
        queue.places().waiting.len()
    }

    #[test]
    fn who_came_first_goes_first_and_nobody_is_overtaken() {
        let first = queued("order", &Call::new()).unwrap();
        let (done, order) = mpsc::channel();
        std::thread::scope(|scope| {
            for number in 0..8 {
                let done = done.clone();
                scope.spawn(move || {
                    let turn = queued("order", &Call::new()).unwrap();
                    done.send(number).unwrap();
                    drop(turn);
                });
                while length("order") < number + 2 {
                    std::thread::yield_now();
                }
            }
            drop(first);
        });
        drop(done);
        assert_eq!(order.iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn who_gives_up_leaves_the_queue() {
        let first = queued("leave", &Call::new()).unwrap();
        let cancelled = Call::new();
        cancelled.cancel();
        assert!(queued("leave", &cancelled).is_err());
        assert_eq!(length("leave"), 1);
        drop(first);
        assert!(queued("leave", &Call::new()).is_ok());
    }
}
