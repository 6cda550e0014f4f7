//! Small prime factors, by trial division.

use super::budget::Budget;
use super::{WeakKey, Weakness};
use crate::arith::segments;
use num_bigint::BigUint;
use num_traits::ToPrimitive;

/// The largest prime tried.
const LIMIT: u32 = 1_000_000;

/// So many numbers can be sieved for primes and tried in a microsecond, at the most:
/// a tiny budget is not to be spent on a long sieve.
const NUMBERS_A_MICROSECOND: u128 = 20;

/// Tries the odd primes up to a million, or as far as the time suffices.
pub(super) fn search(number: &BigUint, budget: &Budget<'_>) -> Option<WeakKey> {
    let affordable = budget.left().as_micros() * NUMBERS_A_MICROSECOND;
    let limit = u32::try_from(affordable).map_or(LIMIT, |limit| limit.min(LIMIT));
    // Products of three such primes fit in a word, so that the long number is divided
    // once for three primes.
    for primes in segments(2, limit) {
        for three in primes.chunks(3) {
            let product = three.iter().map(|&p| u64::from(p)).product::<u64>();
            let rest = (number % product).to_u64()?;
            for &p in three {
                if rest.is_multiple_of(p.into()) && *number != BigUint::from(p) {
                    return Some(WeakKey::new(p.into(), Weakness::SmallFactor));
                }
            }
            if budget.is_over() {
                return None;
            }
        }
    }
    None
}
