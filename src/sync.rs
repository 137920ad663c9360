//! What the handle table, its readers and the copied token are built of. `tests/loom` compiles
//! these files with another module in this one's place, in which all of it is loom's, to explore
//! how threads interleave in them.

pub use std::sync::Arc;
pub use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering, fence};

/// How many slots a table's first chunk has: a power of two.
pub const FIRST_CHUNK: u32 = 64;

/// A function that makes what a static holds.
macro_rules! constructor {
    ($visibility:vis fn $($rest:tt)*) => {
        $visibility const fn $($rest)*
    };
}

/// One value for all threads.
macro_rules! shared {
    (static $name:ident: $type:ty = $value:expr;) => {
        static $name: $type = $value;
    };
}

/// One value for each thread.
macro_rules! per_thread {
    (static $name:ident: $type:ty = $value:expr;) => {
        std::thread_local! {
            static $name: $type = const { $value };
        }
    };
}

pub(crate) use {constructor, per_thread, shared};
