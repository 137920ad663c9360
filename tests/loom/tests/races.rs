//! Every way in which two or three threads can meet in a table of handles. An object that is
//! dropped while somebody looks at it, twice, or never, ends the exploration, and so does one that
//! another handle shows.

use std::ptr;

use loom::cell::UnsafeCell;
use loom::model::Builder;
use loom::sync::Arc;
use loom::thread::{self, JoinHandle};
use thingspace_session_loom::explore;
use thingspace_session_loom::handle::{Kind, Table};

enum Thing {}

/// An object that knows whether it is alive. loom ends the exploration if it is dropped without
/// being ordered after every look at it.
struct Object {
    number: usize,
    alive: UnsafeCell<bool>,
}

// SAFETY: that looks and the drop are ordered is what is explored.
unsafe impl Sync for Object {}

impl Object {
    fn number(&self) -> usize {
        // SAFETY: loom watches.
        self.alive.with(|alive| assert!(unsafe { *alive }));
        self.number
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: loom watches.
        self.alive.with_mut(|alive| unsafe { *alive = false });
    }
}

/// A table for several threads. Handles are numbers here, which threads may share.
#[derive(Clone)]
struct Shared(Arc<Table<Object, Thing>>);

impl Shared {
    fn new() -> Shared {
        Shared(Arc::new(Table::new(Kind::Session)))
    }

    fn insert(&self, number: usize) -> usize {
        let alive = UnsafeCell::new(true);
        let handle = self.0.insert(Object { number, alive });
        handle.expect("there is room").addr()
    }

    /// The number of the object, looked at in place.
    fn read(&self, handle: usize) -> Option<usize> {
        self.0.with(ptr::without_provenance(handle), Object::number)
    }

    /// The same, through a share of the object.
    fn get(&self, handle: usize) -> Option<usize> {
        let object = self.0.get(ptr::without_provenance(handle))?;
        Some(object.number())
    }

    fn remove(&self, handle: usize) -> Option<usize> {
        let object = self.0.remove(ptr::without_provenance(handle))?;
        Some(object.number())
    }

    fn spawn<R: 'static>(&self, run: impl FnOnce(Shared) -> R + 'static) -> JoinHandle<R> {
        let table = self.clone();
        thread::spawn(move || run(table))
    }
}

#[test]
fn a_reader_sees_the_whole_object_or_nothing() {
    explore(&Builder::new(), || {
        let table = Shared::new();
        let handle = table.insert(1);
        let reader = table.spawn(move |table| table.read(handle));
        assert_eq!(table.remove(handle), Some(1));
        assert!(matches!(reader.join().unwrap(), None | Some(1)));
        assert_eq!(table.read(handle), None);
    });
}

#[test]
fn a_share_outlives_the_handle() {
    explore(&Builder::new(), || {
        let table = Shared::new();
        let handle = table.insert(1);
        let getter = table.spawn(move |table| table.get(handle));
        assert_eq!(table.remove(handle), Some(1));
        assert!(matches!(getter.join().unwrap(), None | Some(1)));
    });
}

#[test]
fn of_two_removers_one_gets_the_object() {
    explore(&Builder::new(), || {
        let table = Shared::new();
        let handle = table.insert(1);
        let other = table.spawn(move |table| table.remove(handle));
        let own = table.remove(handle);
        let removed = (own, other.join().unwrap());
        assert!(matches!(removed, (Some(1), None) | (None, Some(1))));
    });
}

#[test]
fn a_stale_handle_never_shows_the_slots_next_object() {
    explore(&Builder::new(), || {
        let table = Shared::new();
        let handle = table.insert(1);
        let reader = table.spawn(move |table| table.read(handle));
        assert_eq!(table.remove(handle), Some(1));
        let next = table.insert(2);
        assert_ne!(next, handle);
        assert!(matches!(reader.join().unwrap(), None | Some(1)));
        assert_eq!(table.read(next), Some(2));
    });
}

#[test]
fn a_stale_handle_never_removes_the_slots_next_object() {
    explore(&Builder::new(), || {
        let table = Shared::new();
        let handle = table.insert(1);
        let remover = table.spawn(move |table| table.remove(handle));
        let own = table.remove(handle);
        let next = table.insert(2);
        let removed = (own, remover.join().unwrap());
        assert!(matches!(removed, (Some(1), None) | (None, Some(1))));
        assert_eq!(table.remove(next), Some(2));
    });
}

/// As when a handle is passed on by means that order nothing.
#[test]
fn a_handle_known_before_it_is_given_shows_the_whole_object_or_nothing() {
    explore(&Builder::new(), || {
        let table = Shared::new();
        let first = table.insert(0);
        table.remove(first);
        // The slot's next generation that is live.
        let next = first + (2 << 24);
        let reader = table.spawn(move |table| table.read(next));
        assert_eq!(table.insert(1), next);
        assert!(matches!(reader.join().unwrap(), None | Some(1)));
    });
}

#[test]
fn a_slot_just_given_back_is_as_good_as_new() {
    explore(&Builder::new(), || {
        let table = Shared::new();
        let (first, second) = (table.insert(1), table.insert(2));
        let remover = table.spawn(move |table| {
            table.remove(first);
            table.remove(second);
        });
        let third = table.insert(3);
        let fourth = table.insert(4);
        remover.join().unwrap();
        assert_eq!(table.read(third), Some(3));
        assert_eq!(table.read(fourth), Some(4));
        assert_eq!((table.read(first), table.read(second)), (None, None));
    });
}

#[test]
fn two_new_objects_get_slots_of_their_own() {
    explore(&Builder::new(), || {
        let table = Shared::new();
        // One free slot, and room for more.
        table.remove(table.insert(0));
        let other = table.spawn(|table| table.insert(1));
        let own = table.insert(2);
        let other = other.join().unwrap();
        assert_eq!(table.read(other), Some(1));
        assert_eq!(table.read(own), Some(2));
    });
}

#[test]
fn a_slot_taken_and_given_back_meanwhile_is_given_once() {
    explore(&Builder::new(), || {
        let table = Shared::new();
        let (first, second) = (table.insert(0), table.insert(0));
        table.remove(first);
        table.remove(second);
        let other = table.spawn(|table| {
            table.remove(table.insert(1));
            table.insert(2)
        });
        let own = table.insert(3);
        let other = other.join().unwrap();
        assert_eq!(table.read(other), Some(2));
        assert_eq!(table.read(own), Some(3));
    });
}

#[test]
fn a_reader_may_meet_a_remover_and_an_inserter() {
    explore(&Builder::new(), || {
        let table = Shared::new();
        let handle = table.insert(1);
        let reader = table.spawn(move |table| table.read(handle));
        let remover = table.spawn(move |table| table.remove(handle));
        let next = table.insert(2);
        assert_eq!(remover.join().unwrap(), Some(1));
        assert!(matches!(reader.join().unwrap(), None | Some(1)));
        assert_eq!(table.read(next), Some(2));
    });
}

/// Up to three times a thread is stopped where it need not wait; all ways would take hours.
#[test]
fn two_readers_may_meet_a_remover() {
    let mut model = Builder::new();
    model.preemption_bound = Some(3);
    explore(&model, || {
        let table = Shared::new();
        let handle = table.insert(1);
        let readers = [(); 2].map(|()| table.spawn(move |table| table.read(handle)));
        assert_eq!(table.remove(handle), Some(1));
        for reader in readers {
            assert!(matches!(reader.join().unwrap(), None | Some(1)));
        }
    });
}

#[test]
fn places_are_borrowed_and_given_back_while_a_remover_looks() {
    let mut model = Builder::new();
    model.preemption_bound = Some(3);
    explore(&model, || {
        let shared = Shared::new();
        let (outer, inner) = (shared.insert(1), shared.insert(2));
        // Looks at one object while it looks at the other: its second place is a borrowed one.
        let borrower = shared.spawn(move |shared| {
            let outer = ptr::without_provenance(outer);
            shared.0.with(outer, |_| shared.read(inner)).flatten()
        });
        let reader = shared.spawn(move |shared| shared.read(inner));
        assert_eq!(shared.remove(inner), Some(2));
        for thread in [borrower, reader] {
            let seen = thread.join().unwrap();
            assert!(matches!(seen, None | Some(2)), "{seen:?}");
        }
    });
}
