//! The factor base: the primes modulo which kN is a square.

use super::wide::{Magnitude, inverse_word};
use crate::arith::{primes_below, sqrt_mod};
use num_bigint::BigUint;
use num_traits::ToPrimitive;

/// The primes of the base, ascending, the first of them 2; parallel vectors, because
/// the sieve walks through one or two of them at a time.
#[derive(Debug, PartialEq)]
pub(super) struct FactorBase {
    /// The primes.
    pub(super) primes: Vec<u32>,
    /// A square root of kN modulo each; 0 where the prime divides kN.
    pub(super) roots: Vec<u32>,
    /// 1/p, in floating point.
    pub(super) reciprocals: Vec<f64>,
    /// 1/p modulo 2^64 (0 for the prime 2).
    inverses: Vec<u64>,
    /// The primes of the base that divide N itself: the sieve need not even begin.
    pub(super) divisors: Vec<u32>,
}

impl FactorBase {
    /// The first `size` primes of the base of `multiplier · number`. The base of a
    /// number that one of them divides ends there.
    pub(super) fn new(number: &BigUint, multiplier: u32, size: usize) -> Self {
        let mut base = Self {
            primes: Vec::with_capacity(size),
            roots: Vec::with_capacity(size),
            reciprocals: Vec::with_capacity(size),
            inverses: Vec::with_capacity(size),
            divisors: Vec::new(),
        };
        // About half of all primes are in the base; the n-th prime is about n·ln n.
        let count = 2.0 * size as f64 + 50.0;
        let mut limit = (1.2 * count * count.ln()) as u32;
        while base.primes.len() < size && base.divisors.is_empty() {
            let known = base.primes.last().copied().unwrap_or(0);
            for p in primes_below(limit).into_iter().filter(|&p| p > known) {
                base.consider(p, number, multiplier);
                if base.primes.len() == size || !base.divisors.is_empty() {
                    break;
                }
            }
            limit = limit.saturating_mul(2);
        }
        base
    }

    fn consider(&mut self, p: u32, number: &BigUint, multiplier: u32) {
        let residue = (number % p).to_u64().unwrap_or(0);
        if residue == 0 && *number > BigUint::from(p) {
            self.divisors.push(p);
        }
        let square = residue * u64::from(multiplier) % u64::from(p);
        let Some(root) = sqrt_mod(square, u64::from(p)) else {
            return;
        };
        self.primes.push(p);
        self.roots.push(root as u32);
        self.reciprocals.push(1.0 / f64::from(p));
        self.inverses.push(if p == 2 { 0 } else { inverse_word(p) });
    }

    /// 1/p modulo 2^64 for the odd prime at `i`.
    pub(super) fn inverse(&self, i: usize) -> u64 {
        self.inverses[i]
    }

    /// How many primes it has.
    pub(super) fn len(&self) -> usize {
        self.primes.len()
    }

    /// Its largest prime.
    pub(super) fn largest(&self) -> u32 {
        self.primes.last().copied().unwrap_or(2)
    }

    /// Whether the prime at `i` may divide a coefficient `a`: it is odd, and no divisor
    /// of kN.
    pub(super) fn is_eligible(&self, i: usize) -> bool {
        i > 0 && self.roots[i] != 0
    }

    /// Divides by the odd prime at `i` as often as it goes, and notes each time.
    #[inline]
    pub(super) fn divide_out(&self, i: usize, rest: &mut Magnitude, factors: &mut Vec<u32>) {
        while let Some(quotient) = rest.exact_quotient(self.primes[i], self.inverses[i]) {
            *rest = quotient;
            factors.push(i as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::is_prime_u64;

    #[test]
    fn every_prime_of_the_base_has_its_root() {
        let number = BigUint::from(1_000_000_007u64) * 1_000_000_009u64;
        let base = FactorBase::new(&number, 7, 200);
        assert_eq!((base.len(), base.primes[0]), (200, 2));
        assert!(base.divisors.is_empty());
        for (i, (&p, &root)) in base.primes.iter().zip(&base.roots).enumerate() {
            assert!(is_prime_u64(p.into()));
            let square = (&number * 7u32 % p).to_u64().unwrap();
            assert_eq!(u64::from(root) * u64::from(root) % u64::from(p), square);
            assert_eq!(base.is_eligible(i), p != 2 && p != 7);
        }
    }

    #[test]
    fn a_prime_that_divides_the_number_ends_the_base() {
        let base = FactorBase::new(&BigUint::from(3u32 * 1009), 1, 50);
        assert_eq!(base.divisors, [3]);
        let base = FactorBase::new(&BigUint::from(13u32), 5, 5);
        assert!(base.divisors.is_empty());
    }
}
