//! The first stage of p−1 and p+1: raising to the power of every prime power up to a
//! bound, a word of exponents at a time.

use super::budget::Budget;
use crate::arith::{Ring, segments};
use num_bigint::BigUint;

/// Words between two looks for a common divisor.
const BLOCK: usize = 128;

/// What a first stage came to.
pub(super) enum FirstStage<E> {
    /// A proper divisor.
    Divisor(BigUint),
    /// Nothing yet: the value, and the bound that was reached.
    Value(E, u32),
    /// Every prime divisor appeared at once.
    Everything,
}

/// Applies `power(x, k)` for words k that together hold every prime power up to `b1`.
/// `witness(x)` is zero modulo the primes found.
pub(super) fn first_stage<R: Ring>(
    ring: &R,
    begin: R::Element,
    b1: u32,
    budget: &Budget<'_>,
    power: impl Fn(&R::Element, u64) -> R::Element,
    witness: impl Fn(&R::Element) -> R::Element,
) -> FirstStage<R::Element> {
    let mut x = begin;
    let mut reached = 1;
    // Small first words: few primes, so that little is done at once.
    for primes in segments(1, b1) {
        let words = words(&primes, b1);
        for block in words.chunks(BLOCK) {
            let before = x;
            let mut product = ring.one();
            for &(word, last) in block {
                x = power(&x, word);
                product = ring.mul(&product, &witness(&x));
                reached = last;
                if budget.is_over() {
                    break;
                }
            }
            if let Some(divisor) = ring.proper_divisor(&product) {
                return FirstStage::Divisor(divisor);
            }
            if product == ring.zero() {
                return apart(ring, before, block, b1, power, witness);
            }
            if budget.is_over() {
                return FirstStage::Value(x, reached);
            }
        }
    }
    FirstStage::Value(x, reached)
}

/// Goes through a block again, a prime at a time.
fn apart<R: Ring>(
    ring: &R,
    mut x: R::Element,
    block: &[(u64, u32)],
    b1: u32,
    power: impl Fn(&R::Element, u64) -> R::Element,
    witness: impl Fn(&R::Element) -> R::Element,
) -> FirstStage<R::Element> {
    for &(word, _) in block {
        for prime in prime_factors(word, b1) {
            x = power(&x, prime);
            let element = witness(&x);
            if let Some(divisor) = ring.proper_divisor(&element) {
                return FirstStage::Divisor(divisor);
            }
            if element == ring.zero() {
                return FirstStage::Everything;
            }
        }
    }
    FirstStage::Everything
}

/// The prime factors of a word of exponents, with multiplicity.
fn prime_factors(mut word: u64, b1: u32) -> Vec<u64> {
    let mut factors = Vec::new();
    for p in segments(1, b1).flatten().map(u64::from) {
        while word.is_multiple_of(p) {
            factors.push(p);
            word /= p;
        }
        if word == 1 {
            break;
        }
    }
    factors
}

/// Prime powers up to `b1` multiplied together as long as they fit in a word, each with
/// the last prime it holds.
fn words(primes: &[u32], b1: u32) -> Vec<(u64, u32)> {
    let mut words = Vec::new();
    let (mut word, mut last) = (1u64, 1);
    for &p in primes {
        let power = u64::from(p).pow(b1.ilog(p));
        match word.checked_mul(power) {
            Some(longer) => word = longer,
            None => {
                words.push((word, last));
                word = power;
            }
        }
        last = p;
    }
    words.push((word, last));
    words
}
