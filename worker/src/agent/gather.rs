//! What a lane computed and has not reported yet, and how it is cut into reports.

use super::{Piece, Time};
use rsac_factor::Found;
use rsac_protocol::{Finding, MAX_REPORT_BYTES};
use std::time::Duration;

/// Room for a report's other fields: two names of a resource's length, a digest, an id
/// and ten varints take less than half of this.
const HEAD_BYTES: usize = 4096;

/// The findings that fit in one report.
pub(super) const MAX_FINDINGS_BYTES: usize = MAX_REPORT_BYTES - HEAD_BYTES;

/// The most that a finding takes in a report: index and length as varints, and the data.
fn cost(found: &Found) -> usize {
    10 + 5 + found.data.len()
}

/// Searched and unreported: a range of one unit, and what was found there.
#[derive(Debug)]
pub(super) struct Gathered {
    from: u64,
    to: u64,
    found: Vec<Found>,
    bytes: usize,
    since: Option<Time>,
    cpu: Duration,
}

/// A report's range and content.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) findings: Vec<Finding>,
    pub(super) cpu: Duration,
}

impl Gathered {
    /// Nothing yet, of a search that starts at `from`.
    pub(super) fn new(from: u64) -> Self {
        Self {
            from,
            to: from,
            found: Vec::new(),
            bytes: 0,
            since: None,
            cpu: Duration::ZERO,
        }
    }

    /// Adds what was computed just now.
    pub(super) fn add(&mut self, now: Time, piece: Piece) {
        if piece.range.start == self.to && !piece.range.is_empty() {
            self.since
                .get_or_insert_with(|| now.saturating_sub(piece.wall));
            self.to = piece.range.end;
            self.bytes += piece.found.iter().map(cost).sum::<usize>();
            self.found.extend(piece.found);
        }
        self.cpu += piece.cpu;
    }

    /// Bytes of findings.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// When the work on it began; none when there is nothing.
    pub(super) fn since(&self) -> Option<Time> {
        self.since
    }

    /// One past the last index searched.
    pub(super) fn to(&self) -> u64 {
        self.to
    }

    /// Takes everything, cut into parts that fit into reports; empty when there is
    /// nothing. A cut is made between indices; where the findings of a single index are
    /// too many for one report, its parts name the same index.
    pub(super) fn take(&mut self) -> Vec<Part> {
        let all = std::mem::replace(self, Self::new(self.to));
        if all.from == all.to {
            self.cpu = all.cpu;
            return Vec::new();
        }
        let mut parts = Vec::new();
        let mut part = Part {
            from: all.from,
            to: all.to,
            findings: Vec::new(),
            cpu: all.cpu,
        };
        let mut bytes = 0;
        for found in all.found {
            let size = cost(&found);
            while bytes + size > MAX_FINDINGS_BYTES && !part.findings.is_empty() {
                let rest = part
                    .findings
                    .iter()
                    .rposition(|f| f.index != found.index)
                    .map_or(Vec::new(), |last| part.findings.split_off(last + 1));
                let same_index = part.findings.last().is_some_and(|f| f.index == found.index);
                part.to = found.index + u64::from(same_index);
                bytes = rest.iter().map(|f: &Finding| 15 + f.data.len()).sum();
                let next = Part {
                    from: found.index,
                    to: all.to,
                    findings: rest,
                    cpu: Duration::ZERO,
                };
                parts.push(std::mem::replace(&mut part, next));
            }
            bytes += size;
            part.findings.push(Finding {
                index: found.index,
                data: found.data,
            });
        }
        parts.push(part);
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn piece(from: u64, to: u64, found: Vec<Found>) -> Piece {
        Piece {
            lane: 0,
            range: from..to,
            found,
            wall: Duration::from_millis(250),
            cpu: Duration::from_millis(200),
            idle: false,
        }
    }

    #[test]
    fn age_counts_from_the_beginning_of_the_work() {
        let mut gathered = Gathered::new(5);
        assert!(gathered.since().is_none() && gathered.take().is_empty());
        gathered.add(Duration::from_secs(1), piece(5, 9, vec![]));
        gathered.add(Duration::from_secs(2), piece(9, 12, vec![]));
        assert_eq!(gathered.since(), Some(Duration::from_millis(750)));
        let parts = gathered.take();
        assert_eq!((parts[0].from, parts[0].to), (5, 12));
        assert_eq!(parts[0].cpu, Duration::from_millis(400));
        assert!(gathered.since().is_none() && gathered.take().is_empty());
    }

    #[test]
    fn one_index_with_too_much_for_a_report_is_cut_within() {
        let mut gathered = Gathered::new(0);
        let found = |n: u8| Found {
            index: 3,
            data: vec![n; 400_000],
        };
        gathered.add(Duration::ZERO, piece(0, 5, (0..4).map(found).collect()));
        let parts = gathered.take();
        let ranges: Vec<_> = parts.iter().map(|p| (p.from, p.to)).collect();
        assert_eq!(ranges, [(0, 4), (3, 5)]);
        assert_eq!(parts.iter().map(|p| p.findings.len()).sum::<usize>(), 4);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn parts_keep_everything_without_a_gap_and_fit(
            sizes in prop::collection::vec((0u64..4, 0usize..400_000), 0..12),
        ) {
            let mut index = 0;
            let found: Vec<Found> = sizes
                .iter()
                .map(|&(skip, size)| {
                    index += skip;
                    Found { index, data: vec![7; size] }
                })
                .collect();
            let mut gathered = Gathered::new(0);
            gathered.add(Duration::ZERO, piece(0, index + 1, found.clone()));
            let parts = gathered.take();
            let mut covered = 0;
            for part in &parts {
                prop_assert!(part.from <= covered && part.from < part.to);
                covered = part.to;
                prop_assert!(part.findings.iter().all(|f| (part.from..part.to).contains(&f.index)));
                let bytes = postcard::to_stdvec(&part.findings).unwrap().len();
                prop_assert!(bytes <= MAX_FINDINGS_BYTES);
            }
            prop_assert_eq!(covered, index + 1);
            let kept: Vec<Found> = parts
                .into_iter()
                .flat_map(|p| p.findings)
                .map(|f| Found { index: f.index, data: f.data })
                .collect();
            prop_assert_eq!(kept, found);
        }
    }
}
