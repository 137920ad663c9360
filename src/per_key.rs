//! Values that live as long as the process, one for each key. There is no lock that a fork could
//! leave held: the map is replaced whole.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use arc_swap::ArcSwap;
use once_cell::race::OnceBox;

pub(crate) struct PerKey<K, V>(OnceBox<ArcSwap<HashMap<K, Arc<V>>>>);

impl<K: Clone + Eq + Hash, V: Default> PerKey<K, V> {
    pub const fn new() -> PerKey<K, V> {
        PerKey(OnceBox::new())
    }

    /// The value of a key, made if there is none.
    pub fn get(&self, key: &K) -> Arc<V> {
        let values = self.0.get_or_init(Box::default);
        if let Some(value) = values.load().get(key) {
            return Arc::clone(value);
        }
        let new = Arc::new(V::default());
        let before = values.rcu(|values| {
            let mut values = HashMap::clone(values);
            values.entry(key.clone()).or_insert_with(|| new.clone());
            values
        });
        match before.get(key) {
            Some(value) => Arc::clone(value),
            None => new,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_get_the_same_value_of_a_key() {
        static VALUES: PerKey<u8, u8> = PerKey::new();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| VALUES.get(&1))).collect();
            let values: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
            assert!(
                values
                    .iter()
                    .all(|value| Arc::ptr_eq(value, &VALUES.get(&1)))
            );
        });
        assert!(!Arc::ptr_eq(&VALUES.get(&1), &VALUES.get(&2)));
    }
}
