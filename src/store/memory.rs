//! The store of one process, shared by its sessions. It has no lock that a fork could leave held:
//! records are replaced whole, and a lease whose holder did not come along into a forked child is
//! free there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;

use super::{Found, Key, Lasts, Lease, Record, Store};
use crate::call::Running;
use crate::error::Result;
use crate::fork;
use crate::per_key::PerKey;
use crate::runtime::{Moment, Runtime};

static ENTRIES: PerKey<Key, Entry> = PerKey::new();

#[derive(Default)]
struct Entry {
    record: ArcSwapOption<Record>,
    /// 0 when free, else one more than the fork generation of the process that holds it.
    holder: AtomicU64,
}

pub(crate) struct MemoryStore {
    runtime: Arc<dyn Runtime>,
}

impl MemoryStore {
    pub fn new(runtime: Arc<dyn Runtime>) -> MemoryStore {
        MemoryStore { runtime }
    }
}

fn this_process() -> u64 {
    u64::from(fork::generation()) + 1
}

impl Store for MemoryStore {
    fn try_lease(&self, key: &Key, _: &Running) -> Result<Option<Box<dyn Lease>>> {
        let entry = ENTRIES.get(key);
        let holder = entry.holder.load(Ordering::Acquire);
        if holder == this_process() {
            return Ok(None);
        }
        // Free, or held by a thread of the parent's that does not exist here.
        let taken = entry.holder.compare_exchange(
            holder,
            this_process(),
            Ordering::AcqRel,
            Ordering::Relaxed,
        );
        Ok(taken
            .is_ok()
            .then(|| Box::new(MemoryLease { entry }) as Box<dyn Lease>))
    }

    fn peek(&self, key: &Key, _: &Running) -> Result<Found> {
        Ok(found(&ENTRIES.get(key)))
    }

    fn now(&self, _: &Running) -> Result<Moment> {
        Ok(Moment::now(&*self.runtime))
    }

    fn name(&self) -> String {
        "memory:".into()
    }

    fn lasts(&self) -> Lasts {
        Lasts::AsLongAsTheProcess
    }

    fn lease_in_words(&self, _: &Key) -> String {
        "in this process".into()
    }
}

struct MemoryLease {
    entry: Arc<Entry>,
}

impl Lease for MemoryLease {
    fn load(&mut self, _: &Running) -> Result<Found> {
        Ok(found(&self.entry))
    }

    fn save(&mut self, record: &Record, _: &Running) -> Result<()> {
        self.entry.record.store(Some(Arc::new(record.clone())));
        Ok(())
    }

    fn ends(&self) -> Option<Moment> {
        None
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
    use std::time::Duration;

    use super::*;
    use crate::call::Call;
    use crate::runtime;

    fn key(username: &str) -> Key {
        Key {
            realm: "memory-test".into(),
            username: username.into(),
        }
    }

    fn store() -> MemoryStore {
        MemoryStore::new(runtime::system())
    }

    fn running() -> Running {
        Running::start(&Call::new(), Arc::default(), Duration::from_secs(3600))
    }

    #[test]
    fn one_lease_at_a_time_per_key() {
        let lease = |key: &Key| store().try_lease(key, &running()).unwrap();
        let held = lease(&key("a")).unwrap();
        assert!(lease(&key("a")).is_none());
        assert!(lease(&key("b")).is_some());
        drop(held);
        assert!(lease(&key("a")).is_some());
    }

    #[test]
    fn what_is_saved_is_seen_by_all() {
        let (store, running) = (store(), running());
        let mut lease = store.try_lease(&key("c"), &running).unwrap().unwrap();
        assert!(matches!(lease.load(&running).unwrap(), Found::Nothing));
        let record = Record::new([1; 16], &store.now(&running).unwrap());
        lease.save(&record, &running).unwrap();
        let found = store.peek(&key("c"), &running).unwrap();
        assert!(matches!(found, Found::Record(_)));
    }

    #[test]
    fn threads_never_hold_a_lease_together() {
        let inside = AtomicU64::new(0);
        let rounds = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let (store, running) = (store(), running());
                    while rounds.load(Ordering::Relaxed) < 2000 {
                        if let Some(lease) = store.try_lease(&key("d"), &running).unwrap() {
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
