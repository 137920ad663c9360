//! Where a server is, and what is known of the servers of one store in this process: who is the
//! master, where a cluster moved a key, and connections for the next who needs one. A forked child
//! begins with nothing of it: it never touches its parent's connections.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::link::Link;
use crate::per_key::PerKey;
use crate::runtime::Runtime;
use crate::settings::StoreAccess;
use crate::store_name::{Host, RedisName, Servers};

/// A connection that was not used for this long may have been dropped on the way, unseen.
const KEPT: Duration = Duration::from_secs(60);
const MOST_KEPT: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Socket(String),
    Host(Host),
}

impl Place {
    pub fn all(servers: &Servers) -> Vec<Place> {
        match servers {
            Servers::Unix(path) => vec![Place::Socket(path.clone())],
            Servers::Tcp { hosts, .. } => hosts.iter().cloned().map(Place::Host).collect(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Socket(path) => f.write_str(path),
            Place::Host(host) => write!(f, "{host}"),
        }
    }
}

/// By process and by the name of the store.
static KNOWN: PerKey<(u64, String), Known> = PerKey::new();

#[derive(Default)]
pub(super) struct Known(Mutex<Facts>);

#[derive(Default)]
struct Facts {
    /// Which of the named servers was the last that could be used.
    first: usize,
    master: Option<Place>,
    moved: HashMap<String, Place>,
    idle: Vec<(Link, Instant)>,
}

impl Known {
    pub fn of(name: &RedisName, runtime: &dyn Runtime) -> Arc<Known> {
        KNOWN.get(&(runtime.process(), name.to_string()))
    }

    /// The named servers, the last that could be used first.
    pub fn servers(&self, name: &RedisName) -> Vec<Place> {
        let mut places = Place::all(&name.servers);
        let first = self.facts().first % places.len();
        places.rotate_left(first);
        places
    }

    pub fn can_be_used(&self, name: &RedisName, place: &Place) {
        let all = Place::all(&name.servers);
        if let Some(at) = all.iter().position(|known| known == place) {
            self.facts().first = at;
        }
    }

    /// Where the key is, as far as that was told.
    pub fn place_of(&self, key: &str) -> Option<Place> {
        let facts = self.facts();
        facts.moved.get(key).or(facts.master.as_ref()).cloned()
    }

    pub fn found_master(&self, place: &Place) {
        self.facts().master = Some(place.clone());
    }

    pub fn moved(&self, key: &str, place: &Place) {
        self.facts().moved.insert(key.to_owned(), place.clone());
    }

    /// What was told holds no longer: it is asked for again.
    pub fn forget_place_of(&self, key: &str) {
        let mut facts = self.facts();
        facts.moved.remove(key);
        facts.master = None;
    }

    /// A connection that somebody else is done with.
    pub fn take(&self, place: &Place, access: &StoreAccess) -> Option<Link> {
        let mut facts = self.facts();
        facts.idle.retain(|(_, since)| since.elapsed() < KEPT);
        while let Some(at) = facts
            .idle
            .iter()
            .rposition(|(link, _)| link.place == *place && link.access == *access)
        {
            let (mut link, _) = facts.idle.swap_remove(at);
            if link.is_fit() {
                return Some(link);
            }
        }
        None
    }

    pub fn give_back(&self, mut link: Link) {
        if !link.hush() {
            return;
        }
        let mut facts = self.facts();
        facts.idle.push((link, Instant::now()));
        let surplus = facts.idle.len().saturating_sub(MOST_KEPT);
        facts.idle.drain(..surplus);
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
