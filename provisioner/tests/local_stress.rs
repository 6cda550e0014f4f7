//! Random kills of worker, master and supervisor while a job is scaled up and down:
//! the answer and the accounting stay right. `RSAC_FULL=1` runs many rounds;
//! `RSAC_SEED` replays one.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "helpers of tests")]

mod local;

use local::{HANG, Stack, cracker, kill};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rsac_infra::access::Access;
use rsac_protocol::{UnitState, UnitsPage};
use serde_json::json;
use std::time::{Duration, Instant};

/// Then it is left alone: on a busy machine, kills without end leave no time to report.
const MAX_KILLS: usize = 30;
const SCALES: [u32; 5] = [1, 4, 2, 0, 3];
/// Two primes of 34 bits: trial division has some seconds to go.
const TRIAL_NUMBER: &str = "289000018054000021861";
const TRIAL_FACTORS: [&str; 2] = ["17000000021", "17000001041"];
/// 55 digits: some seconds of sieving.
const SIEVE_NUMBER: &str = "6277020313053958639514421181373429533680329753735647393";
const SIEVE_FACTORS: [&str; 2] = [
    "892964648458948364968338841",
    "7029416364787399167244032073",
];

#[tokio::test]
async fn trial_division_under_random_kills() {
    for seed in seeds() {
        survive(seed, "trial-division", TRIAL_NUMBER, TRIAL_FACTORS).await;
    }
}

#[tokio::test]
async fn sieving_and_finishing_under_random_kills() {
    for seed in seeds() {
        survive(seed, "quadratic-sieve", SIEVE_NUMBER, SIEVE_FACTORS).await;
    }
}

fn seeds() -> Vec<u64> {
    if let Ok(seed) = std::env::var("RSAC_SEED") {
        return vec![seed.parse().unwrap()];
    }
    let rounds = if std::env::var_os("RSAC_FULL").is_some() {
        25
    } else {
        1
    };
    (0..rounds).map(|_| rand::random()).collect()
}

async fn survive(seed: u64, method: &str, number: &str, factors: [&str; 2]) {
    println!("{method}: RSAC_SEED={seed} replays the kills, though not their exact moments");
    let mut random = StdRng::seed_from_u64(seed);
    let stack = Stack::new();
    let access = stack.up().await;
    let spec = json!({
        "numberToFactor": number,
        "method": method,
        "workerCount": 1,
        "checkpointInterval": "1s",
    });
    access.create(&cracker("job", spec)).await.unwrap();
    let start = Instant::now();
    let mut scales = SCALES.iter().copied();
    let mut kills = [0; 4];
    let solution = loop {
        if let Some(solution) = access.solution("job").await.unwrap() {
            break solution;
        }
        assert!(start.elapsed() < HANG, "not solved; killed {kills:?}");
        tokio::time::sleep(Duration::from_millis(random.random_range(50..900))).await;
        // Workers are the most.
        let victim = random.random_range(0..6_usize).saturating_sub(2);
        if kills.iter().sum::<usize>() < MAX_KILLS {
            kills[victim] += usize::from(strike(&stack, &*access, victim, &mut random).await);
        }
        if random.random_bool(0.5) {
            // After the walk it stays at the last, so that the job comes to its end.
            let workers = scales.next().unwrap_or(SCALES[4]);
            access.scale("job", workers).await.unwrap();
        }
    };
    println!(
        "{method}: {:.1} s; killed: {} workers, {} masters, {} masters in the finish, {} supervisors",
        start.elapsed().as_secs_f64(),
        kills[0],
        kills[1],
        kills[2],
        kills[3]
    );
    assert_eq!(solution.factors, factors);
    assert_eq!(solution.number, number);
    check_accounting(&*access, method).await;
    stack.down().await;
    stack.assert_gone().await;
}

/// Kills somebody, if there is such a one now.
async fn strike(stack: &Stack, access: &dyn Access, victim: usize, random: &mut StdRng) -> bool {
    let pid = match victim {
        0 => {
            let names = (0..4).map(|index| format!("worker-{index}"));
            let there: Vec<_> = names.filter_map(|name| stack.child("job", &name)).collect();
            (!there.is_empty()).then(|| there[random.random_range(0..there.len())])
        }
        1 => stack.child("job", "master"),
        2 => {
            let status = access.get("job").await.unwrap().status;
            let finishing = status.is_some_and(|s| s.stage.as_deref() == Some("Finish"));
            finishing.then(|| stack.child("job", "master")).flatten()
        }
        _ => stack.supervisor(),
    };
    pid.inspect(|pid| kill(*pid)).is_some()
}

/// Every unit's coverage is within its range, units overlap only where one was split,
/// and the plan's coverage is the sum of theirs.
async fn check_accounting(access: &dyn Access, method: &str) {
    let mut after = None;
    let mut units = Vec::new();
    let last: UnitsPage = loop {
        let page = local::until("the units", async || {
            access.units("job", Some(0), after).await.ok()
        });
        let page = page.await;
        units.extend(page.units.iter().cloned());
        after = page.next_after;
        if after.is_none() {
            break page;
        }
    };
    assert_eq!(last.method, method);
    units.sort_by_key(|unit| (unit.from, std::cmp::Reverse(unit.to)));
    let (mut covered, mut at) = (0, 0);
    for unit in &units {
        assert!(unit.covered <= unit.to - unit.from, "{unit:?}");
        assert!(
            unit.state != UnitState::Done || unit.covered == unit.to - unit.from,
            "{unit:?}"
        );
        if unit.from >= at {
            covered += unit.covered;
            at = unit.to;
        } else {
            // Made of the rest of a unit that was split, and counted with it.
            assert!(unit.to <= at, "units overlap at {unit:?}");
        }
    }
    assert_eq!(covered, last.covered, "in the units, and in the plan");
    if let Some(end) = last.end {
        assert!(last.covered <= end);
    }
}
