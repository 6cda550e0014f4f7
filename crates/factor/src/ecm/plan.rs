//! Elliptic curves as a distributed method, a [`Supply::Budget`]: index `i` is one
//! curve, its σ drawn from a digest of the number and the index; findings are divisors.
//!
//! Useful for a factor much smaller than the others; never chosen by itself.

use super::{Attempt, Bounds};
use crate::arith::{Computation, Ring, with_ring};
use crate::divisor::{DivisorCollector, finding};
use crate::plan::{Parameters, PlanError};
use crate::{Collector, Found, Searcher, Supply};
use num_bigint::BigUint;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::ops::Range;
use std::sync::atomic::AtomicBool;

/// For factors of so many digits: B1, and the curves after which such a factor was
/// found with a probability of about 1 − 1/e (the customary table for B2 = 100·B1).
const LADDER: [(f64, u32, u32); 6] = [
    (10.0, 400, 15),
    (15.0, 2_000, 25),
    (20.0, 11_000, 90),
    (25.0, 50_000, 300),
    (30.0, 250_000, 700),
    (35.0, 1_000_000, 1_800),
];

/// B2 in units of B1.
const B2_RATIO: u32 = 100;

/// Bounds on a plan's text, so that none makes a worker allocate without end.
const MOST_B1: u32 = 10_000_000;
const MOST_B2: u32 = 1_000_000_000;

/// What a plan's text says besides its number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Text {
    /// The first stage's bound.
    b1: u32,
    /// The second stage's bound.
    b2: u32,
    /// How many curves are tried.
    curves: u32,
}

impl Text {
    /// For numbers of so many bits.
    fn for_size(bits: u64) -> Self {
        let half = bits as f64 * std::f64::consts::LOG10_2 / 2.0;
        let level = LADDER.iter().find(|(digits, ..)| *digits >= half);
        let &(_, b1, curves) = level.unwrap_or(&LADDER[LADDER.len() - 1]);
        let b2 = b1 * B2_RATIO;
        Self { b1, b2, curves }
    }

    /// CPU seconds of a curve modulo a number of so many bits.
    fn curve_cpu_seconds(&self, bits: u64) -> f64 {
        // 1.44 bits a unit of B1, nine multiplications a bit; two of three primes of
        // stage 2 need a multiplication of their own.
        let (b1, b2) = (f64::from(self.b1), f64::from(self.b2));
        let multiplications = 13.0 * b1 + 0.7 * b2 / b2.ln();
        let words = bits.div_ceil(64) as f64;
        // Measured (`cargo bench --bench small -- curves`); long rings are another build.
        let overhead = if words > 4.0 { 60e-9 } else { 5e-9 };
        multiplications * (overhead + 1.8e-9 * words * words)
    }
}

/// A plan.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EllipticCurves {
    number: BigUint,
    text: Text,
}

impl EllipticCurves {
    /// Plans for factors of up to half the number's digits, at most 35.
    ///
    /// # Errors
    /// For even numbers.
    pub(crate) fn new(number: BigUint) -> Result<Self, PlanError> {
        let text = Text::for_size(number.bits());
        Self::from_text(number, text)
    }

    /// From a plan's text.
    ///
    /// # Errors
    /// When a parameter is impossible.
    pub(crate) fn from_text(number: BigUint, text: Text) -> Result<Self, PlanError> {
        if !number.bit(0) {
            return Err(PlanError::Parameter("number is even"));
        }
        if !(10..=MOST_B1).contains(&text.b1) {
            return Err(PlanError::Parameter("b1 is not between 10 and 10000000"));
        }
        if !(text.b1..=MOST_B2).contains(&text.b2) {
            return Err(PlanError::Parameter("b2 is not between b1 and 1000000000"));
        }
        if text.curves == 0 {
            return Err(PlanError::Parameter("curves are none"));
        }
        Ok(Self { number, text })
    }

    /// The inverse of [`Self::from_text`].
    pub(crate) fn text(&self) -> Text {
        self.text.clone()
    }
}

impl Parameters for EllipticCurves {
    fn number(&self) -> &BigUint {
        &self.number
    }

    fn supply(&self) -> Supply {
        Supply::Budget {
            end: self.text.curves.into(),
        }
    }

    fn word(&self) -> &'static str {
        "curves"
    }

    fn weight(&self, indices: Range<u64>) -> u64 {
        indices.end.saturating_sub(indices.start)
    }

    fn estimate_cpu_seconds(&self) -> f64 {
        self.index_cpu_seconds() * f64::from(self.text.curves)
    }

    fn index_cpu_seconds(&self) -> f64 {
        self.text.curve_cpu_seconds(self.number.bits())
    }

    fn searcher(&self) -> Box<dyn Searcher> {
        Box::new(CurveSearcher {
            number: self.number.clone(),
            bounds: Bounds::new(self.text.b1, self.text.b2),
        })
    }

    fn collector(&self) -> Box<dyn Collector> {
        Box::new(DivisorCollector::new(self.number.clone()))
    }
}

/// CPU seconds for a number under this method, were it odd.
pub(crate) fn estimate_cpu_seconds(number: &BigUint) -> f64 {
    let text = Text::for_size(number.bits());
    text.curve_cpu_seconds(number.bits()) * f64::from(text.curves)
}

/// The σ of an index: at least 6, and as good as random.
fn sigma(number: &BigUint, index: u64) -> u64 {
    let mut hash = Sha256::new();
    hash.update(b"elliptic-curve");
    hash.update(number.to_bytes_le());
    hash.update(index.to_le_bytes());
    let digest = hash.finalize();
    let word = digest.iter().take(7).fold(0, |x, &b| x << 8 | u64::from(b));
    word + 6
}

struct CurveSearcher {
    number: BigUint,
    bounds: Bounds,
}

impl Searcher for CurveSearcher {
    fn search(&mut self, range: Range<u64>, stop: &AtomicBool, found: &mut Vec<Found>) -> u64 {
        let start = range.start;
        let curves = Curves {
            searcher: self,
            range,
            stop,
            found,
        };
        with_ring(&self.number, curves).unwrap_or(start)
    }
}

/// A range of curves in a ring; answers one past the last that is done.
struct Curves<'a> {
    searcher: &'a CurveSearcher,
    range: Range<u64>,
    stop: &'a AtomicBool,
    found: &'a mut Vec<Found>,
}

impl Computation for Curves<'_> {
    type Output = u64;

    fn run<R: Ring>(self, ring: &R) -> u64 {
        let CurveSearcher { number, bounds } = self.searcher;
        for index in self.range.clone() {
            match bounds.try_curve(ring, sigma(number, index), self.stop) {
                Attempt::Divisor(divisor) => self.found.push(finding(index, &divisor)),
                Attempt::Stopped => return index,
                Attempt::Everything | Attempt::Nothing => {}
            }
        }
        self.range.end.max(self.range.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meaning_of_indices_is_pinned() {
        let number = BigUint::from(804_556_097u32);
        let sigmas: Vec<u64> = (0..3).map(|index| sigma(&number, index)).collect();
        assert_eq!(
            sigmas,
            [34820970109589816, 12690356137443132, 27601427203302057]
        );
    }

    #[test]
    fn impossible_parameters_are_named() {
        let refused = |number: u32, b1, b2, curves| {
            let text = Text { b1, b2, curves };
            EllipticCurves::from_text(number.into(), text)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(refused(16, 100, 200, 1), "a plan whose number is even");
        assert!(refused(15, 9, 200, 1).contains("b1"));
        assert!(refused(15, 20_000_000, 200, 1).contains("b1"));
        assert!(refused(15, 100, 99, 1).contains("b2"));
        assert!(refused(15, 100, 2_000_000_000, 1).contains("b2"));
        assert!(refused(15, 100, 200, 0).contains("curves"));
    }
}
