//! How fast trial division is: integers of [2, √N] a second on one core.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rsac_factor::{BigUint, Method, choose};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

fn trial(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("trial-division");
    for bits in [64u32, 96, 126] {
        // A composite without small divisors is not needed: far from the start there are none.
        let number = (BigUint::from(1u32) << bits) - 3u32;
        let named = Some(Method::TrialDivision);
        let Ok(plan) = choose(&number, named, Duration::MAX) else {
            continue;
        };
        let range = 50_000..51_024;
        group.throughput(Throughput::Elements(plan.weight(range.clone())));
        let mut searcher = plan.searcher();
        let stop = AtomicBool::new(false);
        group.bench_function(format!("{bits} bits"), |bencher| {
            bencher.iter(|| {
                let mut found = Vec::new();
                searcher.search(range.clone(), &stop, &mut found);
                found
            });
        });
    }
    group.finish();
}

criterion_group!(benches, trial);
criterion_main!(benches);
