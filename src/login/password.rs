//! A session's password as the guard sees it: by its hash, which is made when it is needed.

use crate::error::Result;
use crate::password::{PasswordHash, Salt};
use crate::runtime::Runtime;
use crate::secret::Secret;

/// A hash and the salt it was made with.
pub(crate) type Hashed = (Salt, PasswordHash);

/// A password that is hashed when the guard needs it, once for each salt: a hash takes tens of
/// milliseconds to make.
pub(crate) struct Password<'a> {
    text: &'a Secret,
    runtime: &'a dyn Runtime,
    hashed: Option<Hashed>,
}

impl<'a> Password<'a> {
    /// `hashed` is what an earlier use made known.
    pub fn new(text: &'a Secret, runtime: &'a dyn Runtime, hashed: Option<Hashed>) -> Password<'a> {
        Password {
            text,
            runtime,
            hashed,
        }
    }

    pub fn hashed(&self) -> Option<Hashed> {
        self.hashed
    }

    pub fn hash(&mut self, salt: &Salt) -> Result<PasswordHash> {
        match self.hashed {
            Some((known, hash)) if known == *salt => Ok(hash),
            _ => {
                let hash = self.runtime.hash(self.text, salt)?;
                self.hashed = Some((*salt, hash));
                Ok(hash)
            }
        }
    }
}
