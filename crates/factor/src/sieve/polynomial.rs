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
    a: BigUint,
    /// The B of each of them.
    terms: Vec<BigUint>,
    /// How b and c change with the sign of each.
    changes: Vec<Change>,
    /// Makes b odd: 0 or a.
    shift: BigUint,
    kn: BigInt,
}

/// What a change of the sign of B = γ·a/q needs.
#[derive(Debug, Clone, Copy)]
struct Change {
    term: Wide,
    gamma: i32,
    q: u32,
    /// 1/q modulo 2^64.
    inverse: u64,
}

/// One polynomial.
#[derive(Debug, Clone, Copy)]
pub(super) struct Polynomial {
    a: Wide,
    b: Wide,
    c: Wide,
}

impl Family {
    /// The family of the product of these primes of the base.
    pub(super) fn new(kn: &BigUint, base: &FactorBase, factors: Vec<usize>) -> Self {
        let a: BigUint = factors.iter().map(|&i| base.primes[i]).product();
        let (terms, changes): (Vec<BigUint>, Vec<Change>) = factors
            .iter()
            .map(|&i| {
                let q = u64::from(base.primes[i]);
                let cofactor = &a / q;
                let residue = (&cofactor % q).to_u64().unwrap_or(0);
                // The other primes are not q: the inverse exists.
                let inverse = inverse(residue, q).unwrap_or(0);
                let gamma = u64::from(base.roots[i]) * inverse % q;
                let gamma = gamma.min(q - gamma);
                let term = cofactor * gamma;
                let change = Change {
                    term: Wide::from_big(&term.clone().into()),
                    gamma: gamma as i32,
                    q: base.primes[i],
                    inverse: base.inverse(i),
                };
                (term, change)
            })
            .unzip();
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
            changes,
            shift,
            kn: BigInt::from(kn.clone()),
        }
    }

    /// How many polynomials it has; none without a factor.
    pub(super) fn len(&self) -> u32 {
        let signs = self.factors.len().checked_sub(1);
        signs.map_or(0, |signs| 1 << signs)
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
        }
    }

    /// From polynomial `i - 1` to `i`.
    ///
    /// With b' = b ± 2B, (b'² − b²)/4a is ±B·(b ± B)/a, which is ±γ·(b ± B)/q.
    pub(super) fn advance(&self, polynomial: &mut Polynomial, i: u32) {
        let (term, subtracted) = Self::change(i);
        let Change {
            term,
            gamma,
            q,
            inverse,
        } = self.changes[term];
        let (term, gamma) = if subtracted {
            (term.negated(), -gamma)
        } else {
            (term, gamma)
        };
        let between = polynomial.b.plus(term);
        let difference = between.exact_quotient(q, inverse).times(gamma);
        polynomial.b = between.plus(term);
        polynomial.c = polynomial.c.plus(difference);
    }

    /// The q and γ of each term B = γ·a/q.
    pub(super) fn steps(&self) -> Vec<(u32, u32)> {
        let step = |change: &Change| (change.q, change.gamma.unsigned_abs());
        self.changes.iter().map(step).collect()
    }

    /// Whether each b has a summand `a`, which makes it odd.
    pub(super) fn is_shifted(&self) -> bool {
        self.shift != BigUint::ZERO
    }
}

fn gray(i: u32) -> u32 {
    i ^ (i >> 1)
}

impl Polynomial {
    /// 2ax + b.
    pub(super) fn root_of_square(&self, x: i32) -> Wide {
        self.a.times(2 * x).plus(self.b)
    }

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
        let big_b = |polynomial: &Polynomial| BigInt::from(polynomial.b);
        let number = (BigUint::from(1u32) << 200u32) + 235u32;
        let multiplier = (&number % 8u32).to_u32().unwrap();
        let kn = &number * multiplier;
        let base = FactorBase::new(&number, multiplier, 300);
        let family = Family::new(&kn, &base, vec![150, 170, 171, 200, 230, 290]);
        assert_eq!(family.len(), 32);
        let mut last: Option<BigInt> = None;
        let mut walked: Option<Polynomial> = None;
        for i in 0..family.len() {
            let polynomial = family.polynomial(i);
            if i == 0 {
                let first: BigUint = family.terms.iter().sum();
                let shift = if family.is_shifted() {
                    &family.a
                } else {
                    &BigUint::ZERO
                };
                assert_eq!(big_b(&polynomial), BigInt::from(first + shift));
                walked = Some(polynomial);
            }
            if let Some(walked) = &mut walked
                && i > 0
            {
                family.advance(walked, i);
                assert_eq!((walked.b, walked.c), (polynomial.b, polynomial.c));
            }
            assert!(big_b(&polynomial).is_odd());
            for x in [-70_000, -3, 0, 1, 65_535] {
                let root = BigInt::from(polynomial.root_of_square(x));
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
                let difference = big_b(&polynomial) - last;
                assert_eq!(difference.is_negative(), subtracted);
                assert_eq!(*difference.magnitude(), &family.terms[term] * 2u32);
            }
            last = Some(big_b(&polynomial));
        }
    }
}
