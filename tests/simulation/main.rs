//! The seeded simulation: the real master core on a simulated disk, real worker agents,
//! and between them a network that loses, delays, repeats and reorders; processes are
//! killed, frozen, scaled and drained. A seed decides everything, so that a failure can
//! be looked at again:
//!
//! `RSAC_SIM_SEED=<seed> cargo test -p rsac-tests --test simulation -- --nocapture`
//!
//! - `scenario`: what a seed decides. `oracle`: numbers, and what searching them finds.
//! - `world`: the clock and its events. `master`, `worker`: their processes in it.
//! - `fuse`: a disk whose process dies in the middle of its work.
//! - `account`: what was computed and promised, counted apart from master and workers;
//!   `checks` are made against it.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "helpers of a test fail as tests do, and a replayed seed tells its story"
)]

mod account;
mod checks;
mod fuse;
mod master;
mod oracle;
mod scenario;
mod worker;
mod world;

use scenario::Scenario;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use world::World;

const ORDINARY: u64 = 1_000;
const FULL: u64 = 12_000;

/// Runs a schedule; the error tells what went wrong.
fn play(seed: u64, trace: bool) -> Result<world::Tale, String> {
    let scenario = Scenario::new(seed);
    let run = AssertUnwindSafe(|| World::new(scenario, trace).run());
    catch_unwind(run).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("panicked: {}", text.unwrap_or("?")))
    })
}

/// Plays seeds `0..count` on all processors; the first failures, and what happened.
fn play_all(count: u64) -> (Vec<String>, world::Tale) {
    let next = AtomicU64::new(0);
    let results = Mutex::new((Vec::new(), world::Tale::default()));
    let results_of = || results.lock().unwrap_or_else(PoisonError::into_inner);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= count || results_of().0.len() >= 5 {
                        return;
                    }
                    match play(seed, false) {
                        Ok(tale) => results_of().1.add(&tale),
                        Err(why) => results_of().0.push(format!(
                            "seed {seed}: {why}\n  replay: RSAC_SIM_SEED={seed} \
                             cargo test -p rsac-tests --test simulation -- --nocapture"
                        )),
                    }
                }
            });
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn no_schedule_loses_repeats_or_invents_anything() {
    if let Ok(seed) = std::env::var("RSAC_SIM_SEED") {
        let seed = seed.parse().expect("RSAC_SIM_SEED is a number");
        let tale = play(seed, true).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        println!("{tale:?}");
        return;
    }
    let full = std::env::var("RSAC_FULL").is_ok_and(|value| value == "1");
    let (failures, tale) = play_all(if full { FULL } else { ORDINARY });
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    for (name, number) in tale.numbers() {
        println!("{number:>10} {name}");
        assert!(number > 0, "no schedule had any {name}: nothing was tested");
    }
}

#[test]
fn a_seed_decides_everything() {
    for seed in 0..10 {
        assert_eq!(play(seed, false), play(seed, false), "seed {seed}");
    }
}
