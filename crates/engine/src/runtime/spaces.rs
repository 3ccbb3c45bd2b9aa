//! Which parts of one long stretch of memory are taken: the bookkeeping alone, in offsets. It touches no memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A stretch of which parts are taken and given back.
pub(super) struct Spaces {
    /// Start to length; neighbours are always joined.
    free: BTreeMap<usize, usize>,
    /// The same as (length, start), to find the smallest that is long enough.
    by_length: BTreeSet<(usize, usize)>,
    taken: HashMap<usize, usize>,
}

impl Spaces {
    pub(super) fn new(length: usize) -> Self {
        let mut spaces = Self { free: BTreeMap::new(), by_length: BTreeSet::new(), taken: HashMap::new() };
        spaces.add_free(0, length);
        spaces
    }

    /// The start of a part of this length: out of the smallest free part that is long enough, and of those the first. `None` when there is none.
    pub(super) fn take(&mut self, length: usize) -> Option<usize> {
        let &(found, start) = self.by_length.range((length, 0)..).next()?;
        self.remove_free(start, found);
        if found > length {
            self.add_free(start + length, found - length);
        }
        self.taken.insert(start, length);
        Some(start)
    }

    /// Gives back the part that starts there; its length, or `None` when nothing that was taken starts there.
    pub(super) fn give(&mut self, start: usize) -> Option<usize> {
        let length = self.taken.remove(&start)?;
        let (mut from, mut to) = (start, start + length);
        if let Some((&before, &its)) = self.free.range(..start).next_back()
            && before + its == start
        {
            self.remove_free(before, its);
            from = before;
        }
        if let Some(&its) = self.free.get(&to) {
            self.remove_free(to, its);
            to += its;
        }
        self.add_free(from, to - from);
        Some(length)
    }

    /// All that is free, as (start, length).
    pub(super) fn free(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.free.iter().map(|(&start, &length)| (start, length))
    }

    fn add_free(&mut self, start: usize, length: usize) {
        if length > 0 {
            self.free.insert(start, length);
            self.by_length.insert((length, start));
        }
    }

    fn remove_free(&mut self, start: usize, length: usize) {
        self.free.remove(&start);
        self.by_length.remove(&(length, start));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_smallest_part_that_is_long_enough_is_taken() {
        let mut spaces = Spaces::new(100);
        let parts: Vec<usize> = [30, 10, 20, 10].iter().map(|&length| spaces.take(length).unwrap()).collect();
        assert_eq!(parts, [0, 30, 40, 60]);
        spaces.give(0);
        spaces.give(40);
        assert_eq!(spaces.free().collect::<Vec<_>>(), [(0, 30), (40, 20), (70, 30)]);
        assert_eq!(spaces.take(15), Some(40));
        assert_eq!(spaces.take(31), None);
    }

    proptest! {
        #[test]
        fn no_two_parts_overlap_and_nothing_is_lost(steps in prop::collection::vec((any::<bool>(), 1usize..400), 1..200)) {
            let mut spaces = Spaces::new(4000);
            let mut held: Vec<(usize, usize)> = Vec::new();
            for (give, number) in steps {
                if give && !held.is_empty() {
                    let (start, length) = held.swap_remove(number % held.len());
                    prop_assert_eq!(spaces.give(start), Some(length));
                    prop_assert_eq!(spaces.give(start), None);
                } else if let Some(start) = spaces.take(number) {
                    prop_assert!(held.iter().all(|&(other, its)| start + number <= other || other + its <= start));
                    held.push((start, number));
                }
                let mut all: Vec<(usize, usize)> = held.iter().copied().chain(spaces.free()).collect();
                all.sort_unstable();
                let mut end = 0;
                for (start, length) in all {
                    prop_assert_eq!(start, end);
                    end += length;
                }
                prop_assert_eq!(end, 4000);
                let free: Vec<_> = spaces.free().collect();
                prop_assert!(free.windows(2).all(|two| two[0].0 + two[0].1 < two[1].0), "free neighbours are joined");
            }
        }
    }
}
