//! The connections of a session, all to one origin: kept when an answer has ended well, and used
//! again.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::link::Link;
use super::route::Route;
use crate::error::Result;
use crate::net::Watch;

const MOST_KEPT: usize = 64;
/// Servers and the routers on the way forget a silent connection after a minute or more.
const KEPT_FOR: Duration = Duration::from_secs(90);
/// A connection that answered this lately is as good as a fresh one.
const LATELY: Duration = Duration::from_secs(2);

/// On which connection a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    /// Any. One that was kept may prove dead only once the request is written.
    Any,
    /// For what must not be lost: one that has answered since this call began, and lately, or else
    /// a fresh one.
    Sound,
}

pub(super) struct Connections {
    pub route: Route,
    kept: Mutex<Vec<Link>>,
}

impl Connections {
    pub fn new(route: Route) -> Connections {
        Connections {
            route,
            kept: Mutex::default(),
        }
    }

    /// A connection, and whether it was kept.
    pub fn get(&self, which: Connection, watch: &mut Watch) -> Result<(Link, bool)> {
        match self.kept(which, watch) {
            Some(link) => Ok((link, true)),
            None => {
                let connected = self.route.connect(watch);
                connected.map(|stream| (Link::new(stream), false))
            }
        }
    }

    fn kept(&self, which: Connection, watch: &mut Watch) -> Option<Link> {
        let now = Instant::now();
        let since = match which {
            Connection::Any => now.checked_sub(KEPT_FOR),
            Connection::Sound => now.checked_sub(LATELY).max(Some(watch.running().began())),
        };
        loop {
            // The last one in was used most lately.
            let mut link = self.lock().pop()?;
            let answered = link.answered?;
            if since.is_some_and(|since| answered < since) {
                if which == Connection::Sound {
                    self.lock().push(link);
                }
                return None;
            }
            if link.is_quiet(watch) {
                return Some(link);
            }
        }
    }

    /// Keeps a connection that has answered.
    pub fn keep(&self, link: Link) {
        let mut kept = self.lock();
        let oldest = Instant::now().checked_sub(KEPT_FOR);
        kept.retain(|link| link.answered >= oldest);
        if kept.len() >= MOST_KEPT {
            kept.remove(0);
        }
        kept.push(link);
    }

    pub fn forget_kept(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Link>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
