//! Montgomery arithmetic modulo one odd word (Montgomery, "Modular Multiplication
//! Without Trial Division", 1985).

/// The ring of integers modulo an odd number below 2^64. An element is x·2^64 mod n,
/// in `0..n`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mont64 {
    n: u64,
    /// n^-1 mod 2^64.
    n_inverse: u64,
    /// 2^64 mod n.
    one: u64,
    /// 2^128 mod n.
    r_squared: u64,
}

/// The inverse of an odd number modulo 2^64, by Newton's iteration.
#[inline]
pub(super) fn inverse_of_odd(n: u64) -> u64 {
    // Right to five bits; each step doubles that.
    let mut x = n.wrapping_mul(3) ^ 2;
    for _ in 0..4 {
        x = x.wrapping_mul(2u64.wrapping_sub(n.wrapping_mul(x)));
    }
    x
}

impl Mont64 {
    /// The ring modulo `n`, which must be odd.
    #[inline]
    pub(crate) fn new(n: u64) -> Self {
        debug_assert!(n & 1 == 1);
        let one = n.wrapping_neg() % n;
        let r_squared = (u128::from(one) * u128::from(one) % u128::from(n)) as u64;
        Self {
            n,
            n_inverse: inverse_of_odd(n),
            one,
            r_squared,
        }
    }

    /// The modulus.
    #[inline]
    pub(crate) fn modulus(&self) -> u64 {
        self.n
    }

    /// The element 1.
    #[inline]
    pub(crate) fn one(&self) -> u64 {
        self.one
    }

    /// The element of any integer.
    #[inline]
    pub(crate) fn element(&self, x: u64) -> u64 {
        self.mul(x % self.n, self.r_squared)
    }

    /// The integer of an element, in `0..n`.
    #[inline]
    pub(crate) fn value(&self, x: u64) -> u64 {
        self.mul(x, 1)
    }

    /// The product of two elements.
    #[inline]
    pub(crate) fn mul(&self, a: u64, b: u64) -> u64 {
        let product = u128::from(a) * u128::from(b);
        let quotient = (product as u64).wrapping_mul(self.n_inverse);
        let multiple = (u128::from(quotient) * u128::from(self.n)) >> 64;
        let (difference, borrow) = ((product >> 64) as u64).overflowing_sub(multiple as u64);
        if borrow {
            difference.wrapping_add(self.n)
        } else {
            difference
        }
    }

    /// The sum of two elements.
    #[inline]
    pub(crate) fn add(&self, a: u64, b: u64) -> u64 {
        self.sub(a, self.n - b)
    }

    /// The difference of two elements; `b` may also be n.
    #[inline]
    pub(crate) fn sub(&self, a: u64, b: u64) -> u64 {
        let (difference, borrow) = a.overflowing_sub(b);
        if borrow {
            difference.wrapping_add(self.n)
        } else {
            difference
        }
    }

    /// An element's power.
    pub(crate) fn pow(&self, base: u64, exponent: u64) -> u64 {
        let mut result = self.one;
        for bit in (0..u64::BITS - exponent.leading_zeros()).rev() {
            result = self.mul(result, result);
            if exponent >> bit & 1 == 1 {
                result = self.mul(result, base);
            }
        }
        result
    }

    /// Whether the odd modulus is a strong probable prime to an integer base that it
    /// does not divide.
    pub(crate) fn strong_probable_prime(&self, base: u64) -> bool {
        let twos = (self.n - 1).trailing_zeros();
        let minus_one = self.n - self.one;
        let mut x = self.pow(self.element(base), (self.n - 1) >> twos);
        if x == self.one || x == minus_one {
            return true;
        }
        for _ in 1..twos {
            x = self.mul(x, x);
            if x == minus_one {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_plain_arithmetic(n: u64, a: u64, b: u64, e in 0u64..1000) {
            let n = n | 1;
            let ring = Mont64::new(n);
            let (a, b) = (a % n, b % n);
            let (x, y) = (ring.element(a), ring.element(b));
            let wide = |v: u64| u128::from(v);
            prop_assert_eq!(ring.value(x), a);
            prop_assert_eq!(wide(ring.value(ring.mul(x, y))), wide(a) * wide(b) % wide(n));
            prop_assert_eq!(wide(ring.value(ring.add(x, y))), (wide(a) + wide(b)) % wide(n));
            prop_assert_eq!(
                wide(ring.value(ring.sub(x, y))),
                (wide(a) + wide(n) - wide(b)) % wide(n)
            );
            let power = (0..e).fold(1 % wide(n), |p, _| p * wide(a) % wide(n));
            prop_assert_eq!(wide(ring.value(ring.pow(x, e))), power);
        }
    }
}
