//! How fast a master takes relations in: decoding, sampling, counting, and the ledger's
//! commit with its syncs, over real relations that a worker found beforehand.
//!
//! `cargo bench -p rsac-master --bench intake -- 50 4000 40000`: digits of the number,
//! relations in a report, relations in all.

#![allow(clippy::unwrap_used, reason = "helpers of tests are used")]

#[path = "../tests/common/mod.rs"]
mod common;

use common::{Worker, at, job, machine, open, settle};
use rsac_factor::BigUint;
use rsac_factor::primality::next_prime;
use rsac_master::ledger::disk::RealDisk;
use rsac_master::{ReceivedReport, Request};
use rsac_protocol::Job;
use std::error::Error;
use std::io::Write;
use std::time::Instant;

const PASSES: u32 = 5;

/// The first prime above a third of a power of ten, and the first above two sevenths.
fn number(digits: u32) -> BigUint {
    let power = BigUint::from(10u32).pow(digits / 2);
    next_prime(&(&power / 3u32)) * next_prime(&(&power * 2u32 / 7u32 * 10u32))
}

/// Reports of real relations, encoded as they are sent.
fn reports(job: &Job, size: usize, all: usize) -> (Vec<Vec<u8>>, usize) {
    let (_machine, disk) = machine();
    let mut master = open(&disk, job);
    settle(&mut master, at(1));
    let mut worker = Worker::new("bench");
    worker.register(&mut master, at(1));
    let (mut reports, mut found) = (Vec::new(), 0);
    while found < all
        && let Some(unit) = worker.acquire(&mut master, at(1))
    {
        let (mut from, mut at_index, mut findings) = (unit.from, unit.from, Vec::new());
        while at_index < unit.to && found + findings.len() < all {
            let part = worker.search(unit, at_index, at_index + 1);
            findings.extend(part.findings.into_iter().map(|f| (f.index, f.data)));
            at_index += 1;
            let is_enough = found + findings.len() >= all;
            if findings.len() >= size || at_index == unit.to || is_enough {
                found += findings.len();
                let findings = std::mem::take(&mut findings);
                let report = worker.claim(unit, from, at_index, findings);
                reports.push(report.encode().unwrap());
                from = at_index;
            }
        }
    }
    (reports, found)
}

/// CPU seconds of this thread, where the kernel tells; else of the clock.
fn cpu_seconds(begun: Instant) -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| begun.elapsed().as_secs_f64(), |n| n * 1e-9)
}

fn main() -> Result<(), Box<dyn Error>> {
    let given: Vec<usize> = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .collect();
    let argument = |at: usize, default: usize| given.get(at).copied().unwrap_or(default);
    let digits = u32::try_from(argument(0, 50))?;
    let job = job(&number(digits).to_string(), Some("quadratic-sieve"));
    let (reports, relations) = reports(&job, argument(1, 4000), argument(2, 40_000));
    let bytes: usize = reports.iter().map(Vec::len).sum();
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{digits} digits: {relations} relations in {} reports, {bytes} bytes",
        reports.len()
    )?;
    for _ in 0..PASSES {
        let folder = tempfile::tempdir()?;
        let disk = RealDisk::open(&folder.path().join("data"))?;
        let mut master = open(&disk, &job);
        settle(&mut master, at(1));
        let begun = Instant::now();
        let cpu = cpu_seconds(begun);
        for report in &reports {
            let received = ReceivedReport::decode(report.clone())?;
            master
                .handle(at(2), Request::Report(received))
                .map_err(|problem| problem.message)?;
        }
        let (cpu, clock) = (cpu_seconds(begun) - cpu, begun.elapsed().as_secs_f64());
        writeln!(
            out,
            "{:>12.0} relations a CPU second, {:>12.0} a second of the clock, disk included",
            relations as f64 / cpu,
            relations as f64 / clock
        )?;
    }
    Ok(())
}
