//! Several computations of the same shape at once: a multiplication waits for its
//! parts most of the time, and another lane's work fills the gaps.

use super::Ring;
use num_bigint::BigUint;

/// `W` copies of a ring, side by side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lanes<'a, R, const W: usize>(pub(crate) &'a R);

impl<R: Ring, const W: usize> Ring for Lanes<'_, R, W> {
    type Element = [R::Element; W];

    fn modulus(&self) -> BigUint {
        self.0.modulus()
    }
    #[inline(always)]
    fn zero(&self) -> Self::Element {
        [self.0.zero(); W]
    }
    #[inline(always)]
    fn one(&self) -> Self::Element {
        [self.0.one(); W]
    }
    fn lift_u64(&self, x: u64) -> Self::Element {
        [self.0.lift_u64(x); W]
    }
    fn lift(&self, x: &BigUint) -> Self::Element {
        [self.0.lift(x); W]
    }
    #[cfg(test)]
    fn to_big(&self, x: &Self::Element) -> BigUint {
        self.0.to_big(&x[0])
    }
    #[inline(always)]
    fn add(&self, a: &Self::Element, b: &Self::Element) -> Self::Element {
        std::array::from_fn(|i| self.0.add(&a[i], &b[i]))
    }
    #[inline(always)]
    fn sub(&self, a: &Self::Element, b: &Self::Element) -> Self::Element {
        std::array::from_fn(|i| self.0.sub(&a[i], &b[i]))
    }
    #[inline(always)]
    fn mul(&self, a: &Self::Element, b: &Self::Element) -> Self::Element {
        std::array::from_fn(|i| self.0.mul(&a[i], &b[i]))
    }

    /// With one inversion (Montgomery's trick); none when a single lane has none.
    fn invert(&self, x: &Self::Element) -> Option<Self::Element> {
        let mut before = self.one();
        let mut product = self.0.one();
        for (before, x) in before.iter_mut().zip(x) {
            *before = product;
            product = self.0.mul(&product, x);
        }
        let mut inverse = self.0.invert(&product)?;
        for (before, x) in before.iter_mut().zip(x).rev() {
            *before = self.0.mul(before, &inverse);
            inverse = self.0.mul(&inverse, x);
        }
        Some(before)
    }

    /// That of all lanes' product: divisors of different lanes may hide each other.
    fn proper_divisor(&self, x: &Self::Element) -> Option<BigUint> {
        let product = x
            .iter()
            .fold(self.0.one(), |product, x| self.0.mul(&product, x));
        self.0.proper_divisor(&product)
    }
}
