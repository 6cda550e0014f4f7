//! The sieve itself: from an index to its relations.

use super::QuadraticSieve;
use super::base::FactorBase;
use super::bucket::{self, Buckets};
use super::candidate::Place;
use super::fill;
use super::polynomial::{Family, Polynomial};
use super::relation::{Hit, Relation};
use super::roots::Roots;
use super::vector::{self, Processor};
use super::wide::inverse_word;
use crate::{Found, Searcher};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A number whose logarithms add up to this has its highest bit set: a candidate.
const FULL: u32 = 128;

/// Logarithms are scaled so that the threshold is at most this.
const SCALE: f64 = 100.0;

/// Primes below the first are not sieved with ("small prime variation"): they would cost
/// most and tell least. Bits that they are expected to contribute beyond chance, those of
/// the prime 2 among them, are the second: what is smooth has more small primes than most.
fn small_primes(bits: u64) -> (u32, f64) {
    match bits {
        ..120 => (40, 2.0),
        120..150 => (60, 4.0),
        150..165 => (100, 4.0),
        _ => (256, 6.0),
    }
}

/// Searches indices for relations.
pub(super) struct SieveSearcher {
    pub(super) plan: QuadraticSieve,
    pub(super) processor: Processor,
    /// Scaled logarithms of the base's primes.
    logs: Vec<u8>,
    scale: f64,
    /// Bits that the small primes are expected to contribute.
    small_bits: f64,
    /// The first prime that is sieved with.
    pub(super) first: usize,
    /// The first prime whose places are sorted into lists.
    pub(super) sorted: usize,
    /// Room beyond an interval of one block, the largest prime's; 0 for longer ones.
    padding: usize,
    /// 1/p modulo 2^32.
    pub(super) inverses: Vec<u32>,
    /// ⌊(2^32 − 1)/p⌋: the largest quotient.
    pub(super) quotients: Vec<u32>,
    /// The roots of the present polynomial.
    pub(super) roots: Roots,
    /// The places of large primes, for the present polynomial.
    pub(super) buckets: Buckets,
    /// Where smaller primes continue in the next block.
    positions: Vec<(u32, u32)>,
    /// Scaled logarithms; 0 for the primes of `a`, which are not sieved with.
    family_logs: Vec<u8>,
    /// A block of the sieve, and room behind it.
    sieve: Vec<u8>,
    scratch: Scratch,
}

/// Vectors that are used again.
#[derive(Default)]
struct Scratch {
    candidates: Vec<u32>,
    factors: Vec<u32>,
    found: Vec<u32>,
}

impl SieveSearcher {
    pub(super) fn new(plan: QuadraticSieve) -> Self {
        let base = &plan.base;
        let half_interval = plan.text.half_interval;
        // |Q| is at most half the interval times √(kN/8).
        let bits = f64::from(half_interval).log2() + (plan.kn.bits() as f64 - 3.0) / 2.0;
        let scale = (SCALE / bits).min(4.0);
        let (small, allowance) = small_primes(plan.number.bits());
        let first = base.primes.partition_point(|&p| p < small).max(1);
        let small_bits = base.primes[1..first]
            .iter()
            .map(|&p| 2.0 * f64::from(p).log2() / f64::from(p - 1))
            .sum::<f64>()
            + allowance;
        let log = |&p: &u32| (f64::from(p).log2() * scale).round() as u8;
        let logs: Vec<u8> = base.primes.iter().map(log).collect();
        let padding = fill::padding(half_interval, base.largest());
        let processor = Processor::detect();
        // In an interval of one block everything is walked through.
        let sorted = if padding > 0 {
            base.len()
        } else {
            bucket::from(&base.primes).max(first)
        };
        Self {
            processor,
            scale,
            small_bits,
            first,
            sorted,
            padding,
            inverses: base
                .primes
                .iter()
                .map(|&p| inverse_word(p) as u32)
                .collect(),
            quotients: base.primes.iter().map(|&p| u32::MAX / p).collect(),
            roots: Roots::new(base, half_interval, processor),
            buckets: Buckets::new(&base.primes, &logs, sorted, 2 * half_interval),
            positions: vec![(0, 0); sorted],
            family_logs: logs.clone(),
            logs,
            sieve: vec![0; fill::BLOCK + padding.max(fill::BEHIND)],
            scratch: Scratch::default(),
            plan,
        }
    }

    /// Sieves with all polynomials of an index, and hands over what it finds: the
    /// relation, and what it was found with.
    pub(super) fn search_index(&mut self, index: u64, mut found: impl FnMut(Relation, &Hit)) {
        let family = self.plan.family(index);
        if family.factors.is_empty() {
            return;
        }
        let base = Arc::clone(&self.plan.base);
        self.roots.start(&base, &family);
        self.family_logs.clone_from(&self.logs);
        for &i in &family.factors {
            self.family_logs[i] = 0;
        }
        let interval = 2 * self.plan.text.half_interval as usize;
        let mut polynomial = family.polynomial(0);
        for i in 0..family.len() {
            if i > 0 {
                family.advance(&mut polynomial, i);
            }
            self.advance(&base, i);
            let threshold = self.threshold(&polynomial);
            for (block, start) in (0..interval).step_by(fill::BLOCK).enumerate() {
                let size = fill::BLOCK.min(interval - start);
                self.sieve_block(block, size, initial(threshold, self.scale));
                self.collect(
                    &family,
                    &polynomial,
                    threshold,
                    (block, size),
                    |x, large_prime, hit| {
                        let polynomial = i as u16;
                        found(
                            Relation {
                                polynomial,
                                x,
                                large_prime,
                            },
                            hit,
                        );
                    },
                );
            }
        }
    }

    /// Moves the roots to polynomial `i`, and sorts the places of large primes.
    fn advance(&mut self, base: &FactorBase, i: u32) {
        let (step, first, second) = self.roots.step(base, i);
        if i > 0 {
            let small = 0..self.sorted;
            vector::advance(
                self.processor,
                step.part(small.clone()),
                &mut first[small.clone()],
                &mut second[small],
            );
        }
        self.buckets.fill(self.processor, step, first, second);
    }

    /// The bits from which on a number is a candidate.
    fn threshold(&self, polynomial: &Polynomial) -> f64 {
        let half = self.plan.text.half_interval as i32;
        let size = |x| f64::from(polynomial.value(x).1.bits());
        let bits = size(0).max(size(half));
        (bits - f64::from(self.plan.text.large_prime_bound).log2() - self.small_bits).max(1.0)
    }

    /// Sieves a block of this size, from a number to start with.
    fn sieve_block(&mut self, block: usize, size: usize, initial: u8) {
        let primes = &self.plan.base.primes;
        let logs = &self.family_logs;
        self.sieve[..size].fill(initial);
        let Roots { first, second, .. } = &self.roots;
        if self.padding > 0 {
            let sieve = &mut self.sieve[..size + self.padding];
            for i in self.first..primes.len() {
                fill::whole(
                    sieve,
                    self.padding,
                    primes[i],
                    logs[i],
                    (first[i], second[i]),
                );
            }
            return;
        }
        if block == 0 {
            for i in self.first..self.sorted {
                self.positions[i] = (first[i], second[i]);
            }
        }
        let sieve = &mut self.sieve[..size + fill::BEHIND];
        let walked = primes.iter().zip(logs).zip(&mut self.positions);
        for ((&p, &log), position) in walked.skip(self.first) {
            *position = fill::block(sieve, p, log, *position);
        }
        if let Some(sieve) = self.sieve.first_chunk_mut() {
            self.buckets.empty(block, sieve);
        }
    }

    /// Takes the candidates of a block apart, and hands over those that are relations: x
    /// and the large prime.
    fn collect(
        &mut self,
        family: &Family,
        polynomial: &Polynomial,
        threshold: f64,
        (block, size): (usize, usize),
        mut relation: impl FnMut(i32, u32, &Hit),
    ) {
        let mut scratch = std::mem::take(&mut self.scratch);
        let Scratch {
            candidates,
            factors,
            found,
        } = &mut scratch;
        candidates.clear();
        vector::full(self.processor, &self.sieve[..size], candidates);
        let initial = initial(threshold, self.scale);
        for &place in &*candidates {
            let at = (block * fill::BLOCK) as u32 + place;
            let x = at as i32 - self.plan.text.half_interval as i32;
            let (negative, mut rest) = polynomial.value(x);
            let place = Place {
                block,
                place,
                at,
                sieved: f64::from(self.sieve[place as usize] - initial) / self.scale,
            };
            let large_prime = self.take_apart(family, place, &mut rest, factors, found);
            if let Some(large_prime) = large_prime {
                let hit = Hit {
                    family,
                    polynomial,
                    negative,
                    factors,
                };
                relation(x, large_prime, &hit);
            }
        }
        self.scratch = scratch;
    }
}

/// What the sieve starts from, so that the threshold is where the highest bit is set.
fn initial(threshold: f64, scale: f64) -> u8 {
    FULL.saturating_sub((threshold * scale) as u32) as u8
}

impl Searcher for SieveSearcher {
    fn search(&mut self, range: Range<u64>, stop: &AtomicBool, found: &mut Vec<Found>) -> u64 {
        if !self.plan.base.divisors.is_empty() {
            return range.end;
        }
        for index in range.clone() {
            if stop.load(Ordering::Relaxed) {
                return index;
            }
            self.search_index(index, |relation, _| {
                let data = relation.encode();
                found.push(Found { index, data });
            });
        }
        range.end
    }
}
