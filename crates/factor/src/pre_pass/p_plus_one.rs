//! A prime p with smooth p+1 (Williams, "A p+1 Method of Factoring", 1982), in two
//! stages. A start value is good for half of the primes, so five are tried: one prime in
//! 32 is missed.

use super::budget::Budget;
use super::lucas::{ladder, second_stage};
use super::powers::{FirstStage, first_stage};
use super::{WeakKey, Weakness};
use crate::arith::Ring;
use crate::primality::is_prime;
use num_bigint::BigUint;

/// The first stage's bound, where the time suffices.
const B1: u32 = 500_000;

/// The second stage's bound, in units of what the first one reached.
const B2_RATIO: u32 = 100;

/// Start values P as fractions. The first two make the order a multiple of 6 and of 4,
/// for the primes they are good for (Montgomery 1987). P² − 4 is −3, −1, 77, 21 and 2, but
/// for squares: none is a product of others, so that each is good for half of the primes
/// that those before it are not good for.
const STARTS: [(u64, u64); 5] = [(2, 7), (6, 5), (9, 1), (5, 1), (6, 1)];

/// Looks for such a prime.
pub(super) fn search<R: Ring>(ring: &R, budget: &Budget<'_>) -> Option<WeakKey> {
    for (tries_left, start) in (1..=STARTS.len()).rev().zip(STARTS) {
        let own = budget.share(1.0 / tries_left as f64);
        let inverse = ring.invert(&ring.lift_u64(start.1))?;
        let v = ring.mul(&ring.lift_u64(start.0), &inverse);
        if let Some(divisor) = from_start(ring, v, &own) {
            let weakness = weakness(&divisor, start);
            return Some(WeakKey::new(divisor, weakness));
        }
    }
    None
}

fn from_start<R: Ring>(ring: &R, v: R::Element, budget: &Budget<'_>) -> Option<BigUint> {
    let two = ring.lift_u64(2);
    let stage = first_stage(
        ring,
        v,
        B1,
        &budget.share(0.6),
        |x, k| ladder(ring, x, k).0,
        |x| ring.sub(x, &two),
    );
    match stage {
        FirstStage::Divisor(divisor) => Some(divisor),
        FirstStage::Everything => None,
        FirstStage::Value(x, reached) => {
            let b2 = reached.saturating_mul(B2_RATIO);
            second_stage(ring, &x, reached, b2, budget)
        }
    }
}

/// Which of p−1 and p+1 was smooth: the order divides p−1 where P² − 4 is a square
/// modulo p.
fn weakness(divisor: &BigUint, (numerator, denominator): (u64, u64)) -> Weakness {
    if !is_prime(divisor) {
        return Weakness::SmoothPPlusOne;
    }
    let four = 4 * denominator * denominator;
    let square = numerator * numerator;
    let magnitude = BigUint::from(square.abs_diff(four));
    let discriminant = if square >= four {
        magnitude
    } else {
        divisor - magnitude % divisor
    };
    let half = (divisor - 1u32) >> 1;
    if discriminant.modpow(&half, divisor) == BigUint::from(1u32) {
        Weakness::SmoothPMinusOne
    } else {
        Weakness::SmoothPPlusOne
    }
}
