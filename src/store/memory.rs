//! The store of one process, shared by its sessions. It has no lock that a fork could leave held:
//! records are replaced whole, and a lease whose holder did not come along into a forked child is
//! free there.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};
use once_cell::race::OnceBox;

use super::{Found, Key, Lease, Record, Store};
use crate::error::Result;
use crate::fork;

static ENTRIES: OnceBox<ArcSwap<HashMap<Key, Arc<Entry>>>> = OnceBox::new();

#[derive(Default)]
struct Entry {
    record: ArcSwapOption<Record>,
    /// 0 when free, else one more than the fork generation of the process that holds it.
    holder: AtomicU64,
}

pub(crate) struct MemoryStore;

impl MemoryStore {
    fn entry(key: &Key) -> Arc<Entry> {
        let entries = ENTRIES.get_or_init(Box::default);
        if let Some(entry) = entries.load().get(key) {
            return Arc::clone(entry);
        }
        let new = Arc::new(Entry::default());
        let before = entries.rcu(|entries| {
            let mut entries = HashMap::clone(entries);
            entries.entry(key.clone()).or_insert_with(|| new.clone());
            entries
        });
        match before.get(key) {
            Some(entry) => Arc::clone(entry),
            None => new,
        }
    }
}

/// Accounts whose default store failed in this process: it counts them here, and by itself.
static ALONE: OnceBox<ArcSwap<HashSet<Key>>> = OnceBox::new();

pub(crate) fn count_alone(key: &Key) {
    ALONE.get_or_init(Box::default).rcu(|keys| {
        let mut keys = HashSet::clone(keys);
        keys.insert(key.clone());
        keys
    });
}

pub(crate) fn counts_alone(key: &Key) -> bool {
    ALONE.get_or_init(Box::default).load().contains(key)
}

fn me() -> u64 {
    u64::from(fork::generation()) + 1
}

impl Store for MemoryStore {
    fn try_lease(&self, key: &Key) -> Result<Option<Box<dyn Lease>>> {
        let entry = MemoryStore::entry(key);
        let holder = entry.holder.load(Ordering::Acquire);
        if holder == me() {
            return Ok(None);
        }
        // Free, or held by a thread of the parent's that does not exist here.
        let taken =
            entry
                .holder
                .compare_exchange(holder, me(), Ordering::AcqRel, Ordering::Relaxed);
        Ok(taken
            .is_ok()
            .then(|| Box::new(MemoryLease { entry }) as Box<dyn Lease>))
    }

    fn peek(&self, key: &Key) -> Result<Found> {
        Ok(found(&MemoryStore::entry(key)))
    }

    fn name(&self) -> String {
        "memory:".into()
    }
}

struct MemoryLease {
    entry: Arc<Entry>,
}

impl Lease for MemoryLease {
    fn load(&mut self) -> Result<Found> {
        Ok(found(&self.entry))
    }

    fn save(&mut self, record: &Record) -> Result<()> {
        self.entry.record.store(Some(Arc::new(record.clone())));
        Ok(())
    }
}

impl Drop for MemoryLease {
    fn drop(&mut self) {
        self.entry.holder.store(0, Ordering::Release);
    }
}

fn found(entry: &Entry) -> Found {
    match entry.record.load_full() {
        None => Found::Nothing,
        Some(record) => Found::Record(Box::new(Record::clone(&record))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(username: &str) -> Key {
        Key {
            realm: "memory-test".into(),
            username: username.into(),
        }
    }

    #[test]
    fn one_lease_at_a_time_per_key() {
        let lease = MemoryStore.try_lease(&key("a")).unwrap().unwrap();
        assert!(MemoryStore.try_lease(&key("a")).unwrap().is_none());
        assert!(MemoryStore.try_lease(&key("b")).unwrap().is_some());
        drop(lease);
        assert!(MemoryStore.try_lease(&key("a")).unwrap().is_some());
    }

    #[test]
    fn what_is_saved_is_seen_by_all() {
        let mut lease = MemoryStore.try_lease(&key("c")).unwrap().unwrap();
        assert!(matches!(lease.load().unwrap(), Found::Nothing));
        lease.save(&Record::new([1; 16])).unwrap();
        assert!(matches!(
            MemoryStore.peek(&key("c")).unwrap(),
            Found::Record(_)
        ));
    }

    #[test]
    fn threads_never_hold_a_lease_together() {
        let inside = AtomicU64::new(0);
        let rounds = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    while rounds.load(Ordering::Relaxed) < 2000 {
                        if let Some(lease) = MemoryStore.try_lease(&key("d")).unwrap() {
                            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                            inside.fetch_sub(1, Ordering::SeqCst);
                            rounds.fetch_add(1, Ordering::Relaxed);
                            drop(lease);
                        }
                    }
                });
            }
        });
    }
}
