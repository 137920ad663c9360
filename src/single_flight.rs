//! Single flight: of all that want the same thing done, one has it done, on a thread of its own
//! that outlives every call, and all wait for and share the outcome, good or bad. It knows neither
//! tokens nor the network: what is newer, and what to do, comes from outside.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::call::{Call, Running};
use crate::error::{Error, Result, Status};
use crate::runtime::{Runtime, Signal};
use crate::telling::News;

pub(crate) struct SingleFlight<T>(Arc<Flights<T>>);

struct Flights<T> {
    current: Mutex<Option<Arc<Flight<T>>>>,
    /// What flights have to tell the program.
    news: News,
    thread_name: &'static str,
    runtime: Arc<dyn Runtime>,
}

/// One piece of work under way.
struct Flight<T> {
    outcome: OnceLock<Outcome<T>>,
    ended: Signal,
    /// How many wait for it, its leader included.
    waiting: AtomicUsize,
    /// Cancelled when nobody waits any more.
    wanted: Call,
    /// What it waits for itself, for those who give up waiting for it.
    stage: Arc<Mutex<String>>,
}

#[derive(Clone)]
enum Outcome<T> {
    Shared(Result<T>),
    /// It came to nothing: the error is its leader's own, and one of those that wait leads next.
    HandedOver(Error),
}

impl<T: Clone + Send + Sync + 'static> SingleFlight<T> {
    /// Flights run on threads of this name.
    pub fn new(thread_name: &'static str, runtime: Arc<dyn Runtime>) -> SingleFlight<T> {
        SingleFlight(Arc::new(Flights {
            current: Mutex::default(),
            news: News::default(),
            thread_name,
            runtime,
        }))
    }

    /// What `newer` has, or else the outcome of the one flight under way; begins one with `work`
    /// where there is none.
    pub fn run(
        &self,
        running: &Running,
        newer: impl Fn() -> Option<T>,
        work: impl FnOnce(&Running) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.run_or_follow(running, newer, work, || {})
    }

    /// [`SingleFlight::run`]; `followed` is called where the outcome is that of a flight which
    /// another began.
    pub fn run_or_follow(
        &self,
        running: &Running,
        newer: impl Fn() -> Option<T>,
        work: impl FnOnce(&Running) -> Result<T> + Send + 'static,
        followed: impl FnOnce(),
    ) -> Result<T> {
        let outcome = self.wait_or_lead(running, newer, work, followed);
        self.tell_news();
        outcome
    }

    fn wait_or_lead(
        &self,
        running: &Running,
        newer: impl Fn() -> Option<T>,
        work: impl FnOnce(&Running) -> Result<T> + Send + 'static,
        followed: impl FnOnce(),
    ) -> Result<T> {
        let mut work = Some(work);
        loop {
            let mut current = lock(&self.0.current);
            if let Some(value) = newer() {
                return Ok(value);
            }
            let (waiting, work) = match &*current {
                Some(flight) => (Waiting::join(flight), None),
                None => {
                    let waiting = Waiting::first();
                    *current = Some(Arc::clone(&waiting.0));
                    (waiting, work.take())
                }
            };
            drop(current);
            let leads = work.is_some();
            if let Some(work) = work {
                self.begin(&waiting.0, running, work)?;
            }
            match self.follow(&waiting.0, running)? {
                Outcome::Shared(outcome) => {
                    if !leads {
                        followed();
                    }
                    return outcome;
                }
                Outcome::HandedOver(error) if leads => return Err(error),
                Outcome::HandedOver(_) => running.check()?,
            }
        }
    }

    fn begin(
        &self,
        flight: &Arc<Flight<T>>,
        running: &Running,
        work: impl FnOnce(&Running) -> Result<T> + Send + 'static,
    ) -> Result<()> {
        let landing = Landing {
            of: Arc::clone(&self.0),
            flight: Arc::clone(flight),
            outcome: Outcome::HandedOver(Error::new(
                Status::Internal,
                "the work ended without an outcome",
            )),
        };
        let own = running.on_its_own(&flight.wanted, Arc::clone(&flight.stage));
        let work = move || {
            let outcome = landing.of.news.clone().of(|| work(&own));
            landing.land(outcome);
        };
        let name = self.0.thread_name;
        self.0.runtime.spawn(name, Box::new(work)).map_err(|error| {
            let message =
                format!("the system gave no thread for {name}: {error}; nothing was sent");
            Error::new(Status::Internal, message).with_retryable(true)
        })
    }

    fn follow(&self, flight: &Flight<T>, running: &Running) -> Result<Outcome<T>> {
        loop {
            let seen = flight.ended.count();
            if let Some(outcome) = flight.outcome.get() {
                return Ok(outcome.clone());
            }
            // With no lock held: callbacks may do as they like.
            self.tell_news();
            running.check().map_err(|error| {
                let stage = lock(&flight.stage).clone();
                match stage.is_empty() {
                    true => error,
                    false => error.about(&stage),
                }
            })?;
            self.0.runtime.wait(&flight.ended, seen, running.slice());
        }
    }

    /// Tells the program what flights have for it. To be called with no lock held.
    pub fn tell_news(&self) {
        self.0.news.tell();
    }
}

/// One that waits for a flight.
struct Waiting<T>(Arc<Flight<T>>);

impl<T> Waiting<T> {
    fn first() -> Waiting<T> {
        Waiting(Arc::new(Flight {
            outcome: OnceLock::new(),
            ended: Signal::default(),
            waiting: AtomicUsize::new(1),
            wanted: Call::new(),
            stage: Arc::default(),
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

/// The end of a flight, owed to those who wait. Dropped without an outcome, as by a panic, it hands
/// the work over to one of them.
struct Landing<T> {
    of: Arc<Flights<T>>,
    flight: Arc<Flight<T>>,
    outcome: Outcome<T>,
}

impl<T> Landing<T> {
    fn land(mut self, outcome: Result<T>) {
        self.outcome = match outcome {
            // Nobody waited any more, or a logout overtook it: who came since has it done anew.
            Err(error) if matches!(error.status(), Status::Cancelled | Status::NotLoggedIn) => {
                Outcome::HandedOver(error)
            }
            outcome => Outcome::Shared(outcome),
        };
    }
}

impl<T> Drop for Landing<T> {
    fn drop(&mut self) {
        let nothing = || Outcome::HandedOver(Error::new(Status::Internal, ""));
        let outcome = std::mem::replace(&mut self.outcome, nothing());
        let mut current = lock(&self.of.current);
        let _ = self.flight.outcome.set(outcome);
        *current = None;
        drop(current);
        self.flight.ended.give();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::runtime;

    fn flights() -> SingleFlight<u32> {
        SingleFlight::new("tsm-test", runtime::system())
    }

    fn running(call: &Call) -> Running {
        Running::start(call, Arc::default(), Duration::from_secs(3600))
    }

    impl SingleFlight<u32> {
        fn waiting(&self) -> usize {
            let current = lock(&self.0.current);
            let waiting = |flight: &Arc<Flight<u32>>| flight.waiting.load(Ordering::SeqCst);
            current.as_ref().map_or(0, waiting)
        }

        fn wait_for(&self, waiting: usize) {
            while self.waiting() != waiting {
                std::thread::yield_now();
            }
        }
    }

    /// Many threads, and work that is done when all of them wait for it.
    fn storm(outcome: Result<u32>) -> (usize, Vec<Result<u32>>) {
        let flights = flights();
        let begun = Arc::new(AtomicUsize::new(0));
        let results = std::thread::scope(|scope| {
            let (go, gone) = mpsc::channel::<()>();
            let gone = Arc::new(Mutex::new(gone));
            let threads: Vec<_> = (0..32)
                .map(|_| {
                    let (outcome, begun, gone) = (outcome.clone(), begun.clone(), gone.clone());
                    let flights = &flights;
                    scope.spawn(move || {
                        let work = move |_: &Running| {
                            begun.fetch_add(1, Ordering::SeqCst);
                            let _ = lock(&gone).recv();
                            outcome
                        };
                        flights.run(&running(&Call::new()), || None, work)
                    })
                })
                .collect();
            flights.wait_for(32);
            drop(go);
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        (begun.load(Ordering::SeqCst), results)
    }

    #[test]
    fn all_share_what_the_one_got() {
        let (begun, results) = storm(Ok(7));
        assert!(results.iter().all(|r| matches!(r, Ok(7))));
        assert_eq!(begun, 1);
        let (begun, results) = storm(Err(Error::new(Status::Network, "down")));
        assert!(results.iter().all(|r| r.is_err()));
        assert_eq!(begun, 1);
    }

    #[test]
    fn what_is_newer_needs_no_work() {
        let got = flights().run(&running(&Call::new()), || Some(1), |_| unreachable!());
        assert_eq!(got.unwrap(), 1);
    }

    #[test]
    fn work_goes_on_when_all_who_waited_are_gone_and_serves_the_next() {
        let flights = flights();
        let (go, gone) = mpsc::channel::<()>();
        let (say, said) = mpsc::channel();
        let mut work = Some(move |running: &Running| {
            gone.recv().unwrap();
            say.send(running.check().unwrap_err().status()).unwrap();
            Ok(7)
        });
        let impatient = Call::new();
        impatient.set_timeout(Duration::ZERO);
        for _ in 0..3 {
            let gave_up = match work.take() {
                Some(work) => flights.run(&running(&impatient), || None, work),
                None => flights.run(&running(&impatient), || None, |_| panic!("led twice")),
            };
            assert_eq!(gave_up.unwrap_err().status(), Status::Timeout);
        }
        std::thread::scope(|scope| {
            let call = Call::new();
            let next = scope.spawn(|| flights.run(&running(&Call::new()), || None, |_| panic!()));
            flights.wait_for(1);
            go.send(()).unwrap();
            assert_eq!(next.join().unwrap().unwrap(), 7);
            drop(call);
        });
        // It could know that for a while nobody wanted it.
        assert_eq!(said.recv().unwrap(), Status::Cancelled);
    }

    #[test]
    fn who_gives_up_waiting_is_told_what_for() {
        let flights = flights();
        let (go, gone) = mpsc::channel::<()>();
        let (say, said) = mpsc::channel();
        std::thread::scope(|scope| {
            let patient = scope.spawn(|| {
                let work = move |running: &Running| {
                    running.doing(|| "waiting for somebody else".into());
                    say.send(()).unwrap();
                    gone.recv().unwrap();
                    Ok(1)
                };
                flights.run(&running(&Call::new()), || None, work)
            });
            said.recv().unwrap();
            let impatient = Call::new();
            impatient.set_timeout(Duration::ZERO);
            let gave_up = flights.run(&running(&impatient), || None, |_| unreachable!());
            let error = gave_up.unwrap_err();
            assert!(
                error.message().starts_with("waiting for somebody else: "),
                "{error}"
            );
            go.send(()).unwrap();
            assert_eq!(patient.join().unwrap().unwrap(), 1);
        });
    }

    #[test]
    fn work_that_dies_is_an_error_of_its_leader_and_another_takes_over() {
        let flights = flights();
        let (go, gone) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            let leader = scope.spawn(|| {
                let work = move |_: &Running| -> Result<u32> {
                    gone.recv().unwrap();
                    std::panic::resume_unwind(Box::new("died"));
                };
                flights.run(&running(&Call::new()), || None, work)
            });
            flights.wait_for(1);
            let next = scope.spawn(|| flights.run(&running(&Call::new()), || None, |_| Ok(2)));
            flights.wait_for(2);
            go.send(()).unwrap();
            assert_eq!(
                leader.join().unwrap().unwrap_err().status(),
                Status::Internal
            );
            assert_eq!(next.join().unwrap().unwrap(), 2);
        });
    }

    #[test]
    fn a_cancelled_follower_leaves_the_flight_alone() {
        let flights = flights();
        let (go, gone) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            let leader = scope.spawn(|| {
                let work = move |_: &Running| {
                    gone.recv().unwrap();
                    Ok(2)
                };
                flights.run(&running(&Call::new()), || None, work)
            });
            flights.wait_for(1);
            let call = Call::new();
            call.cancel();
            let cancelled = flights.run(&running(&call), || None, |_| unreachable!());
            assert_eq!(cancelled.unwrap_err().status(), Status::Cancelled);
            go.send(()).unwrap();
            assert_eq!(leader.join().unwrap().unwrap(), 2);
        });
    }

    #[test]
    fn an_interrupt_function_may_want_the_same() {
        let flights = Arc::new(flights());
        let (go, gone) = mpsc::channel::<()>();
        let call = Call::new();
        let (inner, go) = (Arc::clone(&flights), Mutex::new(Some(go)));
        call.set_interrupt(Some(Box::new(move || {
            if let Some(go) = lock(&go).take() {
                go.send(()).unwrap();
                let got = inner.run(&running(&Call::new()), || None, |_| Ok(3));
                assert!(got.is_ok());
            }
            false
        })));
        let work = move |_: &Running| {
            gone.recv().unwrap();
            Ok(2)
        };
        assert_eq!(flights.run(&running(&call), || None, work).unwrap(), 2);
    }
}
