//! The one thing the guard keeps of a password: a salted, memory-hard hash.

use argon2::{Algorithm, Argon2, Params, Version};

use crate::error::{Error, Result, Status};
use crate::secret::{Secret, with_scratch};

pub(crate) type Salt = [u8; 16];
pub(crate) type PasswordHash = [u8; 32];

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
