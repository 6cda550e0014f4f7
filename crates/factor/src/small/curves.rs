//! Elliptic curves until a divisor is found, for small numbers.

use super::rho;
use crate::arith::{Computation, Ring, with_ring};
use crate::ecm::{Attempt, Bounds, Together};
use num_bigint::BigUint;
use num_traits::ToPrimitive;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

/// Curves side by side.
const LANES: usize = 2;

/// Curves that find all primes at once, until another method is tried.
const RHO_AFTER: u32 = 4;

/// A level of effort: for numbers up to so many bits, B1 and B2.
const LEVELS: [(u64, u32, u32); 8] = [
    (44, 30, 800),
    (52, 55, 1_600),
    (58, 110, 3_000),
    (64, 150, 6_000),
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
        let mut inseparable = 0;
        for sigma in (6..).step_by(LANES) {
            match self.bounds.try_curves::<R, LANES>(ring, sigma, self.stop) {
                Together::Divisor(divisor) => return Some(divisor),
                Together::Nothing => {}
                Together::Apart => {
                    let sigmas = sigma..sigma + LANES as u64;
                    let mut tries = sigmas.map(|sigma| self.alone(ring, sigma));
                    if let Some(divisor) = tries.find_map(|divisor| divisor) {
                        return Some(divisor);
                    }
                    // Time and again: all primes are small, and rho tells them apart.
                    inseparable += 1;
                    if inseparable % RHO_AFTER == 0
                        && let Some(word) = self.number.to_u64()
                        && let Some(divisor) = rho::split(word, 1 << 16, self.stop)
                    {
                        return Some(divisor.into());
                    }
                }
                Together::Stopped => break,
            }
        }
        None
    }
}

impl Search<'_> {
    /// Tries one curve, with care.
    #[inline(never)]
    fn alone<R: Ring>(&self, ring: &R, sigma: u64) -> Option<BigUint> {
        match self.bounds.try_curve(ring, sigma, self.stop) {
            Attempt::Divisor(divisor) => Some(divisor),
            Attempt::Everything | Attempt::Nothing | Attempt::Stopped => None,
        }
    }
}
