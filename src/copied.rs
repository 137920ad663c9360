//! A short text that any number of threads copy while one changes it: a sequence lock. Who copies
//! writes nothing and waits for nothing; who comes while it changes gets no copy.
//!
//! The number is odd while the words change. If it was the same even number before and after they
//! were copied, they are those of one text: a copy that saw any word of a later change comes, by
//! the fences, after the odd number of that change. `tests/loom` explores it.

use std::ops::Deref;

use crate::sync::{AtomicU64, Ordering, fence};

/// A text is copied in words; behind its end the last one holds zeros.
pub type Word = [u8; 8];

/// The longest text that is copied.
pub const LONGEST: usize = 120;
/// How many words it takes, and its length.
pub const WORDS: usize = 1 + LONGEST / size_of::<Word>();

/// The first word is the text's length, the others are its bytes.
pub struct Copied<W> {
    number: AtomicU64,
    words: W,
}

/// The length of no text, and of one that is too long.
const NONE: u64 = u64::MAX;

impl<W: Deref<Target = [AtomicU64]>> Copied<W> {
    /// With no text. The words are zeros.
    pub fn new(words: W) -> Copied<W> {
        words[0].store(NONE, Ordering::Relaxed);
        Copied {
            number: AtomicU64::new(0),
            words,
        }
    }

    /// Changes the text. One at a time.
    pub fn set(&self, text: Option<&[u8]>) {
        let (length, words) = (&self.words[0], &self.words[1..]);
        let number = self.number.load(Ordering::Relaxed);
        self.number.store(number + 1, Ordering::Relaxed);
        fence(Ordering::Release);
        let text = text.filter(|text| text.len() <= size_of_val(words));
        length.store(
            text.map_or(NONE, |text| text.len() as u64),
            Ordering::Relaxed,
        );
        let mut parts = text.unwrap_or_default().chunks(size_of::<Word>());
        // What is left of a longer one is wiped.
        for word in words {
            let mut bytes = Word::default();
            if let Some(part) = parts.next() {
                bytes[..part.len()].copy_from_slice(part);
            }
            word.store(u64::from_ne_bytes(bytes), Ordering::Relaxed);
        }
        self.number.store(number + 2, Ordering::Release);
    }

    /// Hands out the text word by word, each with its number, unless they are more than there is
    /// room for. Its length; without one, there is no text to copy here, and what was handed out is
    /// worth nothing.
    #[inline(always)]
    pub fn copy(&self, room: usize, mut put: impl FnMut(usize, Word)) -> Option<usize> {
        let before = self.number.load(Ordering::Acquire);
        if !before.is_multiple_of(2) {
            return None;
        }
        // Of a text that changes meanwhile it may be anything that ever was one.
        let length = self.words[0].load(Ordering::Relaxed) as usize;
        let words = self.words[1..].get(..length.div_ceil(size_of::<Word>()))?;
        if words.len() > room {
            return None;
        }
        for (n, word) in words.iter().enumerate() {
            put(n, word.load(Ordering::Relaxed).to_ne_bytes());
        }
        fence(Ordering::Acquire);
        (self.number.load(Ordering::Relaxed) == before).then_some(length)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    type Text = Copied<Vec<AtomicU64>>;

    fn text() -> Text {
        Copied::new((0..WORDS).map(|_| AtomicU64::new(0)).collect())
    }

    fn copy(of: &Text) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let length = of.copy(WORDS, |_, word| bytes.extend(word))?;
        assert!(bytes[length..].iter().all(|byte| *byte == 0));
        bytes.truncate(length);
        Some(bytes)
    }

    #[test]
    fn any_text_is_copied_whole_or_not_at_all() {
        let of = text();
        assert_eq!(copy(&of), None);
        for length in [0, 1, 7, 8, 9, 119, 120] {
            let text = vec![b'x'; length];
            of.set(Some(&text));
            assert_eq!(copy(&of), Some(text));
        }
        assert!(of.copy(14, |_, _| panic!("no room")).is_none());
        of.set(Some(&[b'x'; 121]));
        assert_eq!(copy(&of), None);
        of.set(Some(b"x"));
        of.set(None);
        assert_eq!(copy(&of), None);
        let words = of.words[1..].iter();
        assert!(
            words
                .map(|word| word.load(Ordering::Relaxed))
                .all(|word| word == 0)
        );
    }

    #[test]
    fn a_copy_is_never_of_two_texts() {
        let (of, over) = (text(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        if let Some(text) = copy(&of) {
                            assert!(text.iter().all(|byte| *byte == text[0]));
                            assert_eq!(text.len(), usize::from(text[0]));
                        }
                    }
                });
            }
            for round in 0..100_000 {
                let length = 1 + round % 100;
                of.set(Some(&vec![length as u8; length]));
            }
            over.store(true, Ordering::Relaxed);
        });
    }
}
