//! The campaign of Azure: for each request of `up` and of `down` the real executable is
//! killed before and after it, and meets each fault at it; then the user tries again. In the
//! end exactly what is declared is there, or nothing, and what others have is as it was.
//!
//! A fixed sample of the cases is run; `RSAC_FULL=1` runs all of them. A case that is named
//! on the command line is run whether or not it is in the sample.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests tell what they do, and may panic"
)]

mod case;
mod check;
#[allow(dead_code, reason = "the other tests' too")]
#[path = "../cloud.rs"]
mod cloud;
mod kind;
mod run;

use case::{Case, ROADS};
use libtest_mimic::{Arguments, Failed, Trial};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use run::Undisturbed;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

/// How many cases are run where not all are.
const SAMPLE: usize = 120;
/// So that everybody runs the same ones.
const SEED: u64 = 5;

/// How many cases of a road and kind were run, and how many failed.
type Counts = BTreeMap<(&'static str, &'static str), (u32, u32)>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let roads: Vec<Arc<Undisturbed>> = ROADS
        .into_iter()
        .map(|road| Arc::new(run::undisturbed(road)))
        .collect();
    for road in &roads {
        let changes = road
            .requests
            .iter()
            .filter(|s| s.mutating.is_some())
            .count();
        println!(
            "{}: {} requests, of which {changes} change something",
            road.road.name(),
            road.requests.len()
        );
    }
    let all: Vec<(Arc<Undisturbed>, Case)> = roads
        .iter()
        .flat_map(|road| {
            let cases = case::of(road.road, &road.requests).into_iter();
            cases.map(|case| (Arc::clone(road), case))
        })
        .collect();
    let total = all.len();
    let is_full = std::env::var("RSAC_FULL").is_ok_and(|value| value == "1");
    let chosen = match is_full || arguments.filter.is_some() {
        true => all,
        false => sample(all),
    };
    let counts = Arc::new(Mutex::new(Counts::new()));
    let trials = chosen.into_iter().map(|(road, case)| {
        let counts = Arc::clone(&counts);
        Trial::test(case.name(), move || {
            let ended = catch_unwind(AssertUnwindSafe(|| run::run(&case, &road)));
            let mut counts = counts.lock().unwrap();
            let count = counts
                .entry((case.road.name(), case.kind.name))
                .or_default();
            count.0 += 1;
            count.1 += u32::from(ended.is_err());
            ended.map_err(|panic| Failed::from(why(&case, &*panic)))
        })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    tell(&counts.lock().unwrap(), total);
    conclusion.exit_code()
}

/// A fixed part: one case of each kind, and of the rest as many kills as faults.
fn sample(mut all: Vec<(Arc<Undisturbed>, Case)>) -> Vec<(Arc<Undisturbed>, Case)> {
    all.shuffle(&mut StdRng::seed_from_u64(SEED));
    let mut seen = BTreeSet::new();
    let (mut chosen, rest): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|(_, case)| seen.insert(case.kind.name));
    let (kills, faults): (Vec<_>, Vec<_>) =
        rest.into_iter().partition(|(_, case)| case.kind.is_kill());
    let more = SAMPLE.saturating_sub(chosen.len());
    chosen.extend(kills.into_iter().take(more / 2));
    chosen.extend(faults.into_iter().take(more - more / 2));
    chosen
}

fn why(case: &Case, panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!(
        "{}\nagain: cargo test -p rsac-infra --test azure_campaign -- --exact {}",
        text.unwrap_or("it panicked without words"),
        case.name()
    )
}

fn tell(counts: &Counts, total: usize) {
    let (mut run, mut failed) = (0, 0);
    println!("{:>6} {:>6}  road and kind", "cases", "failed");
    for ((road, kind), (cases, bad)) in counts {
        println!("{cases:>6} {bad:>6}  {road} {kind}");
        run += cases;
        failed += bad;
    }
    println!("{run} of {total} cases were run, {failed} failed");
}
