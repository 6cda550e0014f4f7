//! Montgomery arithmetic modulo an odd number of up to 126 bits: the two words are one
//! `u128`, and the two spare bits leave no carry to keep.

use super::Ring;
use super::mont64::inverse_of_odd;
use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{One, ToPrimitive};

/// The ring of integers modulo an odd number below 2^126. An element is x·2^128 mod n,
/// in `0..n`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mont128 {
    n: u128,
    /// −n^-1 mod 2^64.
    negative_inverse: u64,
    /// 2^128 mod n.
    one: u128,
    /// 2^256 mod n.
    r_squared: u128,
}

/// The full product of two words.
#[inline(always)]
fn wide(a: u64, b: u64) -> u128 {
    u128::from(a) * u128::from(b)
}

impl Mont128 {
    /// The largest modulus, in bits.
    pub(crate) const BITS: u64 = 126;

    /// The ring modulo `n`; none when `n` is even, 1, or too long.
    pub(crate) fn new(n: &BigUint) -> Option<Self> {
        if !n.bit(0) || n.is_one() || n.bits() > Self::BITS {
            return None;
        }
        let one = (BigUint::one() << 128u32) % n;
        let r_squared = &one * &one % n;
        let word = n.to_u128()?;
        Some(Self {
            n: word,
            negative_inverse: inverse_of_odd(word as u64).wrapping_neg(),
            one: one.to_u128()?,
            r_squared: r_squared.to_u128()?,
        })
    }

    /// A word of the reduction: the sum of t (of two words, its own low word `low`
    /// below them) and the multiple of n that clears `low`.
    #[inline(always)]
    fn clear(&self, low: u64, t: u128) -> u128 {
        let quotient = low.wrapping_mul(self.negative_inverse);
        // The low words add up to 2^64, unless they are 0.
        let carry = (wide(quotient, self.n as u64) >> 64) + u128::from(low != 0);
        t + wide(quotient, (self.n >> 64) as u64) + carry
    }

    #[inline(always)]
    fn product(&self, a: u128, b: u128) -> u128 {
        let (a0, a1) = (a as u64, (a >> 64) as u64);
        let (b0, b1) = (b as u64, (b >> 64) as u64);
        // Every sum is below 2^128, since n is below 2^126.
        let low = wide(a0, b0);
        let t = self.clear(low as u64, wide(a1, b0) + (low >> 64));
        let low = wide(a0, b1) + u128::from(t as u64);
        let t = self.clear(low as u64, wide(a1, b1) + (low >> 64) + (t >> 64));
        t.min(t.wrapping_sub(self.n))
    }
}

/// The inverse of `a` modulo an odd `m`; none when they share a factor. (Euclid, with
/// words as soon as both are.)
fn inverse(a: u128, m: u128) -> Option<u128> {
    // The coefficients alternate in sign, so their absolute values are enough; they
    // never exceed m.
    let (mut r0, mut r1) = (m, a % m);
    let (mut t0, mut t1) = (0u128, 1u128);
    let mut negative = false;
    while r1 != 0 {
        let q = if r0 >> 64 == 0 {
            u128::from(r0 as u64 / r1 as u64)
        } else {
            r0 / r1
        };
        (r0, r1) = (r1, r0 - q * r1);
        (t0, t1) = (t1, t0.wrapping_add(q.wrapping_mul(t1)));
        negative = !negative;
    }
    (r0 == 1).then_some(if negative { t0 } else { m - t0 })
}

impl Ring for Mont128 {
    type Element = u128;

    fn modulus(&self) -> BigUint {
        self.n.into()
    }
    #[inline]
    fn zero(&self) -> u128 {
        0
    }
    #[inline]
    fn one(&self) -> u128 {
        self.one
    }
    #[inline]
    fn lift_u64(&self, x: u64) -> u128 {
        // A factor may be any word: the other is reduced, and so the product is.
        self.product(self.r_squared, x.into())
    }
    fn lift(&self, x: &BigUint) -> u128 {
        // A remainder always fits.
        let reduced = (x % self.n).to_u128().unwrap_or(0);
        self.product(reduced, self.r_squared)
    }
    #[cfg(test)]
    fn to_big(&self, x: &u128) -> BigUint {
        self.product(*x, 1).into()
    }
    #[inline(always)]
    fn add(&self, a: &u128, b: &u128) -> u128 {
        let sum = a + b;
        sum.min(sum.wrapping_sub(self.n))
    }
    #[inline(always)]
    fn sub(&self, a: &u128, b: &u128) -> u128 {
        let difference = a.wrapping_sub(*b);
        difference.min(difference.wrapping_add(self.n))
    }
    #[inline(always)]
    fn mul(&self, a: &u128, b: &u128) -> u128 {
        self.product(*a, *b)
    }
    fn invert(&self, x: &u128) -> Option<u128> {
        // (xR)^-1 becomes x^-1·R by two multiplications with R².
        let inverse = inverse(*x, self.n)?;
        let r = self.product(inverse, self.r_squared);
        Some(self.product(r, self.r_squared))
    }
    fn proper_divisor(&self, x: &u128) -> Option<BigUint> {
        // The representation differs from the value by a unit.
        let divisor = x.gcd(&self.n);
        (divisor != 1 && divisor != self.n).then(|| divisor.into())
    }
}
