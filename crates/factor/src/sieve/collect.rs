//! The master's side of the sieve: keeps relations, and counts how far they reach.

use super::QuadraticSieve;
use super::coefficient;
use super::finish;
use super::polynomial::Family;
use super::relation::{self, Relation};
use crate::{BadFinding, Collector, Finisher, Tally};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

/// A relation, and the index whose family it belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    pub(super) index: u64,
    pub(super) relation: Relation,
}

/// Keeps relations.
pub(super) struct RelationCollector {
    plan: QuadraticSieve,
    kept: Vec<Kept>,
    /// Polynomial, x and number of the coefficient of each.
    seen: HashSet<(u32, u16, i32)>,
    /// Numbers the coefficients: different indices may have the same.
    coefficients: HashMap<Vec<usize>, u32>,
    /// The number of each index's coefficient.
    indices: HashMap<u64, u32>,
    /// The last of them: an index's relations come in a row.
    last: Option<(u64, u32)>,
    /// The index that was checked last, and its family, which costs more than a check.
    checked: RefCell<Option<(u64, Family)>>,
    large_primes: HashSet<u32>,
    /// Relations without a large prime, and pairs with the same.
    useful: u64,
    /// What finishes asked for beyond the plan's goal.
    raised: u64,
}

impl RelationCollector {
    pub(super) fn new(plan: QuadraticSieve) -> Self {
        Self {
            plan,
            kept: Vec::new(),
            seen: HashSet::new(),
            coefficients: HashMap::new(),
            indices: HashMap::new(),
            last: None,
            checked: RefCell::new(None),
            large_primes: HashSet::new(),
            useful: 0,
            raised: 0,
        }
    }

    /// More relations than primes: each one more makes another dependency likely.
    fn need(&self) -> u64 {
        self.plan.base.len() as u64 + 10 + self.raised
    }

    /// The number of an index's coefficient.
    fn coefficient(&mut self, index: u64) -> u32 {
        if let Some((last, number)) = self.last
            && last == index
        {
            return number;
        }
        let coefficients = &mut self.coefficients;
        let number = *self.indices.entry(index).or_insert_with(|| {
            let number = coefficients.len() as u32;
            let factors = coefficient::factors(&self.plan, index);
            *coefficients.entry(factors).or_insert(number)
        });
        self.last = Some((index, number));
        number
    }

    /// A relation whose numbers are possible under the plan.
    fn decode(&self, data: &[u8]) -> Option<Relation> {
        let relation = Relation::decode(data)?;
        let half = self.plan.text.half_interval as i32;
        let bound = self.plan.text.large_prime_bound;
        let possible = (-half..half).contains(&relation.x)
            && (1..=bound).contains(&relation.large_prime)
            && self.plan.base.divisors.is_empty();
        possible.then_some(relation)
    }
}

impl Collector for RelationCollector {
    fn check(&self, index: u64, data: &[u8]) -> Result<(), BadFinding> {
        let bad = |why| Err(BadFinding { index, why });
        let Some(relation) = self.decode(data) else {
            return bad("is not the encoding of a relation");
        };
        let mut checked = self.checked.borrow_mut();
        let (_, family) = match checked.take() {
            Some((last, family)) if last == index => checked.insert((index, family)),
            _ => checked.insert((index, self.plan.family(index))),
        };
        if u32::from(relation.polynomial) >= family.len() {
            return bad("names a polynomial that is not there");
        }
        let polynomial = family.polynomial(relation.polynomial.into());
        match relation::factor(&self.plan.base, family, &polynomial, relation) {
            Some(_) => Ok(()),
            None => bad("is no relation"),
        }
    }

    fn insert(&mut self, index: u64, data: &[u8]) -> bool {
        let Some(relation) = self.decode(data) else {
            return false;
        };
        let coefficient = self.coefficient(index);
        let Relation {
            polynomial,
            x,
            large_prime,
        } = relation;
        if !self.seen.insert((coefficient, polynomial, x)) {
            return false;
        }
        if large_prime == 1 || !self.large_primes.insert(large_prime) {
            self.useful += 1;
        }
        self.kept.push(Kept { index, relation });
        true
    }

    fn tally(&self) -> Tally {
        let need = self.need();
        let have = if self.plan.base.divisors.is_empty() {
            self.useful
        } else {
            need
        };
        Tally { have, need }
    }

    fn ready(&self) -> bool {
        let Tally { have, need } = self.tally();
        have >= need
    }

    fn finisher(&self) -> Finisher {
        let plan = self.plan.clone();
        let kept = self.kept.clone();
        Box::new(move |stop| finish::finish(&plan, kept, stop))
    }

    fn raise_goal(&mut self) {
        // False or dependent relations are counted too: what is asked for goes beyond
        // what is there.
        let missing = self.useful.saturating_sub(self.need());
        self.raised += missing + 10 + self.need() / 20;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Finish, Found, Searcher};
    use num_bigint::{BigInt, BigUint};
    use num_integer::Integer;
    use std::sync::atomic::AtomicBool;

    fn plan() -> QuadraticSieve {
        QuadraticSieve::new(BigUint::from((1u64 << 61) - 1) * ((1u64 << 31) - 1)).unwrap()
    }

    fn relations(plan: &QuadraticSieve, count: u64) -> Vec<Found> {
        let mut found = Vec::new();
        let mut searcher = super::super::search::SieveSearcher::new(plan.clone());
        searcher.search(0..count, &AtomicBool::new(false), &mut found);
        found
    }

    #[test]
    fn what_the_searcher_finds_passes_the_check_and_counts_once() {
        let plan = plan();
        let found = relations(&plan, 2);
        assert!(found.len() > 10);
        let mut collector = RelationCollector::new(plan);
        for finding in &found {
            assert_eq!(collector.check(finding.index, &finding.data), Ok(()));
            assert!(collector.insert(finding.index, &finding.data));
        }
        let tally = collector.tally();
        for finding in &found {
            assert!(!collector.insert(finding.index, &finding.data));
        }
        assert_eq!(collector.tally(), tally);
    }

    #[test]
    fn relations_satisfy_their_congruence() {
        let plan = plan();
        let modulus = BigInt::from(plan.number.clone());
        for finding in relations(&plan, 3) {
            let relation = Relation::decode(&finding.data).unwrap();
            let family = plan.family(finding.index);
            let polynomial = family.polynomial(relation.polynomial.into());
            let factored = relation::factor(&plan.base, &family, &polynomial, relation).unwrap();
            let mut product = BigInt::from(4u64 * u64::from(factored.large_prime));
            for &i in &factored.primes {
                product *= plan.base.primes[i as usize];
            }
            if factored.negative {
                product = -product;
            }
            let root = BigInt::from(factored.root);
            let square = &root * &root;
            assert_eq!((square - product).mod_floor(&modulus), BigInt::ZERO);
        }
    }

    #[test]
    fn lies_are_refused_and_survived() {
        let plan = plan();
        let found = relations(&plan, 40);
        let mut collector = RelationCollector::new(plan);
        let stop = AtomicBool::new(false);
        // Nonsense that decodes, at the indices of the truth: never believed, and no harm.
        for (i, finding) in found.iter().enumerate() {
            let mut lie = Relation::decode(&finding.data).unwrap();
            match i % 3 {
                0 => lie.x = -lie.x - 1,
                1 => lie.polynomial = u16::MAX,
                _ => lie.large_prime = 2,
            }
            let data = lie.encode();
            if collector.check(finding.index, &data).is_err() {
                collector.insert(finding.index, &data);
            }
        }
        for junk in [vec![], vec![0; 9], vec![255; 10], vec![7; 1000]] {
            assert!(collector.check(0, &junk).is_err());
            assert!(!collector.insert(0, &junk));
        }
        assert!(collector.ready());
        assert_eq!(collector.finisher()(&stop), Finish::More);
        collector.raise_goal();
        assert!(!collector.ready());
        for finding in &found {
            collector.insert(finding.index, &finding.data);
        }
        let Finish::Divisors(divisors) = collector.finisher()(&stop) else {
            panic!("the truth is there");
        };
        assert!(
            divisors
                .iter()
                .any(|d| *d == BigUint::from((1u64 << 31) - 1))
                || divisors
                    .iter()
                    .any(|d| *d == BigUint::from((1u64 << 61) - 1))
        );
        assert_eq!(
            collector.finisher()(&AtomicBool::new(true)),
            Finish::Stopped
        );
    }
}
