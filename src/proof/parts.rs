//! What both models are made of: times, passwords that are numbers, and outlines that leave out
//! what is of no matter.

use crate::password::PasswordHash;
use crate::secret::Secret;
use crate::store::{Key, SharedToken};

pub(super) const START_MS: u64 = 1_000_000_000;
pub(super) const SECOND_MS: u64 = 1000;
pub(super) const MINUTE_MS: u64 = 60 * SECOND_MS;
/// The password that the platform holds.
pub(super) const RIGHT: u8 = 0;
pub(super) const PASSWORDS: u8 = 3;

/// Passwords as they are to be told.
pub(super) type Names = [u8; PASSWORDS as usize];

/// All ways to tell wrong passwords from each other.
pub(super) const NAMES: [Names; 2] = [[0, 1, 2], [0, 2, 1]];

pub(super) fn key() -> Key {
    Key {
        realm: "model".into(),
        username: "zbeeblebrox".into(),
    }
}

/// Of no matter here is what a hash is made of.
pub(super) fn hash_of(password: u8) -> PasswordHash {
    [password; 32]
}

pub(super) fn token() -> SharedToken {
    SharedToken {
        protocol: "rest".into(),
        token: Secret::new("new"),
        obtained_ms: START_MS,
    }
}

/// A time as it matters: how long ago, in units of five seconds, up to fifteen minutes.
pub(super) fn age(now_ms: u64, ms: u64) -> u8 {
    let ago_ms = now_ms as i64 - ms as i64;
    let (unit_ms, most) = (5 * SECOND_MS as i64, 15 * 12);
    // Leases end in the future.
    (ago_ms.div_euclid(unit_ms).clamp(-60, most) + 60) as u8
}

pub(super) fn append_sorted(all: &mut Vec<u8>, mut outlines: Vec<Vec<u8>>) {
    outlines.sort_unstable();
    for outline in &outlines {
        all.push(outline.len() as u8);
        all.extend(outline);
    }
}
