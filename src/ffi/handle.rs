//! Handles: numbers in pointer clothing. A handle is looked up, never dereferenced, so a freed,
//! foreign or made-up one is an error and not a crash. Nothing here blocks or takes a lock, so a
//! child forked at any instant can use every table at once.
//!
//! A handle is 64 bits, high to low: a set bit, the kind (7), a set bit, the generation (31), the
//! index (24). Bit 63 is clear in every user-space address of x86-64; bit 55 is clear in every
//! user-space address of AArch64, whose bits 56 to 63 may be a memory tag. So no pointer is a
//! handle, nor is NULL, -1, a small number, or a handle of another kind.
//!
//! A slot belongs to whoever moved its generation:
//! - `insert` takes a free slot off the list (it is then nobody else's), stores the object, and
//!   only then makes the generation odd: live.
//! - `remove` wins by moving the generation from the handle's odd number to the next even one. Of
//!   two removers, or of a remover and a stale handle, one at most sees the number it expects. The
//!   winner takes the object out and puts the slot back on the list.
//! - a reader looks at the generation before and after it loads the object. If both times it is the
//!   reader's own, the object is the one stored for it: every store comes before the generation
//!   that publishes it, every clearing after the one that withdraws it. That the object is not
//!   freed under the reader's eyes is told in `reader.rs`.
//!
//! A slot whose generations are used up is not put back. A thread that dies between two steps (a
//! fork) loses its slot and nothing else. `tests/loom` explores all of this.

use std::marker::PhantomData;
use std::ptr;

use once_cell::race::OnceBox;

use super::reader::{Reading, leave_to_readers};
use crate::sync::{Arc, AtomicPtr, AtomicU32, AtomicU64, FIRST_CHUNK, Ordering, constructor};

#[cfg(not(target_pointer_width = "64"))]
compile_error!("thingspace-session needs 64-bit pointers: its handles have no room in less");

const INDEX_BITS: u32 = 24;
const GENERATION_BITS: u32 = 31;
const LAST_GENERATION: u32 = (1 << GENERATION_BITS) - 1;
const KIND_SHIFT: u32 = 56;
const MARK: u64 = 1 << 63 | 1 << (INDEX_BITS + GENERATION_BITS);

/// Each further chunk holds twice as many slots as the one before.
const CHUNKS: usize = (INDEX_BITS - FIRST_CHUNK.trailing_zeros()) as usize;
const CAPACITY: u32 = FIRST_CHUNK * ((1 << CHUNKS) - 1);

/// What a handle stands for. Part of its number.
#[derive(Clone, Copy)]
#[repr(u8)]
pub enum Kind {
    Config = 1,
    Call = 2,
    Session = 3,
    Response = 4,
    Error = 5,
    Exchange = 6,
}

/// All live objects of one kind. `C` is the type C knows the handles by.
///
/// Aligned so that threads busy in one table do not slow down readers of the next.
#[repr(align(128))]
pub struct Table<T, C> {
    kind: Kind,
    chunks: [OnceBox<Box<[Slot<T>]>>; CHUNKS],
    /// How many slots were ever in use.
    used: AtomicU32,
    /// Top of the list of free slots: index + 1, or 0; above it a count of changes, so that a top
    /// that left and came back is noticed.
    free: AtomicU64,
    handles: PhantomData<fn() -> C>,
    objects: PhantomData<Arc<T>>,
}

struct Slot<T> {
    /// Odd while live.
    generation: AtomicU32,
    /// The next free slot as index + 1, or 0.
    next: AtomicU32,
    /// What `Arc::into_raw` gave while live, else NULL.
    object: AtomicPtr<T>,
}

impl<T, C> Table<T, C> {
    constructor! {
        pub fn new(kind: Kind) -> Table<T, C> {
            Table {
                kind,
                chunks: [const { OnceBox::new() }; CHUNKS],
                used: AtomicU32::new(0),
                free: AtomicU64::new(0),
                handles: PhantomData,
                objects: PhantomData,
            }
        }
    }

    /// A handle for `object`, or `None` when sixteen million of its kind are alive.
    pub fn insert(&self, object: T) -> Option<*mut C> {
        let index = self.pop_free().or_else(|| self.fresh())?;
        let slot = self.slot(index)?;
        let object = Arc::into_raw(Arc::new(object)).cast_mut();
        slot.object.store(object, Ordering::Release);
        let generation = slot.generation.load(Ordering::Relaxed) + 1;
        slot.generation.store(generation, Ordering::Release);
        Some(self.handle(generation, index))
    }

    /// The object, to be kept for as long as a call lasts.
    pub fn get(&self, handle: *const C) -> Option<Arc<T>> {
        let (_reading, object) = self.look(handle)?;
        // SAFETY: what `look` found came from `Arc::into_raw` and is alive while `_reading` is. One
        // count more is ours.
        unsafe {
            Arc::increment_strong_count(object);
            Some(Arc::from_raw(object))
        }
    }

    /// Shows the object to `read`. Writes to nothing that other threads read, so it scales with
    /// them.
    #[inline(always)]
    pub fn with<R>(&self, handle: *const C, read: impl FnOnce(&T) -> R) -> Option<R> {
        let (_reading, object) = self.look(handle)?;
        // SAFETY: `look` found it, and it is alive while `_reading` is.
        Some(read(unsafe { &*object }))
    }

    /// Ends the handle. Of several callers with the same one, one gets the object.
    pub fn remove(&self, handle: *const C) -> Option<Arc<T>> {
        let (generation, slot) = self.find(handle)?;
        slot.generation
            .compare_exchange(
                generation,
                generation + 1,
                Ordering::SeqCst,
                Ordering::Relaxed,
            )
            .ok()?;
        let object = slot.object.swap(ptr::null_mut(), Ordering::AcqRel);
        // SAFETY: only the winner of this generation gets here, so the count that `insert` stored
        // is taken once.
        let object = unsafe { Arc::from_raw(object) };
        leave_to_readers(slot, &object);
        if generation != LAST_GENERATION {
            self.push_free(index_of(handle));
        }
        Some(object)
    }

    /// The object as `Arc::into_raw` gave it, alive for as long as the announcement beside it
    /// stands.
    #[inline(always)]
    fn look(&self, handle: *const C) -> Option<(Reading<T>, *const T)> {
        let (generation, slot) = self.find(handle)?;
        let reading = Reading::announce(slot);
        let object = slot.object.load(Ordering::Acquire);
        let current = slot.generation.load(Ordering::SeqCst) == generation;
        current.then_some((reading, object))
    }

    #[inline(always)]
    fn find(&self, handle: *const C) -> Option<(u32, &Slot<T>)> {
        let number = handle.addr() as u64;
        let generation = number >> INDEX_BITS & u64::from(LAST_GENERATION);
        let generation = generation as u32;
        let of_this_kind = number >> (INDEX_BITS + GENERATION_BITS)
            == self.mark() >> (INDEX_BITS + GENERATION_BITS);
        if !of_this_kind || generation.is_multiple_of(2) {
            return None;
        }
        let slot = self.slot(index_of(handle))?;
        (slot.generation.load(Ordering::Acquire) == generation).then_some((generation, slot))
    }

    #[inline(always)]
    fn slot(&self, index: u32) -> Option<&Slot<T>> {
        let (chunk, offset) = place(index);
        self.chunks.get(chunk)?.get()?.get(offset)
    }

    fn handle(&self, generation: u32, index: u32) -> *mut C {
        let number = self.mark() | u64::from(generation) << INDEX_BITS | u64::from(index);
        ptr::without_provenance_mut(number as usize)
    }

    const fn mark(&self) -> u64 {
        MARK | (self.kind as u64) << KIND_SHIFT
    }

    /// An index that was never used, with its chunk in place.
    fn fresh(&self) -> Option<u32> {
        let index = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                (used < CAPACITY).then_some(used + 1)
            })
            .ok()?;
        let (chunk, _) = place(index);
        // Two threads may both build the chunk; one is published, the other dropped.
        self.chunks[chunk].get_or_init(|| {
            let slots = (0..FIRST_CHUNK << chunk).map(|_| Slot::vacant()).collect();
            Box::new(slots)
        });
        Some(index)
    }

    fn pop_free(&self) -> Option<u32> {
        let mut top = self.free.load(Ordering::Acquire);
        loop {
            let index = (top as u32).checked_sub(1)?;
            // Slots are never freed, so a `next` read too late is stale at worst, and then the
            // count of changes tells.
            let next = self.slot(index)?.next.load(Ordering::Relaxed);
            match self.free.compare_exchange_weak(
                top,
                changed(top, next),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Some(index),
                Err(now) => top = now,
            }
        }
    }

    fn push_free(&self, index: u32) {
        let Some(slot) = self.slot(index) else { return };
        let mut top = self.free.load(Ordering::Relaxed);
        loop {
            slot.next.store(top as u32, Ordering::Relaxed);
            match self.free.compare_exchange_weak(
                top,
                changed(top, index + 1),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => top = now,
            }
        }
    }
}

impl<T, C> Drop for Table<T, C> {
    /// For tests: the tables of the library are static.
    fn drop(&mut self) {
        let slots = self.chunks.iter().filter_map(OnceBox::get).flatten();
        for slot in slots {
            let object = slot.object.load(Ordering::Acquire);
            if !object.is_null() {
                // SAFETY: the count that `insert` stored, which no `remove` took; nobody else has
                // the table.
                drop(unsafe { Arc::from_raw(object) });
            }
        }
    }
}

impl<T> Slot<T> {
    fn vacant() -> Slot<T> {
        Slot {
            generation: AtomicU32::new(0),
            next: AtomicU32::new(0),
            object: AtomicPtr::new(ptr::null_mut()),
        }
    }
}

fn index_of<C>(handle: *const C) -> u32 {
    handle.addr() as u32 & ((1 << INDEX_BITS) - 1)
}

/// A new top of the free list, with the count of changes moved on.
fn changed(top: u64, index_plus_one: u32) -> u64 {
    ((top >> 32).wrapping_add(1)) << 32 | u64::from(index_plus_one)
}

/// The chunk an index lies in, and where in it.
#[inline]
fn place(index: u32) -> (usize, usize) {
    let position = index + FIRST_CHUNK;
    let chunk = position.ilog2() - FIRST_CHUNK.ilog2();
    (chunk as usize, (position - (FIRST_CHUNK << chunk)) as usize)
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};
    use std::sync::Barrier;
    use std::sync::atomic::AtomicUsize;
    use std::thread;

    use super::*;

    enum Thing {}

    fn table<T>() -> Table<T, Thing> {
        Table::new(Kind::Session)
    }

    #[test]
    fn a_handle_finds_its_object_until_it_is_removed_and_never_again() {
        let table = table();
        let first = table.insert(1).unwrap();
        assert_eq!(table.with(first, |value| *value), Some(1));
        assert_eq!(table.remove(first).as_deref(), Some(&1));
        let second = table.insert(2).unwrap();
        assert_eq!(index_of(first), index_of(second), "the slot is used again");
        assert!(table.with(first, |_| ()).is_none());
        assert!(table.get(first).is_none());
        assert!(table.remove(first).is_none());
        assert_eq!(table.get(second).as_deref(), Some(&2));
    }

    #[test]
    fn what_is_no_handle_of_this_kind_finds_nothing() {
        let table = table();
        let handle = table.insert(()).unwrap();
        let other = Table::<(), Thing>::new(Kind::Config).insert(()).unwrap();
        let local = 0u64;
        let number = handle.addr();
        let mut garbage: Vec<*const Thing> = vec![
            ptr::null(),
            other,
            ptr::from_ref(&local).cast(),
            ptr::without_provenance(usize::MAX),
        ];
        // One wrong bit anywhere; small numbers; every kind of tagged pointer.
        garbage.extend((0..64).map(|bit| ptr::without_provenance(number ^ 1 << bit)));
        garbage.extend((1..5000).map(ptr::without_provenance));
        garbage.extend((0..256).map(|tag| ptr::without_provenance(tag << 56 | 0x7fff_ffff_f000)));
        for garbage in garbage {
            assert!(table.get(garbage).is_none(), "{garbage:?}");
            assert!(table.with(garbage, |_| ()).is_none(), "{garbage:?}");
            assert!(table.remove(garbage).is_none(), "{garbage:?}");
        }
        assert!(table.get(handle).is_some());
    }

    #[test]
    fn a_slot_whose_generations_are_used_up_is_retired() {
        let table = table();
        let handle = table.insert(0).unwrap();
        table.remove(handle);
        let slot = table.slot(index_of(handle)).unwrap();
        slot.generation
            .store(LAST_GENERATION - 1, Ordering::Relaxed);
        let last = table.insert(1).unwrap();
        assert_eq!(index_of(last), index_of(handle));
        assert_eq!(table.remove(last).as_deref(), Some(&1));
        let next = table.insert(2).unwrap();
        assert_ne!(index_of(next), index_of(handle));
        assert!(table.get(last).is_none());
    }

    #[test]
    fn every_index_has_a_place_of_its_own() {
        let mut expected = (0, 0);
        for index in 0..10_000 {
            assert_eq!(place(index), expected);
            expected.1 += 1;
            if expected.1 == (FIRST_CHUNK as usize) << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
        assert_eq!(place(CAPACITY - 1).0, CHUNKS - 1);
        assert_eq!(place(CAPACITY).0, CHUNKS);
    }

    #[test]
    fn a_full_table_says_so() {
        let table = table();
        table.used.store(CAPACITY, Ordering::Relaxed);
        assert!(table.insert(()).is_none());
    }

    #[test]
    fn of_many_threads_that_remove_one_handle_one_wins() {
        let table = table();
        for round in 0..500 {
            let handle = table.insert(round).unwrap().addr();
            let start = Barrier::new(4);
            let wins = AtomicUsize::new(0);
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        start.wait();
                        let taken = table.remove(ptr::without_provenance(handle));
                        wins.fetch_add(usize::from(taken.is_some()), Ordering::Relaxed);
                    });
                }
            });
            assert_eq!(wins.into_inner(), 1);
        }
    }

    #[test]
    fn under_a_storm_no_handle_ever_shows_anothers_object() {
        let storm = Storm {
            table: table(),
            board: [const { AtomicUsize::new(0) }; 16],
        };
        let seen: Vec<_> = thread::scope(|scope| {
            let storm = &storm;
            let workers = [1, 2, 3, 4, 5, 6, 7, 8].map(|seed| scope.spawn(move || storm.run(seed)));
            workers
                .into_iter()
                .flat_map(|worker| worker.join().unwrap())
                .collect()
        });
        let mut numbers = HashMap::new();
        for (handle, number) in seen {
            assert_eq!(*numbers.entry(handle).or_insert(number), number);
        }
        let distinct: HashSet<_> = numbers.values().collect();
        assert_eq!(distinct.len(), numbers.len(), "a handle given twice");
        for handle in &storm.board {
            storm.table.remove(pointer(handle.load(Ordering::Relaxed)));
        }
        drop(storm);
        assert_eq!(Numbered::alive(), 0, "each object is dropped");
    }

    /// Threads that make, read and free handles at random, and see each other's on a board.
    struct Storm {
        table: Table<Numbered, Thing>,
        board: [AtomicUsize; 16],
    }

    impl Storm {
        /// Every handle it came by, with the number of the object that it showed.
        fn run(&self, seed: usize) -> Vec<(usize, usize)> {
            let mut random = seed;
            let mut seen = Vec::new();
            for _ in 0..4000 {
                random = random
                    .wrapping_mul(6364136223846793005)
                    .wrapping_add(1442695040888963407);
                let place = &self.board[random >> 33 & 15];
                let handle = place.load(Ordering::Acquire);
                let shown = match random >> 40 & 3 {
                    0 => {
                        let (object, number) = Numbered::new();
                        let new = self.table.insert(object).unwrap().addr();
                        seen.push((new, number));
                        let old = place.swap(new, Ordering::AcqRel);
                        let object = self.table.remove(pointer(old));
                        object.map(|object| (old, object.number()))
                    }
                    1 => {
                        let object = self.table.remove(pointer(handle));
                        object.map(|object| (handle, object.number()))
                    }
                    _ => self
                        .table
                        .with(pointer(handle), |object| (handle, object.number())),
                };
                seen.extend(shown);
            }
            seen
        }
    }

    fn pointer(handle: usize) -> *const Thing {
        ptr::without_provenance(handle)
    }

    /// An object with a number of its own, which it forgets when it is dropped.
    struct Numbered(AtomicUsize);

    static NUMBERS: AtomicUsize = AtomicUsize::new(0);
    static DROPS: AtomicUsize = AtomicUsize::new(0);

    impl Numbered {
        fn new() -> (Numbered, usize) {
            let number = NUMBERS.fetch_add(1, Ordering::Relaxed) + 1;
            (Numbered(AtomicUsize::new(number)), number)
        }

        /// Slow to answer, so that others may free it meanwhile.
        fn number(&self) -> usize {
            thread::yield_now();
            self.0.load(Ordering::Relaxed)
        }

        fn alive() -> usize {
            NUMBERS.load(Ordering::Relaxed) - DROPS.load(Ordering::Relaxed)
        }
    }

    impl Drop for Numbered {
        fn drop(&mut self) {
            self.0.store(0, Ordering::Relaxed);
            DROPS.fetch_add(1, Ordering::Relaxed);
        }
    }
}
