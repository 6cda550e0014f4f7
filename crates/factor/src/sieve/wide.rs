//! Integers of 256 bits in fixed words: values of sieve polynomials, taken apart by
//! exact division without a division instruction.

use num_bigint::{BigInt, BigUint, Sign};

/// What [`Digits`] is in powers of: small enough for floating point.
pub(super) const RADIX: f64 = (1u32 << DIGIT) as f64;

/// Bits of a digit, and of the highest.
const DIGIT: usize = 24;
const HIGHEST: usize = 50;

/// The most digits but the highest.
const OTHERS: usize = (64 * WORDS - HIGHEST).div_ceil(DIGIT);

/// Words of an integer.
const WORDS: usize = 4;

/// A signed integer, two's complement, least word first. Arithmetic wraps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wide([u64; WORDS]);

impl Wide {
    /// The integer modulo 2^256.
    pub(super) fn from_big(value: &BigInt) -> Self {
        let mut words = [0; WORDS];
        for (word, digit) in words.iter_mut().zip(value.magnitude().iter_u64_digits()) {
            *word = digit;
        }
        if value.sign() == Sign::Minus {
            Self(words).negated()
        } else {
            Self(words)
        }
    }

    /// The quotient by an odd `p` that divides it; `inverse` is 1/p modulo 2^64. (As
    /// [`Magnitude::exact_quotient`], which works modulo 2^256, and so for any sign.)
    pub(super) fn exact_quotient(self, p: u32, inverse: u64) -> Self {
        let mut carry = 0;
        Self(self.0.map(|word| {
            let (rest, borrow) = word.overflowing_sub(carry);
            let quotient = rest.wrapping_mul(inverse);
            carry = ((u128::from(quotient) * u128::from(p)) >> 64) as u64 + u64::from(borrow);
            quotient
        }))
    }

    fn is_negative(self) -> bool {
        self.0[WORDS - 1] >> 63 == 1
    }

    /// The negative.
    pub(super) fn negated(self) -> Self {
        let mut carry = true;
        Self(self.0.map(|word| {
            let (word, overflow) = (!word).overflowing_add(u64::from(carry));
            carry = overflow;
            word
        }))
    }

    /// The sum.
    pub(super) fn plus(self, other: Self) -> Self {
        let mut carry = 0;
        let mut words = [0; WORDS];
        for (word, (&x, &y)) in words.iter_mut().zip(self.0.iter().zip(&other.0)) {
            let sum = u128::from(x) + u128::from(y) + carry;
            *word = sum as u64;
            carry = sum >> 64;
        }
        Self(words)
    }

    /// The product with a small factor.
    pub(super) fn times(self, factor: i32) -> Self {
        let mut carry = 0;
        let words = self.0.map(|word| {
            let product = u128::from(word) * u128::from(factor.unsigned_abs()) + carry;
            carry = product >> 64;
            product as u64
        });
        if factor < 0 {
            Self(words).negated()
        } else {
            Self(words)
        }
    }

    /// Whether it is negative, and its magnitude.
    pub(super) fn parts(self) -> (bool, Magnitude) {
        let negative = self.is_negative();
        let words = if negative { self.negated() } else { self }.0;
        let mut magnitude = Magnitude { words, len: WORDS };
        magnitude.trim();
        (negative, magnitude)
    }
}

/// An unsigned integer that is taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Magnitude {
    words: [u64; WORDS],
    /// How many of the words count; the last of them is not 0.
    len: usize,
}

impl Magnitude {
    fn trim(&mut self) {
        while self.len > 0 && self.words[self.len - 1] == 0 {
            self.len -= 1;
        }
    }

    /// Its size in bits.
    pub(super) fn bits(&self) -> u32 {
        match self.len {
            0 => 0,
            len => 64 * len as u32 - self.words[len - 1].leading_zeros(),
        }
    }

    /// Its digits.
    pub(super) fn digits(&self) -> Digits {
        let others = (self.bits() as usize)
            .saturating_sub(HIGHEST)
            .div_ceil(DIGIT);
        let from = |shift: usize| {
            let word = |i: usize| self.words.get(i).copied().unwrap_or(0);
            let (i, shift) = (shift / 64, shift % 64);
            (u128::from(word(i + 1)) << 64 | u128::from(word(i))) >> shift
        };
        let mut digits = Digits {
            highest: from(others * DIGIT) as u64 as f64,
            others: [0.0; OTHERS],
            count: others,
        };
        for (i, digit) in digits.others[..others].iter_mut().rev().enumerate() {
            *digit = f64::from(from(i * DIGIT) as u32 & ((1 << DIGIT) - 1));
        }
        digits
    }

    /// The value, when it fits a word.
    pub(super) fn small(&self) -> Option<u64> {
        (self.len <= 1).then_some(self.words[0])
    }

    /// Takes all factors 2 out, and says how many there were. Zero has none.
    pub(super) fn take_twos(&mut self) -> u32 {
        let mut twos = 0;
        while self.len > 0 && self.words[0] & 1 == 0 {
            let shift = self.words[0].trailing_zeros().min(63);
            for i in 0..self.len {
                let above = if i + 1 < self.len {
                    self.words[i + 1]
                } else {
                    0
                };
                self.words[i] = self.words[i] >> shift | above.unbounded_shl(64 - shift);
            }
            twos += shift;
            self.trim();
        }
        twos
    }

    /// Divides by an odd `p`, where it divides; `inverse` is 1/p modulo 2^64.
    ///
    /// Exact division from the low end (T. Jebelean, "An algorithm for exact division",
    /// 1993): each word of the quotient is a product with the inverse.
    #[inline]
    pub(super) fn exact_quotient(&self, p: u32, inverse: u64) -> Option<Self> {
        let mut words = [0; WORDS];
        let mut carry = 0;
        for (quotient, &word) in words.iter_mut().zip(&self.words[..self.len]) {
            let (rest, borrow) = word.overflowing_sub(carry);
            *quotient = rest.wrapping_mul(inverse);
            carry = ((u128::from(*quotient) * u128::from(p)) >> 64) as u64 + u64::from(borrow);
        }
        // The words times p are the value plus the carry's multiple of a power of 2^64.
        if carry != 0 {
            return None;
        }
        let mut quotient = Self {
            words,
            len: self.len,
        };
        quotient.trim();
        Some(quotient)
    }
}

/// An unsigned integer for floating point: few digits, the highest of up to 50 bits.
pub(super) struct Digits {
    highest: f64,
    others: [f64; OTHERS],
    count: usize,
}

impl Digits {
    /// The highest, and the others in descending order.
    pub(super) fn parts(&self) -> (f64, &[f64]) {
        (self.highest, &self.others[..self.count])
    }
}

impl From<Wide> for BigInt {
    fn from(wide: Wide) -> Self {
        let (negative, magnitude) = wide.parts();
        let sign = if negative { Sign::Minus } else { Sign::Plus };
        Self::from_biguint(sign, BigUint::from(&magnitude))
    }
}

impl From<&Magnitude> for BigUint {
    fn from(magnitude: &Magnitude) -> Self {
        let bytes: Vec<u8> = magnitude
            .words
            .iter()
            .flat_map(|w| w.to_le_bytes())
            .collect();
        Self::from_bytes_le(&bytes)
    }
}

/// 1/p modulo 2^64, for an odd `p`.
pub(super) fn inverse_word(p: u32) -> u64 {
    let p = u64::from(p);
    // Newton's iteration: every step doubles the bits that are right, from 3 on.
    (0..5).fold(p, |inverse, _| {
        inverse.wrapping_mul(2u64.wrapping_sub(p.wrapping_mul(inverse)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn big(low: u128, high: u128, negative: bool) -> BigInt {
        let magnitude = (BigUint::from(high >> 20) << 128u32) + low;
        BigInt::from_biguint(if negative { Sign::Minus } else { Sign::Plus }, magnitude)
    }

    proptest! {
        #[test]
        fn agrees_with_bignum(
            low: u128, high: u128, other: u128, negative: bool, opposite: bool, factor in -400i32..400,
        ) {
            let x = big(low, high, negative);
            let y = big(other, 0, opposite);
            let sum = Wide::from_big(&x).plus(Wide::from_big(&y));
            prop_assert_eq!(BigInt::from(sum), &x + &y);
            prop_assert_eq!(BigInt::from(Wide::from_big(&x).times(factor)), x * factor);
        }

        #[test]
        fn division_is_exact_or_refused(low: u128, high: u128, p in 1u32..1 << 24, short: bool) {
            let p = 2 * p + 1;
            let x = big(low, if short { 0 } else { high }, false);
            let (_, magnitude) = Wide::from_big(&x).parts();
            prop_assert_eq!(u64::from(magnitude.bits()), x.bits());
            let rest = &x % p;
            let quotient = magnitude.exact_quotient(p, inverse_word(p));
            prop_assert_eq!(quotient.is_some(), rest == BigInt::ZERO);
            let (_, multiple) = Wide::from_big(&(&x - rest)).parts();
            let quotient = multiple.exact_quotient(p, inverse_word(p)).unwrap();
            prop_assert_eq!(BigUint::from(&quotient), (&x / p).magnitude().clone());
            let negative = -(&x / p);
            let multiple = Wide::from_big(&(&negative * p));
            prop_assert_eq!(BigInt::from(multiple.exact_quotient(p, inverse_word(p))), negative);
        }

        #[test]
        fn twos_are_counted(odd in 0u64.., twos in 0u32..190) {
            let odd = odd | 1;
            let x = BigInt::from(odd) << twos;
            let (_, mut magnitude) = Wide::from_big(&x).parts();
            prop_assert_eq!(magnitude.take_twos(), twos);
            prop_assert_eq!(magnitude.small(), Some(odd));
        }
    }
}
