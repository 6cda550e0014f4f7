//! What a job's number, method and limits decide, and what a change of them does.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod common;

use common::{
    LARGER, Worker, at, begun, covered, ending, factors, job, machine, open, open_at, registered,
    searching, send, settle, trial,
};
use num_bigint::BigUint;
use rsac_factor::Plan;
use rsac_master::ledger::disk::Machine;
use rsac_master::{JobSpec, Master};
use rsac_protocol::{Ending, Job, Report, Stage, UnitState};

const NUMBER: &str = "804556097";

#[test]
fn every_shape_of_number_is_taken_apart() {
    let cases: [(&[u64], &str); 6] = [
        (&[2, 2, 1_000_003, 1_000_033], "even × composite"),
        (&[104_729, 104_729, 1_299_709], "a square and another"),
        (&[15_581, 15_581, 51_637, 51_637], "a square of a product"),
        (&[10_007, 10_009, 10_037], "three primes"),
        (&[3, 5, 7, 11, 13, 17, 19, 23], "small primes"),
        (&[1_000_003, 1_000_003, 1_000_003], "a cube"),
    ];
    for (primes, what) in cases {
        let product: BigUint = primes.iter().map(|p| BigUint::from(*p)).product();
        for method in [None, Some("trial-division")] {
            let (_, disk) = machine();
            let mut master = open(&disk, &job(&product.to_string(), method));
            let mut worker = Worker::new("w");
            for second in 1..20 {
                settle(&mut master, at(second));
                worker.plan = None;
                if master.summary(at(second)).stage == Stage::Search {
                    worker.work(&mut master, at(second));
                }
            }
            let expected: Vec<String> = primes.iter().map(u64::to_string).collect();
            assert_eq!(factors(&master), expected, "{what}, {method:?}");
            assert_eq!(ending(&master), Some(Ending::Factored), "{what}");
        }
    }
}

#[test]
fn a_deadline_counts_active_time_alone() {
    let limited = Job {
        deadline_seconds: Some(10),
        ..trial(LARGER)
    };
    let (_, disk, mut master) = searching(&limited);
    master.tick(at(6));
    master.close(at(6));
    drop(master);
    // An hour during which no master ran.
    let mut master = open_at(&disk, &limited, at(3600));
    settle(&mut master, at(3603));
    assert_eq!(ending(&master), None);
    let mut worker = registered(&mut master, "w", 3603);
    master.tick(at(3605));
    assert_eq!(ending(&master), Some(Ending::DeadlineExceeded));
    assert!(worker.acquire(&mut master, at(3605)).is_none());
    let (command, _) = worker.heartbeat(&mut master, at(3605), &[]);
    assert_eq!(command, rsac_protocol::Command::Stop);
    let spent = master.summary(at(3605)).active_seconds;
    master.tick(at(4000));
    assert_eq!(master.summary(at(4000)).active_seconds, spent);
}

#[test]
fn cpu_hours_are_counted_over_all_workers_and_restarts() {
    let (_, disk, mut master) = searching(&trial(LARGER));
    let mut worker = registered(&mut master, "w", 1);
    let unit = worker.acquire(&mut master, at(1)).unwrap();
    let tell = |master: &mut Master, worker: &mut Worker, index: u64, hours: u64| {
        let report = Report {
            cpu_micros: hours * 3_600_000_000,
            ..worker.claim(unit, unit.from + index, unit.from + index + 1, vec![])
        };
        send(master, at(2), &report).unwrap();
    };
    tell(&mut master, &mut worker, 0, 12);
    tell(&mut master, &mut worker, 0, 12);
    master.tick(at(3));
    assert_eq!(ending(&master), None, "a repeated report costs nothing");
    drop(master);
    let mut master = open_at(&disk, &trial(LARGER), at(4));
    settle(&mut master, at(4));
    tell(&mut master, &mut worker, 1, 12);
    master.tick(at(5));
    assert_eq!(ending(&master), Some(Ending::CpuHoursExceeded));
    drop(master);
    let more = Job {
        max_cpu_hours: 48.0,
        ..trial(LARGER)
    };
    let mut master = open_at(&disk, &more, at(6));
    settle(&mut master, at(6));
    assert_eq!(ending(&master), None);
    assert_eq!(covered(&master), 2);
    Worker::new("w-2").work(&mut master, at(7));
    settle(&mut master, at(8));
    assert_eq!(factors(&master), ["1000003", "1000033"]);
}

#[test]
fn a_plan_is_told_as_it_is_stored() {
    let (_, _, mut master) = searching(&trial(LARGER));
    let worker = registered(&mut master, "w", 1);
    let (digest, plan) = worker.plan.as_ref().unwrap();
    assert_eq!(master.summary(at(1)).plan.unwrap().digest, *digest);
    assert_eq!(plan.number().to_string(), LARGER);
    assert_eq!(Plan::parse(&plan.text()).unwrap().text(), plan.text());
}

#[test]
fn a_changed_number_has_a_ledger_of_its_own() {
    let machine = Machine::new();
    let (master, _, _) = begun(&machine, &trial(LARGER));
    let before = master.position();
    drop(master);
    let spec = JobSpec::parse(&trial(NUMBER)).unwrap();
    let mut other = Master::open(&machine.process(), spec, at(0), 8).unwrap();
    settle(&mut other, at(1));
    assert_ne!(other.position().ledger, before.ledger);
    assert_eq!(other.position().generation, 1);
    assert_eq!(covered(&other), 0);
    drop(other);
    let back = open_at(&machine.process(), &trial(LARGER), at(2));
    assert_eq!(back.position().ledger, before.ledger);
    assert_eq!(covered(&back), 3);
}

/// 1125899906842597 · 1125899906842589, of 100 bits.
fn hard() -> String {
    let product = 1_125_899_906_842_597u128 * 1_125_899_906_842_589;
    product.to_string()
}

#[test]
fn a_changed_method_makes_a_plan_and_the_old_one_may_come_back() {
    let machine = Machine::new();
    let allow = |method: &str| Job {
        max_cpu_hours: 1e6,
        ..job(&hard(), Some(method))
    };
    let (master, _, _) = begun(&machine, &allow("trial-division"));
    drop(master);
    let mut master = open_at(&machine.process(), &allow("quadratic-sieve"), at(5));
    settle(&mut master, at(5));
    let plan = master.summary(at(5)).plan.unwrap();
    assert_eq!(plan.method, "quadratic-sieve");
    assert_eq!(plan.sequence, 1);
    let old = master.units(Some(0), None, 10).unwrap();
    assert!(old.units.iter().all(|u| u.state == UnitState::Dropped));
    assert_eq!(old.covered, 3);
    drop(master);
    let mut master = open_at(&machine.process(), &allow("trial-division"), at(9));
    settle(&mut master, at(9));
    let plan = master.summary(at(9)).plan.unwrap();
    assert_eq!((plan.method.as_str(), plan.sequence), ("trial-division", 0));
    assert_eq!(covered(&master), 3);
}

#[test]
fn raised_limits_reopen_a_job_that_they_ended() {
    let (_, disk) = machine();
    let infeasible = trial(&hard());
    let mut master = open(&disk, &infeasible);
    settle(&mut master, at(1));
    assert_eq!(ending(&master), Some(Ending::Infeasible));
    drop(master);
    // The same limits: it stays so.
    let mut master = open(&disk, &infeasible);
    settle(&mut master, at(1));
    assert_eq!(ending(&master), Some(Ending::Infeasible));
    drop(master);
    let deadline = |seconds| Job {
        max_cpu_hours: 1e6,
        deadline_seconds: Some(seconds),
        ..infeasible.clone()
    };
    let mut master = open(&disk, &deadline(50));
    settle(&mut master, at(1));
    assert_eq!(master.summary(at(1)).stage, Stage::Search);
    settle(&mut master, at(60));
    assert_eq!(ending(&master), Some(Ending::DeadlineExceeded));
    drop(master);
    let mut master = open(&disk, &deadline(50));
    settle(&mut master, at(1));
    assert_eq!(ending(&master), Some(Ending::DeadlineExceeded));
    drop(master);
    let mut master = open(&disk, &deadline(500));
    settle(&mut master, at(1));
    assert_eq!(ending(&master), None);
    assert_eq!(master.summary(at(1)).stage, Stage::Search);
}
