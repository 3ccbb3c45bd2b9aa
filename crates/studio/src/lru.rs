//! Things that may be forgotten, up to a number of bytes: the least recently used goes first.

use std::collections::HashMap;
use std::hash::Hash;

/// A map that forgets. One thing larger than the whole budget is kept until the next comes.
pub(crate) struct ByteLru<K, V> {
    budget: u64,
    held: u64,
    turn: u64,
    entries: HashMap<K, Entry<V>>,
}

struct Entry<V> {
    value: V,
    bytes: u64,
    used: u64,
}

impl<K: Hash + Eq + Clone, V: Clone> ByteLru<K, V> {
    pub(crate) fn new(budget: u64) -> Self {
        Self { budget, held: 0, turn: 0, entries: HashMap::new() }
    }

    pub(crate) fn get(&mut self, key: &K) -> Option<V> {
        self.turn += 1;
        let entry = self.entries.get_mut(key)?;
        entry.used = self.turn;
        Some(entry.value.clone())
    }

    pub(crate) fn put(&mut self, key: K, value: V, bytes: u64) {
        self.remove(&key);
        self.turn += 1;
        self.held += bytes;
        self.entries.insert(key, Entry { value, bytes, used: self.turn });
        // The newest stays, whatever its size.
        while self.held > self.budget && self.entries.len() > 1 {
            let Some(oldest) = self.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| key.clone())
            else {
                break;
            };
            self.remove(&oldest);
        }
    }

    pub(crate) fn remove(&mut self, key: &K) {
        if let Some(entry) = self.entries.remove(key) {
            self.held -= entry.bytes;
        }
    }

    /// Forgets all that do not pass.
    pub(crate) fn retain(&mut self, keep: impl Fn(&K, &V) -> bool) {
        self.entries.retain(|key, entry| keep(key, &entry.value));
        self.held = self.entries.values().map(|entry| entry.bytes).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut lru = ByteLru::new(10);
        lru.put("a", 1, 4);
        lru.put("b", 2, 4);
        assert_eq!(lru.get(&"a"), Some(1));
        lru.put("c", 3, 4);
        assert_eq!((lru.get(&"a"), lru.get(&"b"), lru.get(&"c")), (Some(1), None, Some(3)));
    }

    #[test]
    fn one_that_is_too_large_stays_until_the_next() {
        let mut lru = ByteLru::new(10);
        lru.put("small", 1, 1);
        lru.put("large", 2, 100);
        assert_eq!((lru.get(&"small"), lru.get(&"large")), (None, Some(2)));
        lru.put("next", 3, 1);
        assert_eq!((lru.get(&"large"), lru.get(&"next")), (None, Some(3)));
    }

    #[test]
    fn putting_again_replaces_and_counts_once() {
        let mut lru = ByteLru::new(10);
        for value in 0..100 {
            lru.put("a", value, 6);
        }
        lru.put("b", 1, 4);
        assert_eq!(lru.get(&"a"), Some(99));
        lru.retain(|key, _| *key == "b");
        assert_eq!((lru.get(&"a"), lru.held), (None, 4));
    }
}
