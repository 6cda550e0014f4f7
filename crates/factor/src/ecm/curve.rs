//! Montgomery curves b·y² = x³ + a·x² + x in x-coordinates (Montgomery, "Speeding the
//! Pollard and Elliptic Curve Methods of Factorization", 1987).

use crate::arith::Ring;
use num_bigint::BigUint;

/// A point (X : Z); (0 : 0) or Z = 0 modulo a prime is its point at infinity.
pub(super) struct Point<R: Ring> {
    pub(super) x: R::Element,
    pub(super) z: R::Element,
}

impl<R: Ring> Clone for Point<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R: Ring> Copy for Point<R> {}

/// A curve modulo the ring's number.
pub(super) struct Curve<'a, R: Ring> {
    pub(super) ring: &'a R,
    /// (a + 2)/4.
    a24: R::Element,
}

/// What trying to make a curve came to.
pub(super) enum Made<'a, R: Ring> {
    /// A curve and a point on it.
    Curve(Curve<'a, R>, Point<R>),
    /// The inversion met a proper divisor.
    Divisor(BigUint),
    /// σ is of no use with this number.
    Degenerate,
}

impl<'a, R: Ring> Curve<'a, R> {
    /// Suyama's curve for σ (at least 6), whose order is a multiple of 12, and a point.
    pub(super) fn suyama(ring: &'a R, sigma: &R::Element) -> Made<'a, R> {
        let u = ring.sub(&ring.square(sigma), &ring.lift_u64(5));
        let two_sigma = ring.add(sigma, sigma);
        let v = ring.add(&two_sigma, &two_sigma);
        let cube = |x: &R::Element| ring.mul(&ring.square(x), x);
        let u3 = cube(&u);
        let three_u = ring.add(&ring.add(&u, &u), &u);
        let numerator = ring.mul(&cube(&ring.sub(&v, &u)), &ring.add(&three_u, &v));
        // 16·u³·v
        let mut denominator = ring.mul(&u3, &v);
        for _ in 0..4 {
            denominator = ring.add(&denominator, &denominator);
        }
        let Some(inverse) = ring.invert(&denominator) else {
            return match ring.proper_divisor(&denominator) {
                Some(divisor) => Made::Divisor(divisor),
                None => Made::Degenerate,
            };
        };
        let a24 = ring.mul(&numerator, &inverse);
        let point = Point { x: u3, z: cube(&v) };
        Made::Curve(Self { ring, a24 }, point)
    }

    /// (a + 2)/4.
    #[cfg(test)]
    pub(super) fn a24(&self) -> R::Element {
        self.a24
    }

    /// 2P.
    #[inline]
    pub(super) fn double(&self, p: &Point<R>) -> Point<R> {
        let ring = self.ring;
        let sum = ring.square(&ring.add(&p.x, &p.z));
        let difference = ring.square(&ring.sub(&p.x, &p.z));
        let four_xz = ring.sub(&sum, &difference);
        let scaled = ring.add(&difference, &ring.mul(&self.a24, &four_xz));
        Point {
            x: ring.mul(&sum, &difference),
            z: ring.mul(&four_xz, &scaled),
        }
    }

    /// P + Q, given P − Q (or Q − P).
    #[inline]
    pub(super) fn add(&self, p: &Point<R>, q: &Point<R>, difference: &Point<R>) -> Point<R> {
        let ring = self.ring;
        let u = ring.mul(&ring.sub(&p.x, &p.z), &ring.add(&q.x, &q.z));
        let v = ring.mul(&ring.add(&p.x, &p.z), &ring.sub(&q.x, &q.z));
        let sum = ring.square(&ring.add(&u, &v));
        let gap = ring.square(&ring.sub(&u, &v));
        Point {
            x: ring.mul(&difference.z, &sum),
            z: ring.mul(&difference.x, &gap),
        }
    }

    /// (k·P, (k + 1)·P) for a `k` of at least 1, by Montgomery's ladder.
    pub(super) fn ladder(&self, p: &Point<R>, k: u64) -> (Point<R>, Point<R>) {
        let (mut low, mut high) = (*p, self.double(p));
        for bit in (0..u64::BITS - 1 - k.leading_zeros()).rev() {
            let sum = self.add(&low, &high, p);
            (low, high) = if k >> bit & 1 == 1 {
                (sum, self.double(&high))
            } else {
                (self.double(&low), sum)
            };
        }
        (low, high)
    }
}
