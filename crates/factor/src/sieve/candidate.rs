//! Candidates: the numbers of the sieve that are large enough, taken apart by the primes
//! that have a root there. Called by [`super::search`].

use super::polynomial::Family;
use super::search::SieveSearcher;
use super::vector;
use super::wide::Magnitude;
use std::ops::Range;

/// Bits by which rounded logarithms and powers of primes may lead astray.
const SLACK: f64 = 3.0;

/// Primes whose roots are compared with a place at once.
const GROUP: usize = 16;

/// Where a candidate is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// In which block.
    pub(super) block: usize,
    /// Where in the block.
    pub(super) place: u32,
    /// Where in the interval.
    pub(super) at: u32,
    /// Bits that the primes found there, without the small ones.
    pub(super) sieved: f64,
}

/// Primes, in vectors parallel to a part of the base that begins at `start`.
pub(super) struct Compared<'a> {
    first: &'a [u32],
    second: &'a [u32],
    /// 1/p modulo 2^32.
    inverses: &'a [u32],
    /// ⌊(2^32 − 1)/p⌋: the largest quotient.
    quotients: &'a [u32],
    start: usize,
}

impl SieveSearcher {
    /// Divides the value at a place of the sieve by the base; answers what is left, when
    /// that is 1 or a large prime. The places of its primes are in `factors` then, each
    /// as often as it divides. (Roots only tell which primes to try: division is exact or
    /// refused.)
    pub(super) fn take_apart(
        &self,
        family: &Family,
        place: Place,
        rest: &mut Magnitude,
        factors: &mut Vec<u32>,
        found: &mut Vec<u32>,
    ) -> Option<u32> {
        let base = &*self.plan.base;
        if rest.bits() == 0 {
            return None;
        }
        factors.clear();
        factors.extend((0..rest.take_twos()).map(|_| 0));
        found.clear();
        vector::compare(
            self.processor,
            self.compared(1..self.first),
            place.at,
            found,
        );
        for &i in &*found {
            base.divide_out(i as usize, rest, factors);
        }
        let bound = self.plan.text.large_prime_bound;
        // Now that the small primes are known, what was sieved must explain the rest.
        if place.sieved + f64::from(bound).log2() + SLACK < f64::from(rest.bits()) {
            return None;
        }
        found.clear();
        found.extend(family.factors.iter().map(|&i| i as u32));
        let walked = self.compared(self.first..self.sorted);
        vector::compare(self.processor, walked, place.at, found);
        self.buckets
            .meet(self.processor, place.block, place.place, found);
        for &i in &*found {
            base.divide_out(i as usize, rest, factors);
        }
        let rest = rest.small()?;
        (rest <= u64::from(bound)).then_some(rest as u32)
    }

    fn compared(&self, range: Range<usize>) -> Compared<'_> {
        Compared {
            first: &self.roots.first[range.clone()],
            second: &self.roots.second[range.clone()],
            inverses: &self.inverses[range.clone()],
            quotients: &self.quotients[range.clone()],
            start: range.start,
        }
    }
}

/// Appends the primes that have a root at a place.
///
/// p divides the distance of place and root when the distance times 1/p, modulo 2^32, is
/// a possible quotient. (A negative distance may look like a multiple.)
#[inline(always)]
pub(super) fn compare(with: Compared<'_>, at: u32, found: &mut Vec<u32>) {
    let Compared {
        first,
        second,
        inverses,
        quotients,
        start,
    } = with;
    let groups = first.chunks(GROUP).zip(second.chunks(GROUP));
    let numbers = inverses.chunks(GROUP).zip(quotients.chunks(GROUP));
    for (group, ((first, second), (inverses, quotients))) in groups.zip(numbers).enumerate() {
        let roots = first.iter().zip(second);
        let primes = roots.zip(inverses.iter().zip(quotients));
        let hits = |((&first, &second), (&inverse, &most)): ((&u32, &u32), (&u32, &u32))| {
            let quotient = |root: u32| at.wrapping_sub(root).wrapping_mul(inverse);
            quotient(first).min(quotient(second)) <= most
        };
        if primes.clone().fold(false, |any, prime| any | hits(prime)) {
            let hit = primes.enumerate().filter(|&(_, prime)| hits(prime));
            found.extend(hit.map(|(i, _)| (start + GROUP * group + i) as u32));
        }
    }
}

/// Appends the places of numbers with their highest bit set. The numbers are a multiple of
/// 64.
#[inline(always)]
pub(super) fn full(numbers: &[u8], found: &mut Vec<u32>) {
    const HIGHEST: u64 = 0x8080_8080_8080_8080;
    let (chunks, _) = numbers.as_chunks::<64>();
    for (i, chunk) in chunks.iter().enumerate() {
        let (words, _) = chunk.as_chunks::<8>();
        let any = |any, word: &[u8; 8]| any | u64::from_le_bytes(*word);
        if words.iter().fold(0, any) & HIGHEST != 0 {
            let hit = chunk
                .iter()
                .enumerate()
                .filter(|(_, number)| *number >> 7 == 1);
            found.extend(hit.map(|(j, _)| (64 * i + j) as u32));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::vector::Processor;
    use super::super::wide::inverse_word;
    use super::*;
    use crate::arith::primes_below;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn primes_with_a_root_at_a_place_are_found_on_every_processor(
            at in 0u32..1 << 20,
            seed: u32,
            start in 0usize..99,
            count in 0usize..150,
        ) {
            let primes = &primes_below(2000)[1..=count];
            let number = |i: usize, p: u32| seed.wrapping_mul(2 * i as u32 + 1) % p;
            let first: Vec<u32> = (0..).zip(primes).map(|(i, &p)| number(i, p)).collect();
            let second: Vec<u32> = (7..).zip(primes).map(|(i, &p)| number(i, p)).collect();
            let inverses: Vec<u32> = primes.iter().map(|&p| inverse_word(p) as u32).collect();
            let quotients: Vec<u32> = primes.iter().map(|&p| u32::MAX / p).collect();
            let expected: Vec<u32> = (0..count)
                .filter(|&i| {
                    let meets = |root: u32| at >= root && (at - root).is_multiple_of(primes[i]);
                    meets(first[i]) || meets(second[i])
                })
                .map(|i| (start + i) as u32)
                .collect();
            for processor in [Processor::detect(), Processor::plain()] {
                let with = Compared {
                    first: &first,
                    second: &second,
                    inverses: &inverses,
                    quotients: &quotients,
                    start,
                };
                let mut found = Vec::new();
                vector::compare(processor, with, at, &mut found);
                // A negative distance may look like a multiple.
                let is_behind = |&i: &u32| at >= 2000 || expected.contains(&i);
                found.retain(is_behind);
                prop_assert_eq!(&found, &expected);
            }
        }

        #[test]
        fn full_numbers_are_found_on_every_processor(
            mut numbers in proptest::collection::vec(0u8..130, 0..700),
        ) {
            numbers.resize(numbers.len().next_multiple_of(64), 0);
            let expected: Vec<u32> = (0..numbers.len() as u32)
                .filter(|&i| numbers[i as usize] > 127)
                .collect();
            for processor in [Processor::detect(), Processor::plain()] {
                let mut found = Vec::new();
                vector::full(processor, &numbers, &mut found);
                prop_assert_eq!(&found, &expected);
            }
        }
    }
}
