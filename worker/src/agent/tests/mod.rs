//! What the agent asks, computes and reports, and what it believes.

mod bench;

use super::*;
use crate::WorkerError;
use bench::{Bench, plan_text, position, seconds, unit};
use rsac_protocol::{
    Answer, Command, Digest, HeartbeatAnswer, LedgerId, PlanText, Problem, ProblemCode,
    ReleaseAnswer, Unit,
};

#[test]
fn a_lane_goes_on_with_the_prefetched_unit_without_asking() {
    let mut bench = Bench::at_work();
    bench.computes(0, 0..100, true);
    assert_eq!(bench.ordered.last(), Some(&(0, 100..200)));
    let (from, to) = (0, 100);
    let report = bench.acknowledges(true);
    assert_eq!((report.unit, report.from, report.to), (0, from, to));
    assert!(bench.spooled.is_empty());
    // And the next is asked for while it works.
    bench.acquires(vec![unit(2, 200..300)]);
}

#[test]
fn reports_come_before_the_checkpoint_interval_is_over() {
    let mut bench = Bench::long_at_work();
    bench.computes(0, 0..10, false);
    assert!(bench.wake.unwrap() <= bench.now + Duration::from_millis(7500));
    bench.passes(seconds(4));
    bench.computes(0, 10..20, false);
    assert!(bench.spooled.is_empty());
    bench.passes(seconds(4));
    assert_eq!(bench.spooled.len(), 1, "spooled when it is made");
    let report = bench.acknowledges(true);
    assert_eq!((report.from, report.to), (0, 20));
    assert!(bench.spooled.is_empty());
}

#[test]
fn a_search_that_has_just_begun_is_reported_on_soon_and_then_less_often() {
    let mut bench = Bench::at_work();
    let begun = bench.now;
    let mut reported = Vec::new();
    for at in 0..99 {
        bench.computes(0, at..at + 1, false);
        bench.passes(seconds(1));
        if !bench.spooled.is_empty() {
            bench.acknowledges(true);
            reported.push((bench.now - begun).as_secs());
        }
    }
    assert!(reported[0] <= 2, "{reported:?}");
    // A part of its age, as pieces of a second allow.
    let gaps: Vec<u64> = reported.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(gaps[0] < *gaps.last().unwrap(), "{reported:?}");
}

#[test]
fn with_the_master_away_what_is_held_is_finished_and_nothing_is_lost() {
    let mut bench = Bench::at_work();
    bench.computes(0, 0..100, true);
    bench.computes(0, 100..200, true);
    assert_eq!(bench.ordered.len(), 2, "nothing more to do");
    assert_eq!(bench.spooled.len(), 2);
    let mut tries = 0;
    let end = bench.now + seconds(600);
    while bench.now < end {
        for (id, _) in std::mem::take(&mut bench.requests) {
            tries += 1;
            bench.reply(id, Reply::Failed("connection refused".into()));
        }
        let wake = bench.wake.expect("it waits for something");
        assert!(wake > bench.now, "busy waiting");
        bench.now = wake;
        bench.step();
    }
    assert!((100..2000).contains(&tries), "{tries} tries in ten minutes");
    let units = [bench.acknowledges(true).unit, bench.acknowledges(true).unit];
    assert_eq!(units, [0, 1]);
    assert!(bench.spooled.is_empty());
}

#[test]
fn a_lost_acquisition_is_repeated_under_its_number() {
    let mut bench = Bench::new(1);
    bench.registers(Some(plan_text()));
    let (id, first) = bench.take(|r| match r {
        Request::Acquire(a) => Some(a.clone()),
        _ => None,
    });
    bench.reply(id, Reply::Failed("timeout".into()));
    bench.passes(seconds(10));
    let (_, again) = bench.take(|r| match r {
        Request::Acquire(a) => Some(a.clone()),
        _ => None,
    });
    assert_eq!(first, again);
}

#[test]
fn an_older_generation_is_not_believed() {
    let mut bench = Bench::at_work();
    bench.position = position(1, 2);
    bench.passes(seconds(5));
    bench.beats(Command::Continue, vec![]);
    bench.position = position(1, 1);
    bench.computes(0, 0..100, true);
    bench.acknowledges(true);
    assert_eq!(bench.spooled.len(), 1, "the acknowledgement does not count");
    bench.passes(seconds(10));
    bench.position = position(1, 2);
    bench.acknowledges(true);
    assert!(bench.spooled.is_empty());
}

#[test]
fn another_ledger_means_to_register_again_and_to_resend() {
    let mut bench = Bench::at_work();
    bench.computes(0, 0..10, false);
    bench.passes(seconds(8));
    bench.position = position(2, 1);
    bench.acknowledges(true);
    assert_eq!(
        bench.spooled.len(),
        1,
        "not known to be safe where it counts"
    );
    bench.registers(Some(plan_text()));
    assert!(bench.halted.contains(&0), "the unit was the other ledger's");
    let report = bench.acknowledges(false);
    assert_eq!(report.ledger, LedgerId([1; 16]));
    bench.computes(0, 10..15, true);
    let report = bench.acknowledges(false);
    assert_eq!((report.from, report.to), (10, 15));
    assert!(bench.spooled.is_empty());
}

#[test]
fn a_unit_that_went_to_another_is_stopped_and_what_was_computed_reported() {
    let mut bench = Bench::long_at_work();
    bench.computes(0, 0..10, false);
    bench.passes(seconds(5));
    let held = bench.beats(Command::Continue, vec![0]);
    assert_eq!(held.iter().map(|h| h.unit).collect::<Vec<_>>(), [0, 1]);
    assert!(bench.halted.contains(&0));
    bench.computes(0, 10..12, true);
    let report = bench.acknowledges(false);
    assert_eq!((report.unit, report.from, report.to), (0, 0, 12));
    assert_eq!(bench.ordered.last(), Some(&(0, 100..200)));
}

#[test]
fn an_answer_to_an_old_holding_does_not_take_a_new_one() {
    let mut bench = Bench::at_work();
    bench.passes(seconds(5));
    let (id, _) = bench.take(|r| match r {
        Request::Heartbeat(h) => Some(h.clone()),
        _ => None,
    });
    bench.computes(0, 0..100, true);
    let granted = Unit {
        epoch: 2,
        ..unit(1, 100..200)
    };
    bench.acquires(vec![granted]);
    let body = HeartbeatAnswer {
        command: Command::Continue,
        not_yours: vec![1],
    };
    bench.reply(id, Reply::Heartbeat(Answer::new(bench.position, body)));
    assert!(bench.halted.is_empty());
    assert_eq!(bench.ordered.last(), Some(&(0, 100..200)));
}

#[test]
fn a_master_that_takes_nothing_pauses_the_worker_and_later_goes_on() {
    let mut bench = Bench::at_work();
    let mut at = 0;
    while bench.halted.is_empty() {
        let found = (0..2)
            .map(|_| rsac_factor::Found {
                index: at,
                data: vec![1; 300_000],
            })
            .collect();
        let piece = Piece {
            lane: 0,
            range: at..at + 1,
            found,
            wall: Duration::from_millis(250),
            cpu: Duration::from_millis(250),
            idle: false,
        };
        bench.agent.computed(bench.now, piece);
        bench.passes(Duration::from_millis(250));
        at += 1;
        if bench
            .requests
            .iter()
            .any(|(_, r)| matches!(r, Request::Report(_)))
        {
            bench.refuses(ProblemCode::Later);
        }
    }
    bench.computes(0, at..at, true);
    assert!(bench.agent.unacknowledged_bytes() <= MAX_UNACKNOWLEDGED_BYTES);
    assert!(bench.agent.unacknowledged_bytes() > MAX_UNACKNOWLEDGED_BYTES / 2);
    let ordered = bench.ordered.len();
    bench.passes(seconds(20));
    assert_eq!(bench.ordered.len(), ordered);
    while bench.ordered.len() == ordered {
        bench.acknowledges(true);
    }
    assert_eq!(bench.ordered.last(), Some(&(0, at..100)));
}

#[test]
fn a_refused_report_is_dropped_and_its_unit_given_back() {
    let mut bench = Bench::at_work();
    bench.computes(0, 0..10, false);
    bench.passes(seconds(8));
    bench.refuses(ProblemCode::Malformed);
    assert!(bench.spooled.is_empty() && bench.halted.contains(&0));
    let (_, units) = bench.take(|r| match r {
        Request::Release(r) => Some(r.units.clone()),
        _ => None,
    });
    assert_eq!(units, [GivenBack { unit: 0, epoch: 1 }]);
}

#[test]
fn the_end_of_the_search_stops_lanes_and_asks_again() {
    let mut bench = Bench::at_work();
    bench.passes(seconds(5));
    bench.beats(Command::Stop, vec![]);
    assert!(bench.halted.contains(&0));
    bench.requests.clear();
    bench.passes(seconds(6));
    bench.registers(None);
    bench.passes(seconds(6));
    bench.registers(Some(plan_text()));
    bench.computes(0, 0..3, true);
    bench.acknowledges(false);
}

#[test]
fn what_it_cannot_serve_ends_the_worker() {
    let mut bench = Bench::new(1);
    let text = plan_text().text.replace("\"version\":1", "\"version\":77");
    let digest = Digest::of(&text);
    bench.registers(Some(PlanText { digest, text }));
    let Some(End::Failed(error @ WorkerError::Plan { .. })) = bench.end else {
        panic!("{:?}", bench.end);
    };
    assert!(error.to_string().contains("version 77"), "{error}");

    let mut bench = Bench::new(1);
    let (id, ()) = bench.take(|r| matches!(r, Request::Register(_)).then_some(()));
    let problem = Problem {
        code: ProblemCode::Version,
        message: "protocol 2, this master speaks 1".into(),
    };
    bench.reply(id, Reply::Refused(problem));
    assert!(matches!(
        bench.end,
        Some(End::Failed(WorkerError::Version(_)))
    ));
}

#[test]
fn a_drain_reports_then_gives_back_then_ends() {
    let mut bench = Bench::at_work();
    bench.computes(0, 0..10, false);
    bench.agent.shut_down(bench.now, seconds(25));
    bench.step();
    assert!(bench.halted.contains(&0));
    bench.computes(0, 10..12, true);
    let report = bench.acknowledges(true);
    assert_eq!((report.from, report.to), (0, 12));
    let (id, release) = bench.take(|r| match r {
        Request::Release(r) => Some(r.clone()),
        _ => None,
    });
    assert!(release.leaving && release.units.len() == 2);
    let body = ReleaseAnswer { released: 2 };
    bench.reply(id, Reply::Release(Answer::new(bench.position, body)));
    assert!(matches!(bench.end, Some(End::Drained { undelivered: 0 })));
}

#[test]
fn a_drain_without_a_master_ends_in_time_and_keeps_the_spool() {
    let mut bench = Bench::at_work();
    bench.computes(0, 0..10, false);
    bench.agent.shut_down(bench.now, seconds(25));
    bench.step();
    bench.computes(0, 10..12, true);
    let deadline = bench.now + seconds(25);
    while bench.end.is_none() {
        for (id, _) in std::mem::take(&mut bench.requests) {
            bench.reply(id, Reply::Failed("refused".into()));
        }
        bench.now = bench.wake.unwrap();
        bench.step();
    }
    assert!(bench.now <= deadline);
    assert!(matches!(bench.end, Some(End::Drained { undelivered: 1 })));
    assert_eq!(bench.spooled.len(), 1);
}
