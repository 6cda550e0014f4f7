//! A prime much smaller than the root, by elliptic curves of rising effort.

use super::budget::{Budget, cpu_time};
use super::{WeakKey, Weakness};
use crate::arith::Ring;
use crate::ecm::{Attempt, Bounds};
use crate::primality::is_prime;
use num_bigint::BigUint;
use std::time::Duration;

/// B1, B2 and curves, for primes of up to about 10, 15, 20, 25 and 30 digits.
const LEVELS: [(u32, u32, u64); 5] = [
    (300, 15_000, 30),
    (2_000, 150_000, 30),
    (11_000, 1_000_000, 90),
    (50_000, 5_000_000, 220),
    (250_000, 25_000_000, 500),
];

/// Tries curves as long as the next one is likely to be done in time.
pub(super) fn search<R: Ring>(ring: &R, number: &BigUint, budget: &Budget<'_>) -> Option<WeakKey> {
    let mut sigma = 6;
    // What a curve of this level takes: unknown before its first, so what follows from
    // the level below.
    let mut expected = Duration::ZERO;
    let mut b1_before = LEVELS[0].0;
    for (b1, b2, curves) in LEVELS {
        expected = expected * b1 / b1_before;
        b1_before = b1;
        if budget.left() <= expected {
            return None;
        }
        let bounds = Bounds::new(b1, b2);
        for _ in 0..curves {
            if budget.left() <= expected {
                return None;
            }
            let begin = cpu_time();
            match bounds.try_curve(ring, sigma, budget.stop()) {
                Attempt::Divisor(divisor) => {
                    let weakness = weakness(number, &divisor);
                    return Some(WeakKey::new(divisor, weakness));
                }
                Attempt::Stopped => return None,
                Attempt::Everything | Attempt::Nothing => {}
            }
            expected = cpu_time().saturating_sub(begin);
            sigma += 1;
        }
    }
    None
}

/// Two primes, one of them in reach, or more than two.
fn weakness(number: &BigUint, divisor: &BigUint) -> Weakness {
    let cofactor = number / divisor;
    if is_prime(divisor) && is_prime(&cofactor) {
        let bits = divisor.bits().min(cofactor.bits());
        Weakness::ShortFactor { bits }
    } else {
        Weakness::MultiPrime
    }
}
