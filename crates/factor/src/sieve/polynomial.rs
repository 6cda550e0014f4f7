//! Sieve polynomials of a coefficient `a`.
//!
//! kN ≡ 1 (mod 8), `a` is a product of s odd primes of the base, and b² ≡ kN (mod 4a).
//! Then Q(x) = a·x² + b·x + c with c = (b² − kN)/4a satisfies (2ax + b)² − kN = 4a·Q(x).
//! b = ±B₁ ± … ± Bₛ has 2^(s−1) values up to its sign, which are walked through in the
//! order of the Gray code (S. Contini, "Factoring integers with the self-initializing
//! quadratic sieve", 1997; A. K. Lenstra and M. S. Manasse for the variant with 4a).

use super::base::FactorBase;
use super::wide::{Magnitude, Wide};
use crate::arith::inverse;
use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::ToPrimitive;

/// All polynomials of one `a`.
#[derive(Debug, Clone)]
pub(super) struct Family {
    /// Where in the base the primes of `a` are, ascending.
    pub(super) factors: Vec<usize>,
    /// Their product.
    pub(super) a: BigUint,
    /// The B of each of them.
    pub(super) terms: Vec<BigUint>,
    /// Makes b odd: 0 or a.
    shift: BigUint,
    kn: BigInt,
}

/// One polynomial.
#[derive(Debug, Clone)]
pub(super) struct Polynomial {
    a: Wide,
    b: Wide,
    c: Wide,
    /// The b, for (2ax + b).
    pub(super) big_b: BigInt,
}

impl Family {
    /// The family of the product of these primes of the base.
    pub(super) fn new(kn: &BigUint, base: &FactorBase, factors: Vec<usize>) -> Self {
        let a: BigUint = factors.iter().map(|&i| base.primes[i]).product();
        let terms: Vec<BigUint> = factors
            .iter()
            .map(|&i| {
                let q = u64::from(base.primes[i]);
                let cofactor = &a / q;
                let residue = (&cofactor % q).to_u64().unwrap_or(0);
                // The other primes are not q: the inverse exists.
                let inverse = inverse(residue, q).unwrap_or(0);
                let gamma = u64::from(base.roots[i]) * inverse % q;
                cofactor * gamma.min(q - gamma)
            })
            .collect();
        let sum: BigUint = terms.iter().sum();
        let shift = if sum.is_even() {
            a.clone()
        } else {
            BigUint::ZERO
        };
        Self {
            factors,
            a,
            terms,
            shift,
            kn: BigInt::from(kn.clone()),
        }
    }

    /// How many polynomials it has.
    pub(super) fn len(&self) -> u32 {
        1 << (self.factors.len() - 1)
    }

    /// From polynomial `i - 1` to `i`: which term changes its sign, and whether it is
    /// subtracted from now on.
    pub(super) fn change(i: u32) -> (usize, bool) {
        let term = i.trailing_zeros();
        (term as usize, gray(i) >> term & 1 == 1)
    }

    /// The polynomial `i`.
    pub(super) fn polynomial(&self, i: u32) -> Polynomial {
        let mut b = BigInt::from(self.shift.clone());
        for (v, term) in self.terms.iter().enumerate() {
            if gray(i) >> v & 1 == 1 {
                b -= BigInt::from(term.clone());
            } else {
                b += BigInt::from(term.clone());
            }
        }
        let a = BigInt::from(self.a.clone());
        let c = (&b * &b - &self.kn) / (&a * 4);
        Polynomial {
            a: Wide::from_big(&a),
            b: Wide::from_big(&b),
            c: Wide::from_big(&c),
            big_b: b,
        }
    }

    /// 2ax + b.
    pub(super) fn root_of_square(&self, polynomial: &Polynomial, x: i32) -> BigInt {
        BigInt::from(self.a.clone()) * (2 * i64::from(x)) + &polynomial.big_b
    }
}

fn gray(i: u32) -> u32 {
    i ^ (i >> 1)
}

impl Polynomial {
    /// Whether Q(x) is negative, and its magnitude.
    pub(super) fn value(&self, x: i32) -> (bool, Magnitude) {
        let inner = self.a.times(x).plus(self.b);
        inner.times(x).plus(self.c).parts()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_traits::Signed;

    #[test]
    fn values_and_squares_agree_with_bignum() {
        let number = (BigUint::from(1u32) << 200u32) + 235u32;
        let multiplier = (&number % 8u32).to_u32().unwrap();
        let kn = &number * multiplier;
        let base = FactorBase::new(&number, multiplier, 300);
        let family = Family::new(&kn, &base, vec![150, 170, 171, 200, 230, 290]);
        assert_eq!(family.len(), 32);
        let mut last: Option<BigInt> = None;
        for i in 0..family.len() {
            let polynomial = family.polynomial(i);
            assert!(polynomial.big_b.is_odd());
            for x in [-70_000, -3, 0, 1, 65_535] {
                let root = family.root_of_square(&polynomial, x);
                let (negative, magnitude) = polynomial.value(x);
                let mut value = BigInt::from(BigUint::from(&magnitude));
                if negative {
                    value = -value;
                }
                let square = &root * &root - BigInt::from(kn.clone());
                assert_eq!(square, value * 4 * BigInt::from(family.a.clone()));
            }
            if let Some(last) = last {
                let (term, subtracted) = Family::change(i);
                let difference = &polynomial.big_b - last;
                assert_eq!(difference.is_negative(), subtracted);
                assert_eq!(*difference.magnitude(), &family.terms[term] * 2u32);
            }
            last = Some(polynomial.big_b);
        }
    }
}
