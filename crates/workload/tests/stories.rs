//! What a job's status says, and what runs, from its making to its end.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use rsac_api::conditions::ConditionType;
use rsac_api::{IntOrText, MethodName, RSACracker, RSACrackerSpec};
use rsac_protocol::{Ending, LedgerId, Outcome, Progress, Stage, Summary, VERSION, WorkersSummary};
use rsac_workload::{Observation, expires_at, status, workload};

const START: i64 = 1_800_000_000;

fn at(seconds: i64) -> Time {
    Time(Timestamp::from_second(START + seconds).unwrap())
}

fn job(number: &str) -> RSACracker {
    let spec = RSACrackerSpec {
        number_to_factor: Some(IntOrText::from(number)),
        worker_count: Some(3),
        ..RSACrackerSpec::default()
    };
    let mut cracker = RSACracker::new("my-rsac", spec);
    cracker.metadata.generation = Some(1);
    cracker
}

fn summary(number: &str, stage: Stage) -> Summary {
    Summary {
        protocol: VERSION,
        job: "my-rsac".into(),
        number: number.into(),
        ledger: LedgerId([1; 16]),
        generation: 1,
        stage,
        plan: None,
        progress: Progress {
            done: 10,
            all: 40,
            word: "divisors".into(),
            rate: 2.0,
            seconds_left: Some(15.0),
        },
        workers: WorkersSummary::default(),
        active_seconds: 5.0,
        cpu_seconds: 5.0,
        ledger_unavailable: None,
        outcome: None,
    }
}

fn ended(number: &str, ending: Ending) -> Summary {
    let outcome = Outcome {
        ending,
        message: "in words".into(),
        finished_at: u64::try_from(START).unwrap() + 7,
    };
    Summary {
        outcome: Some(outcome),
        ..summary(number, Stage::Done)
    }
}

fn heard(seconds: i64, summary: Summary) -> Observation {
    Observation {
        summary: Some(summary),
        master_ready: true,
        ..Observation::nothing(at(seconds))
    }
}

/// The controller's round: what was seen becomes the stored status.
fn round(cracker: &mut RSACracker, observation: &Observation) {
    cracker.status = Some(status(cracker, observation));
}

fn says(cracker: &RSACracker, kind: ConditionType) -> (String, String) {
    let status = cracker.status.as_ref().unwrap();
    let condition = status.condition(kind).expect("a condition");
    (condition.status.clone(), condition.reason.clone())
}

#[test]
fn workers_run_while_the_search_does_and_only_then() {
    let mut cracker = job("15");
    let first = Observation::nothing(at(0));
    assert!(workload(&cracker, &first).master);
    assert_eq!(workload(&cracker, &first).workers, 0);
    for (stage, workers) in [
        (Stage::Classify, 0),
        (Stage::PrePass, 0),
        (Stage::Search, 3),
        (Stage::Finish, 0),
        (Stage::Search, 3),
        (Stage::Done, 0),
    ] {
        let seen = heard(1, summary("15", stage));
        assert_eq!(workload(&cracker, &seen).workers, workers, "{stage:?}");
    }
    let of_another = heard(1, summary("21", Stage::Search));
    assert_eq!(workload(&cracker, &of_another).workers, 0);
    cracker.spec.suspend = Some(true);
    let suspended = workload(&cracker, &heard(1, summary("15", Stage::Search)));
    assert!(!suspended.master);
    assert_eq!(suspended.workers, 0);
}

#[test]
fn a_job_ends_and_stays_ended_without_its_master() {
    let mut cracker = job("15");
    round(&mut cracker, &heard(1, summary("15", Stage::Search)));
    assert_eq!(says(&cracker, ConditionType::Finished).0, "False");
    round(&mut cracker, &heard(8, ended("15", Ending::Factored)));
    let end = ("True".to_owned(), "Factored".to_owned());
    assert_eq!(says(&cracker, ConditionType::Finished), end);
    assert_eq!(says(&cracker, ConditionType::Succeeded), end);
    round(&mut cracker, &Observation::nothing(at(100)));
    assert_eq!(says(&cracker, ConditionType::Succeeded), end);
}

#[test]
fn an_end_without_factors_is_no_success() {
    let mut cracker = job("15");
    round(&mut cracker, &heard(8, ended("15", Ending::Infeasible)));
    assert_eq!(says(&cracker, ConditionType::Finished).0, "True");
    let failed = ("False".to_owned(), "Infeasible".to_owned());
    assert_eq!(says(&cracker, ConditionType::Succeeded), failed);
}

#[test]
fn a_changed_number_or_method_runs_again() {
    for change in [
        |spec: &mut RSACrackerSpec| spec.number_to_factor = Some(IntOrText::from("21")),
        |spec: &mut RSACrackerSpec| spec.method = Some(MethodName::TrialDivision),
    ] {
        let mut cracker = job("15");
        round(&mut cracker, &heard(8, ended("15", Ending::Factored)));
        change(&mut cracker.spec);
        cracker.metadata.generation = Some(2);
        round(&mut cracker, &Observation::nothing(at(9)));
        assert_eq!(says(&cracker, ConditionType::Finished).0, "False");
        assert!(workload(&cracker, &Observation::nothing(at(9))).master);
    }
}

#[test]
fn what_cannot_be_accepted_runs_nothing() {
    let mut cracker = job("1e10");
    let seen = Observation::nothing(at(0));
    assert!(!workload(&cracker, &seen).master);
    round(&mut cracker, &seen);
    assert_eq!(says(&cracker, ConditionType::Accepted).0, "False");
    cracker.spec.number_to_factor = Some(IntOrText::from("15"));
    assert!(workload(&cracker, &seen).master);
    round(&mut cracker, &seen);
    assert_eq!(says(&cracker, ConditionType::Accepted).0, "True");
}

#[test]
fn a_condition_keeps_its_time_while_its_status_stays() {
    let mut cracker = job("15");
    let time = |cracker: &RSACracker| {
        let status = cracker.status.as_ref().unwrap();
        let condition = status.condition(ConditionType::Accepted).unwrap();
        condition.last_transition_time.clone()
    };
    round(&mut cracker, &heard(1, summary("15", Stage::Classify)));
    let first = time(&cracker);
    round(&mut cracker, &heard(50, summary("15", Stage::Search)));
    assert_eq!(time(&cracker), first);
    cracker.spec.number_to_factor = Some(IntOrText::from("x"));
    round(&mut cracker, &Observation::nothing(at(60)));
    assert_ne!(time(&cracker), first);
}

#[test]
fn time_to_live_counts_from_the_end_and_has_no_default() {
    let mut cracker = job("15");
    round(&mut cracker, &heard(8, ended("15", Ending::Factored)));
    assert_eq!(expires_at(&cracker), None);
    cracker.spec.ttl_seconds_after_finished = Some(60);
    assert_eq!(expires_at(&cracker), Some(at(67)));
}

#[test]
fn a_failed_job_with_a_raised_limit_goes_on_though_the_old_master_spoke_once_more() {
    let mut cracker = job("15");
    cracker.spec.deadline_seconds = Some(10);
    let late = ended("15", Ending::DeadlineExceeded);
    round(&mut cracker, &heard(11, late.clone()));
    cracker.spec.deadline_seconds = Some(1000);
    round(&mut cracker, &heard(12, late));
    let searching = heard(14, summary("15", Stage::Search));
    assert_eq!(workload(&cracker, &searching).workers, 3);
    round(&mut cracker, &searching);
    assert_eq!(says(&cracker, ConditionType::Finished).0, "False");
}
