//! Trial division over [2, √N], a [`Supply::Cover`]: index `i` is the block of the
//! integers `i·30030 … i·30030 + 30029` that lie in [2, √N].

mod search;

use crate::divisor::DivisorCollector;
use crate::plan::{Parameters, PlanError};
use crate::{Collector, Method, Searcher, Supply};
use num_bigint::BigUint;
use num_traits::ToPrimitive;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Integers in a block: the product of the wheel's primes.
const BLOCK: u64 = 2 * 3 * 5 * 7 * 11 * 13;

/// The largest number, in bits: √N stays below 2^63, and twice the number below 2^127,
/// as the search wants. 2^63 integers would take a hundred CPU years.
pub(crate) const MAX_BITS: u64 = 126;

/// Integers a second on one core, measured (`cargo bench --bench trial`).
const INTEGERS_PER_SECOND: f64 = 6.0e8;

/// What a plan's text says besides its number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Text {
    block: u64,
}

/// A plan: all that an index means follows from the number and [`BLOCK`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TrialDivision {
    number: BigUint,
    /// ⌊√N⌋.
    root: u64,
}

impl TrialDivision {
    /// Plans it.
    ///
    /// # Errors
    /// When the number has more than [`MAX_BITS`] bits.
    pub(crate) fn new(number: BigUint) -> Result<Self, PlanError> {
        let bits = number.bits();
        match number.sqrt().to_u64() {
            Some(root) if bits <= MAX_BITS => Ok(Self { number, root }),
            _ => Err(PlanError::Unreachable {
                method: Method::TrialDivision,
                bits,
            }),
        }
    }

    /// From a plan's text.
    ///
    /// # Errors
    /// When a parameter is not what this version has.
    pub(crate) fn from_text(number: BigUint, text: &Text) -> Result<Self, PlanError> {
        if text.block != BLOCK {
            return Err(PlanError::Parameter("block is not 30030"));
        }
        Self::new(number)
    }

    /// The inverse of [`Self::from_text`].
    pub(crate) fn text(&self) -> Text {
        Text { block: BLOCK }
    }

    /// One past the last block.
    fn end(&self) -> u64 {
        self.root / BLOCK + 1
    }

    /// The integers of `indices`: from the first to one past the last.
    fn integers(&self, indices: Range<u64>) -> Range<u64> {
        let bound = |index: u64| index.saturating_mul(BLOCK).clamp(2, (self.root + 1).max(2));
        bound(indices.start)..bound(indices.end)
    }
}

/// CPU seconds for any number: also for those that are out of reach.
pub(crate) fn estimate_cpu_seconds(number: &BigUint) -> f64 {
    let root = number.to_f64().unwrap_or(f64::MAX).sqrt();
    root.min(1e300) / INTEGERS_PER_SECOND
}

impl Parameters for TrialDivision {
    fn number(&self) -> &BigUint {
        &self.number
    }

    fn supply(&self) -> Supply {
        Supply::Cover { end: self.end() }
    }

    fn word(&self) -> &'static str {
        "divisors"
    }

    fn weight(&self, indices: Range<u64>) -> u64 {
        let integers = self.integers(indices);
        integers.end.saturating_sub(integers.start)
    }

    fn estimate_cpu_seconds(&self) -> f64 {
        estimate_cpu_seconds(&self.number)
    }

    fn index_cpu_seconds(&self) -> f64 {
        BLOCK as f64 / INTEGERS_PER_SECOND
    }

    fn searcher(&self) -> Box<dyn Searcher> {
        Box::new(search::TrialSearcher::new(self))
    }

    fn collector(&self) -> Box<dyn Collector> {
        Box::new(DivisorCollector::new(self.number.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_of_all_indices_are_the_integers_from_2_to_the_root() {
        for number in [
            15u128,
            9,
            35,
            30_029 * 30_029,
            30_030 * 30_030,
            30_031 * 30_031,
            1 << 80,
        ] {
            let plan = TrialDivision::new(BigUint::from(number)).unwrap();
            let end = plan.end();
            let sum: u64 = (0..end.min(50)).map(|i| plan.weight(i..i + 1)).sum();
            assert_eq!(sum, plan.weight(0..end.min(50)));
            assert_eq!(plan.weight(0..end), number.isqrt() as u64 - 1, "{number}");
            assert!(plan.weight(end - 1..end) > 0);
            assert_eq!(plan.weight(end..u64::MAX), 0);
        }
    }

    #[test]
    fn numbers_from_2_to_the_126_are_refused() {
        assert!(TrialDivision::new((BigUint::from(1u32) << 126u32) - 1u32).is_ok());
        let error = TrialDivision::new(BigUint::from(1u32) << 126u32).unwrap_err();
        assert_eq!(
            error.to_string(),
            "trial-division cannot take a number of 127 bits"
        );
    }
}
