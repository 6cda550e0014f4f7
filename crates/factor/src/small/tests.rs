//! Random numbers of every size against their known factors.

use super::*;
use crate::arith::{is_prime_u64, primes_below};
use crate::primality::is_prime;
use rand::{RngExt, SeedableRng, rngs::StdRng};

fn never() -> AtomicBool {
    AtomicBool::new(false)
}

/// A random prime of exactly so many bits.
fn prime(rng: &mut StdRng, bits: u64) -> BigUint {
    loop {
        let low: u128 = rng.random();
        let mut n = BigUint::from(low) % (BigUint::from(1u32) << bits);
        n.set_bit(0, true);
        n.set_bit(bits - 1, true);
        if is_prime(&n) {
            return n;
        }
    }
}

fn splits(number: &BigUint) {
    let divisor = split(number, &never()).unwrap();
    let one = BigUint::from(1u32);
    assert!(divisor > one && divisor < *number, "{number}: {divisor}");
    assert_eq!(number % &divisor, BigUint::ZERO, "{number}: {divisor}");
}

#[test]
fn every_small_odd_composite_is_split() {
    for n in (9u64..60_000).step_by(2) {
        let square = n.isqrt() * n.isqrt() == n;
        if !is_prime_u64(n) && !square {
            splits(&n.into());
        }
    }
}

#[test]
fn semiprimes_of_every_size_are_split() {
    let mut rng = StdRng::seed_from_u64(20);
    let full = std::env::var_os("RSAC_FULL").is_some();
    for bits in 16..=130 {
        let samples = match bits {
            _ if full => 200,
            16..=64 => 40,
            65..=90 => 4,
            _ => 1,
        };
        for _ in 0..samples {
            let (p, q) = (prime(&mut rng, bits / 2), prime(&mut rng, bits.div_ceil(2)));
            if p != q {
                splits(&(p * q));
            }
        }
    }
}

#[test]
fn unbalanced_numbers_and_products_of_many_primes_are_split() {
    let mut rng = StdRng::seed_from_u64(30);
    for bits in [24, 30, 36, 42, 48, 54, 60, 63, 66, 72, 90, 120, 129] {
        for _ in 0..8 {
            let three = (0..3).map(|_| prime(&mut rng, bits / 3));
            splits(&three.product());
            let small = prime(&mut rng, bits / 4);
            splits(&(small * prime(&mut rng, bits - bits / 4)));
        }
    }
    // Many primes beyond the tiny ones, which every curve finds at once.
    let primes = primes_below(400);
    for window in primes[54..].windows(7) {
        splits(&window.iter().map(|&p| BigUint::from(p)).product());
    }
    for window in primes[54..].windows(15) {
        splits(&window.iter().map(|&p| BigUint::from(p)).product());
    }
}

#[test]
fn a_square_times_a_prime_is_split() {
    for (p, q) in [(257u64, 263u64), (65_537, 65_539), (1_000_003, 999_983)] {
        splits(&(BigUint::from(p) * p * q));
    }
}

#[test]
fn a_set_flag_stops_the_search() {
    let number = ((BigUint::from(1u32) << 61) - 1u32) * ((BigUint::from(1u32) << 31) - 1u32);
    assert_eq!(split(&number, &AtomicBool::new(true)), None);
}
