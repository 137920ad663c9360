//! Text that must not be seen: wiped when dropped, never printed.
//! The HTTP and TLS crates keep copies in buffers of their own, which are not wiped.

use std::fmt;

use zeroize::Zeroizing;

/// A password, key or token. `Debug` shows `***`; the memory is wiped on drop.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(Zeroizing::new(text.into()))
    }

    /// The text itself. Do not log it, nor keep a copy longer than needed.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_text() {
        assert_eq!(format!("{:?}", Secret::new("IMgr8")), "***");
    }
}
