//! Recorded traffic of Azure Resource Manager against the client: every file of
//! tests/recordings, and of a further folder that `RSAC_ARM_RECORDINGS` names, is walked
//! request by request, and the ends of what the client does held against the recorded ones.
//! Then each is spoiled by seeded mutations (`RSAC_ARM_MUTATIONS`: how many a file), and
//! every end has to be an answer or a classified error: no panic, no hang.

#![allow(
    clippy::print_stdout,
    reason = "the counts are printed, so that an empty run is seen"
)]

mod drive;
mod judge;
mod mutate;
mod oracle;
mod recording;
mod tape;

use drive::{Counts, Driver};
use libtest_mimic::{Arguments, Failed, Trial};
use recording::Exchange;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A limit that only ends hangs.
const HANG: Duration = Duration::from_secs(300);

const MUTATIONS: u64 = 15;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let total = Arc::new(Mutex::new((Counts::default(), 0_u64)));
    let mut trials = Vec::new();
    for file in files() {
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let (counts, path) = (total.clone(), file.clone());
        trials.push(Trial::test(format!("recorded::{name}"), move || {
            let exchanges = recording::load(&path).map_err(Failed::from)?;
            let driven = walk(exchanges, true).map_err(Failed::from)?;
            add(&counts, driven, 0);
            Ok(())
        }));
        let counts = total.clone();
        trials.push(Trial::test(format!("spoiled::{name}"), move || {
            let exchanges = recording::load(&file).map_err(Failed::from)?;
            let mutations = std::env::var("RSAC_ARM_MUTATIONS")
                .ok()
                .and_then(|text| text.parse().ok())
                .unwrap_or(MUTATIONS);
            for seed in 0..mutations {
                walk(mutate::mutate(&exchanges, seed), false)
                    .map_err(|why| Failed::from(format!("seed {seed}: {why}")))?;
            }
            add(&counts, Counts::default(), mutations);
            Ok(())
        }));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list {
        let total = total.lock().unwrap_or_else(PoisonError::into_inner);
        println!("recordings: {:?}; spoiled runs: {}", total.0, total.1);
    }
    conclusion.exit_code()
}

fn add(total: &Mutex<(Counts, u64)>, driven: Counts, spoiled: u64) {
    let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
    total.0.requests += driven.requests;
    total.0.steps += driven.steps;
    total.0.typed += driven.typed;
    total.0.operations += driven.operations;
    total.0.errors += driven.errors;
    total.0.checked += driven.checked;
    total.0.open += driven.open;
    total.0.warnings += driven.warnings;
    total.1 += spoiled;
}

fn walk(exchanges: Vec<Exchange>, checks: bool) -> Result<Counts, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let mut driver = Driver::new(exchanges, checks)?;
        match tokio::time::timeout(HANG, driver.run()).await {
            Ok(done) => done.map(|()| driver.counts),
            Err(_) => Err(format!("no end within {} s", HANG.as_secs())),
        }
    })
}

fn files() -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/recordings");
    let further = std::env::var_os("RSAC_ARM_RECORDINGS").map(PathBuf::from);
    let mut found = Vec::new();
    for folder in std::iter::once(own).chain(further) {
        collect(&folder, &mut found);
    }
    found.sort();
    found
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let ending = path
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or_default();
        if path.is_dir() {
            collect(&path, into);
        } else if matches!(ending, "yaml" | "yml" | "json") {
            into.push(path);
        }
    }
}
