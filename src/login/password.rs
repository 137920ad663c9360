//! A session's password as the guard sees it: by its hash, which is made when it is needed.

use crate::error::Result;
use crate::password::{Memory, PasswordHash, Salt};
use crate::runtime::Runtime;
use crate::secret::Secret;

/// A hash that can be made, whatever happens: its memory is taken beforehand, so that nothing keeps
/// a rejection from being noted. It is made when it is wanted, and not before.
pub(super) struct Hashable<'a> {
    password: &'a Secret,
    salt: Salt,
    runtime: &'a dyn Runtime,
    hash: Hash,
}

enum Hash {
    Made(PasswordHash),
    ToBeMade(Memory),
}

impl<'a> Hashable<'a> {
    pub fn new(
        password: &'a Secret,
        salt: &Salt,
        runtime: &'a dyn Runtime,
    ) -> Result<Hashable<'a>> {
        let hash = match runtime.known_hash(password, salt) {
            Some(hash) => Hash::Made(hash),
            None => Hash::ToBeMade(Memory::reserve()?),
        };
        Ok(Hashable {
            password,
            salt: *salt,
            runtime,
            hash,
        })
    }

    pub fn password(&self) -> &'a Secret {
        self.password
    }

    /// The hash, where it costs nothing.
    pub fn made(&self) -> Option<PasswordHash> {
        match self.hash {
            Hash::Made(hash) => Some(hash),
            Hash::ToBeMade(_) => self.runtime.known_hash(self.password, &self.salt),
        }
    }

    pub fn hash(&mut self) -> PasswordHash {
        let hash = match &mut self.hash {
            Hash::Made(hash) => *hash,
            Hash::ToBeMade(memory) => self.runtime.hash(self.password, &self.salt, memory),
        };
        self.hash = Hash::Made(hash);
        hash
    }
}
