//! Special forms: numbers a^k ± 1 with algebraic factors, and primes next to a round
//! number (a power of two or ten, a repeated hexadecimal digit or byte).

use super::budget::Budget;
use super::{WeakKey, Weakness};
use crate::arith::{Ring, perfect_power};
use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::One;

/// How far from a round number a prime is looked for, on both sides.
const DISTANCE: u64 = 1024;

/// Algebraic factors of a^k ± 1.
pub(super) fn algebraic(number: &BigUint) -> Option<WeakKey> {
    // x − 1 divides x^q − 1, and x + 1 divides x^q + 1 for odd q, with x = a^(k/q).
    let smallest = |k: u32, from: u32| (from..=k).find(|q| k.is_multiple_of(*q));
    let minus =
        perfect_power(&(number + 1u32)).and_then(|(a, k)| Some(a.pow(k / smallest(k, 2)?) - 1u32));
    let plus = perfect_power(&(number - 1u32))
        .and_then(|(a, k)| Some(a.pow(k / smallest(k >> k.trailing_zeros(), 3)?) + 1u32));
    [minus, plus]
        .into_iter()
        .flatten()
        .find(|divisor| !divisor.is_one() && divisor != number && number.is_multiple_of(divisor))
        .map(|divisor| WeakKey::new(divisor, Weakness::SpecialForm))
}

/// A prime next to a round number: of half the size, then of any size.
pub(super) fn near_round_numbers<R: Ring>(
    ring: &R,
    number: &BigUint,
    budget: &Budget<'_>,
) -> Option<WeakKey> {
    let bits = number.bits();
    let half = bits / 2;
    let powers_of_two =
        (0..half.saturating_sub(32)).map(|less| BigUint::one() << (half + 1 - less));
    let powers_of_ten = || {
        let digits = (bits as f64 * std::f64::consts::LOG10_2) as u32;
        let ten = BigUint::from(10u32);
        (0..digits / 2).map(move |less| ten.pow(digits / 2 + 1 - less))
    };
    // Nibbles and bytes that repeat over exactly half the bits, or one more.
    let repeated = [half, bits.div_ceil(2), half + 1]
        .into_iter()
        .flat_map(|length| (1u32..256).map(move |byte| repeat(byte, length)));
    let centres = powers_of_two
        .clone()
        .take(3)
        .chain(powers_of_ten().take(3))
        .chain(repeated)
        .chain(powers_of_two.skip(3))
        .chain(powers_of_ten().skip(3));
    for centre in centres {
        if budget.is_over() {
            return None;
        }
        if let Some(divisor) = near(ring, number, &centre) {
            return Some(WeakKey::new(divisor, Weakness::SpecialForm));
        }
    }
    None
}

/// A byte repeated over so many bits, from the top.
fn repeat(byte: u32, length: u64) -> BigUint {
    // Its leading zeros would shorten it.
    let byte = byte << (byte.leading_zeros() - 24);
    let bytes = vec![byte as u8; length.div_ceil(8) as usize];
    BigUint::from_bytes_be(&bytes) >> (length.next_multiple_of(8) - length)
}

/// A divisor at most [`DISTANCE`] from the centre.
fn near<R: Ring>(ring: &R, number: &BigUint, centre: &BigUint) -> Option<BigUint> {
    let first = (centre | BigUint::one()) - BigUint::from(DISTANCE).min(centre >> 1 << 1);
    let two = ring.lift_u64(2);
    let begin = ring.lift(&first);
    let mut product = ring.one();
    let mut candidate = begin;
    for _ in 0..=DISTANCE {
        product = ring.mul(&product, &candidate);
        candidate = ring.add(&candidate, &two);
    }
    if product != ring.zero() {
        ring.proper_divisor(&product)?;
    }
    // One of them: look at each.
    (0..=DISTANCE)
        .map(|i| &first + 2 * i)
        .map(|candidate| candidate.gcd(number))
        .find(|divisor| !divisor.is_one() && divisor != number)
}
