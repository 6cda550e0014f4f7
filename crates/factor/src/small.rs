//! Splitting small numbers in process, at once: Brent's rho, Montgomery elliptic
//! curves, a small quadratic sieve.

use num_bigint::BigUint;
use std::sync::atomic::AtomicBool;

/// Up to this many bits a number is split in process under `auto`.
pub const MAX_BITS: u64 = 130;

/// A proper divisor of an odd composite that is no perfect power, of at most
/// [`MAX_BITS`] bits; none only when `stop` was set.
pub fn split(number: &BigUint, stop: &AtomicBool) -> Option<BigUint> {
    let _ = (number, stop);
    unimplemented!("written by its owner")
}
