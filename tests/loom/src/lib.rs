//! The library's own handle table, readers and copied text, built of loom's atomics:
//! `tests/races.rs` explores how threads interleave in them, and what their processors may reorder.

// Modules of the library, of which this crate uses a part.
#![allow(dead_code, clippy::missing_safety_doc)]

#[path = "../../../src/copied.rs"]
pub mod copied;
#[path = "../../../src/ffi/handle.rs"]
pub mod handle;
#[path = "../../../src/ffi/reader.rs"]
mod reader;
mod sync;

pub use sync::{AtomicU64, explore};
