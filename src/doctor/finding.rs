//! What a diagnosis finds, one line after the other.

use crate::error::{Error, Status};

/// One check and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// What came of it.
    pub verdict: Verdict,
    /// What was found, in a sentence. It holds no secret.
    pub message: String,
    /// What to do, or "" where nothing need be done.
    pub remedy: String,
}

/// How well something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing need be done.
    Fine,
    /// It works, and may not do so for long, or surprise somebody.
    Warning,
    /// Sessions fail with this status because of it.
    Failed(Status),
    /// It cannot be told, because of what was found before.
    NotTried,
}

impl Verdict {
    /// Its name, which never changes.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Fine => "ok",
            Verdict::Warning => "warning",
            Verdict::Failed(_) => "failed",
            Verdict::NotTried => "not tried",
        }
    }
}

macro_rules! checks {
    ($($(#[doc = $doc:literal])+ $check:ident = $name:literal,)*) => {
        /// What is looked at, in this order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Check { $($(#[doc = $doc])+ $check,)* }

        impl Check {
            /// Every check there is.
            pub const ALL: &[Check] = &[$(Check::$check),*];

            /// Its name, which never changes.
            pub fn name(self) -> &'static str {
                match self { $(Check::$check => $name),* }
            }
        }
    };
}

checks! {
    /// This library.
    Library = "library",
    /// The options: what is set where, what is missing or contradicts another.
    Configuration = "configuration",
    /// Variables of the environment that do not do what they seem to.
    Environment = "environment",
    /// Files that hold secrets.
    Files = "files",
    /// Where the lockout guard's record is.
    Store = "store",
    /// Whether the lockout guard lets a login leave.
    Guard = "guard",
    /// The proxy on the way: which one, and whether it opens a tunnel.
    Proxy = "proxy",
    /// The look-up of the host's name.
    Names = "names",
    /// Connections to the host's addresses.
    Connection = "connection",
    /// The TLS handshake and the server's certificate.
    Tls = "tls",
    /// Whether it is the platform that answers.
    Answer = "answer",
    /// This machine's clock beside the platform's.
    Clock = "clock",
    /// Fetching an API token, where that was asked for.
    ApiToken = "api token",
    /// Logging in, where that was asked for.
    Login = "login",
}

/// Takes findings, and remembers whether there was a failure.
pub(super) struct Findings<'a> {
    tell: &'a mut dyn FnMut(Finding),
    pub failures: usize,
    pub warnings: usize,
}

impl<'a> Findings<'a> {
    pub fn new(tell: &'a mut dyn FnMut(Finding)) -> Findings<'a> {
        Findings {
            tell,
            failures: 0,
            warnings: 0,
        }
    }

    pub fn fine(&mut self, check: Check, message: impl Into<String>) {
        self.add(check, Verdict::Fine, message.into(), String::new());
    }

    pub fn warn(&mut self, check: Check, message: impl Into<String>, remedy: impl Into<String>) {
        self.add(check, Verdict::Warning, message.into(), remedy.into());
    }

    pub fn fail(
        &mut self,
        check: Check,
        status: Status,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let verdict = Verdict::Failed(status);
        self.add(check, verdict, message.into(), remedy.into());
    }

    /// A failure as sessions meet it. Its own advice is the remedy, or else this.
    pub fn error(&mut self, check: Check, error: &Error, remedy: &str) {
        let (what, advice) = error.apart();
        let remedy = if advice.is_empty() { remedy } else { advice };
        self.fail(check, error.status(), what, remedy);
    }

    pub fn not_tried(&mut self, check: Check, why: &str) {
        self.add(check, Verdict::NotTried, why.into(), String::new());
    }

    fn add(&mut self, check: Check, verdict: Verdict, message: String, remedy: String) {
        // Ended by whoever asked for this, who knows.
        if verdict == Verdict::Failed(Status::Cancelled) {
            return;
        }
        self.failures += usize::from(matches!(verdict, Verdict::Failed(_)));
        self.warnings += usize::from(verdict == Verdict::Warning);
        (self.tell)(Finding {
            check,
            verdict,
            message,
            remedy,
        });
    }
}
