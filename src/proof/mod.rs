//! Evidence that the account is never locked: the guard's rules explored exhaustively ([`model`]
//! for the processes of one host, [`hosts`] for hosts on a store that is elsewhere), and the real
//! code run through random histories ([`simulation`]). Real processes that are really killed are in
//! `tests/lockout_guard` and `tests/many_hosts`. See `docs/proof.md`.

// States are copied whole anyway.
#![allow(clippy::large_enum_variant)]

mod hosts;
mod model;
mod parts;
mod simulation;
