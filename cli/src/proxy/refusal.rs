//! What the proxy answers by itself: why, as a status of HTTP and as one of the library's.

use std::time::Duration;

use thingspace_session::{Error, Status};

use crate::failure::Told;
use crate::time::seconds;

/// An answer that is not the platform's.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub http_status: u16,
    pub status: Status,
    pub message: String,
    retryable: bool,
    retry_after: Option<Duration>,
    /// What the platform said.
    code: String,
    platform_status: u16,
}

impl Refusal {
    /// Of a request that is at fault itself.
    pub fn new(http_status: u16, message: impl Into<String>) -> Refusal {
        Refusal {
            http_status,
            status: Status::InvalidArgument,
            message: message.into(),
            retryable: false,
            retry_after: None,
            code: String::new(),
            platform_status: 0,
        }
    }

    /// The client took too long.
    pub fn slow() -> Refusal {
        Refusal {
            status: Status::Timeout,
            ..Refusal::new(408, "the request did not come in time")
        }
    }

    /// How long to wait, in whole seconds.
    pub fn retry_after_s(&self) -> Option<u64> {
        self.retry_after.map(seconds)
    }

    pub fn retryable(&self) -> bool {
        self.retryable
    }

    pub fn body(&self) -> Vec<u8> {
        let told = Told {
            status: self.status as i32,
            name: self.status.name(),
            message: &self.message,
            retryable: self.retryable,
            retry_after_s: self.retry_after_s(),
            code: &self.code,
            http_status: self.platform_status,
        };
        told.line()
    }
}

impl From<&Error> for Refusal {
    fn from(error: &Error) -> Refusal {
        Refusal {
            http_status: http_status(error.status()),
            status: error.status(),
            message: error.message().to_owned(),
            retryable: error.retryable(),
            retry_after: error.retry_after(),
            code: error.code().to_owned(),
            platform_status: error.http_status(),
        }
    }
}

/// What a failure of the session is to a client of the proxy. A 4xx is what the client can mend;
/// 401 is left to the proxy's own bearer.
fn http_status(status: Status) -> u16 {
    match status {
        Status::InvalidArgument => 400,
        Status::LoginBlocked | Status::RateLimited | Status::Unavailable | Status::Cancelled => 503,
        Status::Timeout => 504,
        Status::Store | Status::Internal | Status::Forked => 500,
        Status::InvalidHandle | Status::BufferTooSmall => 500,
        Status::Credentials
        | Status::Locked
        | Status::SessionExpired
        | Status::ApiToken
        | Status::NotLoggedIn
        | Status::Platform
        | Status::Protocol
        | Status::Network
        | Status::Tls => 502,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_an_answer() {
        for status in Status::ALL {
            assert!((400..600).contains(&http_status(*status)), "{status:?}");
        }
    }

    #[test]
    fn time_to_wait_is_whole_seconds_and_enough() {
        let mut refusal = Refusal::new(503, "x");
        assert_eq!(refusal.retry_after_s(), None);
        refusal.retry_after = Some(Duration::from_millis(4001));
        assert_eq!(refusal.retry_after_s(), Some(5));
        let body: serde_json::Value = serde_json::from_slice(&refusal.body()).unwrap();
        assert_eq!(body["status"], 1);
        assert_eq!(body["retry_after"], 5);
    }
}
