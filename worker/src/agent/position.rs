//! Which ledger the worker serves, and which answers it may believe.

use rsac_protocol::{LedgerId, LedgerPosition};
use std::collections::BTreeMap;

/// What an answer's position means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// From the ledger in use.
    Current,
    /// From an earlier opening of a ledger that was seen at a higher generation: from a
    /// master that has been replaced. Not to be believed.
    Stale {
        /// The highest generation seen.
        seen: u64,
    },
    /// From another ledger than the one in use (or none is in use yet).
    Other,
}

/// The ledger in use, and the highest generation seen of each.
#[derive(Debug, Default)]
pub(super) struct Positions {
    current: Option<LedgerPosition>,
    seen: BTreeMap<LedgerId, u64>,
}

impl Positions {
    /// The ledger in use.
    pub(super) fn current(&self) -> Option<LedgerPosition> {
        self.current
    }

    /// Judges an answer, and remembers its generation.
    pub(super) fn judge(&mut self, position: LedgerPosition) -> Standing {
        let seen = self.seen.entry(position.ledger).or_insert(0);
        if position.generation < *seen {
            return Standing::Stale { seen: *seen };
        }
        *seen = position.generation;
        match &mut self.current {
            Some(current) if current.ledger == position.ledger => {
                *current = position;
                Standing::Current
            }
            _ => Standing::Other,
        }
    }

    /// Serves this ledger from now on.
    pub(super) fn adopt(&mut self, position: LedgerPosition) {
        self.current = Some(position);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ledger: u8, generation: u64) -> LedgerPosition {
        LedgerPosition {
            ledger: LedgerId([ledger; 16]),
            generation,
        }
    }

    #[test]
    fn a_generation_never_goes_back_not_even_by_way_of_another_ledger() {
        let mut positions = Positions::default();
        assert_eq!(positions.judge(at(1, 3)), Standing::Other);
        positions.adopt(at(1, 3));
        assert_eq!(positions.judge(at(1, 3)), Standing::Current);
        assert_eq!(positions.judge(at(1, 4)), Standing::Current);
        assert_eq!(positions.judge(at(1, 3)), Standing::Stale { seen: 4 });
        assert_eq!(positions.judge(at(2, 1)), Standing::Other);
        positions.adopt(at(2, 1));
        assert_eq!(positions.judge(at(1, 3)), Standing::Stale { seen: 4 });
        assert_eq!(positions.judge(at(1, 4)), Standing::Other);
    }
}
