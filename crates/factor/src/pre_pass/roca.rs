//! The fingerprint of keys of one faulty library (M. Nemec, M. Sys, P. Svenda, D. Klinec,
//! V. Matyas, "The Return of Coppersmith's Attack", 2017; CVE-2017-15361): their primes,
//! and so their moduli, are powers of 65537 modulo every small prime.
//!
//! Such keys are only recognised: the attack on them is another program's. Whoever is
//! told that a key is out of reach here learns with it that it is not out of reach.

use num_bigint::BigUint;
use num_traits::ToPrimitive;

/// The primes up to 167 where 65537 does not generate everything. They serve for every
/// length of key from 512 bits on; of other numbers one in 400 million passes them all.
const PRIMES: [u32; 17] = [
    11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157,
];

/// The shortest keys that the library made, in bits.
const LEAST_BITS: u64 = 500;

/// Whether a modulus has the fingerprint.
pub fn has_roca_fingerprint(number: &BigUint) -> bool {
    number.bits() >= LEAST_BITS
        && PRIMES.into_iter().all(|p| {
            let residue = (number % p).to_u32().unwrap_or(0);
            let mut power = 1;
            loop {
                if power == residue {
                    return true;
                }
                power = power * (65_537 % p) % p;
                if power == 1 {
                    return false;
                }
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::primes_below;
    use crate::primality::is_prime;
    use rand::{RngExt, SeedableRng, rngs::StdRng};

    /// A prime as the library makes them: k·M + (65537^a mod M), M a primorial.
    fn weak_prime(rng: &mut StdRng) -> BigUint {
        let primorial: BigUint = primes_below(168).into_iter().map(BigUint::from).product();
        loop {
            let exponent: u64 = rng.random();
            let power = BigUint::from(65_537u32).modpow(&exponent.into(), &primorial);
            let factor: u64 = rng.random_range(1 << 36..1 << 37);
            let p = &primorial * factor + power;
            if is_prime(&p) {
                return p;
            }
        }
    }

    #[test]
    fn keys_of_the_library_have_it_and_others_have_not() {
        let mut rng = StdRng::seed_from_u64(30);
        for _ in 0..5 {
            assert!(has_roca_fingerprint(
                &(weak_prime(&mut rng) * weak_prime(&mut rng))
            ));
        }
        for _ in 0..2000 {
            let words = (0..16).map(|_| rng.random()).collect();
            let mut other = BigUint::new(words);
            other.set_bit(511, true);
            assert!(!has_roca_fingerprint(&other), "{other}");
        }
        // Short numbers are nobody's keys.
        assert!(!has_roca_fingerprint(&BigUint::from(1u32)));
    }
}
