//! Elliptic curves until a divisor is found, for small numbers.

use super::rho;
use crate::arith::{Computation, Ring, with_ring};
use crate::ecm::{Attempt, Bounds};
use num_bigint::BigUint;
use num_traits::ToPrimitive;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

/// A level of effort: for numbers up to so many bits, B1 and B2.
const LEVELS: [(u64, u32, u32); 8] = [
    (44, 30, 800),
    (52, 55, 1_600),
    (58, 110, 3_000),
    (64, 180, 5_000),
    (72, 280, 9_000),
    (84, 500, 20_000),
    (100, 1_000, 50_000),
    (130, 2_500, 150_000),
];

/// A level's bounds, computed when they are first needed.
fn bounds(bits: u64) -> &'static Bounds {
    static TABLES: [OnceLock<Bounds>; LEVELS.len()] = [const { OnceLock::new() }; LEVELS.len()];
    let level = LEVELS
        .iter()
        .position(|&(most, ..)| bits <= most)
        .unwrap_or(LEVELS.len() - 1);
    let (_, b1, b2) = LEVELS[level];
    TABLES[level].get_or_init(|| Bounds::new(b1, b2))
}

/// A proper divisor of an odd composite; none only when `stop` was set.
pub(super) fn split(number: &BigUint, stop: &AtomicBool) -> Option<BigUint> {
    let search = Search {
        number,
        bounds: bounds(number.bits()),
        stop,
    };
    with_ring(number, search).flatten()
}

struct Search<'a> {
    number: &'a BigUint,
    bounds: &'a Bounds,
    stop: &'a AtomicBool,
}

impl Computation for Search<'_> {
    type Output = Option<BigUint>;

    fn run<R: Ring>(self, ring: &R) -> Option<BigUint> {
        for sigma in 6.. {
            match self.bounds.try_curve(ring, sigma, self.stop) {
                Attempt::Divisor(divisor) => return Some(divisor),
                Attempt::Everything => {
                    // All primes are small: rho tells them apart.
                    let word = self.number.to_u64();
                    if let Some(divisor) = word.and_then(|n| rho::split(n, 1 << 16, self.stop)) {
                        return Some(divisor.into());
                    }
                }
                Attempt::Nothing => {}
                Attempt::Stopped => break,
            }
        }
        None
    }
}
