//! What each condition says, and why, in the states that a job can be in.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{at, ended, heard, job, of, round, says, summary};
use rsac_api::RSACracker;
use rsac_api::conditions::ConditionType::{
    Accepted, Degraded, Finished, Progressing, Ready, Succeeded,
};
use rsac_protocol::{Ending, Stage, Summary, WorkersSummary};
use rsac_workload::{Observation, workload};

/// What a condition says of a job that was only now looked at.
fn first(observation: &Observation, kind: rsac_api::conditions::ConditionType) -> (String, String) {
    let mut cracker = job("15");
    round(&mut cracker, observation);
    says(&cracker, kind)
}

fn pair(status: &str, reason: &str) -> (String, String) {
    (status.to_owned(), reason.to_owned())
}

/// A search with so many of its three workers at work.
fn searching(seconds: i64, workers_ready: u32) -> Observation {
    Observation {
        workers: 3,
        workers_ready,
        ..heard(seconds, summary("15", Stage::Search))
    }
}

#[test]
fn progressing_tells_the_stage() {
    let nothing = Observation::nothing(at(0));
    assert_eq!(first(&nothing, Progressing), pair("True", "MasterStarting"));
    for (stage, reason) in [
        (Stage::Classify, "Classifying"),
        (Stage::PrePass, "PrePass"),
        (Stage::Search, "Searching"),
        (Stage::Finish, "Finishing"),
    ] {
        let seen = heard(1, summary("15", stage));
        assert_eq!(first(&seen, Progressing), pair("True", reason));
    }
    let over = heard(9, ended("15", Ending::Prime));
    assert_eq!(first(&over, Progressing), pair("False", "Ended"));
}

#[test]
fn a_search_without_workers_wanted_does_not_progress_and_is_not_degraded() {
    let mut cracker = job("15");
    cracker.spec.worker_count = Some(0);
    let seen = heard(1, summary("15", Stage::Search));
    round(&mut cracker, &seen);
    assert_eq!(says(&cracker, Progressing), pair("False", "NoWorkers"));
    assert_eq!(says(&cracker, Degraded), pair("False", "AsExpected"));
}

#[test]
fn a_suspended_job_says_so_everywhere_and_is_not_degraded() {
    let mut cracker = job("15");
    round(&mut cracker, &searching(1, 3));
    cracker.spec.suspend = Some(true);
    let silence = Observation::nothing(at(5));
    assert!(!workload(&cracker, &silence).master);
    round(&mut cracker, &silence);
    for (kind, status) in [
        (Ready, "False"),
        (Progressing, "False"),
        (Finished, "False"),
        (Succeeded, "Unknown"),
    ] {
        assert_eq!(says(&cracker, kind), pair(status, "Suspended"), "{kind:?}");
    }
    assert_eq!(says(&cracker, Degraded), pair("False", "AsExpected"));
    let status = cracker.status.clone().unwrap();
    assert_eq!(status.progress.unwrap().done, 10, "progress is remembered");
    assert_eq!((status.rate, status.seconds_left), (None, None));
    // Going on, workers need no word of the master: its last stage was Search.
    cracker.spec.suspend = Some(false);
    assert_eq!(workload(&cracker, &silence).workers, 3);
}

#[test]
fn a_finished_job_stays_so_when_suspended() {
    let mut cracker = job("15");
    round(&mut cracker, &heard(8, ended("15", Ending::Factored)));
    cracker.spec.suspend = Some(true);
    round(&mut cracker, &Observation::nothing(at(20)));
    assert_eq!(says(&cracker, Finished), pair("True", "Factored"));
    assert_eq!(says(&cracker, Progressing), pair("False", "Ended"));
}

#[test]
fn finished_tells_when_the_master_saw_the_end_and_keeps_that_time() {
    let mut cracker = job("15");
    round(&mut cracker, &heard(1, summary("15", Stage::Search)));
    // The end of second 7 is heard of at second 60, and the master is gone at 100.
    round(&mut cracker, &heard(60, ended("15", Ending::Factored)));
    round(&mut cracker, &Observation::nothing(at(100)));
    let status = cracker.status.clone().unwrap();
    let finished = status.condition(Finished).unwrap();
    assert_eq!(finished.last_transition_time, at(7));
}

#[test]
fn a_master_that_is_not_there_yet_is_told_from_one_that_went() {
    let mut cracker = job("15");
    let silence = Observation::nothing(at(0));
    round(&mut cracker, &silence);
    assert_eq!(says(&cracker, Ready), pair("False", "MasterStarting"));
    assert_eq!(says(&cracker, Degraded), pair("False", "AsExpected"));
    round(&mut cracker, &searching(1, 3));
    assert_eq!(says(&cracker, Ready), pair("True", "MasterReady"));
    assert_eq!(says(&cracker, Degraded), pair("False", "AsExpected"));
    // Unreachable for as long as it is silent, not for one look only.
    for second in 2..4 {
        round(&mut cracker, &Observation::nothing(at(second)));
        assert_eq!(says(&cracker, Ready), pair("False", "MasterUnreachable"));
        assert_eq!(says(&cracker, Degraded), pair("True", "MasterUnreachable"));
    }
    round(&mut cracker, &searching(5, 3));
    assert_eq!(says(&cracker, Degraded), pair("False", "AsExpected"));
}

#[test]
fn a_master_that_cannot_start_is_told_with_its_reason() {
    let seen = Observation {
        master_problem: Some("exited with code 3, restarting in 40 s".into()),
        ..Observation::nothing(at(3))
    };
    let mut cracker = job("15");
    round(&mut cracker, &seen);
    assert_eq!(says(&cracker, Ready), pair("False", "MasterFailed"));
    let status = cracker.status.unwrap();
    let degraded = status.condition(Degraded).unwrap();
    assert_eq!(degraded.status, "True");
    assert_eq!(degraded.message, "exited with code 3, restarting in 40 s");
}

#[test]
fn missing_workers_degrade_a_search_only() {
    let some = searching(1, 1);
    assert_eq!(first(&some, Degraded), pair("True", "WorkersMissing"));
    let all = searching(1, 3);
    assert_eq!(first(&all, Degraded), pair("False", "AsExpected"));
    let finish = heard(1, summary("15", Stage::Finish));
    assert_eq!(first(&finish, Degraded), pair("False", "AsExpected"));
}

#[test]
fn a_ledger_that_takes_nothing_degrades_and_is_no_end() {
    let mut seen = searching(1, 1);
    let full = "no space is left on the device";
    seen.summary.as_mut().unwrap().ledger_unavailable = Some(full.into());
    let mut cracker = job("15");
    round(&mut cracker, &seen);
    // More than the missing workers: without a ledger, more of them are no help.
    assert_eq!(says(&cracker, Degraded), pair("True", "LedgerUnavailable"));
    assert_eq!(says(&cracker, Finished), pair("False", "Running"));
    assert_eq!(workload(&cracker, &seen).workers, 3);
    let status = cracker.status.unwrap();
    assert_eq!(status.condition(Degraded).unwrap().message, full);
}

#[test]
fn an_end_is_no_degradation() {
    let mut seen = heard(8, ended("15", Ending::Contradiction));
    seen.summary.as_mut().unwrap().ledger_unavailable = Some("full".into());
    assert_eq!(first(&seen, Degraded), pair("False", "AsExpected"));
    assert_eq!(first(&seen, Succeeded), pair("False", "Contradiction"));
}

#[test]
fn useful_workers_are_told_in_a_search_only() {
    let useful_of = |stage, suspend| {
        let word = Summary {
            workers: WorkersSummary {
                live: 3,
                lanes: 3,
                useful: 17,
            },
            ..summary("15", stage)
        };
        let mut cracker = job("15");
        cracker.spec.suspend = suspend;
        round(&mut cracker, &heard(1, word));
        cracker.status.unwrap().useful_workers
    };
    let useful = |stage| useful_of(stage, None);
    assert_eq!(useful(Stage::Search), Some(17));
    assert_eq!(useful(Stage::Finish), None);
    assert_eq!(useful(Stage::Done), None);
    // The master of a suspended job still answers, until its workers have reported.
    assert_eq!(useful_of(Stage::Search, Some(true)), None);
}

#[test]
fn a_controllers_refusal_is_not_accepted_and_runs_nothing() {
    let seen = Observation {
        refusal: Some("spec.x: is taken; choose another".into()),
        ..searching(1, 3)
    };
    let mut cracker: RSACracker = job("15");
    assert_eq!(workload(&cracker, &seen).job, None);
    round(&mut cracker, &seen);
    assert_eq!(says(&cracker, Accepted), pair("False", "InvalidSpec"));
    for kind in [Ready, Progressing, Finished] {
        assert_eq!(says(&cracker, kind), pair("False", "NotAccepted"));
    }
    // Without it, the same master's word counts again.
    let seen = heard(2, of(&cracker, summary("15", Stage::Search)));
    round(&mut cracker, &seen);
    assert_eq!(says(&cracker, Accepted), pair("True", "Valid"));
}
