//! Trial division through the public interface: what every index means, that no divisor
//! slips through an edge, and where it ends.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use proptest::prelude::*;
use rsac_factor::{BigUint, Finish, Found, Method, Plan, Supply, choose};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Integers in an index, pinned.
const BLOCK: u64 = 30030;

fn plan(number: impl Into<BigUint>) -> Plan {
    let year = Duration::from_secs(3600 * 24 * 365);
    choose(&number.into(), Some(Method::TrialDivision), year * 1000).unwrap()
}

fn end(plan: &Plan) -> u64 {
    match plan.supply() {
        Supply::Cover { end } => end,
        other => panic!("{other:?}"),
    }
}

/// What `range` holds: index and divisor.
fn search(plan: &Plan, range: std::ops::Range<u64>) -> Vec<(u64, u64)> {
    let mut found = Vec::new();
    let at = plan
        .searcher()
        .search(range.clone(), &AtomicBool::new(false), &mut found);
    assert_eq!(at, range.end);
    found.iter().map(divisor).collect()
}

fn divisor(found: &Found) -> (u64, u64) {
    let divisor = BigUint::from_bytes_le(&found.data);
    (found.index, divisor.try_into().unwrap())
}

fn is_prime(n: u64) -> bool {
    n > 1 && (2..=n.isqrt()).all(|d| !n.is_multiple_of(d))
}

fn prime_below(n: u64) -> u64 {
    (2..n).rev().find(|&p| is_prime(p)).unwrap()
}

fn prime_above(n: u64) -> u64 {
    (n + 1..).find(|&p| is_prime(p)).unwrap()
}

/// Golden vectors: the meaning of these indices never changes under plan version 1.
#[test]
fn the_findings_of_indices_are_pinned() {
    let first = plan(804_556_097u64);
    assert_eq!(end(&first), 1);
    assert_eq!(search(&first, 0..1), [(0, 15_581)]);
    assert_eq!(first.weight(0..1), 28_363);

    // 3 · 5 · 30031 · 30047 · 1000003: 30031 = 59 · 509 and √N = 116,340,717.
    let second = plan(BigUint::from(3u64 * 5 * 30_031 * 30_047) * 1_000_003u64);
    assert_eq!(end(&second), 3_875);
    assert_eq!(search(&second, 0..1), [(0, 3), (0, 5), (0, 59), (0, 509)]);
    assert_eq!(search(&second, 1..2), [(1, 30_031), (1, 30_047)]);
    assert_eq!(search(&second, 33..34), [(33, 1_000_003)]);
    assert_eq!(
        search(&second, 2..3_875),
        [
            (33, 1_000_003),
            (59, 59 * 30_047),
            (509, 509 * 30_047),
            (1964, 59 * 1_000_003),
        ]
    );
}

#[test]
fn small_composites_show_every_prime_up_to_the_root() {
    for number in (4..3000u64).filter(|&n| !is_prime(n)) {
        let plan = plan(number);
        let found = search(&plan, 0..end(&plan));
        for p in (2..=number.isqrt()).filter(|&p| is_prime(p) && number.is_multiple_of(p)) {
            assert!(found.contains(&(0, p)), "{p} of {number}");
        }
        assert!(
            found
                .iter()
                .all(|&(_, d)| number % d == 0 && d * d <= number)
        );
    }
}

#[test]
fn no_divisor_slips_through_the_edge_of_a_block() {
    let cofactor = prime_above(1 << 40);
    for edge in [1u64, 2, 15, 16, 17, 18, 32, 33, 34, 1000] {
        for p in [prime_below(edge * BLOCK), prime_above(edge * BLOCK)] {
            let plan = plan(BigUint::from(p) * cofactor);
            let index = p / BLOCK;
            assert_eq!(search(&plan, index..index + 1), [(index, p)]);
            assert_eq!(search(&plan, 0..edge + 20), [(index, p)]);
            assert_eq!(search(&plan, edge + 20..edge + 40), []);
        }
    }
}

#[test]
fn factors_close_to_the_root_are_in_the_last_block() {
    for size in [100u64, 30_000, 60_000, 3_000_000] {
        let q = prime_above(size);
        let p = prime_below(q);
        let plan = plan(BigUint::from(p) * q);
        let last = end(&plan) - 1;
        assert_eq!(search(&plan, 0..last + 1), [(p / BLOCK, p)]);
        assert!(p / BLOCK + 1 >= last);
        assert_eq!(search(&plan, last + 1..last + 100), []);
    }
}

#[test]
fn numbers_of_63_64_and_126_bits_show_their_divisors() {
    let p31 = prime_below(1 << 31);
    let p32 = prime_below(1 << 32);
    for (p, q) in [(p31, p32), (prime_below(p31), p31), (prime_below(p32), p32)] {
        let plan = plan(BigUint::from(p) * q);
        let index = p / BLOCK;
        assert_eq!(search(&plan, index - 20..end(&plan)), [(index, p)]);
    }
    // (2^63 - 25)(2^63 - 165) has 126 bits; both are prime.
    let p = (1u64 << 63) - 165;
    let plan = plan(BigUint::from(p) * ((1u64 << 63) - 25));
    let index = p / BLOCK;
    assert_eq!(search(&plan, index - 20..end(&plan)), [(index, p)]);
    let ordinary = search(&plan, 1_000_000..1_000_100);
    assert_eq!(ordinary, []);
}

#[test]
fn a_number_out_of_reach_is_infeasible_with_its_estimate() {
    let day = Duration::from_secs(86_400);
    let named = Some(Method::TrialDivision);
    let error = choose(&(BigUint::from(1u32) << 110u32), named, day).unwrap_err();
    assert_eq!(error.method, Method::TrialDivision);
    assert!(error.to_string().contains("CPU"), "{error}");
    assert!(error.estimate_cpu_seconds > day.as_secs_f64());
    // Over 2^126 no limit helps.
    let error = choose(&(BigUint::from(1u32) << 4000u32), named, Duration::MAX).unwrap_err();
    assert!(error.estimate_cpu_seconds.is_finite());
}

#[test]
fn a_stopped_search_says_how_far_it_is() {
    let plan = plan(1u128 << 100);
    let mut found = Vec::new();
    let at = plan
        .searcher()
        .search(7..9, &AtomicBool::new(true), &mut found);
    assert_eq!((at, found.len()), (7, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Searcher and collector split any product, and findings do not depend on how the
    /// supply is cut into ranges.
    #[test]
    fn any_composite_is_split(p in 2u64..3_000_000, q in 2u64..1 << 50, cut in 0.0..1.0f64) {
        let number = BigUint::from(p) * q;
        let plan = Plan::parse(&plan(number.clone()).text()).unwrap();
        let last = (p / BLOCK + 1).min(end(&plan));
        let middle = (last as f64 * cut) as u64;
        let mut found = Vec::new();
        let mut searcher = plan.searcher();
        let stop = AtomicBool::new(false);
        searcher.search(middle..last, &stop, &mut found);
        searcher.search(0..middle, &stop, &mut found);
        let mut in_parts: Vec<_> = found.iter().map(divisor).collect();
        in_parts.sort_unstable();
        prop_assert_eq!(in_parts, search(&plan, 0..last));

        let mut collector = plan.collector();
        for finding in &found {
            prop_assert_eq!(collector.check(finding.index, &finding.data), Ok(()));
            prop_assert!(collector.insert(finding.index, &finding.data));
        }
        prop_assert!(collector.ready());
        match collector.finisher()(&stop) {
            Finish::Divisors(divisors) => for d in divisors {
                prop_assert!(d > BigUint::from(1u32) && d < number);
                prop_assert_eq!(&number % d, BigUint::ZERO);
            },
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
