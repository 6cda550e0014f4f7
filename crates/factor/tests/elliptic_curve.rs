//! Elliptic curves as a distributed method, through a plan's public face.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use num_bigint::BigUint;
use rsac_factor::{Method, Plan, Supply, choose, search_plan};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

fn plan(number: &BigUint) -> Plan {
    choose(number, Some(Method::EllipticCurve), Duration::MAX).unwrap()
}

fn mersenne(k: u32) -> BigUint {
    (BigUint::from(1u32) << k) - 1u32
}

#[test]
fn a_small_factor_of_a_long_number_is_found() {
    // 2^67 − 1 = 193707721 × 761838257287.
    let number = mersenne(67) * mersenne(107);
    let plan = plan(&number);
    assert_eq!(plan.word(), "curves");
    let divisors = search_plan(&plan, &AtomicBool::new(false)).unwrap();
    for divisor in divisors {
        assert_eq!(&number % &divisor, BigUint::ZERO);
        assert!(divisor > BigUint::from(1u32) && divisor < number);
    }
}

#[test]
fn tiny_numbers_are_split_too() {
    for n in [15u32, 21, 35, 77, 323, 1_003, 804_556_097] {
        let divisors = search_plan(&plan(&n.into()), &AtomicBool::new(false));
        assert!(divisors.is_some(), "{n}");
    }
}

#[test]
fn a_plan_survives_its_text() {
    let plan = plan(&mersenne(67));
    assert_eq!(
        plan.text(),
        concat!(
            r#"{"version":1,"method":"elliptic-curve","number":"147573952589676412927","#,
            r#""parameters":{"b1":2000,"b2":200000,"curves":25}}"#
        )
    );
    assert_eq!(Plan::parse(&plan.text()).unwrap(), plan);
    assert_eq!(plan.supply(), Supply::Budget { end: 25 });
}

#[test]
fn what_is_found_depends_on_plan_and_index_alone() {
    let number = mersenne(67) * mersenne(89);
    let plan = plan(&number);
    let stop = AtomicBool::new(false);
    let (mut whole, mut parts) = (Vec::new(), Vec::new());
    assert_eq!(plan.searcher().search(0..6, &stop, &mut whole), 6);
    let mut searcher = plan.searcher();
    for index in (0..6).rev() {
        assert_eq!(
            searcher.search(index..index + 1, &stop, &mut parts),
            index + 1
        );
    }
    parts.sort();
    assert_eq!(whole, parts);
    assert!(!whole.is_empty());
    let collector = plan.collector();
    for found in &whole {
        assert_eq!(collector.check(found.index, &found.data), Ok(()));
    }
}

#[test]
fn a_stopped_search_counts_no_unfinished_curve() {
    let number = mersenne(89) * mersenne(107);
    let mut found = Vec::new();
    let reached = plan(&number)
        .searcher()
        .search(3..9, &AtomicBool::new(true), &mut found);
    assert_eq!(reached, 3);
    assert!(found.is_empty());
}
