//! The elliptic curve method (Lenstra 1987): a prime divisor p is found when the order
//! of a random curve modulo p has only small prime factors.
//!
//! [`Bounds`] hold what a level of effort needs, computed once; [`Bounds::try_curve`]
//! tries one curve in any [`Ring`]. Called by [`crate::small`], the pre-pass and the
//! distributed method.

mod chain;
mod curve;
mod plan;
mod stage2;

use crate::arith::{Lanes, Ring, primes_below};
use chain::Chain;
use curve::{Curve, Made};
use num_bigint::BigUint;
pub(crate) use plan::{EllipticCurves, Text, estimate_cpu_seconds};
pub(crate) use stage2::{Pairs, baby_steps};
use std::sync::atomic::AtomicBool;

/// The two bounds of a level of effort, with the precomputed stages.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    stage1: Chain,
    stage2: Pairs,
}

/// What curves side by side came to.
pub(crate) enum Together {
    /// A proper divisor; not always prime.
    Divisor(BigUint),
    /// Nothing.
    Nothing,
    /// Every prime divisor appeared at once in one of them: each is to be tried by
    /// itself.
    Apart,
    /// The flag was set before they were done.
    Stopped,
}

/// What a curve came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// A proper divisor; not always prime.
    Divisor(BigUint),
    /// Every prime divisor appeared at once: the bounds are too large for the number.
    Everything,
    /// Nothing.
    Nothing,
    /// The flag was set before the curve was done.
    Stopped,
}

impl Bounds {
    /// Stage 1 finds orders whose prime powers are all up to `b1`; stage 2 allows for
    /// one prime more, up to `b2`.
    pub(crate) fn new(b1: u32, b2: u32) -> Self {
        let mut stage1 = Chain::default();
        for p in primes_below(b1.saturating_add(1)) {
            let mut power = p;
            loop {
                stage1.push(p.into());
                match power.checked_mul(p) {
                    Some(next) if next <= b1 => power = next,
                    _ => break,
                }
            }
        }
        // Every curve's order is a multiple of 12, so two twos and a three come free.
        for p in [2, 2, 3] {
            stage1.push(p);
        }
        Self {
            stage1,
            stage2: Pairs::for_curves(b1, b2),
        }
    }

    /// Tries Suyama's curves for `W` numbers from `sigma` (at least 6) on, side by side:
    /// faster than one after the other in a short ring.
    pub(crate) fn try_curves<R: Ring, const W: usize>(
        &self,
        ring: &R,
        sigma: u64,
        stop: &AtomicBool,
    ) -> Together {
        let lanes = Lanes::<R, W>(ring);
        let sigmas = std::array::from_fn(|i| ring.lift_u64(sigma + i as u64));
        let (curve, start) = match Curve::suyama(&lanes, &sigmas) {
            Made::Curve(curve, start) => (curve, start),
            Made::Divisor(divisor) => return Together::Divisor(divisor),
            Made::Degenerate => return Together::Apart,
        };
        let Some(point) = self.stage1.multiply(&curve, &start, stop) else {
            return Together::Stopped;
        };
        let Some(shared) = self.stage2.run(&curve, &point, stop) else {
            return Together::Stopped;
        };
        // One look for all, nearly always.
        match lanes.proper_divisor(&shared) {
            Some(divisor) => Together::Divisor(divisor),
            None if shared.contains(&ring.zero()) => Together::Apart,
            None => shared
                .iter()
                .find_map(|shared| ring.proper_divisor(shared))
                .map_or(Together::Nothing, Together::Divisor),
        }
    }

    /// Tries Suyama's curve for `sigma` (at least 6).
    pub(crate) fn try_curve<R: Ring>(&self, ring: &R, sigma: u64, stop: &AtomicBool) -> Attempt {
        let (curve, start) = match Curve::suyama(ring, &ring.lift_u64(sigma)) {
            Made::Curve(curve, start) => (curve, start),
            Made::Divisor(divisor) => return Attempt::Divisor(divisor),
            Made::Degenerate => return Attempt::Nothing,
        };
        let Some(point) = self.stage1.multiply(&curve, &start, stop) else {
            return Attempt::Stopped;
        };
        if point.z == ring.zero() {
            // The primes' orders are done at different steps, unless they are equal.
            return match self.stage1.first_divisor(&curve, &start) {
                Some(divisor) => Attempt::Divisor(divisor),
                None => Attempt::Everything,
            };
        }
        // Stage 2 meets what stage 1 found.
        let Some(shared) = self.stage2.run(&curve, &point, stop) else {
            return Attempt::Stopped;
        };
        if let Some(divisor) = ring.proper_divisor(&shared) {
            return Attempt::Divisor(divisor);
        }
        if shared != ring.zero() {
            return Attempt::Nothing;
        }
        // All at once: stage 1 alone may tell them apart.
        match ring.proper_divisor(&point.z) {
            Some(divisor) => Attempt::Divisor(divisor),
            None => Attempt::Everything,
        }
    }
}

#[cfg(test)]
mod tests;
