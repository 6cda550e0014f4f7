//! Workers that die, lag, repeat themselves or lie.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod common;

use common::{
    LARGER, at, covered, ending, factors, job, open_at, registered, searching, send, settle, trial,
};
use rsac_master::{Reply, Request};
use rsac_protocol::{
    AcquireAnswer, Ending, GivenBack, HoldingEnd, Job, LOST_SECONDS, ProblemCode, ReleaseRequest,
    Report, Unit, UnitState,
};

/// 1125899906842597 · 1125899906842589: many units, none of which finds anything soon.
fn long() -> Job {
    let product = 1_125_899_906_842_597u128 * 1_125_899_906_842_589;
    Job {
        max_cpu_hours: 1e6,
        ..trial(&product.to_string())
    }
}

#[test]
fn a_silent_workers_unit_goes_to_another() {
    let (_, _, mut master) = searching(&trial(LARGER));
    let mut silent = registered(&mut master, "silent", 1);
    let unit = silent.acquire(&mut master, at(1)).unwrap();
    let report = silent.claim(unit, unit.from, unit.from + 2, vec![]);
    send(&mut master, at(2), &report).unwrap();
    master.tick(at(2 + LOST_SECONDS));
    assert_eq!(master.summary(at(2)).workers.live, 1);
    master.tick(at(3 + LOST_SECONDS));
    assert_eq!(master.summary(at(2)).workers.live, 0);
    let counters = master.counters();
    assert_eq!((counters.workers_lost, counters.units_lost), (1, 1));

    let now = at(4 + LOST_SECONDS);
    let mut other = registered(&mut master, "other", 4 + LOST_SECONDS);
    let rest = other.acquire(&mut master, now).unwrap();
    assert_eq!(
        rest.from,
        unit.from + 2,
        "what is covered is not given again"
    );
    let page = master.units(None, None, 10).unwrap();
    assert_eq!(page.units[0].state, UnitState::Split);
    assert_eq!(page.units[0].holders[0].end, Some(HoldingEnd::Lost));
    assert_eq!(page.units[0].holders[0].reported, 2);

    // Who comes back is told what it lost, and to present itself.
    let (command, not_yours) = silent.heartbeat(&mut master, now, &[unit]);
    assert_eq!(command, rsac_protocol::Command::Register);
    assert_eq!(not_yours, [unit.id]);
    other.work(&mut master, now);
    let late = silent.search(unit, unit.from + 2, unit.to);
    assert!(!send(&mut master, now, &late).unwrap().holds);
    let report = other.search(rest, rest.from, rest.to);
    send(&mut master, now, &report).unwrap();
    settle(&mut master, now);
    assert_eq!(factors(&master), ["1000003", "1000033"]);
}

#[test]
fn a_stale_holders_report_counts_once() {
    let (_, _, mut master) = searching(&trial(LARGER));
    let mut stale = registered(&mut master, "stale", 1);
    let unit = stale.acquire(&mut master, at(1)).unwrap();
    master.tick(at(50));
    let mut holder = registered(&mut master, "holder", 50);
    let same = holder.acquire(&mut master, at(50)).unwrap();
    assert_eq!(same.from, unit.from);
    assert!((same.id, same.epoch) != (unit.id, unit.epoch));

    let late = stale.claim(unit, unit.from, unit.from + 4, vec![]);
    assert!(!send(&mut master, at(51), &late).unwrap().holds);
    assert_eq!(covered(&master), 4);
    let repeated = master.counters().reports_repeated;
    let again = holder.claim(same, same.from, same.from + 4, vec![]);
    assert!(send(&mut master, at(52), &again).unwrap().holds);
    assert_eq!(covered(&master), 4);
    assert_eq!(master.counters().reports_repeated, repeated + 1);
}

#[test]
fn overlapping_and_repeated_reports_count_once() {
    let (_, _, mut master) = searching(&trial(LARGER));
    let mut worker = registered(&mut master, "w", 1);
    let unit = worker.acquire(&mut master, at(1)).unwrap();
    let mut tell = |from: u64, to: u64| {
        let report = worker.claim(unit, unit.from + from, unit.from + to, vec![]);
        assert!(send(&mut master, at(2), &report).unwrap().holds);
        let progress = master.summary(at(2)).progress;
        (covered(&master), progress.done)
    };
    let (first, weight) = tell(0, 4);
    assert_eq!(first, 4);
    assert_eq!(tell(0, 4), (4, weight));
    assert_eq!(tell(1, 3), (4, weight));
    assert_eq!(tell(6, 8).0, 6);
    assert_eq!(tell(2, 7).0, 8);
    let (all, whole) = tell(0, 8);
    assert_eq!(all, 8);
    // Weights are counted by index, not by report.
    assert!(whole > weight);
    assert_eq!(tell(0, 8), (all, whole));
    assert_eq!(master.counters().reports_repeated, 4);
    assert_eq!(master.counters().reports_accepted, 3);
}

#[test]
fn an_older_generations_report_counts_and_anothers_plan_is_refused() {
    let (_, disk, mut master) = searching(&trial(LARGER));
    let mut worker = registered(&mut master, "w", 1);
    let unit = worker.acquire(&mut master, at(1)).unwrap();
    let report = worker.claim(unit, unit.from, unit.from + 4, vec![]);
    drop(master);
    let mut master = open_at(&disk, &trial(LARGER), at(5));
    settle(&mut master, at(5));
    assert_eq!(report.generation + 1, master.position().generation);
    assert!(send(&mut master, at(6), &report).unwrap().holds);
    assert_eq!(covered(&master), 4);

    // The same plan of another ledger is the same work.
    let (_, _, mut other) = searching(&trial(LARGER));
    send(&mut other, at(6), &report).unwrap();
    assert_eq!(covered(&other), 4);

    let (_, _, mut foreign) = searching(&trial("1000070001221"));
    let refused = send(&mut foreign, at(6), &report).unwrap_err();
    assert_eq!(refused.code, ProblemCode::ForeignLedger);
    assert_eq!(covered(&foreign), 0);
    let misled = Report {
        job: "another".into(),
        ..report
    };
    let refused = send(&mut master, at(7), &misled).unwrap_err();
    assert_eq!(refused.code, ProblemCode::Malformed);
}

#[test]
fn a_unit_that_was_covered_before_it_was_made_is_closed_by_its_report() {
    let (machine, _, mut master) = searching(&long());
    let mut worker = registered(&mut master, "w", 1);
    let first = worker.acquire(&mut master, at(1)).unwrap();
    let second = worker.acquire(&mut master, at(1)).unwrap();
    let report = worker.claim(second, second.from, second.to, vec![]);
    drop(master);
    // Without its store the master knows of no units any more.
    machine.damage(
        &format!(
            "{}/store.redb",
            rsac_master::ledger::folder_name(&long().number)
        ),
        Vec::clear,
    );
    let mut master = open_at(&machine.process(), &long(), at(5));
    settle(&mut master, at(5));
    send(&mut master, at(6), &report).unwrap();
    let mut worker = registered(&mut master, "w-2", 6);
    let held: Vec<Unit> = std::iter::from_fn(|| worker.acquire(&mut master, at(6)))
        .take_while(|unit| unit.from < second.to)
        .collect();
    assert_eq!(held[0].from, first.from);
    for unit in held {
        let report = worker.claim(unit, unit.from, unit.to, vec![]);
        assert!(!send(&mut master, at(7), &report).unwrap().holds);
    }
    let page = master.units(None, None, 1000).unwrap();
    for unit in page.units.iter().filter(|u| u.to <= second.to) {
        assert_eq!(unit.state, UnitState::Done, "{}..{}", unit.from, unit.to);
    }
}

#[test]
fn a_false_divisor_is_refused_and_its_range_not_covered() {
    let (_, _, mut master) = searching(&trial(LARGER));
    let mut liar = registered(&mut master, "liar", 1);
    let unit = liar.acquire(&mut master, at(1)).unwrap();
    for data in [
        vec![],
        vec![0],
        vec![1],
        vec![7],
        vec![0xff; 64],
        b"7".to_vec(),
    ] {
        let report = liar.claim(unit, unit.from, unit.from + 1, vec![(unit.from, data)]);
        let refused = send(&mut master, at(2), &report).unwrap_err();
        assert_eq!(refused.code, ProblemCode::Malformed);
    }
    assert_eq!(covered(&master), 0);
    assert_eq!(master.counters().bad_findings, 6);
    let outside = liar.claim(unit, unit.from, unit.to + 1, vec![]);
    let refused = send(&mut master, at(2), &outside).unwrap_err();
    assert_eq!(refused.code, ProblemCode::Malformed);
    let beyond = liar.claim(
        Unit {
            id: 1 << 40,
            ..unit
        },
        u64::MAX - 1,
        u64::MAX,
        vec![],
    );
    let refused = send(&mut master, at(2), &beyond).unwrap_err();
    assert_eq!(refused.code, ProblemCode::Malformed);
    assert_eq!(covered(&master), 0);
    // An honest search still ends the job.
    let report = liar.search(unit, unit.from, unit.to);
    send(&mut master, at(3), &report).unwrap();
    liar.work(&mut master, at(3));
    settle(&mut master, at(4));
    assert_eq!(factors(&master), ["1000003", "1000033"]);
}

#[test]
fn a_range_that_was_searched_in_vain_is_a_contradiction() {
    let (_, disk, mut master) = searching(&trial(LARGER));
    let mut liar = registered(&mut master, "liar", 1);
    while let Some(unit) = liar.acquire(&mut master, at(2)) {
        let report = liar.claim(unit, unit.from, unit.to, vec![]);
        send(&mut master, at(2), &report).unwrap();
    }
    settle(&mut master, at(3));
    assert_eq!(ending(&master), Some(Ending::Contradiction));
    assert!(factors(&master).is_empty());
    drop(master);
    let master = open_at(&disk, &trial(LARGER), at(5));
    assert_eq!(ending(&master), Some(Ending::Contradiction));
    drop(master);
    // Another method gives it another chance.
    let mut master = open_at(&disk, &job(LARGER, None), at(5));
    settle(&mut master, at(6));
    assert_eq!(factors(&master), ["1000003", "1000033"]);
}

#[test]
fn a_unit_given_back_is_somebody_elses_next() {
    let (_, _, mut master) = searching(&trial(LARGER));
    let mut leaver = registered(&mut master, "leaver", 1);
    let unit = leaver.acquire(&mut master, at(1)).unwrap();
    let request = ReleaseRequest {
        worker: "leaver".into(),
        plan: leaver.plan.as_ref().unwrap().0,
        units: vec![GivenBack {
            unit: unit.id,
            epoch: unit.epoch,
        }],
        leaving: true,
    };
    for released in [1, 0] {
        let request = Request::Release(request.clone());
        let Reply::Release(answer) = master.handle(at(2), request).unwrap() else {
            panic!("another answer");
        };
        assert_eq!(answer.body.released, released);
    }
    assert_eq!(master.summary(at(2)).workers.live, 0);
    let mut next = registered(&mut master, "next", 3);
    let again = next.acquire(&mut master, at(3)).unwrap();
    assert_eq!(again.from, unit.from);
}

#[test]
fn a_repeated_request_is_given_the_same_units() {
    let (_, _, mut master) = searching(&long());
    let mut worker = registered(&mut master, "w", 1);
    let first = worker.acquire_with(&mut master, at(1), 5, 3).unwrap();
    let again = worker.acquire_with(&mut master, at(2), 5, 3).unwrap();
    assert_eq!(first, again);
    assert!(matches!(&first, AcquireAnswer::Units { units } if units.len() == 3));
    let next = worker.acquire_with(&mut master, at(2), 6, 3).unwrap();
    assert_ne!(first, next);
    for count in [0, 65] {
        let refused = worker.acquire_with(&mut master, at(2), 7, count);
        assert_eq!(refused.unwrap_err().code, ProblemCode::Malformed);
    }
}
