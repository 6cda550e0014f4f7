//! Lucas chains for the first stage: how to multiply a point of a Montgomery curve by a
//! prime with additions of points whose difference is known.
//!
//! The rules are those of PRAC (Montgomery, "Evaluating recurrences of form X_{m+n} =
//! f(X_m, X_n, X_{m−n}) via Lucas chains", 1983).

use super::curve::{Curve, Point};
use crate::arith::Ring;
use num_bigint::BigUint;
use std::sync::atomic::{AtomicBool, Ordering};

/// A step on three points A, B and C = A − B.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// A ← 2A; all of a chain for the prime 2.
    Double,
    /// Begins a chain: B ← A, C ← A, A ← 2A.
    Start,
    /// Ends a chain: A ← A + B.
    End,
    /// Exchanges A and B.
    Swap,
    /// A PRAC rule, 1 to 9.
    Rule(u8),
}

/// A sequence of chains: the scalar multiplication of a first stage.
#[derive(Debug, Clone, Default)]
pub(super) struct Chain(Vec<Step>);

/// Curve multiplications of an addition and of a doubling.
const ADD: u32 = 6;
const DOUBLE: u32 = 5;

/// Below this, every possible beginning of a chain is tried.
const EXHAUSTIVE: u64 = 512;

impl Chain {
    /// Appends a multiplication by a prime.
    pub(super) fn push(&mut self, prime: u64) {
        if prime == 2 {
            self.0.push(Step::Double);
            return;
        }
        let best = if prime < EXHAUSTIVE {
            cheapest(prime, prime / 2 + 1..prime)
        } else {
            cheapest(
                prime,
                near_golden().map(|ratio| (prime as f64 / ratio).round() as u64),
            )
        };
        self.0.extend(best);
    }

    /// Multiplies a point; none when `stop` was set.
    pub(super) fn multiply<R: Ring>(
        &self,
        curve: &Curve<'_, R>,
        point: &Point<R>,
        stop: &AtomicBool,
    ) -> Option<Point<R>> {
        let mut triple = Triple::new(point);
        for step in &self.0 {
            if matches!(step, Step::Start) && stop.load(Ordering::Relaxed) {
                return None;
            }
            triple.apply(curve, *step);
        }
        Some(triple.a)
    }

    /// Multiplies again, and looks for a proper divisor after every prime: for when all
    /// prime divisors of the number were there at the end.
    pub(super) fn first_divisor<R: Ring>(
        &self,
        curve: &Curve<'_, R>,
        point: &Point<R>,
    ) -> Option<BigUint> {
        let mut triple = Triple::new(point);
        for step in &self.0 {
            triple.apply(curve, *step);
            if matches!(step, Step::Double | Step::End) {
                if let Some(divisor) = curve.ring.proper_divisor(&triple.a.z) {
                    return Some(divisor);
                }
                if triple.a.z == curve.ring.zero() {
                    return None;
                }
            }
        }
        None
    }
}

/// The points that a chain works on.
struct Triple<R: Ring> {
    a: Point<R>,
    b: Point<R>,
    /// A − B within a chain.
    c: Point<R>,
}

impl<R: Ring> Triple<R> {
    fn new(point: &Point<R>) -> Self {
        Self {
            a: *point,
            b: *point,
            c: *point,
        }
    }

    #[inline(always)]
    fn apply(&mut self, curve: &Curve<'_, R>, step: Step) {
        let Self { a, b, c } = self;
        match step {
            Step::Double => *a = curve.double(a),
            Step::Start => {
                (*b, *c) = (*a, *a);
                *a = curve.double(a);
            }
            Step::End => *a = curve.add(a, b, c),
            Step::Swap => std::mem::swap(a, b),
            Step::Rule(1) => {
                let sum = curve.add(a, b, c);
                let next = curve.add(&sum, a, b);
                *b = curve.add(b, &sum, a);
                *a = next;
            }
            Step::Rule(2 | 4) => {
                *b = curve.add(a, b, c);
                *a = curve.double(a);
            }
            Step::Rule(3) => (*b, *c) = (curve.add(a, b, c), *b),
            Step::Rule(5) => {
                *c = curve.add(c, a, b);
                *a = curve.double(a);
            }
            Step::Rule(6) => {
                let twice = curve.double(a);
                let sum = curve.add(a, b, c);
                *a = curve.add(&twice, a, a);
                (*b, *c) = (curve.add(&twice, &sum, c), *b);
            }
            Step::Rule(7) => {
                let sum = curve.add(a, b, c);
                *b = curve.add(&sum, a, b);
                *a = curve.add(&curve.double(a), a, a);
            }
            Step::Rule(8) => {
                let sum = curve.add(a, b, c);
                *c = curve.add(c, a, b);
                *b = sum;
                *a = curve.add(&curve.double(a), a, a);
            }
            Step::Rule(_) => {
                *c = curve.add(c, b, a);
                *b = curve.double(b);
            }
        }
    }
}

/// The golden ratio, and numbers near it whose continued fractions have a single 2
/// among the ones: they begin the shortest chains.
fn near_golden() -> impl Iterator<Item = f64> {
    let golden = f64::midpoint(1.0, 5f64.sqrt());
    let with_two_at = move |position: u32| (0..position).fold(golden + 1.0, |x, _| 1.0 + 1.0 / x);
    std::iter::once(golden).chain((1..12).map(with_two_at))
}

/// The cheapest of the chains that begin with the given values.
fn cheapest(prime: u64, beginnings: impl Iterator<Item = u64>) -> Vec<Step> {
    beginnings
        .filter_map(|r| prac(prime, r))
        .min_by_key(|(_, cost)| *cost)
        .map_or_else(Vec::new, |(steps, _)| steps)
}

/// The chain for `k` that begins with `r`, and its cost; none when k and r share a
/// factor.
fn prac(k: u64, r: u64) -> Option<(Vec<Step>, u32)> {
    if r >= k || 2 * r <= k {
        return None;
    }
    let (mut d, mut e) = (k - r, 2 * r - k);
    let mut steps = vec![Step::Start];
    let mut cost = DOUBLE;
    while d != e {
        if e == 0 || d == 0 {
            return None;
        }
        if d < e {
            (d, e) = (e, d);
            steps.push(Step::Swap);
        }
        let near = d - e <= e / 4;
        let (rule, price);
        (rule, d, e, price) = if near && (d + e).is_multiple_of(3) {
            (1, (2 * d - e) / 3, (2 * e - d) / 3, 3 * ADD)
        } else if near && (d - e).is_multiple_of(6) {
            (2, (d - e) / 2, e, ADD + DOUBLE)
        } else if d.div_ceil(4) <= e {
            (3, d - e, e, ADD)
        } else if (d + e).is_multiple_of(2) {
            (4, (d - e) / 2, e, ADD + DOUBLE)
        } else if d.is_multiple_of(2) {
            (5, d / 2, e, ADD + DOUBLE)
        } else if d.is_multiple_of(3) {
            (6, d / 3 - e, e, 3 * ADD + DOUBLE)
        } else if (d + e).is_multiple_of(3) {
            (7, (d - 2 * e) / 3, e, 3 * ADD + DOUBLE)
        } else if (d - e).is_multiple_of(3) {
            (8, (d - e) / 3, e, 3 * ADD + DOUBLE)
        } else {
            (9, d, e / 2, ADD + DOUBLE)
        };
        cost += price;
        steps.push(Step::Rule(rule));
    }
    steps.push(Step::End);
    (d == 1).then_some((steps, cost + ADD))
}
