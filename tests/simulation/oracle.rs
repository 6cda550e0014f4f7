//! Numbers to factor, and what searching their plans finds: computed once for each index
//! by the real searchers, however many schedules ask.

use rsac_factor::{BigUint, Class, Found, Method, Searcher, classify};
use rsac_worker::agent::LoadedPlan;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::atomic::AtomicBool;
use std::sync::{LazyLock, Mutex, PoisonError};

/// A number whose factors are known.
#[derive(Debug, Clone)]
pub(crate) struct Number {
    pub(crate) method: Method,
    /// Ascending.
    pub(crate) factors: Vec<BigUint>,
    /// Indices that a search needs at the most, about.
    pub(crate) indices: u64,
}

impl Number {
    pub(crate) fn value(&self) -> BigUint {
        self.factors.iter().product()
    }

    fn new(method: Method, near: &[u64], indices: u64) -> Self {
        let mut factors: Vec<_> = near.iter().map(|&n| prime_after(n)).collect();
        factors.sort();
        Self {
            method,
            factors,
            indices,
        }
    }
}

/// Trial division: the smallest factor early, late and at the very end of the range; a
/// composite cofactor. The sieve: what takes milliseconds.
pub(crate) static NUMBERS: LazyLock<Vec<Number>> = LazyLock::new(|| {
    use Method::{QuadraticSieve, TrialDivision};
    vec![
        Number::new(TrialDivision, &[9_000_000, 9_040_000], 301),
        Number::new(TrialDivision, &[4_000_000, 20_000_000], 298),
        Number::new(TrialDivision, &[15_000_000, 15_900_000], 515),
        Number::new(TrialDivision, &[2_000, 150_000, 300_000], 320),
        Number::new(TrialDivision, &[1_000_000, 1_100_000], 35),
        Number::new(QuadraticSieve, &[1_000_000_000_000, 3_000_000_000_000], 60),
        Number::new(
            QuadraticSieve,
            &[30_000_000_000_000_000, 70_000_000_000_000_000],
            60,
        ),
    ]
});

fn prime_after(n: u64) -> BigUint {
    let candidates = (n | 1..).step_by(2).map(BigUint::from);
    let mut primes = candidates.filter(|c| classify(c) == Class::Prime);
    primes.next().expect("there is a next prime")
}

struct Memo {
    searcher: Box<dyn Searcher>,
    found: BTreeMap<u64, Vec<Found>>,
}

/// What is found in a range of a plan's indices.
pub(crate) fn search(plan: &LoadedPlan, range: Range<u64>) -> Vec<Found> {
    static MEMOS: LazyLock<Mutex<HashMap<rsac_protocol::Digest, Memo>>> =
        LazyLock::new(Mutex::default);
    let mut memos = MEMOS.lock().unwrap_or_else(PoisonError::into_inner);
    let memo = memos.entry(plan.digest).or_insert_with(|| Memo {
        searcher: plan.plan.searcher(),
        found: BTreeMap::new(),
    });
    let mut all = Vec::new();
    for index in range {
        let searcher = &mut memo.searcher;
        let found = memo.found.entry(index).or_insert_with(|| {
            let mut found = Vec::new();
            let to = searcher.search(index..index + 1, &AtomicBool::new(false), &mut found);
            assert_eq!(to, index + 1);
            found
        });
        all.extend_from_slice(found);
    }
    all
}
