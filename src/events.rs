//! What happens to a session, for operators: told to the program's callback and counted in
//! [`Metrics`]. The tables here are what every language knows of events. None holds a secret.

use std::ffi::CStr;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::error::{Error, Status};
use crate::metrics::Metrics;
use crate::telling;

macro_rules! kinds {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident = $number:literal, $name:literal, [$($detail:ident),*];
    )*) => {
        /// What happened. The numbers are those of the C API; later versions may add some.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(i32)]
        pub enum EventKind { $($(#[doc = $doc])+ $variant = $number,)* }

        impl EventKind {
            /// Every kind there is.
            pub const ALL: &[EventKind] = &[$(EventKind::$variant),*];

            /// What it means, in words for every language.
            pub fn doc(self) -> &'static str {
                match self { $(EventKind::$variant => concat!($($doc),+).trim_ascii()),* }
            }

            /// The details that tell its events apart.
            pub fn details(self) -> &'static [EventDetail] {
                match self { $(EventKind::$variant => &[$(EventDetail::$detail),*]),* }
            }

            pub(crate) fn c_name(self) -> &'static CStr {
                let name = match self { $(EventKind::$variant => concat!($name, "\0")),* };
                CStr::from_bytes_with_nul(name.as_bytes()).unwrap_or_default()
            }
        }
    };
}

macro_rules! details {
    ($($(#[doc = $doc:literal])+ $variant:ident, $name:literal;)*) => {
        /// What tells events of one kind apart, in a word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum EventDetail { $($(#[doc = $doc])+ $variant,)* }

        impl EventDetail {
            /// Every detail there is.
            pub const ALL: &[EventDetail] = &[$(EventDetail::$variant),*];

            /// What it means, in words for every language.
            pub fn doc(self) -> &'static str {
                match self { $(EventDetail::$variant => concat!($($doc),+).trim_ascii()),* }
            }

            pub(crate) fn c_name(self) -> &'static CStr {
                let name = match self { $(EventDetail::$variant => concat!($name, "\0")),* };
                CStr::from_bytes_with_nul(name.as_bytes()).unwrap_or_default()
            }
        }
    };
}

kinds! {
    /// A login is about to be sent; its slot of the lockout guard is taken.
    LoginBegun = 1, "login_begun", [];
    /// It has ended: the detail is its fate, the duration is from sending to the answer.
    LoginEnded = 2, "login_ended", [Success, Rejected, Locked, Unknown, NotCounted, NotSent];
    /// A call or a login waited for another one; the duration is how long.
    Waited = 3, "waited", [ForLogin, ForLease];
    /// A session token that is shared in the store was taken; no login was needed.
    Adopted = 4, "adopted", [];
    /// A request that was refused for a token is sent again with a new one.
    Resent = 5, "resent", [SessionToken, ApiToken];
    /// The lockout guard refused a login, to keep the account from being locked.
    Blocked = 6, "blocked", [Spacing, RejectedPassword, Limit];
    /// The login that begins is a probe: no slot is left, but its password has worked before, and
    /// one is tried every 15 minutes.
    Probe = 7, "probe", [];
    /// The store of the lockout guard failed, or lost what it held.
    StoreLost = 8, "store_lost", [Unusable, Unsaved, Damaged, Incomplete];
    /// The platform was asked for an API token; the duration is how long that took.
    ApiTokenFetched = 9, "api_token_fetched", [Success, Failure];
}

details! {
    /// The platform gave a token.
    Success, "success";
    /// No token came of it: the status says why.
    Failure, "failure";
    /// The platform rejected the username or password.
    Rejected, "rejected";
    /// The platform says that the contact is locked.
    Locked, "locked";
    /// No answer, or one that tells nothing: the platform may have counted it as a failure.
    Unknown, "unknown";
    /// A gateway refused it before the platform saw it.
    NotCounted, "not_counted";
    /// Nothing of it left this machine.
    NotSent, "not_sent";
    /// Another call of this session was logging in already, and this one shared its outcome.
    ForLogin, "login";
    /// Another session, process or host held the account's lease.
    ForLease, "lease";
    /// The session token was refused and renewed.
    SessionToken, "session_token";
    /// The API token was refused and renewed.
    ApiToken, "api_token";
    /// It is too early after a login of unknown fate, or the platform asked to wait.
    Spacing, "spacing";
    /// The platform rejected this password before.
    RejectedPassword, "rejected_password";
    /// As many logins as `max_login_failures` failed, or may have.
    Limit, "limit";
    /// The store cannot be reached, read or written: no login was sent.
    Unusable, "unusable";
    /// What came of a login could not be written: it counts as of unknown fate.
    Unsaved, "unsaved";
    /// The record could not be read: it counts as one login left at most.
    Damaged, "damaged";
    /// The store lost a part of the record, as this host knows: one login is left at most.
    Incomplete, "incomplete";
}

impl EventKind {
    /// Its name in every language and in metrics, e.g. `login_ended`.
    pub fn name(self) -> &'static str {
        self.c_name().to_str().unwrap_or_default()
    }
}

impl EventDetail {
    /// Its name in every language and in metrics, e.g. `success`.
    pub fn name(self) -> &'static str {
        self.c_name().to_str().unwrap_or_default()
    }
}

/// Something that happened to a session. It holds no secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// What tells it from others of its kind; each kind has [its own](EventKind::details).
    pub detail: Option<EventDetail>,
    /// The failure that it was, or came of.
    pub error: Option<Error>,
    /// When it happened; what took time ended then.
    pub time: SystemTime,
    /// How long it took, where it took time.
    pub duration: Option<Duration>,
    /// How many logins the lockout guard has left, as this session saw last; `None` before it has
    /// looked.
    pub slots_left: Option<u32>,
}

impl Event {
    pub(crate) fn new(kind: EventKind) -> Event {
        Event {
            kind,
            detail: None,
            error: None,
            time: SystemTime::now(),
            duration: None,
            slots_left: None,
        }
    }

    pub(crate) fn detailed(mut self, detail: EventDetail) -> Event {
        debug_assert!(self.kind.details().contains(&detail), "{self:?} {detail:?}");
        self.detail = Some(detail);
        self
    }

    pub(crate) fn because(mut self, error: Option<&Error>) -> Event {
        self.error = error.cloned().map(Error::without_token);
        self
    }

    pub(crate) fn lasting(mut self, duration: Duration) -> Event {
        self.duration = Some(duration);
        self
    }

    /// The status of its failure.
    pub fn status(&self) -> Option<Status> {
        self.error.as_ref().map(Error::status)
    }
}

type EventFn = dyn Fn(&Event) + Send + Sync;

/// The program's callback for events.
#[derive(Clone, Default)]
pub(crate) struct EventSink(Option<Arc<EventFn>>);

impl EventSink {
    pub fn new(callback: impl Fn(&Event) + Send + Sync + 'static) -> EventSink {
        EventSink(Some(Arc::new(callback)))
    }
}

impl fmt::Debug for EventSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventSink(set: {})", self.0.is_some())
    }
}

/// Where all parts of a session say what happened.
#[derive(Debug)]
pub(crate) struct Events {
    sink: EventSink,
    pub metrics: Metrics,
}

impl Events {
    pub fn new(sink: &EventSink) -> Events {
        Events {
            sink: sink.clone(),
            metrics: Metrics::default(),
        }
    }

    /// Counts it at once; the callback is told as [`telling::tell`] does.
    pub fn happened(&self, mut event: Event) {
        self.metrics.count(&event);
        if let Some(callback) = &self.sink.0 {
            event.slots_left = self.metrics.slots_left();
            let callback = Arc::clone(callback);
            telling::tell(move || callback(&event));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::secret::Secret;

    #[test]
    fn names_are_words_and_no_two_are_alike() {
        let kinds = EventKind::ALL.iter().map(|kind| kind.name());
        let details = EventDetail::ALL.iter().map(|detail| detail.name());
        for names in [kinds.collect::<Vec<_>>(), details.collect()] {
            for (place, name) in names.iter().enumerate() {
                let is_word = |c: char| c.is_ascii_lowercase() || c == '_';
                assert!(!name.is_empty() && name.chars().all(is_word), "{name}");
                assert!(!names[..place].contains(name), "{name}");
            }
        }
        let is_used = |detail: &&EventDetail| {
            let mut kinds = EventKind::ALL.iter();
            kinds.any(|kind| kind.details().contains(detail))
        };
        assert!(EventDetail::ALL.iter().all(|detail| is_used(&detail)));
    }

    #[test]
    fn an_event_knows_the_slots_that_are_left_and_no_token() {
        let (told, events) = channel();
        let all = Events::new(&EventSink::new(move |event| {
            told.send(event.clone()).unwrap();
        }));
        all.happened(Event::new(EventKind::Adopted));
        all.metrics.saw_slots_left(2);
        let error = Error::new(Status::SessionExpired, "expired");
        let error = error.with_token(Secret::new("the-token"));
        all.happened(Event::new(EventKind::Blocked).because(Some(&error)));
        let [adopted, blocked] = [events.recv().unwrap(), events.recv().unwrap()];
        assert_eq!((adopted.slots_left, adopted.status()), (None, None));
        assert_eq!(blocked.slots_left, Some(2));
        assert_eq!(blocked.status(), Some(Status::SessionExpired));
        assert!(blocked.error.unwrap().token().is_none());
    }
}
