//! The sieve itself: from an index to its relations.

use super::QuadraticSieve;
use super::fill;
use super::polynomial::{Family, Polynomial};
use super::relation::{Hit, Relation};
use super::wide::inverse_word;
use crate::arith::inverse;
use crate::{Found, Searcher};
use num_bigint::BigUint;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// A number whose logarithms add up to this has its highest bit set: a candidate.
const FULL: u32 = 128;

/// Logarithms are scaled so that the threshold is at most this.
const SCALE: f64 = 100.0;

/// Primes below this are not sieved with ("small prime variation"): they would cost
/// most and tell least.
const SMALL_PRIMES: u32 = 40;

/// Searches indices for relations.
pub(super) struct SieveSearcher {
    pub(super) plan: QuadraticSieve,
    /// Scaled logarithms of the base's primes.
    logs: Vec<u8>,
    scale: f64,
    /// Bits that the small primes are expected to contribute.
    small_bits: f64,
    /// The first prime that is sieved with.
    pub(super) first: usize,
    /// The first prime larger than a block.
    first_large: usize,
    /// Room beyond an interval of one block, the largest prime's; 0 for longer ones.
    padding: usize,
    /// 1/p modulo 2^32.
    pub(super) inverses: Vec<u32>,
    /// ⌊(2^32 − 1)/p⌋: the largest quotient.
    pub(super) quotients: Vec<u32>,
    pub(super) state: State,
}

/// What belongs to the present family and polynomial; vectors parallel to the base.
#[derive(Default)]
pub(super) struct State {
    /// Where in the interval each prime's first root is, below the prime.
    pub(super) first_roots: Vec<u32>,
    /// And the second.
    pub(super) second_roots: Vec<u32>,
    /// How far the roots move when a term changes its sign, term by term.
    deltas: Vec<Vec<u32>>,
    /// Where the next block continues.
    positions: Vec<(u32, u32)>,
    /// Scaled logarithms; 0 for the primes of `a`, which are not sieved with.
    logs: Vec<u8>,
    /// The sieve.
    sieve: Vec<u8>,
}

impl SieveSearcher {
    pub(super) fn new(plan: QuadraticSieve) -> Self {
        let base = &plan.base;
        let half = f64::from(plan.text.half_interval);
        // |Q| is at most half the interval times √(kN/8).
        let bits = half.log2() + (plan.kn.bits() as f64 - 3.0) / 2.0;
        let scale = (SCALE / bits).min(4.0);
        let first = base.primes.partition_point(|&p| p < SMALL_PRIMES).max(1);
        let small_bits = base.primes[1..first]
            .iter()
            .map(|&p| 2.0 * f64::from(p).log2() / f64::from(p - 1))
            .sum::<f64>()
            + 2.0;
        let log = |&p: &u32| (f64::from(p).log2() * scale).round() as u8;
        Self {
            logs: base.primes.iter().map(log).collect(),
            scale,
            small_bits,
            first,
            first_large: base.primes.partition_point(|&p| (p as usize) < fill::BLOCK),
            padding: fill::padding(plan.text.half_interval, base.largest()),
            inverses: base
                .primes
                .iter()
                .map(|&p| inverse_word(p) as u32)
                .collect(),
            quotients: base.primes.iter().map(|&p| u32::MAX / p).collect(),
            state: State::default(),
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
        self.start(&family);
        let mut polynomial = family.polynomial(0);
        for i in 0..family.len() {
            if i > 0 {
                self.advance(i);
                family.advance(&mut polynomial, i);
            }
            let threshold = self.sieve_polynomial(&polynomial);
            self.collect(&family, &polynomial, threshold, |x, large_prime, hit| {
                let polynomial = i as u16;
                found(
                    Relation {
                        polynomial,
                        x,
                        large_prime,
                    },
                    hit,
                );
            });
        }
    }

    /// The roots of the family's first polynomial, and how they will move.
    fn start(&mut self, family: &Family) {
        let base = &*self.plan.base;
        let len = base.len();
        let half = self.plan.text.half_interval;
        let state = &mut self.state;
        state.first_roots.resize(len, 0);
        state.second_roots.resize(len, 0);
        state.positions.resize(len, (0, 0));
        state.sieve.resize(2 * half as usize + self.padding, 0);
        state.deltas.resize(family.terms.len(), Vec::new());
        state.logs.clone_from(&self.logs);
        for &i in &family.factors {
            state.logs[i] = 0;
        }
        let terms: Vec<Vec<u32>> = family.terms.iter().map(BigUint::to_u32_digits).collect();
        for delta in &mut state.deltas {
            delta.clear();
            delta.resize(len, 0);
        }
        let b = family.first_b().to_u32_digits();
        for i in self.first..len {
            let p = u64::from(base.primes[i]);
            let a = family
                .factors
                .iter()
                .fold(1, |a, &q| a * u64::from(base.primes[q]) % p);
            // No inverse: p divides a. Its roots are left alone, its logarithm is 0.
            let inverse = inverse(a, p).unwrap_or(0);
            for (delta, term) in state.deltas.iter_mut().zip(&terms) {
                delta[i] = (u64::from(base.residue(i, term)) * inverse % p) as u32;
            }
            let halved = if inverse & 1 == 0 {
                inverse / 2
            } else {
                (inverse + p) / 2
            };
            let root = u64::from(base.roots[i]);
            let negated_b = p - u64::from(base.residue(i, &b));
            let place = |root: u64| ((root + negated_b) * halved + u64::from(half)) % p;
            state.first_roots[i] = place(root) as u32;
            state.second_roots[i] = place(p - root) as u32;
        }
    }

    /// Moves the roots to polynomial `i`.
    fn advance(&mut self, i: u32) {
        let (term, subtracted) = Family::change(i);
        let State {
            first_roots,
            second_roots,
            deltas,
            ..
        } = &mut self.state;
        let primes = &self.plan.base.primes;
        let moves = primes.iter().zip(&deltas[term]);
        let roots = first_roots.iter_mut().zip(second_roots);
        for ((&p, &delta), (first, second)) in moves.zip(roots).skip(self.first) {
            let step = if subtracted { delta } else { p - delta };
            let reduced = |x: u32| x.min(x.wrapping_sub(p));
            *first = reduced(*first + step);
            *second = reduced(*second + step);
        }
    }

    /// Fills the sieve; answers the threshold for candidates, in bits.
    fn sieve_polynomial(&mut self, polynomial: &Polynomial) -> f64 {
        let half = self.plan.text.half_interval as i32;
        let size = |x| f64::from(polynomial.value(x).1.bits());
        let bits = size(0).max(size(half));
        let threshold =
            (bits - f64::from(self.plan.text.large_prime_bound).log2() - self.small_bits).max(1.0);
        let State {
            first_roots,
            second_roots,
            positions,
            logs,
            sieve,
            ..
        } = &mut self.state;
        sieve.fill(initial(threshold, self.scale));
        let primes = &self.plan.base.primes;
        if self.padding > 0 {
            for i in self.first..primes.len() {
                let roots = (first_roots[i], second_roots[i]);
                fill::whole(sieve, self.padding, primes[i], logs[i], roots);
            }
            return threshold;
        }
        for i in self.first_large..primes.len() {
            let (p, log) = (primes[i] as usize, logs[i]);
            for start in [first_roots[i], second_roots[i]] {
                let mut at = start as usize;
                while at < sieve.len() {
                    sieve[at] = sieve[at].wrapping_add(log);
                    at += p;
                }
            }
        }
        for i in self.first..self.first_large {
            positions[i] = (first_roots[i], second_roots[i]);
        }
        for block in sieve.chunks_mut(fill::BLOCK) {
            for i in self.first..self.first_large {
                positions[i] = fill::block(block, primes[i] as usize, logs[i], positions[i]);
            }
        }
        threshold
    }

    /// Takes the candidates apart, and hands over those that are relations: x and the
    /// large prime.
    fn collect(
        &self,
        family: &Family,
        polynomial: &Polynomial,
        threshold: f64,
        mut relation: impl FnMut(i32, u32, &Hit),
    ) {
        let mut factors = Vec::new();
        let initial = initial(threshold, self.scale);
        let interval = &self.state.sieve[..2 * self.plan.text.half_interval as usize];
        for (i, chunk) in interval.chunks_exact(64).enumerate() {
            if u32::from(chunk.iter().fold(0, |all, &byte| all | byte)) < FULL {
                continue;
            }
            for (j, &sum) in chunk.iter().enumerate() {
                if u32::from(sum) < FULL {
                    continue;
                }
                let at = 64 * i + j;
                let x = at as i32 - self.plan.text.half_interval as i32;
                let (negative, mut rest) = polynomial.value(x);
                let sieved = f64::from(sum - initial) / self.scale;
                let large_prime =
                    self.take_apart(family, at as u32, sieved, &mut rest, &mut factors);
                if let Some(large_prime) = large_prime {
                    let hit = Hit {
                        family,
                        polynomial,
                        negative,
                        factors: &factors,
                    };
                    relation(x, large_prime, &hit);
                }
            }
        }
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
