//! The campaign: kill −9 of worker, master and supervisor at random moments while the
//! job is scaled 1→4→2→0→3, in trial division, in sieving and in the finish. The
//! answer and the accounting stay right, and `down` leaves nothing.
//!
//! The schedule of kills comes from a seed that is printed; `RSAC_SEED=n` repeats one
//! (its moments, that is: the machine has a say too), `RSAC_FULL=1` runs ten of each.

use crate::run::{Demo, TRIAL, check_units, condition};
use crate::support::{HANG, Stack};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use std::time::{Duration, Instant};

/// 66 digits.
const SIEVE: Demo = Demo {
    method: "quadratic-sieve",
    number: "717803359349412534444968701515861148763821026960464142093466486349",
    factors: [
        "822774210174674187174106059476371",
        "872418399207023710293188529244319",
    ],
};

const ROLES: [&str; 3] = ["worker", "master", "supervisor"];

fn seeds() -> Vec<u64> {
    if let Some(seed) = std::env::var("RSAC_SEED").ok().and_then(|s| s.parse().ok()) {
        return vec![seed];
    }
    let rounds = if std::env::var_os("RSAC_FULL").is_some() {
        10
    } else {
        1
    };
    (1..=rounds).collect()
}

#[test]
fn trial_division_survives_kills_while_it_is_scaled() {
    for seed in seeds() {
        campaign(&TRIAL, seed);
    }
}

#[test]
fn sieving_survives_kills_while_it_is_scaled() {
    for seed in seeds() {
        campaign(&SIEVE, seed);
    }
}

/// Scales through the story; at each station one process of every role is killed, in
/// random order, at random moments.
fn campaign(demo: &Demo, seed: u64) {
    println!("{} with RSAC_SEED={seed}", demo.method);
    let mut rng = StdRng::seed_from_u64(seed);
    let stack = Stack::new();
    stack.ok(&[
        "crack",
        demo.number,
        "--name",
        "demo",
        "--method",
        demo.method,
        "--workers",
        "1",
    ]);
    stack.until("demo", "searching", is_searching);

    let mut kills = [0; ROLES.len()];
    let mut before = 0;
    for workers in ["4", "2", "0", "3"] {
        stack.ok(&["scale", "demo", workers]);
        let mut order = [0, 1, 2];
        order.shuffle(&mut rng);
        for role in order {
            pause(&mut rng);
            let victims = stack.processes(ROLES[role]);
            if let Some(&victim) = victims.choose(&mut rng) {
                println!("at {workers} workers: kill −9 of {} {victim}", ROLES[role]);
                stack.kill(victim);
                kills[role] += 1;
            }
        }
        let now = covered(&stack);
        assert!(
            now >= before,
            "work that was acknowledged is lost: {before} → {now}"
        );
        before = now;
    }
    for (role, kills) in ROLES.iter().zip(kills) {
        assert!(
            kills > 0,
            "no {role} was there to be killed: the demo is too small"
        );
    }
    finish(&stack, demo);
}

#[test]
fn the_finish_survives_a_killed_master() {
    let stack = Stack::new();
    let words = [
        "crack",
        SIEVE.number,
        "--name",
        "demo",
        "--method",
        SIEVE.method,
    ];
    stack.ok(&[&words[..], &["--workers", "2"]].concat());
    let log = stack
        .state_dir()
        .join("stacks/local/local/jobs/demo/master.log");
    let start = Instant::now();
    for kill in 1..=3 {
        // Each master writes a line when it begins to finish; the last one is still at it.
        let finishes = || {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            log.lines()
                .filter(|line| line.contains("task=\"finish\""))
                .count()
        };
        while finishes() < kill {
            assert!(
                start.elapsed() < HANG,
                "never finishes: {:#}",
                stack.resource("demo")
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        for pid in stack.processes("master") {
            stack.kill(pid);
        }
        assert!(
            !is_finished(&stack.resource("demo")),
            "it was quicker than the kill"
        );
    }
    finish(&stack, &SIEVE);
}

/// Waits for the end, and checks answer, accounting and what is left.
fn finish(stack: &Stack, demo: &Demo) {
    let run = stack.ok(&["watch", "demo"]);
    assert_eq!(run.factors(), demo.factors);
    assert_eq!(run.last("result")["method"], demo.method);
    stack.until("demo", "succeeded", |r| {
        condition(r, "Succeeded").0 == "True"
    });
    check_units(&units(stack));
    stack.down();
}

fn pause(rng: &mut StdRng) {
    std::thread::sleep(Duration::from_millis(rng.random_range(200..1500)));
}

fn is_searching(resource: &Value) -> bool {
    resource["status"]["stage"] == "Search" || is_finished(resource)
}

fn is_finished(resource: &Value) -> bool {
    condition(resource, "Finished").0 == "True"
}

/// The plan's units, once the master answers (it may just have been killed).
fn units(stack: &Stack) -> Vec<Value> {
    let start = Instant::now();
    loop {
        let run = stack.run(&["units", "demo"]);
        if run.code == 0 {
            return run.all("unit");
        }
        assert!(
            start.elapsed() < HANG,
            "the master never answers: {:#?}",
            run.events
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// How many indices the ledger holds as covered.
fn covered(stack: &Stack) -> u64 {
    units(stack)
        .iter()
        .map(|u| u["covered"].as_u64().unwrap())
        .sum()
}
