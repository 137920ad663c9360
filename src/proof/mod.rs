//! Evidence that the account is never locked: the guard's rules explored exhaustively ([`model`]),
//! and the real code run through random histories ([`simulation`]). Real processes that are really
//! killed are in `tests/killed_processes`. See `docs/proof.md`.

// States are copied whole anyway.
#![allow(clippy::large_enum_variant)]

mod model;
mod simulation;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::error::Result;
use crate::lockout::Password;
use crate::secret::Secret;
use crate::store::PasswordHash;

pub(crate) use simulation::is_simulated;

/// The salt of records made here, so that histories can be replayed.
const SALT: [u8; 16] = [7; 16];

/// The real hash, made once: it is slow on purpose, and a simulation needs the same few very often.
pub(crate) fn made_once(
    password: &Secret,
    salt: &[u8; 16],
    make: impl FnOnce() -> Result<PasswordHash>,
) -> Result<PasswordHash> {
    static MADE: Mutex<BTreeMap<([u8; 16], String), PasswordHash>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (*salt, password.reveal().to_owned());
    if let Some(hash) = made.get(&key) {
        return Ok(*hash);
    }
    let hash = make()?;
    made.insert(key, hash);
    Ok(hash)
}
