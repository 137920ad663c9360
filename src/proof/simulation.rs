//! The real code, from `Session` down to the guard, run through random histories over a simulated
//! platform, store and machine.
//!
//! Several processes of several threads each, on one account, and the threads that the library
//! starts for logins and API tokens. At every call that leaves the real code (a seam) its thread
//! gives the baton away, and chance says who goes on, what goes wrong, and how much time passes; so
//! one seed is one history, and a failure is replayed with `TSM_SEED=… cargo test
//! proof::simulation`. A process dies by unwinding at a seam: the lease it held is free, or ends by
//! itself; its request may still be judged. Waits take no real time. Password hashes are the real
//! ones, each made once and remembered.
//!
//! What may go wrong is the history's [`Weather`], and with it what must hold: see
//! `Scene::most_strikes` and `Scene::check_login`.

mod chance;
mod clocks;
mod invariants;
mod machine;
mod mishaps;
mod platform;
mod program;
mod remote;
mod store;
mod world;

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use chance::Counts;
use world::{Told, World};

const PROCESSES: usize = 3;
const THREADS: usize = 2;

/// What goes wrong in a history besides what always does: crashes, processes and machines that
/// sleep, outages, answers that are lost, late, or not the platform's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weather {
    Plain,
    /// Processes differ in `max_login_failures`.
    Mixed,
    /// Operators change the password on the platform.
    Changes,
    /// Clocks are set back, machines start anew, or each process has a machine of its own.
    Clocks,
    /// The clock is set forward.
    ClockForward,
    /// The record becomes unreadable.
    Damage,
    /// The store starts anew with nothing.
    Losses,
    /// The disk is full, or the store does not answer.
    StoreFails,
    /// Somebody else locks the contact; support unlocks it, and the guard is unblocked.
    Support,
    /// Leases end by themselves.
    Leases,
    /// The same, on a server elsewhere: answers to saves are lost, and another server takes the
    /// first one's place, with a clock of its own and without what it did not confirm.
    Failovers,
    /// A server elsewhere loses what it acknowledged, and each process, a host of its own, may know
    /// of it.
    Forgets,
}

const WEATHERS: [Weather; 12] = [
    Weather::Plain,
    Weather::Mixed,
    Weather::Changes,
    Weather::Clocks,
    Weather::ClockForward,
    Weather::Damage,
    Weather::Losses,
    Weather::StoreFails,
    Weather::Support,
    Weather::Leases,
    Weather::Failovers,
    Weather::Forgets,
];

impl Weather {
    /// The store is on a server elsewhere.
    fn is_elsewhere(self) -> bool {
        matches!(self, Weather::Failovers | Weather::Forgets)
    }

    /// Leases end by themselves.
    fn ends_leases(self) -> bool {
        self == Weather::Leases || self.is_elsewhere()
    }
}

/// What is wrong with the simulated store of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    SavesNothing,
    LeasesToAll,
    /// A crash takes the last save with it.
    IsNotDurable,
    /// What is saved elsewhere counts at once, whoever follows, and no host knows of it.
    ConfirmsNothing,
    /// What is saved elsewhere is compared with nothing.
    SavesBlindly,
    /// Whoever had a success is shown that one, whatever came since: the hash of its password is
    /// noted too late.
    ShowsOldSuccesses,
}

/// One history; what happened in it, or why it must not have.
fn run(seed: u64, weather: Weather, flaw: Flaw, steps: u64) -> Result<Told, String> {
    let world = Arc::new(World::new(seed, weather, flaw, steps));
    if !world.run() {
        return Err(world.hangs());
    }
    if flaw == Flaw::None && world.told().is_ok() && !world.run_once(|| world.calm_down()) {
        return Err(world.hangs());
    }
    world.told()
}

fn weather(seed: u64) -> Weather {
    WEATHERS[(seed % WEATHERS.len() as u64) as usize]
}

const STEPS: u64 = 1000;

#[test]
fn random_histories() {
    let soaks = std::env::var_os("TSM_SOAK").is_some();
    if let Some(seed) = std::env::var_os("TSM_SEED") {
        let seed = seed.to_str().and_then(|seed| seed.parse().ok());
        let seed = seed.expect("TSM_SEED is a number");
        match run(seed, weather(seed), Flaw::None, STEPS) {
            Err(why) => panic!("{why}\nTSM_SEED={seed}"),
            Ok(told) => println!("{} steps; {:?}", told.steps, told.counts),
        }
        return;
    }
    let first = match soaks {
        // Another one each time, which is printed.
        true => std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() << 20,
        false => 0,
    };
    let total = match (soaks, std::env::var("TSM_STEPS")) {
        (_, Ok(steps)) => steps.parse().unwrap(),
        (true, _) => 1_200_000,
        (false, _) => 100_000,
    };
    let next = AtomicU64::new(first);
    let all = Mutex::new((0, [0; WEATHERS.len()], Counts::default()));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while all.lock().unwrap().0 < total {
                    let seed = next.fetch_add(1, SeqCst);
                    match run(seed, weather(seed), Flaw::None, STEPS) {
                        Err(why) => panic!("{why}\nreplay it with TSM_SEED={seed}"),
                        Ok(told) => {
                            let mut all = all.lock().unwrap();
                            all.0 += told.steps;
                            let most = &mut all.1[(seed % WEATHERS.len() as u64) as usize];
                            *most = told.most.max(*most);
                            all.2.add(&told.counts);
                        }
                    }
                }
            });
        }
    });
    let (steps, most, counts) = all.into_inner().unwrap();
    println!(
        "seeds {first} to {}: {steps} steps in {:.0?}; {counts:?}",
        next.load(SeqCst) - 1,
        begun.elapsed()
    );
    for (weather, most) in WEATHERS.iter().zip(most) {
        println!("{weather:?}: at most {most} failures in a row");
    }
    for what in [
        "logins",
        "successes",
        "refusals",
        "judged late",
        "crashes",
        "noted afterwards",
    ] {
        assert!(counts.get(what) > 10, "{what}");
    }
}

#[test]
fn a_seed_tells_one_story() {
    for seed in 0..WEATHERS.len() as u64 {
        let story = || run(seed, weather(seed), Flaw::None, 500).map(|told| told.story);
        assert_eq!(story(), story());
    }
}

#[test]
fn every_flaw_of_a_store_is_found() {
    for (flaw, weather) in [
        (Flaw::SavesNothing, Weather::Plain),
        (Flaw::LeasesToAll, Weather::Plain),
        (Flaw::IsNotDurable, Weather::Plain),
        (Flaw::ConfirmsNothing, Weather::Failovers),
        (Flaw::SavesBlindly, Weather::Failovers),
        (Flaw::ShowsOldSuccesses, Weather::Changes),
    ] {
        let found = (0..1000).find(|seed| run(*seed, weather, flaw, STEPS).is_err());
        println!("{flaw:?}: found by seed {found:?}");
        assert!(found.is_some(), "{flaw:?} goes unseen");
    }
}
