//! The way of a job through the master, from its number to its factors.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod common;

use common::{Worker, at, factors, job, machine, open, open_at, send, settle};
use rsac_protocol::{Ending, Stage, SupplyKind, UnitState};

#[test]
fn the_first_systems_number_is_answered_before_any_worker() {
    let (_, disk) = machine();
    let mut master = open(&disk, &job("804556097", None));
    settle(&mut master, at(1));
    assert_eq!(factors(&master), ["15581", "51637"]);
    let summary = master.summary(at(1));
    assert_eq!(summary.stage, Stage::Done);
    assert_eq!(summary.outcome.unwrap().ending, Ending::Factored);
    let progress = master.progress_answer().to_json();
    assert_eq!(
        progress,
        r#"{"progress_all":1,"progress_done":1,"solution":15581}"#
    );
    assert_eq!(master.solution().unwrap().method, "in-process");
}

#[test]
fn a_named_method_is_honoured_by_workers() {
    let (_, disk) = machine();
    let mut master = open(&disk, &job("804556097", Some("trial-division")));
    settle(&mut master, at(1));
    let summary = master.summary(at(1));
    assert_eq!(summary.stage, Stage::Search);
    assert_eq!(summary.plan.unwrap().supply, SupplyKind::Cover);
    assert!(summary.workers.useful >= 1);

    let mut worker = Worker::new("w-1");
    assert!(worker.work(&mut master, at(2)) > 0);
    settle(&mut master, at(3));
    assert_eq!(factors(&master), ["15581", "51637"]);
    assert_eq!(master.solution().unwrap().method, "trial-division");
    let page = master.units(None, None, 10).unwrap();
    assert!(page.units.iter().all(|u| u.state != UnitState::Held));
    let (command, _) = worker.heartbeat(&mut master, at(4), &[]);
    assert_eq!(command, rsac_protocol::Command::Stop);

    // It stays so when the master starts again, whatever the method.
    drop(master);
    let master = open_at(&disk, &job("804556097", None), at(10));
    assert_eq!(factors(&master), ["15581", "51637"]);
    assert_eq!(master.position().generation, 2);
}

#[test]
fn classification_alone_answers_many_numbers() {
    for (number, expected, ending) in [
        ("2", vec!["2"], Ending::Prime),
        ("1000000007", vec!["1000000007"], Ending::Prime),
        ("1024", vec!["2"; 10], Ending::Factored),
        ("242767561", vec!["15581", "15581"], Ending::Factored),
        ("216", vec!["2", "2", "2", "3", "3", "3"], Ending::Factored),
    ] {
        for method in [None, Some("trial-division")] {
            let (_, disk) = machine();
            let mut master = open(&disk, &job(number, method));
            settle(&mut master, at(1));
            assert_eq!(master.summary(at(1)).outcome.unwrap().ending, ending);
            assert_eq!(factors(&master), expected);
        }
    }
}

#[test]
fn three_primes_take_a_plan_for_the_cofactor() {
    // 104729 · 1299709 · 15485863
    let number = "2107892680651777043";
    let product = 104_729u128 * 1_299_709 * 15_485_863;
    assert_eq!(product.to_string(), number);
    let (_, disk) = machine();
    let mut master = open(&disk, &job(number, Some("trial-division")));
    let mut worker = Worker::new("w-1");
    settle(&mut master, at(1));
    worker.register(&mut master, at(1));
    let unit = worker.acquire(&mut master, at(1)).unwrap();
    // Only as far as the first divisor: it leaves a composite.
    let found = (unit.from..unit.to).map(|i| worker.search(unit, i, i + 1));
    let report = { found }
        .find(|report| !report.findings.is_empty())
        .unwrap();
    send(&mut master, at(2), &report).unwrap();
    settle(&mut master, at(2));
    assert!(master.solution().is_none());
    worker.work(&mut master, at(3));
    settle(&mut master, at(4));
    assert_eq!(factors(&master), ["104729", "1299709", "15485863"]);
    assert_eq!(master.units(Some(0), None, 10).unwrap().plans, 2);
}

#[test]
fn unsuitable_and_infeasible_numbers_are_told_apart() {
    let (_, disk) = machine();
    for number in ["0", "1"] {
        let mut master = open(&disk, &job(number, None));
        settle(&mut master, at(1));
        let outcome = master.summary(at(1)).outcome.unwrap();
        assert_eq!(outcome.ending, Ending::Unsuitable, "{}", outcome.message);
    }
    // 2^4097 + 1 is too large; 2^607 - 1 times 2^521 - 1 is out of every method's reach.
    let large = (num_bigint::BigUint::from(1u8) << 4097u32) + 1u8;
    let mut master = open(&disk, &job(&large.to_string(), None));
    settle(&mut master, at(1));
    let outcome = master.summary(at(1)).outcome.unwrap();
    assert_eq!(outcome.ending, Ending::Unsuitable);
    assert!(outcome.message.contains("4098 bits"), "{}", outcome.message);

    let mersenne = |p: u32| (num_bigint::BigUint::from(1u8) << p) - 1u8;
    let hard = (mersenne(607) * mersenne(521)).to_string();
    let mut master = open(&disk, &job(&hard, Some("trial-division")));
    settle(&mut master, at(1));
    let outcome = master.summary(at(1)).outcome.unwrap();
    assert_eq!(outcome.ending, Ending::Infeasible, "{}", outcome.message);
}
