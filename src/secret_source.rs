//! Where a secret of a session comes from: as it was set, or from a file that is read when the
//! secret is needed, and once more when the platform refused it. So a secret can be changed while
//! a program runs.

use std::cell::OnceCell;

use crate::config::invalid;
use crate::error::Result;
use crate::options;
use crate::secret::Secret;
use crate::secret_file;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SecretSource {
    Given(Secret),
    File {
        /// The option that the secret could be given by instead; its rules hold.
        option: &'static str,
        path: String,
    },
}

impl SecretSource {
    /// The secret as it is now.
    pub fn read(&self) -> Result<Secret> {
        let (option, path) = match self {
            SecretSource::Given(secret) => return Ok(secret.clone()),
            SecretSource::File { option, path } => (option, path),
        };
        let wrong = |why: &str| invalid(format!("{option}_file: {why}"));
        let secret = secret_file::read(path).map_err(|flaw| wrong(&flaw.to_string()))?;
        options::find(option)?
            .check(secret.reveal())
            .map_err(|why| wrong(&format!("{path}: {why}")))?;
        Ok(secret)
    }

    pub fn is_file(&self) -> bool {
        matches!(self, SecretSource::File { .. })
    }
}

/// A secret for one purpose, such as a login: read when it is first wanted, and the same from then
/// on, unless the platform refuses it.
pub(crate) struct SecretAtHand<'a> {
    source: Result<&'a SecretSource>,
    read: OnceCell<Secret>,
    was_refused: bool,
}

impl<'a> SecretAtHand<'a> {
    /// Without a source its failure is that of whoever needs the secret.
    pub fn new(source: Result<&'a SecretSource>) -> SecretAtHand<'a> {
        SecretAtHand {
            source,
            read: OnceCell::new(),
            was_refused: false,
        }
    }

    /// Fails where there is no source. Nothing is read.
    pub fn source(&self) -> Result<&'a SecretSource> {
        self.source.clone()
    }

    pub fn get(&self) -> Result<&Secret> {
        if self.read.get().is_none() {
            let _ = self.read.set(self.source()?.read()?);
        }
        Ok(self.read.get().expect("it was read"))
    }

    /// Whether the source has another secret by now than the one that was refused, which is at hand
    /// from then on. True once at most.
    pub fn has_changed(&mut self) -> bool {
        if std::mem::replace(&mut self.was_refused, true) {
            return false;
        }
        let file = self.source.as_ref().ok().filter(|source| source.is_file());
        let Some(Ok(secret)) = file.map(|source| source.read()) else {
            return false;
        };
        let changed = self.read.get() != Some(&secret);
        self.read = OnceCell::from(secret);
        changed
    }
}
