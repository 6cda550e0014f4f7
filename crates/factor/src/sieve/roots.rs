//! Where in the interval each prime of the base divides: for the first polynomial of a
//! family, and from one polynomial to the next. Called by [`super::search`].
//!
//! Residues are computed in floating point ([`super::float`]).

use super::base::FactorBase;
use super::float::{product, whole, word};
use super::polynomial::Family;
use super::vector::{self, Processor};
use std::collections::HashMap;
use std::ops::Range;

/// Primes whose residues are computed together, term after term.
const CHUNK: usize = 128;

/// The most tables of inverses that are kept for later families.
const TABLES: usize = 256;

/// The roots of the present polynomial, in vectors parallel to the base.
pub(super) struct Roots {
    processor: Processor,
    /// Half the interval modulo each prime.
    halves: Vec<u32>,
    /// Where in the interval each prime's first root is, below the prime.
    pub(super) first: Vec<u32>,
    /// And the second.
    pub(super) second: Vec<u32>,
    /// How far the roots move when a term changes its sign, term by term.
    deltas: Vec<Vec<u32>>,
    /// No move.
    still: Vec<u32>,
    /// The inverses modulo prime factors of coefficients.
    tables: HashMap<u32, Vec<u32>>,
}

/// How roots move, in vectors parallel to a part of the base.
#[derive(Clone, Copy)]
pub(super) struct Move<'a> {
    pub(super) primes: &'a [u32],
    /// By how much, below the prime.
    pub(super) deltas: &'a [u32],
    /// Whether b becomes smaller: the roots become larger then.
    pub(super) subtracted: bool,
}

impl Move<'_> {
    /// That of a part of the primes.
    pub(super) fn part(&self, range: Range<usize>) -> Self {
        Self {
            primes: &self.primes[range.clone()],
            deltas: &self.deltas[range],
            ..*self
        }
    }
}

/// A term B = γ·a/q of b.
pub(super) struct Term<'a> {
    q: f64,
    gamma: f64,
    /// Inverses modulo q.
    inverses: &'a [u32],
    deltas: &'a mut [u32],
}

/// What the roots of a family's first polynomial are computed from, and to.
pub(super) struct Beginning<'a> {
    base: &'a FactorBase,
    halves: &'a [u32],
    /// 1 where b has a summand `a`.
    shift: f64,
    terms: Vec<Term<'a>>,
    first: &'a mut [u32],
    second: &'a mut [u32],
}

impl Roots {
    pub(super) fn new(base: &FactorBase, half_interval: u32, processor: Processor) -> Self {
        Self {
            processor,
            halves: base.primes.iter().map(|&p| half_interval % p).collect(),
            first: vec![0; base.len()],
            second: vec![0; base.len()],
            deltas: Vec::new(),
            still: vec![0; base.len()],
            tables: HashMap::new(),
        }
    }

    /// To the first polynomial of a family. The roots of the prime 2 and of those that
    /// divide `a` mean nothing.
    pub(super) fn start(&mut self, base: &FactorBase, family: &Family) {
        let steps = family.steps();
        if self.tables.len() > TABLES {
            self.tables.clear();
        }
        for &(q, _) in &steps {
            self.tables.entry(q).or_insert_with(|| inverses(q));
        }
        self.deltas.resize(steps.len(), Vec::new());
        let terms = steps
            .iter()
            .zip(&mut self.deltas)
            .map(|(&(q, gamma), deltas)| {
                deltas.resize(base.len(), 0);
                Term {
                    q: q.into(),
                    gamma: gamma.into(),
                    inverses: self.tables.get(&q).map_or(&[], Vec::as_slice),
                    deltas,
                }
            });
        let mut work = Beginning {
            base,
            halves: &self.halves,
            shift: f64::from(u8::from(family.is_shifted())),
            terms: terms.collect(),
            first: &mut self.first,
            second: &mut self.second,
        };
        vector::begin(self.processor, &mut work);
        for deltas in &mut self.deltas {
            for &i in &family.factors {
                deltas[i] = 0;
            }
        }
    }

    /// How the roots move to polynomial `i`, and first and second roots. To polynomial 0
    /// they do not move.
    pub(super) fn step<'a>(
        &'a mut self,
        base: &'a FactorBase,
        i: u32,
    ) -> (Move<'a>, &'a mut [u32], &'a mut [u32]) {
        let (deltas, subtracted) = if i == 0 {
            (&self.still, false)
        } else {
            let (term, subtracted) = Family::change(i);
            (&self.deltas[term], subtracted)
        };
        let step = Move {
            primes: &base.primes,
            deltas,
            subtracted,
        };
        (step, &mut self.first, &mut self.second)
    }
}

/// The inverses modulo a prime; 0 for 0.
fn inverses(q: u32) -> Vec<u32> {
    let mut inverses = vec![0; q as usize];
    inverses[1] = 1;
    for i in 2..q {
        // q = (q/i)·i + (q mod i).
        let of_rest = u64::from(inverses[(q % i) as usize]);
        let product = u64::from(q / i) * of_rest % u64::from(q);
        inverses[i as usize] = q - product as u32;
    }
    inverses
}

/// Moves roots.
#[inline(always)]
pub(super) fn advance(step: Move<'_>, first: &mut [u32], second: &mut [u32]) {
    let moves = step.primes.iter().zip(step.deltas);
    let roots = first.iter_mut().zip(second);
    // One of the two is right, and the other larger than any root.
    if step.subtracted {
        for ((&p, &delta), (first, second)) in moves.zip(roots) {
            for root in [first, second] {
                let moved = *root + delta;
                *root = moved.min(moved.wrapping_sub(p));
            }
        }
    } else {
        for ((&p, &delta), (first, second)) in moves.zip(roots) {
            for root in [first, second] {
                let moved = root.wrapping_sub(delta);
                *root = moved.min(moved.wrapping_add(p));
            }
        }
    }
}

/// Computes roots and deltas of a family's first polynomial.
///
/// With B = γ·a/q, B/a ≡ γ/q (mod p), and 1/q = (1 + p·k)/q with k ≡ −1/p (mod q). The
/// roots of a·x² + b·x + c are (±√kN − b)/2a, where b/a is the sum of all B/a, and 1/a the
/// product of all 1/q.
#[inline(always)]
pub(super) fn begin<const FUSED: bool>(work: &mut Beginning<'_>) {
    let len = work.first.len();
    for start in (0..len).step_by(CHUNK) {
        let range = start..len.min(start + CHUNK);
        let mut p = [1.0; CHUNK];
        for (p, &prime) in p.iter_mut().zip(&work.base.primes[range.clone()]) {
            *p = f64::from(prime);
        }
        let mut reciprocal = [0.0; CHUNK];
        let of_chunk = &work.base.reciprocals[range.clone()];
        reciprocal[..of_chunk.len()].copy_from_slice(of_chunk);
        let mut inverse_of_a = [1.0; CHUNK];
        let mut sum = [work.shift; CHUNK];
        for term in &mut work.terms {
            let (q, gamma, of_q) = (term.q, term.gamma, 1.0 / term.q);
            let mut factor = [0; CHUNK];
            for (factor, &p) in factor.iter_mut().zip(&p) {
                *factor = word(product::<FUSED>(p, 1.0, q, of_q));
            }
            for factor in &mut factor {
                *factor = term.inverses.get(*factor as usize).copied().unwrap_or(0);
            }
            let mut deltas = [0; CHUNK];
            for j in 0..CHUNK {
                let multiple = p[j] * (q - f64::from(factor[j]));
                let inverse = whole::<FUSED>(1.0 + multiple, of_q);
                let delta = product::<FUSED>(gamma, inverse, p[j], reciprocal[j]);
                inverse_of_a[j] = product::<FUSED>(inverse_of_a[j], inverse, p[j], reciprocal[j]);
                sum[j] += delta;
                deltas[j] = word(delta);
            }
            let of_chunk = &mut term.deltas[range.clone()];
            of_chunk.copy_from_slice(&deltas[..of_chunk.len()]);
        }
        let roots = work.base.roots[range.clone()].iter();
        let places = roots.zip(&work.halves[range.clone()]);
        let found = work.first[range.clone()]
            .iter_mut()
            .zip(&mut work.second[range]);
        for (j, ((&root, &half), (first, second))) in places.zip(found).enumerate() {
            let (p, reciprocal) = (p[j], reciprocal[j]);
            let root = product::<FUSED>(f64::from(root), inverse_of_a[j], p, reciprocal);
            let b = product::<FUSED>(sum[j], 1.0, p, reciprocal);
            let place = |double: f64| {
                let double = word(if double < 0.0 { double + p } else { double });
                let p = word(p);
                let place = (double + (double & 1) * p) / 2 + half;
                place.min(place.wrapping_sub(p))
            };
            *first = place(root - b);
            *second = place(p - root - b);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;
    use num_traits::ToPrimitive;

    fn base() -> (BigUint, FactorBase) {
        let number = (BigUint::from(1u32) << 200u32) + 235u32;
        let multiplier = (&number % 8u32).to_u32().unwrap();
        let base = FactorBase::new(&number, multiplier, 1000);
        (number * multiplier, base)
    }

    #[test]
    fn inverses_are_inverse() {
        for q in [3, 5, 101, 4099] {
            let inverses = inverses(q);
            assert_eq!(inverses[0], 0);
            for (i, &inverse) in inverses.iter().enumerate().skip(1) {
                assert_eq!(
                    i as u64 * u64::from(inverse) % u64::from(q),
                    1,
                    "{i} modulo {q}"
                );
            }
        }
    }

    #[test]
    fn primes_divide_at_their_roots_all_along_a_family() {
        let (kn, base) = base();
        let half = 1 << 16;
        for processor in [Processor::detect(), Processor::plain()] {
            let mut roots = Roots::new(&base, half, processor);
            // The second family has an odd sum, or the first; and one prime of a is large.
            for factors in [vec![150, 170, 171, 200, 230, 999], vec![3, 40, 41, 60, 500]] {
                let family = Family::new(&kn, &base, factors);
                roots.start(&base, &family);
                for i in 0..family.len() {
                    let (step, first, second) = roots.step(&base, i);
                    vector::advance(processor, step, first, second);
                    let polynomial = family.polynomial(i);
                    for (j, &p) in base.primes.iter().enumerate().skip(1) {
                        assert!(first[j] < p && second[j] < p);
                        if family.factors.contains(&j) {
                            continue;
                        }
                        for root in [first[j], second[j]] {
                            let (_, value) = polynomial.value(root as i32 - half as i32);
                            let value = BigUint::from(&value);
                            assert_eq!(value % p, BigUint::ZERO, "{p} in polynomial {i}");
                        }
                        assert_eq!(first[j] == second[j], base.roots[j] == 0);
                    }
                }
            }
        }
    }
}
