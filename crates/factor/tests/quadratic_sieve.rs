//! The quadratic sieve through the public interface: what indices mean, that relations
//! hold, and that every composite ends with its factors, however small.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use rsac_factor::primality::is_prime;
use rsac_factor::{BigUint, Finish, Found, Method, Plan, Supply, choose};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

fn plan(number: &BigUint) -> Plan {
    let year = Duration::from_secs(3600 * 24 * 365);
    choose(number, Some(Method::QuadraticSieve), year).unwrap()
}

fn search(plan: &Plan, range: std::ops::Range<u64>) -> Vec<Found> {
    let mut found = Vec::new();
    plan.searcher()
        .search(range, &AtomicBool::new(false), &mut found);
    found
}

/// What a master and a worker do, without anything in between.
fn split(number: &BigUint) -> Vec<BigUint> {
    let plan = Plan::parse(&plan(number).text()).unwrap();
    assert_eq!(plan.supply(), Supply::Goal);
    let mut searcher = plan.searcher();
    let mut collector = plan.collector();
    let stop = AtomicBool::new(false);
    let mut found = Vec::new();
    for index in 0.. {
        while collector.ready() {
            match collector.finisher()(&stop) {
                Finish::Divisors(divisors) => return divisors,
                Finish::More => collector.raise_goal(),
                Finish::Stopped => unreachable!("nobody stops it"),
            }
        }
        assert!(
            index < 100_000,
            "{number} does not end: {:?}",
            collector.tally()
        );
        searcher.search(index..index + 1, &stop, &mut found);
        for finding in found.drain(..) {
            collector.insert(finding.index, &finding.data);
        }
    }
    unreachable!("the supply is open")
}

fn assert_is_split(number: &BigUint) {
    let divisors = split(number);
    assert!(!divisors.is_empty(), "{number}");
    for divisor in divisors {
        assert!(
            divisor > BigUint::from(1u32) && divisor < *number,
            "{divisor} of {number}"
        );
        assert_eq!(number % &divisor, BigUint::ZERO, "{divisor} of {number}");
    }
}

/// A fixed sequence of words (Knuth's MMIX generator, its high half).
struct Words(u64);

impl Words {
    fn next(&mut self) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }

    fn prime(&mut self, bits: u64) -> BigUint {
        loop {
            let words = (0..bits.div_ceil(32)).map(|_| self.next()).collect();
            let mut candidate = BigUint::new(words) % (BigUint::from(1u32) << bits);
            candidate.set_bit(bits - 1, true);
            candidate.set_bit(0, true);
            if is_prime(&candidate) {
                return candidate;
            }
        }
    }

    /// A product of two different primes of `bits` bits together, more or less balanced.
    fn semiprime(&mut self, bits: u64) -> BigUint {
        loop {
            let first = bits / 2 - u64::from(self.next()) % (bits / 10 + 1);
            let (p, q) = (self.prime(first), self.prime(bits - first));
            if p != q {
                return p * q;
            }
        }
    }
}

fn is_power(n: u64) -> bool {
    (2..=12).any(|e| {
        let root = (n as f64).powf(1.0 / f64::from(e)).round() as u64;
        root.pow(e) == n
    })
}

#[test]
fn every_small_odd_composite_is_split() {
    for n in (9..6000u64).step_by(2) {
        if !is_prime(&n.into()) && !is_power(n) {
            assert_is_split(&n.into());
        }
    }
    // Evens and the first system's number too.
    for n in [6u64, 24, 1022, 804_556_097] {
        assert_is_split(&n.into());
    }
}

#[test]
fn semiprimes_of_every_size_are_split() {
    let mut words = Words(1);
    for bits in 17..=130 {
        for _ in 0..if bits < 70 { 10 } else { 2 } {
            assert_is_split(&words.semiprime(bits));
        }
    }
}

#[test]
fn products_of_three_primes_and_of_close_primes_are_split() {
    let mut words = Words(2);
    for bits in [8u64, 12, 16, 20, 30, 40] {
        let p = words.prime(bits);
        assert_is_split(&(&p * words.prime(bits + 1) * words.prime(bits + 2)));
        let q = (1u32..).map(|i| &p + 2 * i).find(is_prime).unwrap();
        assert_is_split(&(&p * &q));
        assert_is_split(&(&p * &p * &q));
    }
}

#[test]
fn numbers_of_40_digits_are_split() {
    let mut words = Words(3);
    for _ in 0..2 {
        assert_is_split(&words.semiprime(133));
    }
    assert_is_split(&words.semiprime(150));
}

/// Minutes of work: only when asked for.
#[test]
fn dozens_of_numbers_up_to_60_digits_are_split_when_asked_for() {
    if std::env::var_os("RSAC_FULL").is_none() {
        return;
    }
    let mut words = Words(4);
    for bits in (130..=200).flat_map(|bits| [bits; 1]) {
        assert_is_split(&words.semiprime(bits));
    }
    for _ in 0..2000 {
        let bits = 20 + u64::from(words.next()) % 111;
        assert_is_split(&words.semiprime(bits));
    }
}

#[test]
fn a_check_believes_relations_and_nothing_near_them() {
    let number = Words(5).semiprime(120);
    let plan = plan(&number);
    let collector = plan.collector();
    let found = search(&plan, 3..4);
    assert!(found.len() > 5);
    for finding in &found {
        assert_eq!(collector.check(3, &finding.data), Ok(()));
        // At another index the same bytes mean another number.
        assert!(collector.check(4, &finding.data).is_err());
        for i in 0..finding.data.len() {
            let mut data = finding.data.clone();
            data[i] ^= 1;
            assert!(collector.check(3, &data).is_err(), "byte {i}");
        }
    }
}

#[test]
fn indices_do_not_depend_on_what_was_searched_before() {
    let plan = plan(&Words(6).semiprime(100));
    let together = search(&plan, 0..8);
    let apart: Vec<Found> = (0..8).flat_map(|i| search(&plan, i..i + 1)).collect();
    assert_eq!(together, apart);
    let stopped = plan
        .searcher()
        .search(5..9, &AtomicBool::new(true), &mut Vec::new());
    assert_eq!(stopped, 5);
}

#[test]
fn impossible_parameters_are_refused() {
    let good = plan(&Words(7).semiprime(100)).text();
    assert!(Plan::parse(&good).is_ok());
    let field = |name: &str| {
        let start = good.find(&format!("\"{name}\":")).unwrap() + name.len() + 3;
        let len = good[start..].find([',', '}']).unwrap();
        start..start + len
    };
    for (name, value) in [
        ("multiplier", "0"),
        ("multiplier", "2"),
        ("primes", "1"),
        ("primes", "4000000000"),
        ("halfInterval", "0"),
        ("halfInterval", "100"),
        ("halfInterval", "4294967232"),
        ("largePrimeBound", "4294967295"),
        ("factors", "0"),
        ("factors", "17"),
        ("pool", "0"),
        ("poolStart", "4294967295"),
    ] {
        let mut text = good.clone();
        text.replace_range(field(name), value);
        assert!(Plan::parse(&text).is_err(), "{name} {value}");
    }
}

/// Golden vectors: under plan version 1 these relations hold at these indices, so that
/// `a`, the order of its polynomials and x keep their meaning. Which relations a search
/// finds may change: thresholds are no part of a plan.
#[test]
fn the_meaning_of_indices_is_pinned() {
    for (text, relations) in PINNED {
        let plan = Plan::parse(text).unwrap();
        assert_eq!(plan.text(), text);
        let collector = plan.collector();
        for (index, data) in relations {
            assert_eq!(collector.check(index, &data), Ok(()), "{text} {index}");
            assert!(collector.check(index + 1, &data).is_err());
        }
    }
}

/// Plan, and relations at indices.
type Pin = (&'static str, [(u64, [u8; 10]); 3]);

const PINNED: [Pin; 3] = [
    (
        r#"{"version":1,"method":"quadratic-sieve","number":"109476778935457","parameters":{"multiplier":1,"primes":46,"halfInterval":1664,"largePrimeBound":11317,"sequence":"enumerated","factors":2,"poolStart":0,"pool":46}}"#,
        [
            (0, [1, 0, 136, 250, 255, 255, 75, 37, 0, 0]),
            (1, [1, 0, 33, 250, 255, 255, 79, 43, 0, 0]),
            (1000, [1, 0, 61, 0, 0, 0, 1, 0, 0, 0]),
        ],
    ),
    (
        r#"{"version":1,"method":"quadratic-sieve","number":"463752739930589842569371369699","parameters":{"multiplier":11,"primes":177,"halfInterval":16384,"largePrimeBound":95720,"sequence":"drawn","factors":5,"poolStart":10,"pool":16}}"#,
        [
            (0, [8, 0, 26, 33, 0, 0, 71, 51, 0, 0]),
            (1, [8, 0, 222, 35, 0, 0, 3, 13, 0, 0]),
            (1000, [9, 0, 74, 192, 255, 255, 149, 57, 0, 0]),
        ],
    ),
    (
        r#"{"version":1,"method":"quadratic-sieve","number":"656957783369829750745665501968095146891866438351","parameters":{"multiplier":95,"primes":1301,"halfInterval":32768,"largePrimeBound":1415580,"sequence":"drawn","factors":7,"poolStart":46,"pool":60}}"#,
        [
            (0, [36, 0, 195, 24, 0, 0, 15, 109, 0, 0]),
            (1, [31, 0, 201, 140, 255, 255, 177, 106, 10, 0]),
            (1000, [30, 0, 98, 184, 255, 255, 129, 239, 3, 0]),
        ],
    ),
];
