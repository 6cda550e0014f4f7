//! A small private exponent, when the public one is known (Wiener, "Cryptanalysis of
//! Short RSA Secret Exponents", 1990): k/d is a convergent of e/N when d is below about
//! N^(1/4)/3, where e·d = 1 + k·φ(N).

use super::budget::Budget;
use super::{WeakKey, Weakness};
use crate::arith::perfect_square;
use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{CheckedSub, One, Zero};

/// Tries the convergents' denominators as private exponents.
pub(super) fn search(number: &BigUint, e: &BigUint, budget: &Budget<'_>) -> Option<WeakKey> {
    // Convergents with longer denominators are of no use; a few bits more cost nothing.
    let longest = number.bits() / 4 + 8;
    let (mut above, mut below) = (e.clone(), number.clone());
    // Convergents k/d, and the one before.
    let (mut k, mut k_before) = (BigUint::one(), BigUint::ZERO);
    let (mut d, mut d_before) = (BigUint::ZERO, BigUint::one());
    while !below.is_zero() && !budget.is_over() {
        let (quotient, rest) = above.div_rem(&below);
        (above, below) = (below, rest);
        (k, k_before) = (&quotient * &k + &k_before, k);
        (d, d_before) = (&quotient * &d + &d_before, d);
        if d.bits() > longest {
            return None;
        }
        if let Some(p) = from_convergent(number, e, &k, &d) {
            return Some(WeakKey::new(p, Weakness::SmallPrivateExponent));
        }
    }
    None
}

/// The larger of the two primes, if φ(N) is e·d/k rounded down. (Rounding also covers
/// a d that inverts e modulo λ(N) = φ(N)/g: then the convergent is k/(d·g).)
fn from_convergent(n: &BigUint, e: &BigUint, k: &BigUint, d: &BigUint) -> Option<BigUint> {
    if k.is_zero() {
        return None;
    }
    let phi = e * d / k;
    // p + q = N + 1 − φ, and (p − q)² = (p + q)² − 4N.
    let sum = (n + 1u32).checked_sub(&phi)?;
    let square = (&sum * &sum).checked_sub(&(n << 2))?;
    let difference = perfect_square(&square)?;
    let p: BigUint = (sum + difference) >> 1;
    (!p.is_zero() && n.is_multiple_of(&p)).then_some(p)
}
