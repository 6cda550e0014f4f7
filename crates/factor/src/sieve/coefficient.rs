//! Which `a` belongs to which index: a deterministic sequence.

use super::QuadraticSieve;
use num_bigint::BigUint;
use num_traits::ToPrimitive;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// How indices become coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Sequence {
    /// For small numbers, which have few good coefficients: all products of primes of
    /// the base, those of the planned count of factors first, then those of one more.
    Enumerated,
    /// All factors but one are drawn from the pool by a generator seeded with plan and
    /// index; the last is the one that brings the product closest to its target. The
    /// best of a few tries counts.
    Drawn,
}

/// Tries of which the best counts.
const TRIES: u64 = 8;

/// The most factors of a coefficient: 2^15 polynomials.
pub(super) const MAX_FACTORS: usize = 16;

/// The coefficient of an index, as ascending places in the factor base.
pub(super) fn factors(plan: &QuadraticSieve, index: u64) -> Vec<usize> {
    let mut factors = match plan.text.sequence {
        Sequence::Enumerated => enumerated(plan, index),
        Sequence::Drawn => drawn(plan, index),
    };
    factors.sort_unstable();
    factors
}

/// The eligible places of the base, by distance from the root that `count` equal
/// factors of the target would have.
pub(super) fn by_distance(plan: &QuadraticSieve) -> Vec<usize> {
    let ideal = plan.target.nth_root(plan.text.factors).to_u32();
    let ideal = ideal.unwrap_or(u32::MAX);
    let base = &plan.base;
    let mut places: Vec<usize> = (0..base.len()).filter(|&i| base.is_eligible(i)).collect();
    places.sort_by_key(|&i| (base.primes[i].abs_diff(ideal), i));
    places
}

fn binomial(n: u64, k: u64) -> u64 {
    (0..k.min(n)).fold(u64::from(k <= n), |product, i| {
        let next = u128::from(product) * u128::from(n - i) / u128::from(i + 1);
        u64::try_from(next).unwrap_or(u64::MAX)
    })
}

fn enumerated(plan: &QuadraticSieve, index: u64) -> Vec<usize> {
    let places = &plan.pool;
    let count = places.len() as u64;
    let first = u64::from(plan.text.factors).min(count);
    let last = count.min(MAX_FACTORS as u64);
    let mut rank = index;
    let mut size = first;
    // After the last there is nothing new: the sequence starts again.
    while rank >= binomial(count, size) {
        rank -= binomial(count, size);
        size = if size < last { size + 1 } else { first };
    }
    // Unranking in the combinatorial number system.
    let mut chosen = Vec::new();
    let mut below = count;
    for k in (1..=size).rev() {
        let c = (0..below)
            .rev()
            .find(|&c| binomial(c, k) <= rank)
            .unwrap_or(0);
        rank -= binomial(c, k);
        below = c;
        chosen.push(places[c as usize]);
    }
    chosen
}

fn drawn(plan: &QuadraticSieve, index: u64) -> Vec<usize> {
    let tries = (0..TRIES).filter_map(|attempt| {
        let chosen = draw(plan, Generator::new(plan.seed, index, attempt))?;
        Some((distance(plan, &chosen), Reverse(attempt), chosen))
    });
    tries.min().map(|(_, _, chosen)| chosen).unwrap_or_default()
}

/// The product of these primes and the target, when both are short: most of the time
/// for numbers of up to 200 bits.
fn short(plan: &QuadraticSieve, chosen: &[usize]) -> Option<(u128, u128)> {
    let mut primes = chosen.iter().map(|&i| u128::from(plan.base.primes[i]));
    let product = primes.try_fold(1u128, |product, p| product.checked_mul(p))?;
    Some((product, plan.target.to_u128()?))
}

/// The product of these primes.
fn product(plan: &QuadraticSieve, chosen: &[usize]) -> BigUint {
    chosen.iter().map(|&i| plan.base.primes[i]).product()
}

/// How far the product of these primes is from the target.
fn distance(plan: &QuadraticSieve, chosen: &[usize]) -> BigUint {
    if let Some((product, target)) = short(plan, chosen) {
        return product.abs_diff(target).into();
    }
    let product = product(plan, chosen);
    if product > plan.target {
        product - &plan.target
    } else {
        &plan.target - product
    }
}

/// What is missing in the product of these primes, as a factor.
fn missing(plan: &QuadraticSieve, chosen: &[usize]) -> u32 {
    let quotient = match short(plan, chosen) {
        Some((product, target)) => (target / product).to_u32(),
        None => (&plan.target / product(plan, chosen)).to_u32(),
    };
    quotient.unwrap_or(u32::MAX)
}

fn draw(plan: &QuadraticSieve, mut generator: Generator) -> Option<Vec<usize>> {
    let base = &plan.base;
    let mut chosen = Vec::with_capacity(plan.text.factors as usize);
    while chosen.len() + 1 < plan.text.factors as usize {
        let place = plan.pool[generator.below(plan.pool.len() as u64) as usize];
        if !chosen.contains(&place) {
            chosen.push(place);
        }
    }
    let wanted = missing(plan, &chosen);
    let above = base.primes.partition_point(|&p| p < wanted);
    let free = |i: &usize| base.is_eligible(*i) && !chosen.contains(i);
    let next = (above..base.len()).find(free);
    let previous = (0..above).rev().find(free);
    let last = next
        .into_iter()
        .chain(previous)
        .min_by_key(|&i| base.primes[i].abs_diff(wanted))?;
    chosen.push(last);
    Some(chosen)
}

/// SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number
/// generators", 2014).
pub(super) struct Generator(u64);

impl Generator {
    const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

    pub(super) fn new(seed: u64, index: u64, attempt: u64) -> Self {
        // Each index and try starts at an output of the generator before it.
        let mut of_index = Self(seed.wrapping_add(index.wrapping_mul(Self::GAMMA)));
        let start = of_index
            .next()
            .wrapping_add(attempt.wrapping_mul(Self::GAMMA));
        Self(Self(start).next())
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(Self::GAMMA);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn plan(number: u128) -> QuadraticSieve {
        QuadraticSieve::new(BigUint::from(number)).unwrap()
    }

    #[test]
    fn binomials_are_those_of_pascals_triangle() {
        for n in 0..30 {
            assert_eq!(binomial(n, 0), 1);
            for k in 1..30 {
                assert_eq!(binomial(n + 1, k), binomial(n, k) + binomial(n, k - 1));
            }
        }
        assert_eq!(binomial(1000, 500), u64::MAX);
    }

    #[test]
    fn a_small_number_enumerates_coefficients_without_repetition() {
        let plan = plan(1_000_003 * 1_000_033);
        assert_eq!(plan.text.sequence, Sequence::Enumerated);
        let sequence: HashSet<Vec<usize>> = (0..2000).map(|i| factors(&plan, i)).collect();
        assert_eq!(sequence.len(), 2000);
    }

    #[test]
    fn drawn_coefficients_are_close_to_their_target_and_seldom_repeat() {
        let plan = plan(((1 << 61) - 1) * ((1 << 63) - 25));
        assert_eq!(plan.text.sequence, Sequence::Drawn);
        let sequence: Vec<Vec<usize>> = (0..200).map(|i| factors(&plan, i)).collect();
        for factors in &sequence {
            assert!(factors.is_sorted_by(|x, y| x < y));
            let a: BigUint = factors.iter().map(|&i| plan.base.primes[i]).product();
            let ratio = a.to_f64().unwrap() / plan.target.to_f64().unwrap();
            assert!((0.8..1.25).contains(&ratio), "{ratio}");
        }
        let distinct: HashSet<_> = sequence.iter().collect();
        assert!(distinct.len() > 195, "{}", distinct.len());
    }
}
