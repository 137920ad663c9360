//! When the program's callbacks are told something: on a thread that is in a call of the program's,
//! while that holds nothing that others wait for, and never from within a callback. What comes up
//! on a thread of the library's own waits as news for the next call.

use std::cell::RefCell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Calls one callback, once.
type Message = Box<dyn FnOnce() + Send>;

/// What waits to be told.
#[derive(Clone, Default)]
pub(crate) struct News(Arc<Mutex<Vec<Message>>>);

/// What a thread may tell.
#[derive(Default)]
enum Thread {
    /// Everything, at once.
    #[default]
    InACall,
    /// Nothing: it is one of the library's own.
    OfTheLibrary(News),
    /// Nothing, or there would be no end where a callback's own calls have something to tell.
    InACallback,
}

thread_local! {
    static THIS: RefCell<Thread> = const { RefCell::new(Thread::InACall) };
}

/// Calls a callback as soon as that may be. What a callback's own calls would tell is left out.
pub(crate) fn tell(message: impl FnOnce() + Send + 'static) {
    let now = THIS.with_borrow(|this| match this {
        Thread::InACall => Some(message),
        Thread::OfTheLibrary(news) => {
            news.waiting().push(Box::new(message));
            None
        }
        Thread::InACallback => None,
    });
    if let Some(message) = now {
        call(message);
    }
}

fn call(message: impl FnOnce()) {
    let _before = Before::become_one(Thread::InACallback);
    // A panic of the program's ends here, after its hook has reported it: whatever this call was
    // asked for is not to fail for it. What it carries might panic again when it is dropped.
    let _ = catch_unwind(AssertUnwindSafe(message)).map_err(mem::forget);
}

impl News {
    /// Runs `work` on a thread of the library's own: what it has to tell waits here.
    pub fn of<R>(&self, work: impl FnOnce() -> R) -> R {
        let _before = Before::become_one(Thread::OfTheLibrary(self.clone()));
        work()
    }

    /// Tells what waits here if this thread may; one of the library's own hands it on to those that
    /// wait for it. To be called with no lock held.
    pub fn tell(&self) {
        let waiting = THIS.with_borrow(|this| match this {
            Thread::InACall => mem::take(&mut *self.waiting()),
            Thread::OfTheLibrary(news) if !Arc::ptr_eq(&news.0, &self.0) => {
                let waiting = mem::take(&mut *self.waiting());
                news.waiting().extend(waiting);
                Vec::new()
            }
            Thread::OfTheLibrary(_) | Thread::InACallback => Vec::new(),
        });
        waiting.into_iter().for_each(call);
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Message>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the thread was before, and will be again.
struct Before(Thread);

impl Before {
    fn become_one(of: Thread) -> Before {
        Before(THIS.replace(of))
    }
}

impl Drop for Before {
    fn drop(&mut self) {
        THIS.set(mem::take(&mut self.0));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    fn noted(notes: &Sender<&'static str>, word: &'static str) {
        let notes = notes.clone();
        tell(move || notes.send(word).unwrap());
    }

    fn all(notes: &Receiver<&'static str>) -> Vec<&'static str> {
        notes.try_iter().collect()
    }

    #[test]
    fn a_thread_of_the_librarys_own_leaves_it_to_the_next_call() {
        let (notes, told) = channel();
        let news = News::default();
        news.of(|| {
            noted(&notes, "one");
            let inner = News::default();
            inner.of(|| noted(&notes, "two"));
            inner.tell();
            news.tell();
        });
        assert!(all(&told).is_empty());
        noted(&notes, "at once");
        news.tell();
        news.tell();
        assert_eq!(all(&told), ["at once", "one", "two"]);
    }

    #[test]
    fn nothing_is_told_from_within_a_callback() {
        let (notes, told) = channel();
        let news = News::default();
        news.of(|| noted(&notes, "waits"));
        let (inner, waiting) = (notes.clone(), news.clone());
        tell(move || {
            noted(&inner, "left out");
            waiting.tell();
        });
        assert!(all(&told).is_empty());
        news.tell();
        assert_eq!(all(&told), ["waits"]);
    }

    #[test]
    fn a_panic_of_a_callback_ends_with_it() {
        let (notes, told) = channel();
        let news = News::default();
        let died = catch_unwind(AssertUnwindSafe(|| news.of(|| panic!("the work died"))));
        assert!(died.is_err());
        tell(|| panic!("a callback died"));
        noted(&notes, "after both");
        assert_eq!(all(&told), ["after both"]);
    }
}
