//! Whole factorisations in process, against what is known of the numbers.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use num_bigint::BigUint;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rsac_factor::primality::is_prime;
use rsac_factor::{Method, choose, factorize, search_plan};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

fn never() -> AtomicBool {
    AtomicBool::new(false)
}

fn big(n: u64) -> BigUint {
    BigUint::from(n)
}

/// Factors, and checks the answer by itself: primes, ascending, with the right product.
fn factors(number: &BigUint) -> Vec<BigUint> {
    let factors = factorize(number, &never()).unwrap();
    assert!(factors.is_sorted(), "{number}");
    assert!(factors.iter().all(is_prime), "{number}");
    assert_eq!(factors.iter().product::<BigUint>(), *number);
    factors
}

fn prime(rng: &mut StdRng, bits: u64) -> BigUint {
    loop {
        let word: u128 = rng.random();
        let mut n = BigUint::from(word) % (BigUint::from(1u32) << bits);
        n.set_bit(0, true);
        n.set_bit(bits - 1, true);
        if is_prime(&n) {
            return n;
        }
    }
}

#[test]
fn every_small_number_agrees_with_trial_division() {
    for n in 1u64..20_000 {
        let mut rest = n;
        let mut expected = Vec::new();
        let mut d = 2;
        while rest > 1 {
            while rest % d == 0 {
                expected.push(big(d));
                rest /= d;
            }
            d += 1;
        }
        assert_eq!(factorize(&big(n), &never()).unwrap(), expected, "{n}");
    }
}

#[test]
fn numbers_without_an_answer_have_none() {
    assert_eq!(factorize(&big(0), &never()), None);
    assert_eq!(factorize(&(big(1) << 4096), &never()), None);
    assert_eq!(factorize(&big(1), &never()), Some(vec![]));
    // Two primes of 1000 bits and more: no method reaches it.
    let mersenne = |k: u32| (big(1) << k) - 1u32;
    assert_eq!(
        factorize(&(mersenne(1279) * mersenne(2203)), &never()),
        None
    );
    // Stopped.
    let number = mersenne(61) * mersenne(31);
    assert_eq!(factorize(&number, &AtomicBool::new(true)), None);
}

#[test]
fn the_first_systems_number() {
    assert_eq!(factors(&big(804_556_097)), [big(15_581), big(51_637)]);
}

#[test]
fn semiprimes_of_20_to_130_bits() {
    let mut rng = StdRng::seed_from_u64(41);
    let full = std::env::var_os("RSAC_FULL").is_some();
    for bits in 20..=130 {
        let samples = match bits {
            _ if full => 200,
            20..=64 => 50,
            65..=80 => 4,
            _ => 1,
        };
        for _ in 0..samples {
            let mut expected = [prime(&mut rng, bits / 2), prime(&mut rng, bits.div_ceil(2))];
            expected.sort();
            assert_eq!(factors(&expected.iter().product()), expected);
        }
    }
}

#[test]
fn three_primes_squares_cubes_and_mixtures() {
    let mut rng = StdRng::seed_from_u64(42);
    for bits in [8, 12, 16, 20, 30, 42] {
        let [p, q, r] = std::array::from_fn(|_| prime(&mut rng, bits));
        assert_eq!(factors(&(&p * &q * &r)).len(), 3);
        assert_eq!(factors(&(&p * &p)).len(), 2);
        assert_eq!(factors(&(&p * &p * &p)).len(), 3);
        assert_eq!(factors(&(&p * &p * &q)).len(), 3);
        assert_eq!(factors(&(p.pow(4) * q.pow(2))).len(), 6);
        assert_eq!(factors(&((p * q) << 40)).len(), 42);
    }
}

#[test]
fn close_primes() {
    let mut rng = StdRng::seed_from_u64(43);
    for bits in [16, 24, 32, 40] {
        let p = prime(&mut rng, bits);
        let q = (1u32..).map(|i| &p + 2 * i).find(is_prime).unwrap();
        assert_eq!(factors(&(&p * &q)), [p, q]);
    }
}

#[test]
fn a_power_of_two_and_a_long_prime() {
    assert_eq!(factors(&(big(1) << 4095)).len(), 4095);
    let mersenne = (big(1) << 2203) - 1u32;
    assert_eq!(factors(&mersenne), [mersenne]);
}

#[test]
fn a_named_plan_is_searched_in_process() {
    let plan = choose(
        &big(804_556_097),
        Some(Method::TrialDivision),
        Duration::from_secs(60),
    );
    let divisors = search_plan(&plan.unwrap(), &never()).unwrap();
    assert_eq!(divisors[0], big(15_581));
}
