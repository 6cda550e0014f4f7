//! Montgomery arithmetic modulo long odd numbers, whose length is known when it runs:
//! one build of the loops serves all of them.

use super::Ring;
use super::mont64::inverse_of_odd;
use super::montgomery::{big, multiply_add, words};
use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::One;

/// The ring of integers modulo an odd number of up to `C` words. With a modulus of l
/// words, an element is x·2^(64·l) mod n, in `0..n`, least significant word first; the
/// words above are 0.
#[derive(Debug, Clone)]
pub(crate) struct Long<const C: usize> {
    n: [u64; C],
    /// The modulus' words.
    len: usize,
    /// −n^-1 mod 2^64.
    negative_inverse: u64,
    one: [u64; C],
    /// 2^(128·len) mod n.
    r_squared: [u64; C],
}

/// `a + b` into `sum`; the carry.
fn add_words(sum: &mut [u64], a: &[u64], b: &[u64]) -> bool {
    let mut carry = false;
    for ((sum, &a), &b) in sum.iter_mut().zip(a).zip(b) {
        (*sum, carry) = a.carrying_add(b, carry);
    }
    carry
}

/// `a − b` into `difference`; the borrow.
fn sub_words(difference: &mut [u64], a: &[u64], b: &[u64]) -> bool {
    let mut borrow = false;
    for ((difference, &a), &b) in difference.iter_mut().zip(a).zip(b) {
        (*difference, borrow) = a.borrowing_sub(b, borrow);
    }
    borrow
}

/// `t ← (t + a·word + quotient·n) / 2^64` for the quotient that makes it exact, where
/// t has the word `top` above it, which is answered anew. All are of one length.
#[inline(always)]
fn step(t: &mut [u64], top: u64, a: &[u64], word: u64, n: &[u64], negative_inverse: u64) -> u64 {
    let len = t.len();
    let (a, n) = (&a[..len], &n[..len]);
    let (low, mut carry) = multiply_add(t[0], a[0], word, 0);
    let quotient = low.wrapping_mul(negative_inverse);
    let (_, mut second) = multiply_add(low, quotient, n[0], 0);
    for j in 1..len {
        let sum;
        (sum, carry) = multiply_add(t[j], a[j], word, carry);
        (t[j - 1], second) = multiply_add(sum, quotient, n[j], second);
    }
    let (upper, overflow) = top.overflowing_add(carry);
    let (last, above) = upper.overflowing_add(second);
    t[len - 1] = last;
    u64::from(overflow) + u64::from(above)
}

/// The Montgomery product into `t`, which begins as 0.
#[inline(never)]
fn product(t: &mut [u64], a: &[u64], b: &[u64], n: &[u64], negative_inverse: u64) {
    let mut top = 0;
    for &word in b {
        top = step(t, top, a, word, n, negative_inverse);
    }
    reduce_once(t, n, top != 0);
}

/// `t`, or `t − n` when that is not negative; `carry` is t's word above.
fn reduce_once(t: &mut [u64], n: &[u64], carry: bool) {
    // The highest words differ, nearly always.
    let less = !carry && t.iter().rev().lt(n.iter().rev());
    if !less {
        let mut borrow = false;
        for (word, &n) in t.iter_mut().zip(n) {
            (*word, borrow) = word.borrowing_sub(n, borrow);
        }
    }
}

impl<const C: usize> Long<C> {
    /// The ring modulo `n`; none when `n` is even, 1, or too long.
    pub(crate) fn new(n: &BigUint) -> Option<Self> {
        if !n.bit(0) || n.is_one() {
            return None;
        }
        let limbs = words::<C>(n)?;
        let len = n.iter_u64_digits().len();
        let one = (BigUint::one() << (64 * len)) % n;
        let r_squared = &one * &one % n;
        Some(Self {
            n: limbs,
            len,
            negative_inverse: inverse_of_odd(limbs[0]).wrapping_neg(),
            one: words(&one)?,
            r_squared: words(&r_squared)?,
        })
    }
}

impl<const C: usize> Ring for Long<C> {
    type Element = [u64; C];

    fn modulus(&self) -> BigUint {
        big(&self.n)
    }

    fn zero(&self) -> [u64; C] {
        [0; C]
    }

    fn one(&self) -> [u64; C] {
        self.one
    }

    fn lift_u64(&self, x: u64) -> [u64; C] {
        if self.len == 1 {
            return self.lift(&x.into());
        }
        let mut padded = [0; C];
        padded[0] = x;
        self.mul(&padded, &self.r_squared)
    }

    fn lift(&self, x: &BigUint) -> [u64; C] {
        // A remainder always fits.
        let reduced = words(&(x % self.modulus())).unwrap_or([0; C]);
        self.mul(&reduced, &self.r_squared)
    }

    #[cfg(test)]
    fn to_big(&self, x: &[u64; C]) -> BigUint {
        let mut one = [0; C];
        one[0] = 1;
        big(&self.mul(x, &one))
    }

    #[inline(never)]
    fn add(&self, a: &[u64; C], b: &[u64; C]) -> [u64; C] {
        let mut sum = [0; C];
        let l = self.len;
        let carry = add_words(&mut sum[..l], &a[..l], &b[..l]);
        reduce_once(&mut sum[..l], &self.n[..l], carry);
        sum
    }

    #[inline(never)]
    fn sub(&self, a: &[u64; C], b: &[u64; C]) -> [u64; C] {
        let mut difference = [0; C];
        let l = self.len;
        if sub_words(&mut difference[..l], &a[..l], &b[..l]) {
            let wrapped = difference;
            add_words(&mut difference[..l], &wrapped[..l], &self.n[..l]);
        }
        difference
    }

    #[inline(never)]
    fn mul(&self, a: &[u64; C], b: &[u64; C]) -> [u64; C] {
        let mut t = [0; C];
        let l = self.len;
        product(
            &mut t[..l],
            &a[..l],
            &b[..l],
            &self.n[..l],
            self.negative_inverse,
        );
        t
    }

    fn invert(&self, x: &[u64; C]) -> Option<[u64; C]> {
        // (xR)^-1 becomes x^-1·R by two multiplications with R².
        let inverse = words(&big(x).modinv(&self.modulus())?)?;
        Some(self.mul(&self.mul(&inverse, &self.r_squared), &self.r_squared))
    }

    fn proper_divisor(&self, x: &[u64; C]) -> Option<BigUint> {
        // The representation differs from the value by a unit.
        let n = self.modulus();
        let divisor = big(x).gcd(&n);
        (!divisor.is_one() && divisor != n).then_some(divisor)
    }
}
