//! The search of blocks: instead of dividing by each candidate, multiply the candidates
//! together modulo N, and look whether the product has a divisor in common with N.
//!
//! A wheel of the primes up to 13 leaves 5760 candidates of 30030 integers. A
//! multiplication is half a Montgomery step (P. L. Montgomery, "Modular multiplication
//! without trial division", 1985): accumulator of two words × candidate of one, reduced
//! by one word. The powers of 2^64 that this drags along are units modulo N, so the
//! greatest common divisor does not see them.

use super::{BLOCK, TrialDivision};
use crate::divisor;
use crate::{Found, Searcher};
use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::ToPrimitive;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// The primes that the wheel leaves out; they are tried at index 0.
const WHEEL: [u64; 6] = [2, 3, 5, 7, 11, 13];

/// Products that grow side by side, so that one's latency hides behind the others'.
const LANES: usize = 4;

/// Blocks that share one greatest common divisor, and one look at the stop flag.
const BATCH: u64 = 16;

/// Searches blocks for divisors.
pub(super) struct TrialSearcher {
    number: u128,
    root: u64,
    end: u64,
    /// The number without its powers of two: the modulus.
    odd: Modulus,
    /// The integers below [`BLOCK`] that no prime of the wheel divides.
    residues: Vec<u16>,
}

/// An odd modulus below 2^126.
#[derive(Clone, Copy)]
struct Modulus {
    value: u128,
    /// −1/value modulo 2^64.
    negated_inverse: u64,
}

impl Modulus {
    fn new(value: u128) -> Self {
        // Newton's iteration: every step doubles the bits that are right, from 3 on.
        let low = value as u64;
        let mut inverse = low;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(low.wrapping_mul(inverse)));
        }
        Self {
            value,
            negated_inverse: inverse.wrapping_neg(),
        }
    }

    /// `product · candidate / 2^64` modulo the value. `product` and the answer are below
    /// twice the value, the candidate is below 2^63.
    #[inline(always)]
    fn step(self, product: u128, candidate: u64) -> u128 {
        let wide = |x: u64, y: u64| u128::from(x) * u128::from(y);
        let (value_low, value_high) = (self.value as u64, (self.value >> 64) as u64);
        let low = wide(product as u64, candidate);
        let high = wide((product >> 64) as u64, candidate);
        let quotient = (low as u64).wrapping_mul(self.negated_inverse);
        let carry = u128::from(low as u64 != 0);
        high + (low >> 64) + wide(quotient, value_high) + (wide(quotient, value_low) >> 64) + carry
    }
}

impl TrialSearcher {
    pub(super) fn new(plan: &TrialDivision) -> Self {
        // A plan's number fits, or there would be no plan.
        let number = plan.number.to_u128().unwrap_or_default();
        let odd = number >> number.trailing_zeros().min(127);
        Self {
            number,
            root: plan.root,
            end: plan.end(),
            odd: Modulus::new(odd),
            residues: (1..BLOCK as u16)
                .filter(|&r| WHEEL.iter().all(|&p| u64::from(r) % p != 0))
                .collect(),
        }
    }

    /// Whether some candidate of the blocks shares a divisor with the number.
    fn suspicious(&self, blocks: Range<u64>) -> bool {
        let mut products = [1u128; LANES];
        for block in blocks {
            let base = block * BLOCK;
            let (chunks, rest) = self.residues.as_chunks::<LANES>();
            for chunk in chunks {
                for lane in 0..LANES {
                    products[lane] = self.odd.step(products[lane], base + u64::from(chunk[lane]));
                }
            }
            for &residue in rest {
                products[0] = self.odd.step(products[0], base + u64::from(residue));
            }
        }
        products
            .iter()
            .any(|product| product.gcd(&self.odd.value) != 1)
    }

    /// Tries the candidates of a block one by one.
    fn scan(&self, block: u64, found: &mut Vec<Found>) {
        let base = block * BLOCK;
        let wheel = if block == 0 { WHEEL.as_slice() } else { &[] };
        let candidates = self.residues.iter().map(|&r| base + u64::from(r));
        for candidate in wheel.iter().copied().chain(candidates) {
            if candidate > 1
                && candidate <= self.root
                && self.number.is_multiple_of(u128::from(candidate))
            {
                found.push(divisor::finding(block, &BigUint::from(candidate)));
            }
        }
    }
}

impl Searcher for TrialSearcher {
    fn search(&mut self, range: Range<u64>, stop: &AtomicBool, found: &mut Vec<Found>) -> u64 {
        // The first block has the wheel's primes, the last one ends at the root: both
        // are tried one by one.
        let whole = 1..self.end - 1;
        let mut at = range.start;
        while at < range.end.min(self.end) {
            if stop.load(Ordering::Relaxed) {
                return at;
            }
            if !whole.contains(&at) {
                self.scan(at, found);
                at += 1;
                continue;
            }
            let batch = at..(at + BATCH).min(range.end).min(whole.end);
            if self.suspicious(batch.clone()) {
                for block in batch.clone() {
                    if self.suspicious(block..block + 1) {
                        self.scan(block, found);
                    }
                }
            }
            at = batch.end;
        }
        range.end
    }
}
