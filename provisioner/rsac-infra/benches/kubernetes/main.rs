//! How long a user waits on a real Kubernetes, and what an operator costs: measured by the
//! clock on real pods, printed as a table for docs/benchmarks.md.
//!
//! `RSAC_TEST_KUBECONFIG` names the cluster, as for tests/cluster; scripts/test-cluster brings
//! one up. `cargo bench -p rsac-infra --bench kubernetes -- solved began killed lost resting` takes
//! all of it, or the parts that are named. Nothing is judged: this machine may be busy.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    dead_code,
    reason = "a program of the developer's own, which shares helpers with the stories"
)]

#[path = "../../../../tests/cluster/cluster.rs"]
mod cluster;
mod follow;
mod moments;
mod resting;
#[path = "../../../../tests/e2e/run.rs"]
mod run;
#[path = "../../../../tests/cluster/stack.rs"]
mod stack;

use cluster::Cluster;
use stack::Bench;
use std::process::ExitCode;

type Part = (&'static str, fn(&Bench));

/// In an order in which a lost node disturbs nobody: the last parts do without it.
const PARTS: [Part; 5] = [
    ("solved", moments::solved),
    ("began", moments::began),
    ("killed", moments::killed),
    ("resting", resting::resting),
    ("lost", moments::lost),
];

fn main() -> ExitCode {
    let named: Vec<String> = std::env::args().skip(1).collect();
    let is_named = |part: &Part| named.iter().any(|name| name == part.0);
    let has_names = PARTS.iter().any(is_named);
    let cluster = match Cluster::find() {
        Ok(cluster) => cluster,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
    let bench = Bench::new(cluster);
    bench.ensure_up();
    for part in PARTS.iter().filter(|part| !has_names || is_named(part)) {
        part.1(&bench);
    }
    bench.clean_up(false);
    ExitCode::SUCCESS
}

/// A row of the table: what, and its rounds in seconds, smallest first.
fn row(what: &str, mut rounds: Vec<f64>) {
    rounds.sort_by(f64::total_cmp);
    let rounds: Vec<String> = rounds.iter().map(|round| format!("{round:.2}")).collect();
    println!("| {what} | {} |", rounds.join(", "));
}
