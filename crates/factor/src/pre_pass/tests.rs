//! Weak keys of every kind, each named rightly; strong keys, and budgets.

use super::*;
use crate::arith::primes_below;
use crate::primality::is_prime;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

fn big(n: u64) -> BigUint {
    BigUint::from(n)
}

/// A random odd number of exactly so many bits.
fn odd(rng: &mut StdRng, bits: u64) -> BigUint {
    let words = (0..bits.div_ceil(32)).map(|_| rng.random()).collect();
    let mut n = BigUint::new(words) >> (bits.next_multiple_of(32) - bits);
    n.set_bit(0, true);
    n.set_bit(bits - 1, true);
    n
}

/// The first prime at or after an odd number.
fn next_prime(mut n: BigUint) -> BigUint {
    n.set_bit(0, true);
    while !is_prime(&n) {
        n += 2u32;
    }
    n
}

fn prime(rng: &mut StdRng, bits: u64) -> BigUint {
    next_prime(odd(rng, bits))
}

/// A prime p of about so many bits whose neighbour, p−1 or p+1, is a product of distinct
/// small primes, the largest of them between 2^16 and 2^17.
fn smooth_neighbour(rng: &mut StdRng, bits: u64, plus: bool) -> BigUint {
    let primes = primes_below(1 << 14);
    let large = primes_below(1 << 17);
    loop {
        // The start values of p+1 are all good for such primes.
        let mut smooth = big(if plus { 12 } else { 2 });
        while smooth.bits() < bits - 17 {
            let factor = primes[rng.random_range(..primes.len())];
            if !smooth.is_multiple_of(&factor.into()) {
                smooth *= factor;
            }
        }
        smooth *= large[rng.random_range(large.len() / 2..large.len())];
        let p = if plus { smooth - 1u32 } else { smooth + 1u32 };
        if is_prime(&p) {
            return p;
        }
    }
}

/// Time is not what these tests are about: a budget that only ends a hang, unless the
/// searches before the one wanted use it up.
fn weakness(number: &BigUint, seconds: u64, e: Option<BigUint>) -> Option<Weakness> {
    let options = Options {
        budget: Duration::from_secs(seconds),
        public_exponent: e,
    };
    let found = run(number, &options, &AtomicBool::new(false))?;
    assert!(!found.divisor.is_one() && found.divisor != *number);
    assert_eq!(number % &found.divisor, BigUint::ZERO);
    Some(found.weakness)
}

/// One of the searches in a ring, without those before it.
enum Only<'a> {
    PMinusOne,
    PPlusOne,
    Curves(&'a BigUint),
}

impl Computation for Only<'_> {
    type Output = Option<WeakKey>;

    fn run<R: Ring>(self, ring: &R) -> Option<WeakKey> {
        let flag = AtomicBool::new(false);
        let budget = Budget::new(Duration::from_secs(120), &flag);
        match self {
            Self::PMinusOne => p_minus_one::search(ring, &budget),
            Self::PPlusOne => p_plus_one::search(ring, &budget),
            Self::Curves(number) => curves::search(ring, number, &budget),
        }
    }
}

fn only(number: &BigUint, search: Only<'_>) -> Option<Weakness> {
    let found = with_ring(number, search).unwrap()?;
    assert_eq!(number % &found.divisor, BigUint::ZERO);
    Some(found.weakness)
}

#[test]
fn a_small_factor_is_named() {
    let mut rng = StdRng::seed_from_u64(1);
    for p in [3, 5, 65_537, 999_983] {
        for bits in [100, 500, 4_000] {
            let number = big(p) * odd(&mut rng, bits);
            assert_eq!(weakness(&number, 20, None), Some(Weakness::SmallFactor));
        }
    }
}

#[test]
fn close_factors_are_named() {
    let mut rng = StdRng::seed_from_u64(2);
    for bits in [128, 512, 1024] {
        let p = prime(&mut rng, bits);
        let gap = (BigUint::one() << (bits / 2)) + 12_345u32;
        let q = next_prime(&p + gap);
        assert_eq!(weakness(&(p * q), 20, None), Some(Weakness::CloseFactors));
    }
}

#[test]
fn factors_in_a_small_ratio_are_named() {
    let mut rng = StdRng::seed_from_u64(3);
    for (u, v) in [(1u32, 2u32), (2, 3), (5, 7), (11, 13)] {
        let p = prime(&mut rng, 256);
        let q = next_prime(&p * u / v + 1_000_000u32);
        assert_eq!(
            weakness(&(p * q), 20, None),
            Some(Weakness::CloseFactors),
            "{u}/{v}"
        );
    }
}

#[test]
fn a_small_private_exponent_is_named() {
    let mut rng = StdRng::seed_from_u64(4);
    for bits in [64, 256, 1024] {
        let (p, q) = (prime(&mut rng, bits), prime(&mut rng, bits));
        let phi = (&p - 1u32) * (&q - 1u32);
        let number = p * q;
        let e = loop {
            let d = odd(&mut rng, number.bits() / 4 - 3);
            if let Some(e) = d.modinv(&phi) {
                break e;
            }
        };
        assert_eq!(
            weakness(&number, 20, Some(e)),
            Some(Weakness::SmallPrivateExponent),
            "{bits}"
        );
    }
}

#[test]
fn a_private_exponent_that_inverts_modulo_the_least_common_multiple_is_found() {
    let mut rng = StdRng::seed_from_u64(5);
    let (p, q) = (prime(&mut rng, 256), prime(&mut rng, 256));
    let lambda = (&p - 1u32).lcm(&(&q - 1u32));
    let number = p * q;
    let e = loop {
        let d = odd(&mut rng, 110);
        if let Some(e) = d.modinv(&lambda) {
            break e;
        }
    };
    assert_eq!(
        weakness(&number, 20, Some(e)),
        Some(Weakness::SmallPrivateExponent)
    );
}

#[test]
fn smooth_neighbours_are_named() {
    let mut rng = StdRng::seed_from_u64(6);
    for bits in [64, 128, 512] {
        let weak = smooth_neighbour(&mut rng, bits, false);
        let number = weak * prime(&mut rng, bits);
        let found = only(&number, Only::PMinusOne);
        assert_eq!(found, Some(Weakness::SmoothPMinusOne), "{bits}");
        let weak = smooth_neighbour(&mut rng, bits, true);
        let number = weak * prime(&mut rng, bits);
        let found = only(&number, Only::PPlusOne);
        assert_eq!(found, Some(Weakness::SmoothPPlusOne), "{bits}");
    }
}

#[test]
fn smooth_p_plus_one_is_found_where_the_first_starts_are_no_good() {
    let mut rng = StdRng::seed_from_u64(13);
    let primes = primes_below(1 << 14);
    // 2 times odd primes other than 3: then −1 and −3 may be squares modulo p.
    let missed_by_three = |p: &BigUint| {
        let half = (p - 1u32) >> 1;
        let is_square = |x: BigUint| x.modpow(&half, p).is_one();
        is_square(p - 1u32) && is_square(p - 3u32) && is_square(big(77))
    };
    let good_later = |p: &BigUint| {
        let half = (p - 1u32) >> 1;
        [2u64, 21]
            .iter()
            .any(|&x| !big(x).modpow(&half, p).is_one())
    };
    let mut found = 0;
    while found < 3 {
        let mut smooth = big(2);
        while smooth.bits() < 100 {
            let factor = primes[rng.random_range(5..primes.len())];
            if !smooth.is_multiple_of(&factor.into()) {
                smooth *= factor;
            }
        }
        let p = smooth - 1u32;
        if is_prime(&p) && missed_by_three(&p) && good_later(&p) {
            let number = p * prime(&mut rng, 100);
            assert_eq!(
                only(&number, Only::PPlusOne),
                Some(Weakness::SmoothPPlusOne)
            );
            found += 1;
        }
    }
}

#[test]
fn two_smooth_neighbours_are_told_apart() {
    let mut rng = StdRng::seed_from_u64(7);
    for _ in 0..20 {
        let mut pair =
            |plus| smooth_neighbour(&mut rng, 80, plus) * smooth_neighbour(&mut rng, 80, plus);
        let found = only(&pair(false), Only::PMinusOne);
        assert_eq!(found, Some(Weakness::SmoothPMinusOne));
        let found = only(&pair(true), Only::PPlusOne);
        assert_eq!(found, Some(Weakness::SmoothPPlusOne));
    }
}

#[test]
fn a_smooth_neighbour_is_found_on_the_whole_way() {
    let mut rng = StdRng::seed_from_u64(12);
    let number = smooth_neighbour(&mut rng, 128, false) * prime(&mut rng, 128);
    assert_eq!(weakness(&number, 60, None), Some(Weakness::SmoothPMinusOne));
}

#[test]
fn special_forms_are_named() {
    let mut rng = StdRng::seed_from_u64(8);
    // Primes next to round numbers.
    let hexadecimal = BigUint::parse_bytes("a7".repeat(32).as_bytes(), 16).unwrap();
    for centre in [BigUint::one() << 255, big(10).pow(77), hexadecimal] {
        let q = prime(&mut rng, 511 - centre.bits());
        let number = next_prime(centre.clone()) * q;
        assert_eq!(
            weakness(&number, 30, None),
            Some(Weakness::SpecialForm),
            "near {centre}"
        );
    }
    // Algebraic factors without a small prime: a^k ± 1 for a large a is divisible by
    // a ∓ 1; the small factors of 2^k - 1 are found by trial division before.
    let a: BigUint = BigUint::one() << 127;
    assert_eq!(
        special::algebraic(&(a.pow(3) - 1u32)).map(|weak| weak.divisor),
        Some(&a - 1u32)
    );
    assert_eq!(
        special::algebraic(&(big(3).pow(35) * 2u32)).map(|weak| weak.divisor),
        None
    );
    let fermat_like = big(6).pow(2 * 5) + 1u32;
    let divisor = special::algebraic(&fermat_like).unwrap().divisor;
    assert_eq!(divisor, big(37));
}

/// A prime of so many bits that neither p−1 nor p+1 finds.
fn rough_prime(rng: &mut StdRng, bits: u64) -> BigUint {
    let rough = |mut n: BigUint| {
        for p in primes_below(1000) {
            while n.is_multiple_of(&p.into()) {
                n /= p;
            }
        }
        n.bits() > 36 && is_prime(&n)
    };
    loop {
        let p = prime(rng, bits);
        if rough(&p - 1u32) && rough(&p + 1u32) {
            return p;
        }
    }
}

#[test]
fn a_small_prime_among_three_is_named() {
    let mut rng = StdRng::seed_from_u64(9);
    let small = rough_prime(&mut rng, 48);
    let three = &small * prime(&mut rng, 90) * prime(&mut rng, 90);
    let found = only(&three, Only::Curves(&three));
    assert_eq!(found, Some(Weakness::MultiPrime));
    // Of two, it is told how short it is.
    let two = small * prime(&mut rng, 200);
    let found = only(&two, Only::Curves(&two));
    assert_eq!(found, Some(Weakness::ShortFactor { bits: 48 }));
    assert_eq!(
        found.map(|weakness| weakness.to_string()).as_deref(),
        Some("one prime factor of 48 bits (elliptic curves)")
    );
}

#[test]
fn a_strong_key_keeps_its_secret_and_the_budget_is_kept() {
    let mut rng = StdRng::seed_from_u64(10);
    for bits in [70, 128, 1024, 2048] {
        let number = prime(&mut rng, bits) * prime(&mut rng, bits);
        for budget in [
            Duration::ZERO,
            Duration::from_millis(5),
            Duration::from_millis(200),
        ] {
            let options = Options {
                budget,
                public_exponent: Some(big(65_537)),
            };
            let begin = Instant::now();
            let found = run(&number, &options, &AtomicBool::new(false));
            assert_eq!(found, None, "{bits}");
            // Only a search that ignores its budget takes this long.
            assert!(begin.elapsed() < budget + Duration::from_secs(30), "{bits}");
        }
    }
}

#[test]
fn a_set_flag_ends_it() {
    let mut rng = StdRng::seed_from_u64(11);
    let number = prime(&mut rng, 512) * prime(&mut rng, 512);
    let options = Options {
        budget: Duration::from_secs(3600),
        public_exponent: None,
    };
    assert_eq!(run(&number, &options, &AtomicBool::new(true)), None);
}

#[test]
fn a_debug_print_hides_the_divisor() {
    let weak = WeakKey::new(big(15_581), Weakness::CloseFactors);
    assert!(!format!("{weak:?}").contains("15581"));
}
