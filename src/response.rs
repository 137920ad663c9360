//! An answer of the platform, as it came.

use std::fmt;

use crate::error::Result;
use crate::platform::answer;

/// Status, headers and body of one answer. A bad status is an answer too: [`Response::check`] makes
/// an error of it.
#[derive(Clone)]
pub struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// All headers in the order they came.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The whole body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// A typed error for anything but a 2xx answer without a SOAP fault.
    pub fn check(&self) -> Result<()> {
        answer::check(self.status, self.header("retry-after"), &self.body)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("body_length", &self.body.len())
            .finish_non_exhaustive()
    }
}
