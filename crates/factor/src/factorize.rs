//! The whole in one process, on one thread: what master and workers do together, without
//! ledger and network. Tests and benchmarks call it.

use crate::{Class, Finish, Plan, choose, classify, small};
use num_bigint::BigUint;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// CPU seconds between two looks at what was found, about.
const STEP_SECONDS: f64 = 0.1;

/// The complete prime factorisation, ascending, with multiplicity: `[n]` for a prime,
/// nothing for 1.
///
/// None when `stop` was set, and for numbers that have no answer: 0, those over
/// [`crate::classify::MAX_BITS`], and those that no method reaches at all.
pub fn factorize(number: &BigUint, stop: &AtomicBool) -> Option<Vec<BigUint>> {
    let mut primes = Vec::new();
    let mut open = vec![number.clone()];
    while let Some(number) = open.pop() {
        match classify(&number) {
            Class::BelowTwo if number == BigUint::ZERO => return None,
            Class::TooLarge { .. } => return None,
            Class::BelowTwo => {}
            Class::Prime => primes.push(number),
            Class::Even { twos, rest } => {
                primes.extend((0..twos).map(|_| BigUint::from(2u32)));
                open.push(rest);
            }
            Class::Power { root, exponent } => {
                let exponent = usize::try_from(exponent).ok()?;
                let root = factorize(&root, stop)?;
                primes.extend(
                    root.into_iter()
                        .flat_map(|p| std::iter::repeat_n(p, exponent)),
                );
            }
            Class::Composite => {
                let divisor = split(&number, stop)?;
                open.push(&number / &divisor);
                open.push(divisor);
            }
        }
    }
    primes.sort_unstable();
    Some(primes)
}

/// A proper divisor of a composite.
fn split(number: &BigUint, stop: &AtomicBool) -> Option<BigUint> {
    if number.bits() <= small::MAX_BITS {
        return small::split(number, stop);
    }
    let plan = choose(number, None, Duration::MAX).ok()?;
    search_plan(&plan, stop)?.into_iter().next()
}

/// Searches a plan on this thread until it shows proper divisors of its number; none
/// when `stop` was set, or when the supply ended without one.
pub fn search_plan(plan: &Plan, stop: &AtomicBool) -> Option<Vec<BigUint>> {
    let mut searcher = plan.searcher();
    let mut collector = plan.collector();
    let mut found = Vec::new();
    for range in steps(plan) {
        let end = range.end;
        if searcher.search(range, stop, &mut found) != end {
            return None;
        }
        for finding in found.drain(..) {
            collector.insert(finding.index, &finding.data);
        }
        if collector.ready() {
            match collector.finisher()(stop) {
                Finish::Divisors(divisors) => return Some(divisors),
                Finish::More => collector.raise_goal(),
                Finish::Stopped => return None,
            }
        }
        if stop.load(Ordering::Relaxed) {
            return None;
        }
    }
    None
}

/// The plan's indices, in ranges of about [`STEP_SECONDS`].
fn steps(plan: &Plan) -> impl Iterator<Item = Range<u64>> {
    let step = (STEP_SECONDS / plan.index_cpu_seconds()).clamp(1.0, 1e15) as u64;
    let end = plan.supply().end().unwrap_or(u64::MAX);
    let starts = std::iter::successors(Some(0), move |&start: &u64| start.checked_add(step));
    starts
        .take_while(move |&start| start < end)
        .map(move |start| start..end.min(start.saturating_add(step)))
}
