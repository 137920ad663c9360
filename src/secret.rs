//! Text that must not be seen: never printed, wiped when dropped, kept out of core dumps. The HTTP,
//! TLS, JSON and XML crates keep copies in buffers of their own, for which none of this holds.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use zeroize::Zeroizing;

/// A password, key or token. `Debug` shows `***`; the memory is in pages that no core dump holds
/// (on Linux and FreeBSD), nor a crash report of Windows, and is wiped on drop. Clones share it.
#[derive(Clone, Default)]
pub struct Secret(Option<Arc<pages::Pages>>);

impl Secret {
    /// Takes the text over; what it was in is wiped.
    pub fn new(text: impl Into<String>) -> Secret {
        let text = Zeroizing::new(text.into());
        Secret((!text.is_empty()).then(|| Arc::new(pages::Pages::holding(&text))))
    }

    /// The text itself. Do not log it, nor keep a copy longer than needed.
    pub fn reveal(&self) -> &str {
        self.0.as_ref().map_or("", |pages| pages.text())
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Secret) -> bool {
        self.reveal() == other.reveal()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Words that hold a secret which changes: of zeros at first, in pages as those of [`Secret`].
pub(crate) struct Words(pages::Words);

impl Words {
    pub fn new(count: usize) -> Words {
        Words(pages::Words::new(count))
    }
}

impl Deref for Words {
    type Target = [AtomicU64];

    fn deref(&self) -> &[AtomicU64] {
        self.0.all()
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        self.iter()
            .for_each(|word| word.store(0, Ordering::Relaxed));
    }
}

/// Memory for a computation on a secret: pages as those of [`Secret`], given back to the system
/// at the end. From the allocator, blocks of this size would stay with the process:
/// whatever is allocated behind them pins them. It takes no room before it is used.
pub(crate) struct Scratch(pages::Scratch);

impl Scratch {
    /// None when there is no memory.
    pub fn new(blocks: usize) -> Option<Scratch> {
        pages::Scratch::new(blocks).map(Scratch)
    }

    pub fn blocks(&mut self) -> &mut [argon2::Block] {
        self.0.blocks()
    }
}

#[cfg(unix)]
#[allow(unsafe_code)]
mod mapping {
    use std::ptr::{self, NonNull};

    /// Pages of their own, of zeros at first.
    pub(super) struct Mapping {
        start: NonNull<u8>,
        length: usize,
    }

    impl Mapping {
        /// None when the system has no memory.
        pub fn new(length: usize) -> Option<Mapping> {
            // SAFETY: an anonymous mapping at an address of the system's choice touches nothing
            // that is there.
            let start = unsafe {
                libc::mmap(
                    ptr::null_mut(),
                    length,
                    libc::PROT_READ | libc::PROT_WRITE,
                    libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                    -1,
                    0,
                )
            };
            if start == libc::MAP_FAILED {
                return None;
            }
            // SAFETY: the range is the mapping just made. Where the advice is unknown the pages are
            // ordinary ones.
            #[cfg(target_os = "linux")]
            unsafe {
                libc::madvise(start, length, libc::MADV_DONTDUMP)
            };
            // SAFETY: as above.
            #[cfg(target_os = "freebsd")]
            unsafe {
                libc::madvise(start, length, libc::MADV_NOCORE)
            };
            let start = NonNull::new(start.cast::<u8>()).expect("a mapping is not at 0");
            Some(Mapping { start, length })
        }

        pub fn start(&self) -> NonNull<u8> {
            self.start
        }

        pub fn length(&self) -> usize {
            self.length
        }

        /// A child that is forked does without these pages.
        pub fn keep_from_children(&self) {
            // SAFETY: the range is the mapping, and no thread of a child uses it.
            #[cfg(target_os = "linux")]
            unsafe {
                libc::madvise(self.start.as_ptr().cast(), self.length, libc::MADV_DONTFORK)
            };
        }
    }

    impl Drop for Mapping {
        fn drop(&mut self) {
            // SAFETY: the mapping belongs to this value, and nobody borrows from it any more.
            unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
        }
    }
}

#[allow(unsafe_code)]
mod pages {
    use std::ptr;
    use std::sync::atomic::AtomicU64;

    use zeroize::Zeroize;

    #[cfg(unix)]
    use super::mapping::Mapping;
    #[cfg(windows)]
    use crate::windows::Mapping;

    /// Pages of their own for one text.
    pub(super) struct Pages(Mapping);

    // SAFETY: the memory belongs to this value alone and does not change between `holding` and
    // `drop`.
    unsafe impl Send for Pages {}
    // SAFETY: as above; shared use only reads.
    unsafe impl Sync for Pages {}

    impl Pages {
        pub fn holding(text: &str) -> Pages {
            // The C boundary makes an error of it.
            let pages = Mapping::new(text.len()).expect("no memory for a secret");
            // SAFETY: the mapping is at least as long as the text, writable, and nobody else's.
            unsafe { ptr::copy_nonoverlapping(text.as_ptr(), pages.start().as_ptr(), text.len()) };
            Pages(pages)
        }

        pub fn text(&self) -> &str {
            // SAFETY: `holding` wrote that many bytes of UTF-8 there, which stay until `drop`.
            unsafe {
                let bytes = std::slice::from_raw_parts(self.0.start().as_ptr(), self.0.length());
                std::str::from_utf8_unchecked(bytes)
            }
        }
    }

    /// Pages of their own for some words.
    pub(super) struct Words(Mapping);

    // SAFETY: the memory belongs to this value alone, and is changed by atomic operations only.
    unsafe impl Send for Words {}
    // SAFETY: as above.
    unsafe impl Sync for Words {}

    impl Words {
        pub fn new(count: usize) -> Words {
            let length = count * size_of::<AtomicU64>();
            // The C boundary makes an error of it.
            Words(Mapping::new(length).expect("no memory for a secret"))
        }

        pub fn all(&self) -> &[AtomicU64] {
            let count = self.0.length() / size_of::<AtomicU64>();
            // SAFETY: the mapping is aligned to a page, holds that many words, of zeros at first,
            // and stays until `drop`.
            unsafe { std::slice::from_raw_parts(self.0.start().as_ptr().cast(), count) }
        }
    }

    impl Drop for Pages {
        fn drop(&mut self) {
            // SAFETY: nobody borrows the text any more.
            unsafe {
                std::slice::from_raw_parts_mut(self.0.start().as_ptr(), self.0.length()).zeroize();
            }
        }
    }

    pub(super) struct Scratch {
        pages: Mapping,
        blocks: usize,
    }

    // SAFETY: the memory belongs to this value alone, and only who has it to themselves uses it.
    unsafe impl Send for Scratch {}

    impl Scratch {
        pub fn new(blocks: usize) -> Option<Scratch> {
            const { assert!(size_of::<argon2::Block>() == argon2::Block::SIZE) };
            let pages = Mapping::new(blocks.checked_mul(argon2::Block::SIZE)?)?;
            // A child that is forked meanwhile would keep its copy for ever: the thread that
            // computes does not exist there.
            pages.keep_from_children();
            Some(Scratch { pages, blocks })
        }

        pub fn blocks(&mut self) -> &mut [argon2::Block] {
            // SAFETY: the mapping holds that many blocks, is aligned to a page and nobody else's; a
            // block is an array of integers, for which zeros will do.
            unsafe {
                std::slice::from_raw_parts_mut(self.pages.start().as_ptr().cast(), self.blocks)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_text() {
        assert_eq!(format!("{:?}", Secret::new("IMgr8")), "***");
    }

    #[test]
    fn no_memory_for_a_computation_is_no_panic() {
        assert!(Scratch::new(1 << 44).is_none());
        assert_eq!(Scratch::new(3).unwrap().blocks().len(), 3);
    }

    #[test]
    fn any_text_is_kept_whole_and_clones_are_equal() {
        for text in ["", "a", "ä\u{1f511}", &"x".repeat(10_000)] {
            let secret = Secret::new(text);
            assert_eq!(secret.reveal(), text);
            assert_eq!(secret.clone(), secret);
            assert_ne!(secret, Secret::new("other"));
        }
    }

    /// The kernel's own word on the mapping that holds the text.
    #[cfg(target_os = "linux")]
    #[test]
    fn its_pages_are_kept_out_of_core_dumps() {
        let secret = Secret::new("IMgr8");
        let address = secret.reveal().as_ptr() as u64;
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut here = false;
        let flags = maps.lines().find(|line| {
            let range = line.split(' ').next().unwrap_or_default().split_once('-');
            let hex = |text| u64::from_str_radix(text, 16);
            if let Some((Ok(start), Ok(end))) = range.map(|(a, b)| (hex(a), hex(b))) {
                here = (start..end).contains(&address);
            }
            here && line.starts_with("VmFlags:")
        });
        assert!(flags.unwrap().split(' ').any(|flag| flag == "dd"));
    }
}
