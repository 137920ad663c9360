//! Single flight: of all that find the same token refused, one has it renewed and all wait for and
//! share the outcome, good or bad. It knows neither tokens nor the network: what is newer, and how
//! to renew, comes from outside. A renewal may go on elsewhere, on a thread that outlives every
//! call that waits for it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::call::{Call, Running};
use crate::error::{Error, Result, Status};

pub(crate) struct Renewal<T>(Arc<Shared<T>>);

struct Shared<T> {
    state: Mutex<State<T>>,
    landed: Condvar,
}

enum State<T> {
    Idle,
    InFlight(Arc<Flight<T>>),
}

/// One renewal under way.
struct Flight<T> {
    /// Set once, under the lock of the state.
    outcome: Mutex<Option<Outcome<T>>>,
    /// Who waits for it, its leader included.
    waiting: AtomicUsize,
    /// Cancelled when nobody waits any more.
    wanted: Call,
}

#[derive(Clone)]
enum Outcome<T> {
    Landed(Result<T>),
    /// It came to nothing: the error is its leader's own, and one of those that wait leads the
    /// next.
    HandedOver(Error),
}

impl<T: Clone> Renewal<T> {
    pub fn new() -> Renewal<T> {
        Renewal(Arc::new(Shared {
            state: Mutex::new(State::Idle),
            landed: Condvar::new(),
        }))
    }

    /// What `newer` has, or else the outcome of the one renewal under way; `lead` begins it, and
    /// sees to it that its [`Landing`] lands. An error of `lead` is its caller's own.
    pub fn run(
        &self,
        running: &Running,
        newer: impl Fn() -> Option<T>,
        lead: impl FnOnce(Landing<T>) -> Result<()>,
    ) -> Result<T> {
        let mut lead = Some(lead);
        loop {
            let mut state = lock(&self.0.state);
            if let Some(value) = newer() {
                return Ok(value);
            }
            let (waiting, lead) = match &*state {
                State::InFlight(flight) => (Waiting::join(flight), None),
                State::Idle => {
                    let waiting = Waiting::first();
                    *state = State::InFlight(Arc::clone(&waiting.0));
                    (waiting, lead.take())
                }
            };
            drop(state);
            let leads = lead.is_some();
            if let Some(lead) = lead {
                lead(Landing {
                    renewal: Arc::clone(&self.0),
                    flight: Arc::clone(&waiting.0),
                    outcome: Outcome::HandedOver(Error::new(
                        Status::Internal,
                        "the renewal ended without an outcome",
                    )),
                })?;
            }
            match self.follow(&waiting.0, running)? {
                Outcome::Landed(outcome) => return outcome,
                Outcome::HandedOver(error) if leads => return Err(error),
                Outcome::HandedOver(_) => running.check()?,
            }
        }
    }

    fn follow(&self, flight: &Flight<T>, running: &Running) -> Result<Outcome<T>> {
        loop {
            if let Some(outcome) = &*lock(&flight.outcome) {
                return Ok(outcome.clone());
            }
            // With no lock held: the interrupt function may do as it likes.
            running.check()?;
            let state = lock(&self.0.state);
            if let Some(outcome) = &*lock(&flight.outcome) {
                return Ok(outcome.clone());
            }
            // Woken, or after a slice, the loop looks again; a poisoned lock guards nothing that
            // could be half done.
            drop(self.0.landed.wait_timeout(state, patience(running)));
        }
    }
}

/// One that waits for a flight.
struct Waiting<T>(Arc<Flight<T>>);

impl<T> Waiting<T> {
    fn first() -> Waiting<T> {
        Waiting(Arc::new(Flight {
            outcome: Mutex::new(None),
            waiting: AtomicUsize::new(1),
            wanted: Call::new(),
        }))
    }

    fn join(flight: &Arc<Flight<T>>) -> Waiting<T> {
        flight.waiting.fetch_add(1, Ordering::AcqRel);
        Waiting(Arc::clone(flight))
    }
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        // Who joins at this very moment finds that the flight came to nothing, and leads the next.
        if self.0.waiting.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.wanted.cancel();
        }
    }
}

/// The end of a renewal, owed to those who wait. Dropped without an outcome, as by a panic, it
/// hands the renewal over to one of them.
pub(crate) struct Landing<T: Clone> {
    renewal: Arc<Shared<T>>,
    flight: Arc<Flight<T>>,
    outcome: Outcome<T>,
}

impl<T: Clone> Landing<T> {
    /// A call that is cancelled when nobody waits for the renewal any more.
    pub fn wanted(&self) -> &Call {
        &self.flight.wanted
    }

    /// Everybody gets this outcome.
    pub fn land(mut self, outcome: Result<T>) {
        self.outcome = Outcome::Landed(outcome);
    }

    /// What came of it says nothing to others: one of those that wait leads the next.
    pub fn hand_over(mut self, error: Error) {
        self.outcome = Outcome::HandedOver(error);
    }

    /// Renews in the leader's own call. If that is given up, it says nothing to the others: it is
    /// the leader's own error.
    pub fn here(self, running: &Running, renew: impl FnOnce() -> Result<T>) -> Result<()> {
        match renew() {
            Err(error) if running.gave_up(&error) => Err(error),
            outcome => {
                self.land(outcome);
                Ok(())
            }
        }
    }
}

impl<T: Clone> Drop for Landing<T> {
    fn drop(&mut self) {
        let mut state = lock(&self.renewal.state);
        *lock(&self.flight.outcome) = Some(self.outcome.clone());
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
    use std::sync::mpsc;

    use super::*;

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
                            |landing| {
                                renewals.fetch_add(1, Ordering::SeqCst);
                                while waiting.load(Ordering::SeqCst) < 32 {
                                    std::thread::yield_now();
                                }
                                landing.land(outcome.clone());
                                Ok(())
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
        let got = renewal.run(&running(&Call::new()), || Some(1), |_| unreachable!());
        assert_eq!(got.unwrap(), 1);
    }

    fn lands(value: u32) -> impl FnOnce(Landing<u32>) -> Result<()> {
        move |landing| {
            landing.land(Ok(value));
            Ok(())
        }
    }

    fn gone(_: Landing<u32>) -> Result<()> {
        Err(Error::new(Status::Cancelled, "gone"))
    }

    #[test]
    fn a_renewal_goes_on_when_all_who_waited_are_gone_and_serves_the_next() {
        let renewal = Renewal::new();
        let elsewhere = Mutex::new(None);
        let impatient = Call::new();
        impatient.set_timeout(Duration::ZERO);
        for _ in 0..3 {
            let gave_up = renewal.run(
                &running(&impatient),
                || None::<u32>,
                |landing| {
                    assert!(lock(&elsewhere).replace(landing).is_none(), "led twice");
                    Ok(())
                },
            );
            assert_eq!(gave_up.unwrap_err().status(), Status::Timeout);
        }
        let landing = lock(&elsewhere).take().unwrap();
        let wanted = running(landing.wanted());
        assert_eq!(wanted.check().unwrap_err().status(), Status::Cancelled);
        std::thread::scope(|scope| {
            let next =
                scope.spawn(|| renewal.run(&running(&Call::new()), || None, |_| unreachable!()));
            while landing.flight.waiting.load(Ordering::SeqCst) == 0 {
                std::thread::yield_now();
            }
            landing.land(Ok(7));
            assert_eq!(next.join().unwrap().unwrap(), 7);
        });
    }

    #[test]
    fn a_renewal_that_dies_elsewhere_is_an_error_of_its_leader() {
        let renewal = Renewal::<u32>::new();
        let died = renewal.run(
            &running(&Call::new()),
            || None,
            |landing| {
                std::thread::spawn(|| drop(landing));
                Ok(())
            },
        );
        assert_eq!(died.unwrap_err().status(), Status::Internal);
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
                    let running = running(&Call::new());
                    renewal.run(
                        &running,
                        || None,
                        |landing| {
                            begun.send(()).unwrap();
                            wait_go.recv().unwrap();
                            landing.here(&running, end)
                        },
                    )
                }));
                drop(led);
            });
            wait_begun.recv().unwrap();
            assert!(matches!(*lock(&renewal.0.state), State::InFlight(_)));
            // The follower asks its call before each wait: the leader ends then.
            let go = std::sync::Mutex::new(Some(go));
            let call = Call::new();
            call.set_interrupt(Some(Box::new(move || {
                if let Some(go) = go.lock().unwrap().take() {
                    go.send(()).unwrap();
                }
                false
            })));
            let got = renewal.run(&running(&call), || None, lands(2));
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
                let cancelled = renewal.run(&running(&call), || None, gone);
                assert_eq!(cancelled.unwrap_err().status(), Status::Cancelled);
                let idle = renewal.run(&running(&Call::new()), || None, lands(3));
                assert_eq!(idle.unwrap(), 3);
            },
        );
    }
}
