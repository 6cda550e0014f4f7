//! Montgomery arithmetic modulo an odd number of up to `L` words, by interleaved
//! multiplication and reduction (CIOS; Koç, Acar, Kaliski 1996).

use super::Ring;
use super::mont64::inverse_of_odd;
use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::One;

/// The ring of integers modulo an odd number below 2^(64·L). An element is
/// x·2^(64·L) mod n, in `0..n`, least significant word first.
#[derive(Debug, Clone)]
pub(crate) struct Montgomery<const L: usize> {
    n: [u64; L],
    /// −n^-1 mod 2^64.
    negative_inverse: u64,
    /// 2^(64·L) mod n.
    one: [u64; L],
    /// 2^(128·L) mod n.
    r_squared: [u64; L],
}

/// The words of a number, padded; none when it is too long.
pub(super) fn words<const L: usize>(x: &BigUint) -> Option<[u64; L]> {
    let mut words = [0; L];
    let mut digits = x.iter_u64_digits();
    if digits.len() > L {
        return None;
    }
    for word in &mut words {
        *word = digits.next().unwrap_or(0);
    }
    Some(words)
}

pub(super) fn big<const L: usize>(x: &[u64; L]) -> BigUint {
    let halves = x.iter().flat_map(|&w| [w as u32, (w >> 32) as u32]);
    BigUint::new(halves.collect())
}

/// `a + b` and the carry.
#[inline]
fn add_words<const L: usize>(a: &[u64; L], b: &[u64; L]) -> ([u64; L], bool) {
    let mut sum = [0; L];
    let mut carry = false;
    for i in 0..L {
        (sum[i], carry) = a[i].carrying_add(b[i], carry);
    }
    (sum, carry)
}

/// `a − b` and the borrow.
#[inline]
fn sub_words<const L: usize>(a: &[u64; L], b: &[u64; L]) -> ([u64; L], bool) {
    let mut difference = [0; L];
    let mut borrow = false;
    for i in 0..L {
        (difference[i], borrow) = a[i].borrowing_sub(b[i], borrow);
    }
    (difference, borrow)
}

/// `a + b·c + carry` as (low, high); never overflows.
#[inline]
pub(super) fn multiply_add(a: u64, b: u64, c: u64, carry: u64) -> (u64, u64) {
    let sum = u128::from(a) + u128::from(b) * u128::from(c) + u128::from(carry);
    (sum as u64, (sum >> 64) as u64)
}

impl<const L: usize> Montgomery<L> {
    /// The ring modulo `n`; none when `n` is even, 1, or too long.
    pub(crate) fn new(n: &BigUint) -> Option<Self> {
        if !n.bit(0) || n.is_one() {
            return None;
        }
        let limbs = words::<L>(n)?;
        let r = BigUint::one() << (64 * L);
        let one = &r % n;
        let r_squared = &one * &one % n;
        Some(Self {
            n: limbs,
            negative_inverse: inverse_of_odd(limbs[0]).wrapping_neg(),
            one: words(&one)?,
            r_squared: words(&r_squared)?,
        })
    }

    /// `x`, or `x − n` when that is not negative; `carry` is x's word above.
    #[inline]
    fn reduce_once(&self, x: [u64; L], carry: bool) -> [u64; L] {
        let (difference, borrow) = sub_words(&x, &self.n);
        if borrow && !carry { x } else { difference }
    }
}

impl<const L: usize> Ring for Montgomery<L> {
    type Element = [u64; L];

    fn modulus(&self) -> BigUint {
        big(&self.n)
    }

    #[inline]
    fn zero(&self) -> [u64; L] {
        [0; L]
    }

    #[inline]
    fn one(&self) -> [u64; L] {
        self.one
    }

    fn lift_u64(&self, x: u64) -> [u64; L] {
        if L == 1 {
            return self.lift(&x.into());
        }
        let mut padded = [0; L];
        padded[0] = x;
        self.mul(&padded, &self.r_squared)
    }

    fn lift(&self, x: &BigUint) -> [u64; L] {
        // A remainder always fits.
        let reduced = words(&(x % self.modulus())).unwrap_or([0; L]);
        self.mul(&reduced, &self.r_squared)
    }

    #[cfg(test)]
    fn to_big(&self, x: &[u64; L]) -> BigUint {
        let mut one = [0; L];
        one[0] = 1;
        big(&self.mul(x, &one))
    }

    #[inline]
    fn add(&self, a: &[u64; L], b: &[u64; L]) -> [u64; L] {
        let (sum, carry) = add_words(a, b);
        self.reduce_once(sum, carry)
    }

    #[inline]
    fn sub(&self, a: &[u64; L], b: &[u64; L]) -> [u64; L] {
        let (difference, borrow) = sub_words(a, b);
        if borrow {
            add_words(&difference, &self.n).0
        } else {
            difference
        }
    }

    // A call costs less than what inlining it everywhere would cost those who build.
    #[inline(never)]
    fn mul(&self, a: &[u64; L], b: &[u64; L]) -> [u64; L] {
        // Invariant: t < 2n, its word above in `top`.
        let mut t = [0; L];
        let mut top = 0u64;
        for &word in b {
            let mut carry = 0;
            for j in 0..L {
                (t[j], carry) = multiply_add(t[j], a[j], word, carry);
            }
            let (upper, overflow) = top.overflowing_add(carry);
            let quotient = t[0].wrapping_mul(self.negative_inverse);
            let (_, mut carry) = multiply_add(t[0], quotient, self.n[0], 0);
            for j in 1..L {
                (t[j - 1], carry) = multiply_add(t[j], quotient, self.n[j], carry);
            }
            let (last, above) = upper.overflowing_add(carry);
            t[L - 1] = last;
            top = u64::from(overflow) + u64::from(above);
        }
        self.reduce_once(t, top != 0)
    }

    fn invert(&self, x: &[u64; L]) -> Option<[u64; L]> {
        // (xR)^-1 becomes x^-1·R by two multiplications with R².
        let inverse = words(&big(x).modinv(&self.modulus())?)?;
        Some(self.mul(&self.mul(&inverse, &self.r_squared), &self.r_squared))
    }

    fn proper_divisor(&self, x: &[u64; L]) -> Option<BigUint> {
        // The representation differs from the value by a unit.
        let n = self.modulus();
        let divisor = big(x).gcd(&n);
        (!divisor.is_one() && divisor != n).then_some(divisor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::{Computation, with_ring};
    use proptest::prelude::*;

    /// Computes with two elements by every operation, for comparison with `BigUint`.
    struct Everything<'a>(&'a BigUint, &'a BigUint);

    impl Computation for Everything<'_> {
        type Output = [BigUint; 7];

        fn run<R: Ring>(self, ring: &R) -> [BigUint; 7] {
            let (a, b) = (ring.lift(self.0), ring.lift(self.1));
            [
                ring.to_big(&ring.add(&a, &b)),
                ring.to_big(&ring.sub(&a, &b)),
                ring.to_big(&ring.mul(&a, &b)),
                ring.to_big(&ring.pow(&a, &(self.1 % 1000u32))),
                ring.to_big(&ring.lift_u64(u64::MAX)),
                ring.to_big(&ring.neg(&a)),
                ring.invert(&b).map_or(BigUint::ZERO, |b| ring.to_big(&b)),
            ]
        }
    }

    fn agrees(n: &BigUint, a: &BigUint, b: &BigUint) {
        let expected = [
            (a + b) % n,
            (a + n - b % n) % n,
            a * b % n,
            a.modpow(&(b % 1000u32), n),
            BigUint::from(u64::MAX) % n,
            (n - a % n) % n,
            b.modinv(n).unwrap_or(BigUint::ZERO),
        ];
        assert_eq!(with_ring(n, Everything(a, b)).unwrap(), expected, "mod {n}");
    }

    fn long(words: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = BigUint> {
        // Extreme words make carries; random ones seldom do.
        let word = prop_oneof![Just(0u32), Just(u32::MAX), any::<u32>()];
        proptest::collection::vec(word, words).prop_map(BigUint::new)
    }

    proptest! {
        #[test]
        fn agrees_with_bignum(mut n in long(1..129), a in long(0..129), b in long(0..129)) {
            n.set_bit(0, true);
            if n.is_one() {
                n.set_bit(1, true);
            }
            agrees(&n, &a, &b);
        }
    }
}
