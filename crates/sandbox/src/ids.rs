//! Ids and keys that look like each service's own, made from a seed so that a test run can be repeated.
//!
//! Not for secrets of anything but the sandbox.

use std::sync::atomic::{AtomicU64, Ordering};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LOWER: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// A sequence of pseudo-random numbers (SplitMix64, Steele, Lea and Flood 2014) that many threads may draw from.
#[derive(Debug)]
pub(crate) struct Ids {
    state: AtomicU64,
}

impl Ids {
    pub(crate) fn from_seed(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed) }
    }

    pub(crate) fn number(&self) -> u64 {
        let step = 0x9E37_79B9_7F4A_7C15_u64;
        let mut z = self.state.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// `prefix` followed by `length` letters and digits of both cases.
    pub(crate) fn mixed(&self, prefix: &str, length: usize) -> String {
        self.text(prefix, length, BASE62)
    }

    /// `prefix` followed by `length` lower-case letters and digits.
    pub(crate) fn lower(&self, prefix: &str, length: usize) -> String {
        self.text(prefix, length, LOWER)
    }

    fn text(&self, prefix: &str, length: usize, alphabet: &[u8]) -> String {
        let mut text = String::with_capacity(prefix.len() + length);
        text.push_str(prefix);
        for _ in 0..length {
            let index = usize::try_from(self.number() % alphabet.len() as u64).unwrap_or(0);
            text.push(char::from(alphabet[index]));
        }
        text
    }

    /// Puts `items` into a random order (Fisher and Yates).
    pub(crate) fn shuffle<T>(&self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = usize::try_from(self.number() % (last as u64 + 1)).unwrap_or(0);
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids_and_no_id_comes_twice() {
        let (first, second) = (Ids::from_seed(7), Ids::from_seed(7));
        let mut seen = std::collections::HashSet::new();
        for _ in 0..1_000 {
            let id = first.mixed("cs_test_", 24);
            assert_eq!(id, second.mixed("cs_test_", 24));
            assert!(seen.insert(id));
        }
    }
}
