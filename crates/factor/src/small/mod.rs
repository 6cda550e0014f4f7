//! Splitting small numbers in process, at once: Brent's rho, Montgomery elliptic
//! curves, a small quadratic sieve.

mod curves;
mod rho;

use num_bigint::BigUint;
use num_traits::ToPrimitive;
use std::sync::atomic::AtomicBool;

/// Up to this many bits a number is split in process under `auto`.
pub const MAX_BITS: u64 = 130;

/// Up to this many bits rho is the fastest.
const RHO_BITS: u32 = 40;

/// Up to this many bits elliptic curves are the fastest.
const CURVE_BITS: u64 = 80;

/// The odd primes tried first.
const TINY: [u32; 53] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173, 179, 181, 191, 193,
    197, 199, 211, 223, 227, 229, 233, 239, 241, 251,
];

/// A proper divisor of an odd composite that is no perfect power, of at most
/// [`MAX_BITS`] bits; none only when `stop` was set.
pub fn split(number: &BigUint, stop: &AtomicBool) -> Option<BigUint> {
    match number.to_u64() {
        Some(word) => split_word(word, stop).map(BigUint::from),
        None => split_long(number, stop),
    }
}

fn split_word(n: u64, stop: &AtomicBool) -> Option<u64> {
    for p in TINY.map(u64::from) {
        if n.is_multiple_of(p) && n != p {
            return Some(p);
        }
    }
    if u64::BITS - n.leading_zeros() <= RHO_BITS {
        rho::split(n, u32::MAX, stop)
    } else {
        curves::split(&n.into(), stop)?.to_u64()
    }
}

fn split_long(number: &BigUint, stop: &AtomicBool) -> Option<BigUint> {
    let zero = BigUint::ZERO;
    if let Some(p) = TINY.into_iter().find(|&p| number % p == zero) {
        return Some(p.into());
    }
    if number.bits() <= CURVE_BITS {
        curves::split(number, stop)
    } else {
        crate::sieve::split_in_process(number, stop)
    }
}

#[cfg(test)]
mod tests;
