//! The second stage: one more prime q in the curve's order, B1 < q ≤ B2, by baby steps
//! and giant steps. With q = m·D ± j, the x-coordinates of m·D·Q and j·Q are equal
//! modulo the prime divisor that is wanted.

use super::curve::{Curve, Point};
use crate::arith::{Ring, primes_below};

/// Which pairs of giant and baby steps cover the primes between B1 and B2.
#[derive(Debug, Clone)]
pub(super) struct Pairs {
    /// D.
    wheel: u64,
    /// The j, ascending: below D/2 and coprime to D.
    babies: Vec<u64>,
    /// The first m.
    first_giant: u64,
    /// For each m from the first: one past its last place in `indices`.
    ends: Vec<u32>,
    /// Places in `babies`.
    indices: Vec<u16>,
}

/// So many giant steps are made affine with one inversion.
const BATCH: usize = 512;

impl Pairs {
    /// The pairs for all primes above `b1` and up to `b2`.
    pub(super) fn new(b1: u32, b2: u32) -> Self {
        let wheel: u64 = match b2 {
            0..4_000 => 60,
            4_000..100_000 => 210,
            100_000..20_000_000 => 2_310,
            _ => 9_240,
        };
        let babies: Vec<u64> = (1..wheel / 2)
            .filter(|&j| crate::arith::gcd(j, wheel) == 1)
            .collect();
        let mut place = vec![u16::MAX; wheel as usize / 2 + 1];
        for (i, &j) in babies.iter().enumerate() {
            place[j as usize] = i as u16;
        }
        let giant = |q: u64| (q + wheel / 2) / wheel;
        let first_giant = giant(u64::from(b1) + 1).max(1);
        let mut ends = Vec::new();
        let mut indices: Vec<u16> = Vec::new();
        let mut begin = 0;
        let primes = primes_below(b2.saturating_add(1));
        let skipped = primes.partition_point(|&p| p <= b1);
        let close = |indices: &mut Vec<u16>, ends: &mut Vec<u32>, begin: &mut usize| {
            // q = m·D + j and m·D − j share a pair.
            indices[*begin..].sort_unstable();
            let mut kept = *begin;
            for i in *begin..indices.len() {
                if i == *begin || indices[i] != indices[kept - 1] {
                    indices[kept] = indices[i];
                    kept += 1;
                }
            }
            indices.truncate(kept);
            ends.push(kept as u32);
            *begin = kept;
        };
        for q in primes[skipped..].iter().map(|&q| u64::from(q)) {
            let m = giant(q).max(first_giant);
            while first_giant + (ends.len() as u64) < m {
                close(&mut indices, &mut ends, &mut begin);
            }
            // A prime that divides the wheel is below B1 in every use; it has no place.
            match place.get(q.abs_diff(m * wheel) as usize) {
                Some(&i) if i != u16::MAX => indices.push(i),
                _ => {}
            }
        }
        close(&mut indices, &mut ends, &mut begin);
        Self {
            wheel,
            babies,
            first_giant,
            ends,
            indices,
        }
    }

    /// The product of all differences of x-coordinates: it shares with the modulus
    /// every prime divisor that the stage finds. An inversion that fails ends it at once
    /// with the element that could not be inverted.
    pub(super) fn run<R: Ring>(&self, curve: &Curve<'_, R>, q: &Point<R>) -> R::Element {
        let ring = curve.ring;
        let mut product = ring.one();
        let mut babies = self.baby_points(curve, q);
        let step = curve.ladder(q, self.wheel).0;
        let (mut giant, mut next) = curve.ladder(&step, self.first_giant);
        let mut giants = Vec::with_capacity(BATCH.min(self.ends.len()));
        let mut babies_ready = false;
        let mut begin = 0;
        for batch in self.ends.chunks(BATCH) {
            giants.clear();
            for _ in batch {
                giants.push(giant);
                let after = curve.add(&next, &step, &giant);
                (giant, next) = (next, after);
            }
            if !babies_ready {
                giants.append(&mut babies);
            }
            if let Err(shared) = normalise(ring, &mut giants) {
                return shared;
            }
            if !babies_ready {
                babies = giants.split_off(batch.len());
                babies_ready = true;
            }
            for (giant, &end) in giants.iter().zip(batch) {
                for &i in &self.indices[begin..end as usize] {
                    let difference = ring.sub(&giant.x, &babies[usize::from(i)].x);
                    product = ring.mul(&product, &difference);
                }
                begin = end as usize;
            }
        }
        product
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
