//! What can go wrong, once for every language: a [`Status`] that never changes its number, and an
//! [`Error`] with what a person needs to act. Errors are made where the facts are known; this file
//! only holds them.

use std::ffi::CStr;
use std::fmt;
use std::time::Duration;

use crate::secret::Secret;

/// What every fallible function of this crate returns.
pub type Result<T> = std::result::Result<T, Error>;

macro_rules! statuses {
    ($($(#[doc = $doc:literal])+ $variant:ident = $number:literal, $name:ident;)*) => {
        /// The kind of an error. The numbers are those of the C API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(i32)]
        pub enum Status { $($(#[doc = $doc])+ $variant = $number,)* }

        impl Status {
            /// Every status there is.
            pub const ALL: &[Status] = &[$(Status::$variant),*];

            /// What it means and what to do, in words for every language.
            pub fn doc(self) -> &'static str {
                match self { $(Status::$variant => concat!($($doc),+).trim_ascii()),* }
            }

            pub(crate) fn c_name(self) -> &'static CStr {
                let name = match self {
                    $(Status::$variant => concat!(stringify!($name), "\0")),*
                };
                CStr::from_bytes_with_nul(name.as_bytes()).unwrap_or_default()
            }
        }
    };
}

statuses! {
    /// An argument or option is missing, unknown, contradicts another or has a bad value; the
    /// message names it. Nothing was sent.
    InvalidArgument = 1, TSM_E_INVALID_ARGUMENT;
    /// The session, or another handle, was closed or freed, is NULL, or never was one of its kind.
    InvalidHandle = 2, TSM_E_INVALID_HANDLE;
    /// A buffer has no room for the text and its NUL. It holds "" then, if there is room for that.
    BufferTooSmall = 3, TSM_E_BUFFER_TOO_SMALL;
    /// The platform rejected the username or password. This password is not sent again: correct it,
    /// do not retry.
    Credentials = 10, TSM_E_CREDENTIALS;
    /// The platform says that the contact is locked. Only Verizon's support can unlock it.
    Locked = 11, TSM_E_LOCKED;
    /// The lockout guard refused a login, to keep the account from being locked. Nothing was sent;
    /// the message says why and what to do.
    LoginBlocked = 12, TSM_E_LOGIN_BLOCKED;
    /// The platform refused the session token, and logging in again is off, did not help, or came
    /// too late for a body that can be sent only once. The error holds that token: log in again
    /// with it (which sends nothing where that was done), then make the request again.
    SessionExpired = 13, TSM_E_SESSION_EXPIRED;
    /// No API token is to be had, or the platform rejects it: check app_key and app_secret, or
    /// api_token. The error holds the token that was rejected.
    ApiToken = 14, TSM_E_API_TOKEN;
    /// The session was logged out, or has not logged in yet. Log in to go on.
    NotLoggedIn = 15, TSM_E_NOT_LOGGED_IN;
    /// Any other error or SOAP fault of the platform. The error holds its code, which the
    /// platform's page "Error Messages" explains.
    Platform = 20, TSM_E_PLATFORM;
    /// The platform asks for fewer requests (HTTP 429). Try again later; the error may say when.
    RateLimited = 21, TSM_E_RATE_LIMITED;
    /// The platform failed (HTTP 5xx) without an error of its own. Try again later; the error may
    /// say when.
    Unavailable = 22, TSM_E_UNAVAILABLE;
    /// The answer is not what the platform documents: malformed, without a token, too large. Check
    /// base_url, and what stands between.
    Protocol = 23, TSM_E_PROTOCOL;
    /// The platform could not be reached, or the connection broke. What was sent may have been
    /// acted on.
    Network = 30, TSM_E_NETWORK;
    /// The call's time ran out. What was sent may have been acted on.
    Timeout = 31, TSM_E_TIMEOUT;
    /// The TLS handshake failed, or the server's certificate is not to be trusted.
    Tls = 32, TSM_E_TLS;
    /// The call or its session was cancelled. What was sent may have been acted on.
    Cancelled = 33, TSM_E_CANCELLED;
    /// The store cannot be reached, read or written. The message names it and says what to do.
    Store = 40, TSM_E_STORE;
    /// The session was made before this process was forked. Make a new one in the child.
    Forked = 41, TSM_E_FORKED;
    /// A defect of this library: report it, with the message. The process and other sessions are
    /// unharmed.
    Internal = 99, TSM_E_INTERNAL;
}

impl Status {
    /// The name the C API knows it by, e.g. `TSM_E_TIMEOUT`.
    pub fn name(self) -> &'static str {
        self.c_name().to_str().unwrap_or_default()
    }

    /// Whether a call that failed so may succeed later without a change, where its error does not
    /// say otherwise.
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Status::RateLimited | Status::Unavailable | Status::Network | Status::Timeout
        )
    }
}

/// One failure: its kind, what the platform said, and what to do.
///
/// It holds no secret that its printed form could leak; the refused token is only reachable through
/// [`Error::token`].
#[derive(Clone)]
pub struct Error(Box<Facts>);

#[derive(Clone)]
struct Facts {
    status: Status,
    message: String,
    /// The part of the message that the platform said.
    said: String,
    code: String,
    http_status: u16,
    retryable: bool,
    retry_after: Option<Duration>,
    token: Option<Secret>,
    /// How many bytes at the end of the message say what to do, and nothing else.
    advice: usize,
}

impl Error {
    pub(crate) fn new(status: Status, message: impl Into<String>) -> Error {
        Error(Box::new(Facts {
            status,
            message: message.into(),
            said: String::new(),
            code: String::new(),
            http_status: 0,
            retryable: status.is_retryable(),
            retry_after: None,
            token: None,
            advice: 0,
        }))
    }

    /// Says first what the failure happened to.
    pub(crate) fn about(mut self, what: &str) -> Error {
        self.0.message = format!("{what}: {}", self.0.message);
        self
    }

    /// Says last what to do.
    pub(crate) fn advising(mut self, what: &str) -> Error {
        self.0.message = format!("{}. {what}", self.0.message);
        self.0.advice += what.len() + if self.0.advice == 0 { 0 } else { 2 };
        self
    }

    /// What happened, and the advice that was put last, or "".
    pub(crate) fn apart(&self) -> (&str, &str) {
        let message = &self.0.message;
        match self.0.advice {
            0 => (message, ""),
            length => {
                let (what, advice) = message.split_at(message.len() - length);
                (what.trim_end_matches(". "), advice)
            }
        }
    }

    /// Notes which part of the message are the platform's words.
    pub(crate) fn quoting(mut self, said: String) -> Error {
        self.0.said = said;
        self
    }

    /// Takes secrets out of the platform's words, which may repeat what it was sent; our own stay
    /// as they are. A secret of under four letters may be any word, and stays.
    pub(crate) fn masking(mut self, secrets: &[&Secret]) -> Error {
        for secret in secrets.iter().map(|secret| secret.reveal()) {
            if secret.len() >= 4 {
                let masked = self.0.said.replace(secret, "***");
                self.0.message = self.0.message.replacen(&self.0.said, &masked, 1);
                self.0.said = masked;
                self.0.code = self.0.code.replace(secret, "***");
            }
        }
        self
    }

    pub(crate) fn with_code(mut self, code: impl Into<String>) -> Error {
        self.0.code = code.into();
        self
    }

    pub(crate) fn with_http_status(mut self, http_status: u16) -> Error {
        self.0.http_status = http_status;
        self
    }

    pub(crate) fn with_retry_after(mut self, retry_after: Option<Duration>) -> Error {
        self.0.retry_after = retry_after;
        self
    }

    pub(crate) fn with_token(mut self, token: Secret) -> Error {
        self.0.token = Some(token);
        self
    }

    /// For those who are to know of the failure, and not of the token.
    pub(crate) fn without_token(mut self) -> Error {
        self.0.token = None;
        self
    }

    pub(crate) fn with_retryable(mut self, retryable: bool) -> Error {
        self.0.retryable = retryable;
        self
    }

    /// The kind of failure.
    pub fn status(&self) -> Status {
        self.0.status
    }

    /// What happened and what to do, in plain words.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The platform's errorCode or faultcode as it was sent, or "".
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The HTTP status of the answer behind this error, 0 if there was none.
    pub fn http_status(&self) -> u16 {
        self.0.http_status
    }

    /// Whether the same call may succeed later without anything being changed.
    pub fn retryable(&self) -> bool {
        self.0.retryable
    }

    /// How long the platform asks to wait, if it said.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The token that was refused, for `relogin` or `renew_api_token`.
    pub fn token(&self) -> Option<&Secret> {
        self.0.token.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.status.name(), self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("status", &self.0.status)
            .field("message", &self.0.message)
            .field("code", &self.0.code)
            .field("http_status", &self.0.http_status)
            .field("retryable", &self.0.retryable)
            .field("retry_after", &self.0.retry_after)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_falls_on_the_platforms_words_alone() {
        let message = "rejected the username or password (HTTP 400, \"the password password\")";
        let said = "\"the password password\"";
        let error = Error::new(Status::Credentials, message).quoting(said.into());
        let error = error.masking(&[&Secret::new("password")]);
        assert_eq!(
            error.message(),
            "rejected the username or password (HTTP 400, \"the *** ***\")"
        );
        assert_eq!(error.apart(), (error.message(), ""));
        let error = error.about("logging in").masking(&[&Secret::new("the ")]);
        assert!(
            error
                .message()
                .starts_with("logging in: rejected the username")
        );
        assert!(error.message().ends_with("\"****** ***\")"), "{error}");
    }

    #[test]
    fn advice_comes_last_and_can_be_taken_apart() {
        let error = Error::new(Status::Store, "no room").about("/x");
        assert_eq!(error.apart(), ("/x: no room", ""));
        let error = error.advising("Make some").advising("Or take another");
        assert_eq!(error.apart(), ("/x: no room", "Make some. Or take another"));
        assert_eq!(error.message(), "/x: no room. Make some. Or take another");
    }
}
