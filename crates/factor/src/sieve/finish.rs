//! The end of the sieve: from relations to divisors.

use super::QuadraticSieve;
use super::collect::Kept;
use super::matrix;
use super::relation::{self, Factored};
use crate::Finish;
use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::One;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

/// Sets beyond the number of primes that the matrix is given: each makes another
/// dependency, and each dependency has an even chance or better.
const EXCESS: usize = 48;

/// One relation without a large prime, or two with the same: all but the primes of the
/// base is a square.
type Combined = Vec<usize>;

/// Looks for a proper divisor in what was kept. False relations are left out.
pub(super) fn finish(plan: &QuadraticSieve, kept: Vec<Kept>, stop: &AtomicBool) -> Finish {
    if let Some(divisor) = plan.divisor_of_base() {
        return Finish::Divisors(vec![divisor]);
    }
    let Some(relations) = recompute(plan, kept, stop) else {
        return Finish::Stopped;
    };
    solve(plan, &relations, stop)
}

/// Looks for a proper divisor in distinct relations that hold.
pub(super) fn solve(plan: &QuadraticSieve, relations: &[Factored], stop: &AtomicBool) -> Finish {
    let (sets, mut columns) = prune(relations, combine(relations), plan.base.len() + 1);
    let mut row_of = vec![None; plan.base.len() + 1];
    let mut rows = 0;
    for entry in columns.iter_mut().flatten() {
        *entry = *row_of[*entry as usize].get_or_insert_with(|| {
            rows += 1;
            rows as u32 - 1
        });
    }
    let Some(dependencies) = matrix::dependencies(&columns, rows, stop) else {
        return Finish::Stopped;
    };
    for dependency in dependencies {
        if stop.load(Ordering::Relaxed) {
            return Finish::Stopped;
        }
        let members = dependency.iter().flat_map(|&i| &sets[i]);
        let members: Vec<&Factored> = members.map(|&i| &relations[i]).collect();
        if let Some(divisor) = try_dependency(plan, &members) {
            return Finish::Divisors(vec![divisor]);
        }
    }
    Finish::More
}

/// Factors what can be of use again; none when stopped.
fn recompute(
    plan: &QuadraticSieve,
    mut kept: Vec<Kept>,
    stop: &AtomicBool,
) -> Option<Vec<Factored>> {
    let mut counts = HashMap::new();
    for kept in &kept {
        *counts.entry(kept.relation.large_prime).or_insert(0u32) += 1;
    }
    kept.retain(|kept| {
        let large_prime = kept.relation.large_prime;
        large_prime == 1 || counts.get(&large_prime).is_some_and(|&n| n > 1)
    });
    kept.sort_unstable_by_key(|kept| (kept.index, kept.relation.polynomial, kept.relation.x));
    let mut roots = HashSet::new();
    let mut relations = Vec::with_capacity(kept.len());
    for of_index in kept.chunk_by(|x, y| x.index == y.index) {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        let family = plan.family(of_index[0].index);
        for of_polynomial in
            of_index.chunk_by(|x, y| x.relation.polynomial == y.relation.polynomial)
        {
            let i = u32::from(of_polynomial[0].relation.polynomial);
            if i >= family.len() {
                continue;
            }
            let polynomial = family.polynomial(i);
            for kept in of_polynomial {
                let factored = relation::factor(&plan.base, &family, &polynomial, kept.relation);
                // The same square from another coefficient would be a dependency that
                // says nothing.
                if let Some(factored) = factored
                    && roots.insert(factored.root.parts().1)
                {
                    relations.push(factored);
                }
            }
        }
    }
    Some(relations)
}

/// Pairs the relations with a large prime: each with the first that has the same.
fn combine(relations: &[Factored]) -> Vec<Combined> {
    let mut first = HashMap::new();
    let mut sets = Vec::new();
    for (i, relation) in relations.iter().enumerate() {
        if relation.large_prime == 1 {
            sets.push(vec![i]);
        } else if let Some(&partner) = first.get(&relation.large_prime) {
            sets.push(vec![partner, i]);
        } else {
            first.insert(relation.large_prime, i);
        }
    }
    sets
}

/// The sign (entry 0) and the primes (their places plus one) of odd exponent.
fn odd_entries(relations: &[Factored], set: &[usize]) -> Vec<u32> {
    let mut entries: Vec<u32> = set
        .iter()
        .flat_map(|&i| {
            let relation = &relations[i];
            let sign = relation.negative.then_some(0);
            sign.into_iter()
                .chain(relation.primes.iter().map(|&i| i + 1))
        })
        .collect();
    entries.sort_unstable();
    let odd = entries
        .chunk_by(|x, y| x == y)
        .filter(|run| run.len() % 2 == 1);
    odd.map(|run| run[0]).collect()
}

/// Leaves out sets with a prime that no other set has, and the heaviest of those that
/// are more than the matrix needs; again and again until nothing changes. Answers the
/// rest, and their odd entries.
fn prune(
    relations: &[Factored],
    sets: Vec<Combined>,
    entry_count: usize,
) -> (Vec<Combined>, Vec<Vec<u32>>) {
    let mut entries: Vec<(Combined, Vec<u32>)> = sets
        .into_iter()
        .map(|set| {
            let odd = odd_entries(relations, &set);
            (set, odd)
        })
        .collect();
    entries.sort_by_key(|(_, odd)| odd.len());
    loop {
        let before = entries.len();
        let mut weights = vec![0u32; entry_count];
        for &entry in entries.iter().flat_map(|(_, odd)| odd) {
            weights[entry as usize] += 1;
        }
        entries.retain(|(_, odd)| odd.iter().all(|&entry| weights[entry as usize] > 1));
        if entries.len() == before {
            let wanted = weights.iter().filter(|&&weight| weight > 0).count() + EXCESS;
            entries.truncate(wanted);
            if entries.len() == before {
                break;
            }
        }
    }
    entries.into_iter().unzip()
}

/// X² ≡ Y² (mod N), with X the product of the roots, and Y² of what they are congruent to.
fn try_dependency(plan: &QuadraticSieve, members: &[&Factored]) -> Option<BigUint> {
    let number = &plan.number;
    let modulus = BigInt::from(number.clone());
    let mut x = BigInt::one();
    let mut y = BigUint::one();
    let mut exponents = vec![0u32; plan.base.len()];
    let mut large_primes = HashMap::new();
    for member in members {
        x = (x * BigInt::from(member.root)).mod_floor(&modulus);
        y = y * 2u32 % number;
        for &i in &member.primes {
            exponents[i as usize] += 1;
        }
        if member.large_prime > 1 {
            *large_primes.entry(member.large_prime).or_insert(0u32) += 1;
        }
    }
    // Words are filled before the large modulus is touched.
    let mut word = 1u64;
    let of_base = plan.base.primes.iter().copied().zip(exponents);
    for (p, exponent) in of_base.chain(large_primes) {
        for _ in 0..exponent / 2 {
            word = word.checked_mul(p.into()).unwrap_or_else(|| {
                y = &y * word % number;
                p.into()
            });
        }
    }
    y = y * word % number;
    let divisor = (x.magnitude() + y).gcd(number);
    (!divisor.is_one() && divisor != *number).then_some(divisor)
}
