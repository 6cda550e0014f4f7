//! How long the quadratic sieve takes, size by size: worker and master in one thread,
//! CPU seconds. `cargo bench --bench sieve -- 30 40 50` chooses the digits.

mod common;

use common::Stopwatch;
use rsac_factor::primality::is_prime;
use rsac_factor::{BigUint, Finish, Method, choose};
use std::error::Error;
use std::io::Write;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// The first prime from a start that is written down: the same on every machine.
fn prime(digits: u32, salt: u32) -> BigUint {
    // Digits of √2 + salt, as many as wanted.
    let scale = BigUint::from(10u32).pow(2 * digits);
    let start = (BigUint::from(2 + salt) * &scale * &scale).sqrt() / scale.sqrt();
    let limit = BigUint::from(10u32).pow(digits);
    let mut candidate = start % &limit;
    while candidate < &limit / 10u32 {
        candidate *= 7u32;
    }
    candidate.set_bit(0, true);
    while !is_prime(&candidate) {
        candidate += 2u32;
    }
    candidate
}

/// Sieving and finishing seconds.
fn split(number: &BigUint, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let whole = Stopwatch::start();
    let plan = choose(number, Some(Method::QuadraticSieve), Duration::MAX)?;
    let mut searcher = plan.searcher();
    let mut collector = plan.collector();
    let stop = AtomicBool::new(false);
    let mut found = Vec::new();
    let mut finishing = 0.0;
    let mut index = 0;
    let mut relations = 0;
    'search: loop {
        while collector.ready() {
            let watch = Stopwatch::start();
            let finish = collector.finisher()(&stop);
            finishing += watch.seconds();
            match finish {
                Finish::Divisors(_) => break 'search,
                _ => collector.raise_goal(),
            }
        }
        searcher.search(index..index + 1, &stop, &mut found);
        index += 1;
        relations += found.len();
        for finding in found.drain(..) {
            collector.insert(finding.index, &finding.data);
        }
    }
    writeln!(
        out,
        "{:>4} {:>5} {:>10.4} {:>10.4} {:>8} {:>9} {:>8}   {}",
        number.to_string().len(),
        number.bits(),
        whole.seconds(),
        finishing,
        index,
        relations,
        collector.tally().have,
        number,
    )?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    let mut digits: Vec<u32> = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .collect();
    if digits.is_empty() {
        digits = vec![20, 25, 30, 35, 40, 45, 50];
    }
    writeln!(
        out,
        "digits bits  CPU s all     finish  indices  relations  useful   number"
    )?;
    for digits in digits {
        for salt in [0, 3, 5] {
            let number = prime(digits / 2, salt) * prime(digits - digits / 2, salt + 1);
            split(&number, &mut out)?;
        }
    }
    Ok(())
}
