//! The weak-key pre-pass: known weaknesses of RSA moduli, within a bounded CPU time.
//! A file a weakness; called by the master before it plans a method under `auto`.

mod budget;
mod close;
mod curves;
mod lucas;
mod p_minus_one;
mod p_plus_one;
mod powers;
mod roca;
mod special;
mod trial;
mod wiener;

#[cfg(test)]
mod tests;

use crate::arith::{Computation, Ring, with_ring};
use budget::Budget;
use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::One;
pub use roca::has_roca_fingerprint;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// What the pre-pass may use.
#[derive(Debug, Clone)]
pub struct Options {
    /// CPU time at the most.
    pub budget: Duration,
    /// The public exponent, where known.
    pub public_exponent: Option<BigUint>,
}

/// A weakness that gave a number away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// A factor small enough for trial division.
    SmallFactor,
    /// One of two primes is short enough for elliptic curves.
    ShortFactor {
        /// Its size.
        bits: u64,
    },
    /// Fermat: factors close to each other, or in a small ratio.
    CloseFactors,
    /// Pollard p−1.
    SmoothPMinusOne,
    /// Williams p+1.
    SmoothPPlusOne,
    /// Wiener: the private exponent is small.
    SmallPrivateExponent,
    /// A special form of the number or its factors.
    SpecialForm,
    /// More than two primes, one of them in reach of elliptic curves.
    MultiPrime,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ShortFactor { bits } => {
                return write!(f, "one prime factor of {bits} bits (elliptic curves)");
            }
            Self::SmallFactor => "a small prime factor",
            Self::CloseFactors => "factors close to each other (Fermat)",
            Self::SmoothPMinusOne => "a factor p with smooth p-1 (Pollard)",
            Self::SmoothPPlusOne => "a factor p with smooth p+1 (Williams)",
            Self::SmallPrivateExponent => "a small private exponent (Wiener)",
            Self::SpecialForm => "a special form",
            Self::MultiPrime => "more than two primes, one of them small",
        })
    }
}

/// A proper divisor, and what gave it away.
#[derive(Clone, PartialEq, Eq)]
pub struct WeakKey {
    /// Neither 1 nor the number.
    pub divisor: BigUint,
    /// Why it was found.
    pub weakness: Weakness,
}

impl fmt::Debug for WeakKey {
    /// Without the divisor: a debug print must not leak it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakKey")
            .field("weakness", &self.weakness)
            .finish_non_exhaustive()
    }
}

impl WeakKey {
    fn new(divisor: BigUint, weakness: Weakness) -> Self {
        Self { divisor, weakness }
    }
}

/// Looks for the known weaknesses of an odd composite that is no perfect power: the
/// cheap ones first, each with a share of the time that is left.
///
/// The time is CPU time of the one thread it runs on: a busy machine makes it wait, and
/// finds no less.
pub fn run(number: &BigUint, options: &Options, stop: &AtomicBool) -> Option<WeakKey> {
    let budget = Budget::new(options.budget, stop);
    let found = trial::search(number, &budget.share(0.25))
        .or_else(|| {
            let exponent = options.public_exponent.as_ref()?;
            wiener::search(number, exponent, &budget.share(0.4))
        })
        .or_else(|| special::algebraic(number))
        .or_else(|| close::search(number, &budget.share(0.2)))
        .or_else(|| {
            with_ring(
                number,
                InRing {
                    number,
                    budget: &budget,
                },
            )
            .flatten()
        })?;
    // Nothing is believed before it is seen to divide.
    let proper = !found.divisor.is_one() && found.divisor != *number;
    (proper && number.is_multiple_of(&found.divisor)).then_some(found)
}

/// The searches that compute modulo the number.
struct InRing<'a> {
    number: &'a BigUint,
    budget: &'a Budget<'a>,
}

impl Computation for InRing<'_> {
    type Output = Option<WeakKey>;

    fn run<R: Ring>(self, ring: &R) -> Option<WeakKey> {
        special::near_round_numbers(ring, self.number, &self.budget.share(0.1))
            .or_else(|| p_minus_one::search(ring, &self.budget.share(0.3)))
            .or_else(|| p_plus_one::search(ring, &self.budget.share(0.4)))
            .or_else(|| curves::search(ring, self.number, self.budget))
    }
}
