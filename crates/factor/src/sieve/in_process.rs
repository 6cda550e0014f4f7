//! The whole sieve on this thread, for small numbers: a relation goes to the finish as
//! the sieve took it apart, neither encoded nor factored again. Called by
//! [`crate::small`].

use super::relation::Factored;
use super::search::SieveSearcher;
use super::wide::Magnitude;
use super::{MAX_BITS, QuadraticSieve, finish, tuning};
use crate::Finish;
use num_bigint::BigUint;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

/// Useful relations beyond the primes of the base: dependencies that are sure.
const EXCESS: usize = 10;

/// Splits an odd composite that is no perfect power; none when `stop` was set, or the
/// number has more than [`MAX_BITS`] bits.
pub(crate) fn split(number: &BigUint, stop: &AtomicBool) -> Option<BigUint> {
    if number.bits() > MAX_BITS {
        return None;
    }
    let (text, base) = tuning::in_process(number);
    let plan = QuadraticSieve::with_base(number.clone(), text, base).ok()?;
    if let Some(divisor) = plan.divisor_of_base() {
        return Some(divisor);
    }
    let mut searcher = SieveSearcher::new(plan.clone());
    let mut kept = Relations::default();
    let mut need = plan.base.len() + EXCESS;
    for index in 0.. {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        searcher.search_index(index, |relation, hit| {
            let of_a = hit.family.factors.iter().map(|&i| i as u32);
            kept.insert(Factored {
                root: hit.polynomial.root_of_square(relation.x),
                negative: hit.negative,
                primes: hit.factors.iter().copied().chain(of_a).collect(),
                large_prime: relation.large_prime,
            });
        });
        if kept.useful >= need {
            match finish::solve(&plan, &kept.relations, stop) {
                Finish::Divisors(divisors) => return divisors.into_iter().next(),
                Finish::More => need = kept.useful + EXCESS + need / 20,
                Finish::Stopped => return None,
            }
        }
    }
    None
}

/// What was found.
#[derive(Default)]
struct Relations {
    relations: Vec<Factored>,
    /// Their roots: different coefficients may lead to the same.
    roots: HashSet<Magnitude>,
    large_primes: HashSet<u32>,
    /// Relations without a large prime, and pairs with the same.
    useful: usize,
}

impl Relations {
    fn insert(&mut self, relation: Factored) {
        if !self.roots.insert(relation.root.parts().1) {
            return;
        }
        if relation.large_prime == 1 || !self.large_primes.insert(relation.large_prime) {
            self.useful += 1;
        }
        self.relations.push(relation);
    }
}
