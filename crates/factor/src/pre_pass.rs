//! The weak-key pre-pass: known weaknesses of RSA moduli, within a bounded CPU time.

use num_bigint::BigUint;
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeakKey {
    /// Neither 1 nor the number.
    pub divisor: BigUint,
    /// Why it was found.
    pub weakness: Weakness,
}

/// Looks for the known weaknesses of an odd composite that is no perfect power.
pub fn run(number: &BigUint, options: &Options, stop: &AtomicBool) -> Option<WeakKey> {
    let _ = (number, options, stop);
    unimplemented!("written by its owner")
}
