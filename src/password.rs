//! The one thing the guard keeps of a password: a salted, memory-hard hash.

use argon2::{Algorithm, Argon2, Params, Version};

use crate::error::{Error, Result, Status};
use crate::runtime::Runtime;
use crate::secret::{Secret, with_scratch};

pub(crate) type Salt = [u8; 16];
pub(crate) type PasswordHash = [u8; 32];

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

/// 19 MiB, two passes: OWASP's recommendation for Argon2id.
pub(crate) fn argon2id(password: &Secret, salt: &Salt) -> Result<PasswordHash> {
    let failed = |error| Error::new(Status::Internal, format!("password hash failed: {error}"));
    let params = Params::new(19 * 1024, 2, 1, Some(32)).map_err(failed)?;
    let mut hash = [0; 32];
    let blocks = params.block_count();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let password = password.reveal().as_bytes();
    with_scratch(blocks, |memory| {
        argon2.hash_password_into_with_memory(password, salt, &mut hash, memory)
    })
    .ok_or_else(|| {
        Error::new(
            Status::Internal,
            "no login was sent: the 19 MiB of memory that the hash of a password takes are not \
             to be had, and without it a rejection could not be remembered",
        )
    })?
    .map_err(failed)?;
    Ok(hash)
}
