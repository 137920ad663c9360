//! Single flight: of all that find the same token refused, one renews it and the rest wait and share the outcome, good or bad.
//! It knows neither tokens nor the network: what is newer, and how to renew, comes from outside.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::call::Running;
use crate::error::Result;

pub(crate) struct Renewal<T> {
    state: Mutex<State<T>>,
    landed: Condvar,
}

enum State<T> {
    Idle,
    InFlight(Arc<Flight<T>>),
}

/// One renewal under way. Its outcome is set once, under the lock of the state.
type Flight<T> = Mutex<Option<Outcome<T>>>;

#[derive(Clone)]
enum Outcome<T> {
    Shared(Result<T>),
    /// Its leader gave up for reasons of its own: one of those that wait leads the next.
    HandedOver,
}

impl<T: Clone> Renewal<T> {
    pub fn new() -> Renewal<T> {
        Renewal {
            state: Mutex::new(State::Idle),
            landed: Condvar::new(),
        }
    }

    /// What `newer` has, or else the outcome of the one `renew` under way.
    pub fn run(
        &self,
        running: &Running,
        newer: impl Fn() -> Option<T>,
        renew: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        loop {
            let mut state = lock(&self.state);
            if let Some(value) = newer() {
                return Ok(value);
            }
            let flight = match &*state {
                State::InFlight(flight) => Arc::clone(flight),
                State::Idle => {
                    let flight = Arc::default();
                    *state = State::InFlight(Arc::clone(&flight));
                    drop(state);
                    return self.lead(&flight, running, renew);
                }
            };
            drop(state);
            match self.follow(&flight, running)? {
                Outcome::Shared(outcome) => return outcome,
                Outcome::HandedOver => {}
            }
        }
    }

    fn lead(
        &self,
        flight: &Flight<T>,
        running: &Running,
        renew: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        // A panic lands too: nobody waits for a leader that is gone.
        let mut landing = Landing {
            renewal: self,
            flight,
            outcome: Outcome::HandedOver,
        };
        let result = renew();
        if !matches!(&result, Err(error) if running.gave_up(error)) {
            landing.outcome = Outcome::Shared(result.clone());
        }
        result
    }

    fn follow(&self, flight: &Flight<T>, running: &Running) -> Result<Outcome<T>> {
        loop {
            // With no lock held: the interrupt function may do as it likes.
            running.check()?;
            let state = lock(&self.state);
            if let Some(outcome) = &*lock(flight) {
                return Ok(outcome.clone());
            }
            // Woken, or after a slice, the loop looks again; a poisoned lock guards nothing that could be half done.
            let waited = self.landed.wait_timeout(state, patience(running));
            drop(waited);
            if let Some(outcome) = &*lock(flight) {
                return Ok(outcome.clone());
            }
        }
    }
}

struct Landing<'a, T: Clone> {
    renewal: &'a Renewal<T>,
    flight: &'a Flight<T>,
    outcome: Outcome<T>,
}

impl<T: Clone> Drop for Landing<'_, T> {
    fn drop(&mut self) {
        let mut state = lock(&self.renewal.state);
        *lock(self.flight) = Some(self.outcome.clone());
        *state = State::Idle;
        self.renewal.landed.notify_all();
    }
}

fn patience(running: &Running) -> Duration {
    // A simulated thread has given others their turn when its call was asked.
    #[cfg(test)]
    if crate::proof::is_simulated() {
        return Duration::from_nanos(1);
    }
    running.slice()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;
    use crate::call::Call;
    use crate::error::{Error, Status};

    fn running(call: &Call) -> Running {
        Running::start(call, Arc::default(), Duration::from_secs(3600))
    }

    /// Many threads and a leader that waits until all of them follow it.
    fn storm(outcome: Result<u32>) -> (usize, Vec<Result<u32>>) {
        let renewal = Renewal::new();
        let renewals = AtomicUsize::new(0);
        let waiting = AtomicUsize::new(0);
        let results = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..32)
                .map(|_| {
                    scope.spawn(|| {
                        let call = Call::new();
                        // Asked by followers only, on the way into their wait.
                        call.set_interrupt(None);
                        waiting.fetch_add(1, Ordering::SeqCst);
                        renewal.run(
                            &running(&call),
                            || None,
                            || {
                                renewals.fetch_add(1, Ordering::SeqCst);
                                while waiting.load(Ordering::SeqCst) < 32 {
                                    std::thread::yield_now();
                                }
                                outcome.clone()
                            },
                        )
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        (renewals.into_inner(), results)
    }

    #[test]
    fn all_share_what_the_one_got() {
        let (renewals, results) = storm(Ok(7));
        assert!(results.iter().all(|r| matches!(r, Ok(7))));
        assert!(renewals >= 1);
        let (_, results) = storm(Err(Error::new(Status::Network, "down")));
        assert!(results.iter().all(|r| r.is_err()));
    }

    #[test]
    fn what_is_newer_needs_no_renewal() {
        let renewal = Renewal::new();
        let got = renewal.run(&running(&Call::new()), || Some(1), || unreachable!());
        assert_eq!(got.unwrap(), 1);
    }

    /// A flight led by another thread, which ends as told.
    fn behind_a_leader(
        end: impl FnOnce() -> Result<u32> + Send,
        follow: impl FnOnce(&Renewal<u32>),
    ) {
        let renewal = Renewal::new();
        let (begun, wait_begun) = mpsc::channel();
        let (go, wait_go) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            let renewal = &renewal;
            scope.spawn(move || {
                let led = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    renewal.run(
                        &running(&Call::new()),
                        || None,
                        move || {
                            begun.send(()).unwrap();
                            wait_go.recv().unwrap();
                            end()
                        },
                    )
                }));
                drop(led);
            });
            wait_begun.recv().unwrap();
            assert!(matches!(*lock(&renewal.state), State::InFlight(_)));
            // The follower asks its call before each wait: the leader ends then.
            let go = std::sync::Mutex::new(Some(go));
            let call = Call::new();
            call.set_interrupt(Some(Box::new(move || {
                if let Some(go) = go.lock().unwrap().take() {
                    go.send(()).unwrap();
                }
                false
            })));
            let got = renewal.run(&running(&call), || None, || Ok(2));
            assert_eq!(got.unwrap(), 2);
            follow(renewal);
        });
    }

    #[test]
    fn one_of_those_who_wait_takes_over_from_a_leader_that_was_cancelled_or_died() {
        behind_a_leader(|| Err(Error::new(Status::Cancelled, "gone")), |_| {});
        behind_a_leader(|| panic!("died"), |_| {});
    }

    #[test]
    fn a_cancelled_follower_leaves_the_flight_alone() {
        behind_a_leader(
            || Ok(2),
            |renewal| {
                let call = Call::new();
                call.cancel();
                let idle = renewal.run(&running(&call), || None, || Ok(3));
                assert_eq!(idle.unwrap(), 3);
            },
        );
    }
}
