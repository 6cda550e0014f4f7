//! Sets of indices as merged half-open ranges.

use std::collections::BTreeMap;
use std::ops::Range;

/// A set of indices. Ranges that touch are one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RangeSet {
    /// Start → end; disjoint, and with a gap between any two.
    ranges: BTreeMap<u64, u64>,
    count: u64,
}

impl RangeSet {
    /// Adds `range`, and answers what of it was not in the set before, in order.
    pub fn insert(&mut self, range: Range<u64>) -> Vec<Range<u64>> {
        if range.is_empty() {
            return Vec::new();
        }
        let new = self.gaps(range.clone());
        if new.is_empty() {
            return new;
        }
        self.count += new.iter().map(|r| r.end - r.start).sum::<u64>();
        let mut merged = range;
        if let Some((&start, &end)) = self.ranges.range(..=merged.start).next_back()
            && end >= merged.start
        {
            merged = start..end.max(merged.end);
        }
        while let Some((&start, &end)) = self.ranges.range(merged.start..).next()
            && start <= merged.end
        {
            self.ranges.remove(&start);
            merged.end = merged.end.max(end);
        }
        self.ranges.insert(merged.start, merged.end);
        new
    }

    /// What of `range` is not in the set, in order.
    pub fn gaps(&self, range: Range<u64>) -> Vec<Range<u64>> {
        let mut gaps = Vec::new();
        let mut at = range.start;
        for covered in self.overlapping(range.clone()) {
            if covered.start > at {
                gaps.push(at..covered.start);
            }
            at = covered.end;
        }
        if at < range.end {
            gaps.push(at..range.end);
        }
        gaps
    }

    /// How many indices of `range` are in the set.
    pub fn count_in(&self, range: Range<u64>) -> u64 {
        self.overlapping(range).map(|r| r.end - r.start).sum()
    }

    /// How many indices the set has.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// One past the largest index; 0 for the empty set.
    pub fn end(&self) -> u64 {
        self.ranges.last_key_value().map_or(0, |(_, end)| *end)
    }

    /// The merged ranges, in order.
    pub fn iter(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.ranges.iter().map(|(start, end)| *start..*end)
    }

    /// The end of the merged range that starts just at `start`.
    pub(crate) fn end_of(&self, start: u64) -> Option<u64> {
        self.ranges.get(&start).copied()
    }

    /// The starts of the ranges that overlap `range` or touch it.
    pub(crate) fn touching(&self, range: Range<u64>) -> Vec<u64> {
        let before = self.ranges.range(..range.start).next_back();
        before
            .filter(|(_, end)| **end >= range.start)
            .into_iter()
            .chain(self.ranges.range(range.start..=range.end))
            .map(|(start, _)| *start)
            .collect()
    }

    fn overlapping(&self, range: Range<u64>) -> impl Iterator<Item = Range<u64>> + '_ {
        let first = self
            .ranges
            .range(..=range.start)
            .next_back()
            .map_or(range.start, |(start, _)| *start);
        self.ranges
            .range(first..range.end.max(first))
            .map(move |(start, end)| (*start).max(range.start)..(*end).min(range.end))
            .filter(|r| !r.is_empty())
    }
}

impl FromIterator<Range<u64>> for RangeSet {
    fn from_iter<T: IntoIterator<Item = Range<u64>>>(ranges: T) -> Self {
        let mut set = Self::default();
        for range in ranges {
            set.insert(range);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn behaves_as_a_set_of_indices(
            inserts in proptest::collection::vec((0u64..60, 0u64..20), 0..20),
            probe in (0u64..60, 0u64..30),
        ) {
            let mut set = RangeSet::default();
            let mut model = BTreeSet::new();
            for (start, length) in inserts {
                let new: Vec<u64> = set.insert(start..start + length).into_iter().flatten().collect();
                let expected: Vec<u64> =
                    (start..start + length).filter(|i| model.insert(*i)).collect();
                prop_assert_eq!(new, expected);
            }
            prop_assert_eq!(set.count(), model.len() as u64);
            prop_assert_eq!(set.end(), model.last().map_or(0, |last| last + 1));
            let all: Vec<u64> = set.iter().flatten().collect();
            prop_assert_eq!(&all, &model.iter().copied().collect::<Vec<_>>());
            let probe = probe.0..probe.0 + probe.1;
            let gaps: Vec<u64> = set.gaps(probe.clone()).into_iter().flatten().collect();
            let expected: Vec<u64> = probe.clone().filter(|i| !model.contains(i)).collect();
            prop_assert_eq!(set.count_in(probe.clone()), probe.clone().count() as u64 - gaps.len() as u64);
            prop_assert_eq!(gaps, expected);
            let ranges: Vec<_> = set.iter().collect();
            prop_assert!(ranges.windows(2).all(|w| w[0].end < w[1].start));
        }
    }
}
