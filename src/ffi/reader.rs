//! Announcements: each thread says which slot it is looking at, so that whoever empties that slot
//! can leave it a share of the object. Announcing writes to the thread's own cache line only, so
//! readers never slow each other down, and nobody ever waits.
//!
//! Why a reader never touches freed memory. It announces the slot, then sees its generation
//! current; a remover moves the generation on, then looks at the announcements. All four steps are
//! sequentially consistent, so if the reader saw the old generation, the remover sees the
//! announcement. It then raises the object's count and puts the object in the announcement's place;
//! the reader finds it there when it is done, and drops it. No earlier remover can have taken the
//! announcement already: it was made when the generation was current, which is after all that
//! earlier removers did, since they gave the slot back last.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr;

use crate::sync::{Arc, AtomicBool, AtomicPtr, AtomicU64, Ordering, per_thread, shared};

/// One thread's place to announce in. Never freed; used again when the thread has ended.
#[repr(align(128))]
struct Reader {
    /// NULL, a slot's address, or, put there by a remover, the object itself (as by
    /// `Arc::into_raw`).
    announced: AtomicPtr<()>,
    taken: AtomicBool,
    /// How many places come before.
    number: u32,
    among: &'static Places,
    next: AtomicPtr<Reader>,
}

/// All the places there ever were.
struct Places {
    first: AtomicPtr<Reader>,
    /// How many of them a remover has to look at, the lower half: all that are taken are among
    /// them. Above it a count of changes, so that nobody lowers it past a place that was taken
    /// meanwhile.
    bound: AtomicU64,
}

shared! {
    static PLACES: Places = Places {
        first: AtomicPtr::new(ptr::null_mut()),
        bound: AtomicU64::new(0),
    };
}

fn bound_of(word: u64) -> u32 {
    word as u32
}

/// The word after `before`, with that bound.
fn bound_after(before: u64, bound: u32) -> u64 {
    ((before >> 32).wrapping_add(1)) << 32 | u64::from(bound)
}

/// An announcement that stands. `T` is what the slot holds.
pub struct Reading<T> {
    reader: &'static Reader,
    slot: *mut (),
    borrowed: bool,
    object: PhantomData<Arc<T>>,
}

impl<T> Reading<T> {
    /// Announces the slot, which holds `Arc`s of `T`. Whoever empties it later keeps its object
    /// alive until this is dropped.
    #[inline(always)]
    pub fn announce<S>(slot: &S) -> Reading<T> {
        let slot = address(slot);
        let own = OWN.try_with(|own| own.reader()).ok();
        // The own place may be busy if a signal handler calls us, and gone at the very end of a
        // thread.
        let own = own.filter(|reader| reader.announced.load(Ordering::Relaxed).is_null());
        let reader = own.unwrap_or_else(Reader::take);
        reader.announced.store(slot, Ordering::SeqCst);
        Reading {
            reader,
            slot,
            borrowed: own.is_none(),
            object: PhantomData,
        }
    }
}

impl<T> Drop for Reading<T> {
    #[inline(always)]
    fn drop(&mut self) {
        let withdrawn = self.reader.announced.compare_exchange(
            self.slot,
            ptr::null_mut(),
            Ordering::Release,
            Ordering::Acquire,
        );
        if let Err(object) = withdrawn {
            self.reader
                .announced
                .store(ptr::null_mut(), Ordering::Relaxed);
            // SAFETY: only `leave_to_readers` replaces an announcement, by an object whose count it
            // raised for us; and it is a `T`, because it comes out of the slot.
            drop(unsafe { Arc::from_raw(object.cast_const().cast::<T>()) });
        }
        if self.borrowed {
            self.reader.give_back();
        }
    }
}

/// Gives every thread that announced the slot its own share of the object that was in it. To be
/// called when the slot's generation has moved on, and before the slot is used again.
pub fn leave_to_readers<S, T>(slot: &S, object: &Arc<T>) {
    let slot = address(slot);
    // Whoever announced the slot when the generation was current took its place before.
    let bound = bound_of(PLACES.bound.load(Ordering::SeqCst));
    for reader in PLACES.all().take(bound as usize) {
        if reader.announced.load(Ordering::SeqCst) != slot {
            continue;
        }
        let share = Arc::into_raw(object.clone());
        let left = reader.announced.compare_exchange(
            slot,
            share.cast_mut().cast(),
            Ordering::AcqRel,
            // The reader is done: its last look comes before the object's end.
            Ordering::Acquire,
        );
        if left.is_err() {
            // SAFETY: the share made above, which nobody took.
            drop(unsafe { Arc::from_raw(share) });
        }
    }
}

fn address<S>(slot: &S) -> *mut () {
    ptr::from_ref(slot).cast_mut().cast()
}

impl Places {
    /// In the order of their numbers.
    fn all(&self) -> impl Iterator<Item = &'static Reader> {
        // SAFETY: what is in the list was leaked by `append`, so it is there for good.
        let first = unsafe { self.first.load(Ordering::Acquire).as_ref() };
        // SAFETY: as above.
        std::iter::successors(first, |reader| unsafe {
            reader.next.load(Ordering::Acquire).as_ref()
        })
    }
}

impl Reader {
    /// The first place that nobody uses, made if there is none.
    #[cold]
    fn take() -> &'static Reader {
        let places: &'static Places = &PLACES;
        let (mut link, mut number) = (&places.first, 0);
        let reader = loop {
            // SAFETY: what is in the list was leaked by `append`, so it is there for good.
            let Some(reader) = (unsafe { link.load(Ordering::Acquire).as_ref() }) else {
                match Reader::append(places, link, number) {
                    Some(new) => break new,
                    None => continue,
                }
            };
            let taken =
                reader
                    .taken
                    .compare_exchange(false, true, Ordering::AcqRel, Ordering::Relaxed);
            if taken.is_ok() {
                break reader;
            }
            (link, number) = (&reader.next, number + 1);
        };
        let mut before = places.bound.load(Ordering::SeqCst);
        loop {
            let bound = bound_of(before).max(reader.number + 1);
            match places.bound.compare_exchange_weak(
                before,
                bound_after(before, bound),
                Ordering::SeqCst,
                Ordering::SeqCst,
            ) {
                Ok(_) => return reader,
                Err(now) => before = now,
            }
        }
    }

    /// Makes a place at the end of the list, unless that is not the end any more.
    fn append(
        among: &'static Places,
        end: &AtomicPtr<Reader>,
        number: u32,
    ) -> Option<&'static Reader> {
        let new = Box::into_raw(Box::new(Reader {
            announced: AtomicPtr::new(ptr::null_mut()),
            taken: AtomicBool::new(true),
            number,
            among,
            next: AtomicPtr::new(ptr::null_mut()),
        }));
        match end.compare_exchange(ptr::null_mut(), new, Ordering::AcqRel, Ordering::Relaxed) {
            // SAFETY: made above, and in the list from now on, so never freed.
            Ok(_) => Some(unsafe { &*new }),
            Err(_) => {
                // SAFETY: made above, and nobody else knows it.
                drop(unsafe { Box::from_raw(new) });
                None
            }
        }
    }

    /// Lets another thread have the place. If it was the last one, removers need not look that far
    /// any more: what many threads leave behind does not make anything slower for good.
    fn give_back(&self) {
        self.taken.store(false, Ordering::Release);
        let Places { bound: word, .. } = self.among;
        let mut before = word.load(Ordering::SeqCst);
        while bound_of(before) == self.number + 1 {
            let below = self.among.all().take(self.number as usize + 1);
            let taken = below.filter(|reader| reader.taken.load(Ordering::Acquire));
            let bound = taken.map(|reader| reader.number + 1).max().unwrap_or(0);
            if bound == self.number + 1 {
                return;
            }
            match word.compare_exchange(
                before,
                bound_after(before, bound),
                Ordering::SeqCst,
                Ordering::SeqCst,
            ) {
                Ok(_) => return,
                Err(now) => before = now,
            }
        }
    }
}

per_thread! {
    static OWN: Own = Own(Cell::new(None));
}

/// The place of this thread, given back when the thread ends.
struct Own(Cell<Option<&'static Reader>>);

impl Own {
    #[inline(always)]
    fn reader(&self) -> &'static Reader {
        self.0.get().unwrap_or_else(|| {
            let reader = Reader::take();
            self.0.set(Some(reader));
            reader
        })
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(reader) = self.0.take() {
            reader.give_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announced_object_outlives_its_owner() {
        let (slot, object) = (0, Arc::new(5));
        let reading = Reading::<i32>::announce(&slot);
        leave_to_readers(&slot, &object);
        assert_eq!(Arc::strong_count(&object), 2);
        drop(reading);
        assert_eq!(Arc::strong_count(&object), 1);
    }

    #[test]
    fn what_is_not_announced_is_left_to_nobody() {
        let (slot, other, object) = (0, 0, Arc::new(5));
        let reading = Reading::<i32>::announce(&other);
        drop(Reading::<i32>::announce(&slot));
        leave_to_readers(&slot, &object);
        assert_eq!(Arc::strong_count(&object), 1);
        drop(reading);
    }

    #[test]
    fn readings_may_nest() {
        let (first_slot, second_slot) = (0, 0);
        let (first_object, second_object) = (Arc::new(1), Arc::new("two"));
        let first = Reading::<i32>::announce(&first_slot);
        let second = Reading::<&str>::announce(&second_slot);
        leave_to_readers(&first_slot, &first_object);
        leave_to_readers(&second_slot, &second_object);
        drop(first);
        drop(second);
        assert_eq!(Arc::strong_count(&first_object), 1);
        assert_eq!(Arc::strong_count(&second_object), 1);
    }
}
