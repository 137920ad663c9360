//! The counterpart of the library's `src/sync.rs`, all of it loom's.
//!
//! loom treats a sequentially consistent access as an acquiring or releasing one, but knows
//! sequentially consistent fences. So such an access is one with a fence here, on the one side of
//! it or on the other. Compilers do it either way, for one processor or another; what holds must
//! hold both ways. With fences on one side only, a store or a load that should be sequentially
//! consistent and is not lacks one that is needed.

use std::cell::Cell;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release, SeqCst};

use loom::sync::atomic as of_loom;

thread_local! {
    static SIDE: Cell<Side> = const { Cell::new(Side::AfterStores) };
}

/// Where the fence of a sequentially consistent access is. A change is both a load and a store.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    BeforeLoads,
    AfterStores,
}

/// Explores `run` both ways. loom runs all of a model on the thread that asks for it.
pub fn explore(model: &loom::model::Builder, run: impl Fn() + Send + Sync + Copy + 'static) {
    for side in [Side::BeforeLoads, Side::AfterStores] {
        SIDE.set(side);
        model.check(run);
    }
}

fn fence_if(side: Side, order: Ordering) {
    if order == SeqCst && SIDE.get() == side {
        fence(SeqCst);
    }
}

pub use loom::sync::Arc;
pub use loom::sync::atomic::{Ordering, fence};

/// Two, so that a model stays small, and a third object needs a second chunk.
pub const FIRST_CHUNK: u32 = 2;

macro_rules! constructor {
    ($visibility:vis fn $($rest:tt)*) => {
        $visibility fn $($rest)*
    };
}

/// Never freed: what belongs to a thread is dropped after others have seen the thread end.
macro_rules! shared {
    (static $name:ident: $type:ty = $value:expr;) => {
        loom::lazy_static! {
            static ref $name: &'static $type = Box::leak(Box::new($value));
        }
    };
}

/// Never dropped: that every thread gives its place back at its end would make too many ways to
/// meet. Places that are borrowed are given back all the same.
macro_rules! per_thread {
    (static $name:ident: $type:ty = $value:expr;) => {
        loom::thread_local! {
            static $name: std::mem::ManuallyDrop<$type> = std::mem::ManuallyDrop::new($value);
        }
    };
}

pub(crate) use {constructor, per_thread, shared};

macro_rules! atomics {
    ($($name:ident $(<$parameter:ident>)? holds $value:ty;)*) => {
        $(
            pub struct $name $(<$parameter>)? (of_loom::$name $(<$parameter>)?);

            impl $(<$parameter>)? $name $(<$parameter>)? {
                #[track_caller]
                pub fn new(value: $value) -> Self {
                    Self(of_loom::$name::new(value))
                }

                #[track_caller]
                pub fn load(&self, order: Ordering) -> $value {
                    fence_if(Side::BeforeLoads, order);
                    self.0.load(if order == SeqCst { Acquire } else { order })
                }

                #[track_caller]
                pub fn store(&self, value: $value, order: Ordering) {
                    self.0.store(value, if order == SeqCst { Release } else { order });
                    fence_if(Side::AfterStores, order);
                }

                #[track_caller]
                pub fn swap(&self, value: $value, order: Ordering) -> $value {
                    changed(order, |order| self.0.swap(value, order))
                }

                #[track_caller]
                pub fn compare_exchange(
                    &self,
                    current: $value,
                    new: $value,
                    order: Ordering,
                    on_failure: Ordering,
                ) -> Result<$value, $value> {
                    let on_failure = match on_failure {
                        SeqCst => Acquire,
                        order => order,
                    };
                    changed(order, |order| {
                        self.0.compare_exchange(current, new, order, on_failure)
                    })
                }

                #[track_caller]
                pub fn compare_exchange_weak(
                    &self,
                    current: $value,
                    new: $value,
                    order: Ordering,
                    on_failure: Ordering,
                ) -> Result<$value, $value> {
                    self.compare_exchange(current, new, order, on_failure)
                }

                #[track_caller]
                pub fn fetch_update(
                    &self,
                    order: Ordering,
                    on_failure: Ordering,
                    next: impl FnMut($value) -> Option<$value>,
                ) -> Result<$value, $value> {
                    self.0.fetch_update(order, on_failure, next)
                }
            }
        )*
    };
}

atomics! {
    AtomicBool holds bool;
    AtomicU32 holds u32;
    AtomicU64 holds u64;
    AtomicPtr<T> holds *mut T;
}

/// A change in one step, of that order.
#[track_caller]
fn changed<R>(order: Ordering, change: impl FnOnce(Ordering) -> R) -> R {
    fence_if(Side::BeforeLoads, order);
    let before = change(if order == SeqCst { AcqRel } else { order });
    fence_if(Side::AfterStores, order);
    before
}
