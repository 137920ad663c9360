//! What of the model is explored, and which mutants of it must be found out.

use stateright::{Checker, HasDiscoveries, Model};

use super::{Bounds, Flaw, IN_VAIN, LOCKED, STRIKES};

/// Explores everything within the bounds.
fn holds(what: &str, bounds: Bounds) {
    let checker = bounds.checker().threads(2).spawn_bfs().join();
    println!(
        "{what}: {} states, {} steps deep, max_login_failures {}",
        checker.unique_state_count(),
        checker.max_depth(),
        bounds.max_failures,
    );
    checker.assert_properties();
}

/// The mutant must be found out, by this property.
fn fails(property: &'static str, bounds: Bounds) {
    let checker = bounds
        .checker()
        .finish_when(HasDiscoveries::AnyOf([property].into()))
        .spawn_bfs()
        .join();
    let path = checker.discovery(property);
    let path = path.unwrap_or_else(|| panic!("{:?} goes unseen", bounds.flaw));
    println!(
        "{:?}: \"{property}\" fails after {} steps, {} states",
        bounds.flaw,
        path.into_actions().len(),
        checker.unique_state_count()
    );
}

/// `make soak` explores the whole width; the tests of every day less of it.
fn soaks() -> bool {
    std::env::var_os("TSM_SOAK").is_some()
}

#[test]
fn failovers() {
    for max_failures in if soaks() { 1..=3 } else { 2..=2 } {
        let bounds = Bounds::usual(2, max_failures).with(|bounds| {
            bounds.left.failovers = if soaks() { 2 } else { 1 };
            bounds.left.restarts = u8::from(soaks());
            bounds.left.steps = [1, 0, 0];
        });
        holds("failovers", bounds);
    }
}

/// Without a follower that must have it, what was acknowledged may be lost.
#[test]
fn failovers_that_lose_what_was_acknowledged() {
    for max_failures in if soaks() { 1..=3 } else { 3..=3 } {
        let bounds = Bounds::usual(2, max_failures).with(|bounds| {
            bounds.waits = false;
            bounds.left.failovers = 1;
            bounds.left.unknown = u8::from(soaks());
            bounds.left.restarts = 1;
            bounds.left.steps = [u8::from(soaks()), 0, 0];
        });
        holds("failovers that lose", bounds);
    }
}

#[test]
fn servers_that_start_anew_with_nothing() {
    for max_failures in if soaks() { 1..=4 } else { 3..=3 } {
        for (proven, failed, stranger) in [(false, 3, false), (true, 0, false), (true, 1, true)] {
            let bounds = Bounds::usual(if soaks() { 3 } else { 2 }, max_failures).with(|bounds| {
                bounds.waits = false;
                (bounds.proven, bounds.failed, bounds.stranger) = (proven, failed, stranger);
                bounds.failed = bounds.failed.min(max_failures as u8);
                bounds.left.wipes = if soaks() { 3 } else { 2 };
            });
            holds("wipes", bounds);
        }
    }
}

#[test]
fn records_that_are_evicted() {
    for max_failures in if soaks() { 1..=4 } else { 3..=3 } {
        let bounds = Bounds::usual(2, max_failures).with(|bounds| {
            bounds.waits = false;
            bounds.proven = true;
            bounds.stranger = true;
            bounds.left.evictions = if soaks() { 2 } else { 1 };
            bounds.left.restarts = if soaks() { 2 } else { 1 };
        });
        holds("evictions", bounds);
    }
}

#[test]
fn answers_of_the_store_that_are_lost() {
    for max_failures in if soaks() { 1..=3 } else { 2..=2 } {
        let bounds = Bounds::usual(2, max_failures).with(|bounds| {
            bounds.waits = false;
            bounds.left.lost_saves = if soaks() { 2 } else { 1 };
            bounds.left.restarts = 1;
            bounds.left.steps = [u8::from(soaks()), 1, 0];
        });
        holds("lost saves", bounds);
    }
}

#[test]
fn holders_that_are_paused() {
    for max_failures in if soaks() { 1..=3 } else { 2..=2 } {
        for share_token in [false, true] {
            let bounds = Bounds::usual(2, max_failures).with(|bounds| {
                bounds.share_token = share_token;
                bounds.waits = false;
                bounds.left.unknown = u8::from(soaks());
                bounds.left.restarts = 1;
                bounds.left.steps = [1, 1, 0];
            });
            holds("pauses", bounds);
        }
    }
}

#[test]
fn two_versions_side_by_side() {
    for max_failures in if soaks() { 1..=3 } else { 2..=2 } {
        let bounds = Bounds::usual(2, max_failures).with(|bounds| {
            bounds.two_versions = true;
            bounds.left.failovers = 1;
            bounds.left.unknown = u8::from(soaks());
            bounds.left.restarts = 1;
            bounds.left.steps = [u8::from(soaks()), 0, 0];
        });
        holds("two versions", bounds);
    }
}

/// Each with just enough going on for the flaw to show; with the same going on the real rules hold.
#[test]
fn every_flaw_is_found() {
    let own = |max_failures| Bounds::usual(2, max_failures);
    let alone = |max_failures| own(max_failures).with(|b| b.waits = false);
    let all = [
        (Flaw::NoWait, STRIKES, own(1).with(|b| b.left.failovers = 1)),
        (
            Flaw::NoFence,
            STRIKES,
            alone(2).with(|b| {
                b.left.restarts = 1;
                b.left.steps = [1, 1, 0];
            }),
        ),
        (
            Flaw::LeaseWithTimeToLive,
            IN_VAIN,
            alone(2).with(|b| {
                b.left.evictions = 1;
                b.left.restarts = 1;
                b.left.steps = [1, 0, 0];
            }),
        ),
        (Flaw::HostClock, IN_VAIN, alone(2)),
        (
            Flaw::OneClockForAllServers,
            IN_VAIN,
            own(2).with(|b| b.left.failovers = 1),
        ),
        (
            Flaw::NoOperationId,
            IN_VAIN,
            alone(2).with(|b| b.left.lost_saves = 1),
        ),
        (
            Flaw::GuessesByVersion,
            IN_VAIN,
            alone(2).with(|b| {
                b.left.lost_saves = 1;
                b.left.restarts = 1;
                b.left.steps = [1, 1, 0];
            }),
        ),
        (
            Flaw::BlindResend,
            IN_VAIN,
            alone(2).with(|b| {
                b.left.lost_saves = 1;
                b.left.restarts = 1;
                b.left.steps = [1, 1, 0];
            }),
        ),
        (
            Flaw::NoWitness,
            IN_VAIN,
            alone(3).with(|b| {
                b.left.wipes = 1;
                b.left.restarts = 1;
            }),
        ),
        (
            Flaw::ComparesVersions,
            IN_VAIN,
            alone(3).with(|b| {
                b.stranger = true;
                b.left.wipes = 1;
                b.left.restarts = 2;
            }),
        ),
        (
            Flaw::ComparesVersionsOfOneLife,
            IN_VAIN,
            alone(3).with(|b| {
                b.stranger = true;
                b.left.failovers = 1;
                b.left.restarts = 2;
            }),
        ),
        (
            Flaw::WitnessNotMerged,
            IN_VAIN,
            alone(3).with(|b| {
                b.left.wipes = 1;
                b.left.restarts = 1;
            }),
        ),
        (
            Flaw::OneLeftForEachHost,
            LOCKED,
            alone(3).with(|b| {
                b.failed = 3;
                b.left.wipes = 2;
            }),
        ),
        (
            Flaw::OlderOverwrites,
            STRIKES,
            alone(1).with(|b| {
                b.two_versions = true;
                b.left.restarts = 1;
            }),
        ),
    ];
    for (flaw, property, bounds) in all {
        if soaks() {
            holds("without the flaw", bounds);
        }
        fails(property, Bounds { flaw, ..bounds });
    }
}
