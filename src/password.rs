//! The one thing the guard keeps of a password: a salted, memory-hard hash. It takes tens of
//! milliseconds and 19 MiB to make, so a process makes it once for each password and salt.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use argon2::{Algorithm, Argon2, Params, Version};
use once_cell::race::OnceBox;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::error::{Error, Result, Status};
use crate::fork;
use crate::secret::{Scratch, Secret};

pub(crate) type Salt = [u8; 16];
pub(crate) type PasswordHash = [u8; 32];

/// How many hashes a process remembers.
const REMEMBERED: usize = 256;

/// What it takes to make a hash. Who has it can make one, whatever happens. It takes no room before
/// that.
pub(crate) struct Memory(Scratch);

impl Memory {
    pub fn reserve() -> Result<Memory> {
        let memory = Scratch::new(params().block_count()).map(Memory);
        memory.ok_or_else(|| {
            Error::new(
                Status::Internal,
                "no login was sent: the 19 MiB of memory that the hash of a password takes are \
                 not to be had, and without it a rejection could not be remembered",
            )
        })
    }
}

/// 19 MiB, two passes: OWASP's recommendation for Argon2id.
fn params() -> Params {
    Params::new(19 * 1024, 2, 1, Some(32)).expect("they are within Argon2's bounds")
}

pub(crate) fn argon2id(password: &Secret, salt: &Salt, memory: &mut Memory) -> PasswordHash {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params());
    let (password, mut hash) = (password.reveal().as_bytes(), [0; 32]);
    argon2
        .hash_password_into_with_memory(password, salt, &mut hash, memory.0.blocks())
        .expect("no password is as long as 4 GiB");
    hash
}

/// A hash that this process has made, or makes at this moment.
struct Made {
    /// A child that is forked meanwhile must not wait for a thread of its parent's.
    process: u32,
    salt: Salt,
    password: Recognized,
    hash: OnceLock<PasswordHash>,
}

/// Oldest first. There is no lock that a fork could leave held: the list is replaced whole.
struct Hashes(OnceBox<ArcSwap<Vec<Arc<Made>>>>);

static HASHES: Hashes = Hashes(OnceBox::new());

/// The hash, where this process has made it before.
pub(crate) fn known(password: &Secret, salt: &Salt) -> Option<PasswordHash> {
    HASHES.known(recognized(password)?, salt)
}

/// The hash. Of several threads that want the same, one makes it.
pub(crate) fn hash_once(password: &Secret, salt: &Salt, memory: &mut Memory) -> PasswordHash {
    let mut make = || argon2id(password, salt, memory);
    match recognized(password) {
        Some(recognized) => *HASHES.of(recognized, salt).hash.get_or_init(make),
        None => make(),
    }
}

impl Hashes {
    fn known(&self, password: Recognized, salt: &Salt) -> Option<PasswordHash> {
        let all = self.0.get()?.load();
        let made = all.iter().find(|made| made.is_of(&password, salt))?;
        made.hash.get().copied()
    }

    fn of(&self, password: Recognized, salt: &Salt) -> Arc<Made> {
        let new = Arc::new(Made {
            process: fork::generation(),
            salt: *salt,
            password,
            hash: OnceLock::new(),
        });
        let find = |all: &[Arc<Made>]| {
            let mut all = all.iter();
            all.find(|made| made.is_of(&password, salt)).cloned()
        };
        let all = self.0.get_or_init(Box::default);
        let before = all.rcu(|all| match find(all) {
            Some(_) => Arc::clone(all),
            None => {
                let surplus = (all.len() + 1).saturating_sub(REMEMBERED);
                let kept = all[surplus..].iter().chain([&new]);
                Arc::new(kept.cloned().collect())
            }
        });
        find(&before).unwrap_or(new)
    }
}

impl Made {
    fn is_of(&self, password: &Recognized, salt: &Salt) -> bool {
        self.process == fork::generation() && self.salt == *salt && self.password == *password
    }
}

type Recognized = [u8; 32];

/// What tells one password from another, for as long as this process lives: nothing is kept that
/// would be of use without its key, which no core dump holds. None where the system gives no random
/// numbers.
fn recognized(password: &Secret) -> Option<Recognized> {
    static KEY: OnceBox<Secret> = OnceBox::new();
    let random = || -> std::result::Result<_, ring::error::Unspecified> {
        let mut bytes = Zeroizing::new([0; 32]);
        SystemRandom::new().fill(&mut *bytes)?;
        let text: String = bytes.iter().map(|byte| char::from(byte & 0x7f)).collect();
        Ok(Box::new(Secret::new(text)))
    };
    let key = KEY.get_or_try_init(random).ok()?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.reveal().as_bytes());
    let tag = hmac::sign(&key, password.reveal().as_bytes());
    tag.as_ref().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_made_once_and_known_by_its_password_and_salt() {
        let known = |password: &str, salt: u8| known(&Secret::new(password), &[salt; 16]);
        let hash = |password: &str, salt: u8| {
            let mut memory = Memory::reserve().unwrap();
            hash_once(&Secret::new(password), &[salt; 16], &mut memory)
        };
        assert_eq!(known("once", 1), None);
        let threads = [(); 4].map(|()| std::thread::spawn(move || hash("once", 1)));
        let hashes = threads.map(|thread| thread.join().unwrap());
        assert_eq!(hashes, [hashes[0]; 4]);
        assert_eq!(known("once", 1), Some(hashes[0]));
        assert_eq!(known("twice", 1), None);
        assert_eq!(known("once", 2), None);
        assert_ne!(hash("once", 2), hashes[0]);
        assert_ne!(hash("twice", 1), hashes[0]);
    }

    #[test]
    fn a_process_remembers_so_many_and_forgets_the_oldest() {
        let hashes = Hashes(OnceBox::new());
        let first = hashes.of([0; 32], &[0; 16]);
        assert!(Arc::ptr_eq(&first, &hashes.of([0; 32], &[0; 16])));
        assert_eq!(hashes.known([0; 32], &[0; 16]), None);
        first.hash.set([5; 32]).unwrap();
        assert_eq!(hashes.known([0; 32], &[0; 16]), Some([5; 32]));
        for n in 0..REMEMBERED {
            hashes.of([1; 32], &(n as u128).to_be_bytes());
        }
        assert_eq!(hashes.0.get().unwrap().load().len(), REMEMBERED);
        assert_eq!(hashes.known([0; 32], &[0; 16]), None);
    }
}
