//! What Montgomery rings of every length have in common, and the choice of one.

use super::{Long, Mont64, Mont128, Montgomery};
use num_bigint::BigUint;

/// The integers modulo an odd number above 1.
pub(crate) trait Ring: Clone {
    /// An element, in the ring's own representation, which is unique.
    type Element: Copy + PartialEq;

    /// The modulus.
    fn modulus(&self) -> BigUint;
    /// The element 0.
    fn zero(&self) -> Self::Element;
    /// The element 1.
    fn one(&self) -> Self::Element;
    /// The element of an integer.
    fn lift_u64(&self, x: u64) -> Self::Element;
    /// The element of an integer of any size.
    fn lift(&self, x: &BigUint) -> Self::Element;
    /// The integer of an element, below the modulus.
    #[cfg(test)]
    fn to_big(&self, x: &Self::Element) -> BigUint;
    /// The sum.
    fn add(&self, a: &Self::Element, b: &Self::Element) -> Self::Element;
    /// The difference.
    fn sub(&self, a: &Self::Element, b: &Self::Element) -> Self::Element;
    /// The product.
    fn mul(&self, a: &Self::Element, b: &Self::Element) -> Self::Element;
    /// The greatest common divisor of an element and the modulus, when it is a proper
    /// divisor (neither 1 nor the modulus).
    fn proper_divisor(&self, x: &Self::Element) -> Option<BigUint>;

    /// The inverse; none when the element shares a factor with the modulus.
    fn invert(&self, x: &Self::Element) -> Option<Self::Element>;

    /// The square.
    fn square(&self, a: &Self::Element) -> Self::Element {
        self.mul(a, a)
    }

    /// The negative.
    fn neg(&self, a: &Self::Element) -> Self::Element {
        self.sub(&self.zero(), a)
    }

    /// A power; left to right.
    fn pow(&self, base: &Self::Element, exponent: &BigUint) -> Self::Element {
        let mut result = self.one();
        for bit in (0..exponent.bits()).rev() {
            result = self.square(&result);
            if exponent.bit(bit) {
                result = self.mul(&result, base);
            }
        }
        result
    }

    /// A power with an exponent of one word.
    fn pow_u64(&self, base: &Self::Element, exponent: u64) -> Self::Element {
        let mut result = self.one();
        for bit in (0..u64::BITS - exponent.leading_zeros()).rev() {
            result = self.square(&result);
            if exponent >> bit & 1 == 1 {
                result = self.mul(&result, base);
            }
        }
        result
    }
}

impl Ring for Mont64 {
    type Element = u64;

    fn modulus(&self) -> BigUint {
        self.modulus().into()
    }
    #[inline]
    fn zero(&self) -> u64 {
        0
    }
    #[inline]
    fn one(&self) -> u64 {
        self.one()
    }
    #[inline]
    fn lift_u64(&self, x: u64) -> u64 {
        self.element(x)
    }
    fn lift(&self, x: &BigUint) -> u64 {
        let reduced = x % self.modulus();
        self.element(reduced.iter_u64_digits().next().unwrap_or(0))
    }
    #[cfg(test)]
    fn to_big(&self, x: &u64) -> BigUint {
        self.value(*x).into()
    }
    #[inline]
    fn add(&self, a: &u64, b: &u64) -> u64 {
        self.add(*a, *b)
    }
    #[inline]
    fn sub(&self, a: &u64, b: &u64) -> u64 {
        self.sub(*a, *b)
    }
    #[inline]
    fn mul(&self, a: &u64, b: &u64) -> u64 {
        self.mul(*a, *b)
    }
    fn invert(&self, x: &u64) -> Option<u64> {
        // (xR)^-1 becomes x^-1·R by two multiplications with R².
        let inverse = super::inverse(*x, self.modulus())?;
        Some(self.element(self.element(inverse)))
    }
    fn proper_divisor(&self, x: &u64) -> Option<BigUint> {
        // The representation differs from the value by a unit.
        let divisor = super::gcd(*x, self.modulus());
        (divisor != 1 && divisor != self.modulus()).then(|| divisor.into())
    }
}

/// A computation in a ring whose length is chosen by the modulus.
pub(crate) trait Computation {
    /// What it comes to.
    type Output;
    /// Computes.
    fn run<R: Ring>(self, ring: &R) -> Self::Output;
}

/// Runs a computation in the fastest ring there is for an odd modulus above 1 of at
/// most 4096 bits; none for other moduli. Every ring here is another build of every
/// computation, so there are few: lengths that are in the hot path of small numbers, and
/// two for all others.
pub(crate) fn with_ring<C: Computation>(modulus: &BigUint, computation: C) -> Option<C::Output> {
    if !modulus.bit(0) || modulus.bits() < 2 {
        return None;
    }
    let n = modulus;
    Some(match n.bits() {
        ..=64 => {
            let word = n.iter_u64_digits().next().unwrap_or(1);
            computation.run(&Mont64::new(word))
        }
        65..=Mont128::BITS => computation.run(&Mont128::new(n)?),
        127..=192 => computation.run(&Montgomery::<3>::new(n)?),
        193..=256 => computation.run(&Montgomery::<4>::new(n)?),
        257..=1024 => computation.run(&Long::<16>::new(n)?),
        _ => computation.run(&Long::<64>::new(n)?),
    })
}
