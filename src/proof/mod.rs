//! Evidence that the account is never locked: the guard's rules explored exhaustively ([`model`]),
//! and the real code run through random histories ([`simulation`]). Real processes that are really
//! killed are in `tests/killed_processes`. See `docs/proof.md`.

// States are copied whole anyway.
#![allow(clippy::large_enum_variant)]

mod model;
mod simulation;
