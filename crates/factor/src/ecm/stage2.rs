//! The second stage: one more prime q in the curve's order, B1 < q ≤ B2, by baby steps
//! and giant steps. With q = m·D ± j, the x-coordinates of m·D·Q and j·Q are equal
//! modulo the prime divisor that is wanted.

use super::curve::{Curve, Point};
use crate::arith::{Ring, gcd, segments};
use std::sync::atomic::{AtomicBool, Ordering};

/// Which pairs of giant and baby steps cover the primes between two bounds. The other
/// two-stage methods use it too.
#[derive(Debug, Clone)]
pub(crate) struct Pairs {
    wheel: u64,
    babies: Vec<u64>,
    first_giant: u64,
    /// For each m from the first: one past its last place in `indices`.
    ends: Vec<u32>,
    /// Places in `babies`.
    indices: Vec<u16>,
}

/// So many giant steps are made affine with one inversion.
const BATCH: usize = 512;

/// The baby steps of a wheel D: the j below D/2 that are coprime to it, ascending.
pub(crate) fn baby_steps(wheel: u64) -> Vec<u64> {
    (1..wheel / 2).filter(|&j| gcd(j, wheel) == 1).collect()
}

/// The wheel whose baby steps are worth their price when the primes end at `b2`.
fn wheel_for(b2: u32) -> u64 {
    match b2 {
        0..4_000 => 60,
        4_000..100_000 => 210,
        100_000..20_000_000 => 2_310,
        _ => 9_240,
    }
}

impl Pairs {
    /// The pairs for all primes above `b1` and up to `b2`, but for those that divide the
    /// wheel: they are below B1 in every use.
    pub(crate) fn new(wheel: u64, b1: u32, b2: u32) -> Self {
        let babies = baby_steps(wheel);
        let mut place = vec![None; wheel as usize / 2 + 1];
        for (i, &j) in (0..).zip(&babies) {
            place[j as usize] = Some(i);
        }
        let giant = |q: u64| (q + wheel / 2) / wheel;
        let mut pairs = Self {
            wheel,
            babies,
            first_giant: giant(u64::from(b1) + 1).max(1),
            ends: Vec::new(),
            indices: Vec::new(),
        };
        for q in segments(b1, b2).flatten().map(u64::from) {
            let m = giant(q).max(pairs.first_giant);
            while pairs.first_giant + (pairs.ends.len() as u64) < m {
                pairs.close_giant();
            }
            if let Some(&Some(i)) = place.get(q.abs_diff(m * wheel) as usize) {
                pairs.indices.push(i);
            }
        }
        pairs.close_giant();
        pairs
    }

    /// Ends a giant step: m·D + j and m·D − j share a pair.
    fn close_giant(&mut self) {
        let begin = self.ends.last().map_or(0, |&end| end as usize);
        let mut own = self.indices.split_off(begin);
        own.sort_unstable();
        own.dedup();
        self.indices.append(&mut own);
        self.ends.push(self.indices.len() as u32);
    }

    /// The first m.
    pub(crate) fn first_giant(&self) -> u64 {
        self.first_giant
    }

    /// For each m from the first: places in the baby steps.
    pub(crate) fn giants(&self) -> impl Iterator<Item = &[u16]> {
        let mut begin = 0;
        self.ends.iter().map(move |&end| {
            let own = &self.indices[begin..end as usize];
            begin = end as usize;
            own
        })
    }

    /// The pairs for a curve's second stage.
    pub(super) fn for_curves(b1: u32, b2: u32) -> Self {
        Self::new(wheel_for(b2), b1, b2)
    }

    /// The product of all differences of x-coordinates: it shares with the modulus
    /// every prime divisor that the stage finds. An inversion that fails ends it at once
    /// with the element that could not be inverted. None when `stop` was set.
    pub(super) fn run<R: Ring>(
        &self,
        curve: &Curve<'_, R>,
        q: &Point<R>,
        stop: &AtomicBool,
    ) -> Option<R::Element> {
        let ring = curve.ring;
        let mut product = ring.one();
        let step = curve.ladder(q, self.wheel).0;
        let (mut giant, mut next) = curve.ladder(&step, self.first_giant);
        // The first batch's inversion serves the baby steps too.
        let mut points = self.baby_points(curve, q);
        let mut babies = Vec::new();
        let mut groups = self.giants();
        let mut left = self.ends.len();
        let all_at_once = left <= BATCH;
        while left > 0 {
            let batch = left.min(BATCH);
            let before = points.len();
            for _ in 0..batch {
                points.push(giant);
                (giant, next) = (next, curve.add(&next, &step, &giant));
            }
            if all_at_once {
                equalise(ring, &mut points);
            } else if let Err(shared) = normalise(ring, &mut points) {
                return Some(shared);
            }
            if babies.is_empty() {
                babies = points.drain(..before).map(|point| point.x).collect();
            }
            for (giant, group) in points.drain(..).zip(&mut groups) {
                if stop.load(Ordering::Relaxed) {
                    return None;
                }
                for &i in group {
                    let difference = ring.sub(&giant.x, &babies[usize::from(i)]);
                    product = ring.mul(&product, &difference);
                }
            }
            left -= batch;
        }
        Some(product)
    }

    /// j·Q for every baby step j.
    fn baby_points<R: Ring>(&self, curve: &Curve<'_, R>, q: &Point<R>) -> Vec<Point<R>> {
        let twice = curve.double(q);
        // Odd multiples, each from the two before it: (−1)·Q and 1·Q begin.
        let (mut before, mut point, mut multiple) = (*q, *q, 1);
        let mut points = Vec::with_capacity(self.babies.len() + BATCH);
        for &j in &self.babies {
            while multiple < j {
                let after = curve.add(&point, &twice, &before);
                (before, point) = (point, after);
                multiple += 2;
            }
            points.push(point);
        }
        points
    }
}

/// Gives all points the same Z, the product of all of them, without an inversion. (The
/// Z itself is left out. Modulo a prime that divides it, at most one X is not zero then,
/// so that their differences show the prime, if there are three points or more.)
fn equalise<R: Ring>(ring: &R, points: &mut [Point<R>]) {
    let mut product = ring.one();
    for point in points.iter_mut() {
        point.x = ring.mul(&point.x, &product);
        product = ring.mul(&product, &point.z);
    }
    let mut product = ring.one();
    for point in points.iter_mut().rev() {
        point.x = ring.mul(&point.x, &product);
        product = ring.mul(&product, &point.z);
    }
}

/// Makes Z = 1 in all points with one inversion (Montgomery's trick); the element that
/// could not be inverted when there is one.
fn normalise<R: Ring>(ring: &R, points: &mut [Point<R>]) -> Result<(), R::Element> {
    let mut products = Vec::with_capacity(points.len());
    let mut product = ring.one();
    for point in points.iter() {
        products.push(product);
        product = ring.mul(&product, &point.z);
    }
    let mut inverse = ring.invert(&product).ok_or(product)?;
    for (point, before) in points.iter_mut().zip(products).rev() {
        point.x = ring.mul(&point.x, &ring.mul(&inverse, &before));
        inverse = ring.mul(&inverse, &point.z);
        point.z = ring.one();
    }
    Ok(())
}
