//! Small sizes in process: CPU microseconds to split a balanced semiprime, size by size;
//! and CPU seconds to classify the longest prime that is accepted.
//! `cargo bench --bench small -- 64 96` chooses the bits; with `numbers` it prints the
//! numbers themselves, to time others with; with `curves` it times the curves of the
//! distributed method.

mod common;

use common::Stopwatch;
use num_bigint::BigUint;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rsac_factor::{Class, Method, choose, classify, primality::is_prime, small};
use std::error::Error;
use std::hint::black_box;
use std::io::Write;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Numbers in a sample: their times differ by a lot, so a pass splits them all.
const NUMBERS: usize = 100;

/// CPU seconds for the passes of a size, about; the best pass counts.
const SECONDS: f64 = 2.0;

fn prime(rng: &mut StdRng, bits: u64) -> BigUint {
    loop {
        let word: u128 = rng.random();
        let mut n = BigUint::from(word) % (BigUint::from(1u32) << bits);
        n.set_bit(0, true);
        n.set_bit(bits - 1, true);
        if is_prime(&n) {
            return n;
        }
    }
}

fn sample(bits: u64) -> Vec<BigUint> {
    let mut rng = StdRng::seed_from_u64(bits);
    (0..NUMBERS)
        .map(|_| prime(&mut rng, bits / 2) * prime(&mut rng, bits / 2))
        .collect()
}

/// The best and the median pass: CPU microseconds a number.
fn split_all(numbers: &[BigUint]) -> (f64, f64) {
    let never = AtomicBool::new(false);
    let mut passes = Vec::new();
    let whole = Stopwatch::start();
    while passes.len() < 3 || whole.seconds() < SECONDS {
        let watch = Stopwatch::start();
        for number in numbers {
            black_box(small::split(number, &never));
        }
        passes.push(watch.seconds() * 1e6 / numbers.len() as f64);
    }
    passes.sort_by(f64::total_cmp);
    (passes[0], passes[passes.len() / 2])
}

/// A curve of the distributed method in rings of every kind: measured, and estimated.
fn curves(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    writeln!(out, "bits   CPU s a curve   estimate")?;
    for bits in [60u32, 120, 180, 250, 512, 1024] {
        // Which number does not matter, as long as the curves find nothing in it.
        let number = (BigUint::from(1u32) << bits) - 5u32;
        let plan = choose(&number, Some(Method::EllipticCurve), Duration::MAX)?;
        let mut searcher = plan.searcher();
        let estimate = plan.index_cpu_seconds();
        let count = (0.5 / estimate).clamp(1.0, 1e4) as u64;
        let watch = Stopwatch::start();
        searcher.search(0..count, &AtomicBool::new(false), &mut Vec::new());
        let seconds = watch.seconds() / count as f64;
        writeln!(out, "{bits:>4} {seconds:>15.5} {estimate:>10.5}")?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    let print_numbers = std::env::args().any(|arg| arg == "numbers");
    if std::env::args().any(|arg| arg == "curves") {
        return curves(&mut out);
    }
    let mut sizes: Vec<u64> = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .collect();
    let all = sizes.is_empty();
    if all {
        sizes = vec![32, 40, 48, 56, 64, 72, 80, 88, 96, 112, 128];
    }
    if !print_numbers {
        writeln!(out, "bits     best us   median us")?;
    }
    for bits in sizes {
        let numbers = sample(bits);
        if print_numbers {
            for number in numbers {
                writeln!(out, "{bits} {number}")?;
            }
            continue;
        }
        let (best, median) = split_all(&numbers);
        writeln!(out, "{bits:>4} {best:>11.1} {median:>11.1}")?;
    }
    if all && !print_numbers {
        // A prime is the dearest to classify: every test is run to its end.
        let prime = (BigUint::from(1u32) << 4096) - 2549u32;
        let watch = Stopwatch::start();
        let class = classify(black_box(&prime));
        let seconds = watch.seconds();
        writeln!(
            out,
            "the largest prime of 4096 bits is {} in {seconds:.3} s",
            if class == Class::Prime {
                "prime"
            } else {
                "not prime"
            }
        )?;
    }
    Ok(())
}
