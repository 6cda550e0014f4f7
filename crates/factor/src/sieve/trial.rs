//! Trial division of a value whose primes are known to be in the base, save a large one:
//! a relation that is factored again. Called by [`super::relation`].
//!
//! The value shrinks with every prime that is found, and with it what a prime costs; and
//! once the primes below its root are through, what is left is a prime itself.

use super::base::FactorBase;
use super::float;
use super::vector::{self, Processor};
use super::wide::{Digits, Magnitude, RADIX, inverse_word};
use std::ops::Range;

/// Primes that are tried at once.
const CHUNK: usize = 16;

/// Divides an odd value by its large prime and by those of the base, and notes these as
/// often as they divide. Whether nothing is left, and the large prime is none of the base
/// nor made of such (1 stands for none).
pub(super) fn divide(
    processor: Processor,
    base: &FactorBase,
    mut rest: Magnitude,
    large_prime: u32,
    primes: &mut Vec<u32>,
) -> bool {
    let mut from = 1;
    if large_prime > 1 {
        if large_prime <= base.largest() || large_prime.is_multiple_of(2) {
            return false;
        }
        // Primes that it might be made of come first, and are missing in it then.
        let end = up_to_root(base, large_prime.into());
        while from < end {
            from = divide_by_next(processor, base, from..end, &mut rest, primes);
        }
        let Some(quotient) = rest.exact_quotient(large_prime, inverse_word(large_prime)) else {
            return false;
        };
        rest = quotient;
    }
    loop {
        let end = match rest.small() {
            Some(word) => up_to_root(base, word),
            None => base.len(),
        };
        if from >= end {
            break;
        }
        from = divide_by_next(processor, base, from..end, &mut rest, primes);
    }
    match rest.small() {
        Some(1) => true,
        // It has no divisor up to its root.
        Some(word) => match base.primes.binary_search_by_key(&word, |&p| p.into()) {
            Ok(i) => {
                primes.push(i as u32);
                true
            }
            Err(_) => false,
        },
        None => false,
    }
}

/// Where in the base the primes end whose squares are not above a number.
fn up_to_root(base: &FactorBase, number: u64) -> usize {
    base.primes
        .partition_point(|&p| u64::from(p) * u64::from(p) <= number)
}

/// Divides by the primes of the first chunk that has a divisor; answers where that ends.
fn divide_by_next(
    processor: Processor,
    base: &FactorBase,
    range: Range<usize>,
    rest: &mut Magnitude,
    primes: &mut Vec<u32>,
) -> usize {
    let digits = rest.digits();
    let mut trial = Trial {
        base,
        digits: &digits,
        next: range.start,
        end: range.end,
        hits: [false; CHUNK],
    };
    vector::next_divisors(processor, &mut trial);
    let Trial { next, hits, .. } = trial;
    let start = next.saturating_sub(CHUNK);
    for i in (0..CHUNK).filter(|&i| hits[i]) {
        base.divide_out(start + i, rest, primes);
    }
    next
}

/// A value, the primes that are to be tried, and what was found.
pub(super) struct Trial<'a> {
    base: &'a FactorBase,
    digits: &'a Digits,
    /// The next prime to try: that behind the chunk with hits.
    next: usize,
    /// Where the primes end; those of the last chunk may be tried too.
    end: usize,
    /// Which primes of the chunk divide.
    hits: [bool; CHUNK],
}

/// Goes on to the end of the first chunk of primes with divisors of the value. (Digit
/// after digit in floating point, exact as in [`super::float`].)
#[inline(always)]
pub(super) fn next_divisors<const FUSED: bool>(trial: &mut Trial<'_>) {
    let primes = trial.base.primes[trial.next..].chunks(CHUNK);
    let reciprocals = trial.base.reciprocals[trial.next..].chunks(CHUNK);
    let (highest, others) = trial.digits.parts();
    for (primes, reciprocals) in primes.zip(reciprocals) {
        if trial.next >= trial.end {
            break;
        }
        trial.next += CHUNK;
        // Where the base ends, modulo nothing: what is left is the value, which is not 0.
        let (mut p, mut reciprocal) = ([0.0; CHUNK], [0.0; CHUNK]);
        for (p, &prime) in p.iter_mut().zip(primes) {
            // (The conversion of signed words is one instruction.)
            *p = f64::from(prime as i32);
        }
        reciprocal[..reciprocals.len()].copy_from_slice(reciprocals);
        let mut rests: [f64; CHUNK] =
            std::array::from_fn(|i| float::left::<FUSED>(highest, p[i], reciprocal[i]));
        for &digit in others {
            for ((rest, p), reciprocal) in rests.iter_mut().zip(&p).zip(&reciprocal) {
                *rest = float::rest::<FUSED>(*rest, RADIX, digit, *p, *reciprocal);
            }
        }
        trial.hits = rests.map(|rest| rest == 0.0);
        if trial.hits.iter().fold(false, |any, &hit| any | hit) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::wide::Wide;
    use super::*;
    use num_bigint::{BigInt, BigUint};
    use proptest::prelude::*;

    fn base() -> FactorBase {
        let number = (BigUint::from(1u32) << 200u32) + 235u32;
        FactorBase::new(&number, 3, 500)
    }

    fn magnitude(value: &BigUint) -> Magnitude {
        Wide::from_big(&BigInt::from(value.clone())).parts().1
    }

    /// Places of the primes that a value was divided by, when it could be taken apart.
    fn divided(processor: Processor, value: &BigUint, large_prime: u32) -> Option<Vec<u32>> {
        let mut primes = Vec::new();
        let whole = divide(
            processor,
            &base(),
            magnitude(value),
            large_prime,
            &mut primes,
        );
        primes.sort_unstable();
        whole.then_some(primes)
    }

    proptest! {
        #[test]
        fn all_primes_are_found_with_their_powers_on_every_processor(
            mut places in proptest::collection::vec(1u32..500, 0..18),
            twice in 1u32..20,
            large in 0usize..3,
        ) {
            let base = base();
            places.extend([twice, twice]);
            places.sort_unstable();
            // No prime of the base divides the second and the third: their factors are larger.
            let large_prime = [1u32, 16_777_213, 1_000_003][large];
            let of_base: BigUint = places.iter().map(|&i| base.primes[i as usize]).product();
            let value = of_base * large_prime;
            prop_assume!(value.bits() < 255);
            for processor in [Processor::detect(), Processor::plain()] {
                let found = divided(processor, &value, large_prime);
                prop_assert_eq!(found.as_ref(), Some(&places));
                // What is not there, is left over, or is of the base is refused.
                prop_assert_eq!(divided(processor, &(&value * 16_777_213u32), large_prime), None);
                prop_assert_eq!(divided(processor, &value, 16_777_183), None);
                let (first, last) = (places[0] as usize, places[places.len() - 1] as usize);
                let lie = base.primes[first] * base.primes[last];
                prop_assert_eq!(divided(processor, &(&value / large_prime), lie), None);
                prop_assert_eq!(divided(processor, &(&value / large_prime), base.primes[last]), None);
            }
        }
    }
}
