//! Small sizes in process: mean time to split a balanced semiprime; and the time to
//! classify the longest prime that is accepted.

use criterion::{Criterion, criterion_group, criterion_main};
use num_bigint::BigUint;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rsac_factor::{Class, classify, primality::is_prime, small};
use std::hint::black_box;
use std::sync::atomic::AtomicBool;

/// Numbers in a sample: their times differ by a lot, so each sample splits them all.
const NUMBERS: usize = 100;

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

fn benchmark(c: &mut Criterion) {
    let mut group = c.benchmark_group("split_100");
    group.sample_size(10);
    let never = AtomicBool::new(false);
    for bits in [32u64, 40, 48, 56, 64, 72, 80, 96, 112, 128] {
        let mut rng = StdRng::seed_from_u64(bits);
        let numbers: Vec<BigUint> = (0..NUMBERS)
            .map(|_| prime(&mut rng, bits / 2) * prime(&mut rng, bits / 2))
            .collect();
        group.bench_function(format!("{bits}_bits"), |b| {
            b.iter(|| {
                for number in &numbers {
                    black_box(small::split(number, &never));
                }
            });
        });
    }
    group.finish();
}

/// A prime is the dearest to classify: every test is run to its end.
fn longest_prime(c: &mut Criterion) {
    // The largest prime below 2^4096.
    let prime = (BigUint::from(1u32) << 4096) - 2549u32;
    assert_eq!(classify(&prime), Class::Prime);
    let mut group = c.benchmark_group("4096_bits");
    group.sample_size(10);
    group.bench_function("classify_prime", |b| b.iter(|| classify(black_box(&prime))));
    group.finish();
}

criterion_group!(benches, benchmark, longest_prime);
criterion_main!(benches);
