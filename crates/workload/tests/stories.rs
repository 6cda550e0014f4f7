//! What a job's status says, and what runs, from its making to its end.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::{at, ended, heard, job, of, round, says, summary};
use rsac_api::conditions::{ConditionType, Reason};
use rsac_api::{IntOrText, MethodName, RSACracker, RSACrackerSpec};
use rsac_protocol::{Ending, Stage, Summary};
use rsac_workload::{Observation, Obstacle, expires_at, workload};

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
    let late = of(&cracker, ended("15", Ending::DeadlineExceeded));
    round(&mut cracker, &heard(11, late.clone()));
    assert_eq!(says(&cracker, ConditionType::Finished).0, "True");
    cracker.spec.deadline_seconds = Some(1000);
    round(&mut cracker, &heard(12, late));
    assert_eq!(says(&cracker, ConditionType::Finished).0, "False");
    let searching = heard(14, of(&cracker, summary("15", Stage::Search)));
    assert_eq!(workload(&cracker, &searching).workers, 3);
    round(&mut cracker, &searching);
    assert_eq!(says(&cracker, ConditionType::Finished).0, "False");
}

#[test]
fn the_job_file_names_the_attempt_whose_answer_is_news() {
    let cracker = job("15");
    let job = workload(&cracker, &Observation::nothing(at(0))).job;
    let attempt = job.expect("an accepted job").attempt;
    let searching = |attempt: &str| {
        let summary = Summary {
            attempt: attempt.to_owned(),
            ..summary("15", Stage::Search)
        };
        workload(&cracker, &heard(1, summary)).workers
    };
    assert_eq!(searching(&attempt), 3);
    assert_eq!(searching("of another spec"), 0);
    assert_eq!(searching(""), 0);
}

#[test]
fn an_old_masters_answer_of_another_method_is_no_end() {
    let mut cracker = job("15");
    let old = heard(3, ended("15", Ending::Infeasible));
    cracker.spec.method = Some(MethodName::TrialDivision);
    round(&mut cracker, &old);
    assert_eq!(says(&cracker, ConditionType::Finished).0, "False");
    assert!(workload(&cracker, &old).master);
}

#[test]
fn an_end_stays_though_a_master_without_its_ledger_begins_anew() {
    for ending in [Ending::Factored, Ending::DeadlineExceeded] {
        let mut cracker = job("15");
        round(&mut cracker, &heard(8, ended("15", ending)));
        let end = says(&cracker, ConditionType::Succeeded);
        let anew = heard(20, summary("15", Stage::Search));
        assert_eq!(workload(&cracker, &anew).workers, 0);
        round(&mut cracker, &anew);
        assert_eq!(says(&cracker, ConditionType::Succeeded), end);
    }
}

#[test]
fn a_spec_that_was_wrong_for_a_while_loses_nothing() {
    let mut cracker = job("15");
    round(&mut cracker, &heard(8, ended("15", Ending::Factored)));
    let before = cracker.status.clone().unwrap();
    let silence = Observation::nothing(at(9));
    let wrong: [fn(&mut RSACrackerSpec); 2] = [
        |spec| spec.number_to_factor = Some(IntOrText::from("1e10")),
        |spec| spec.checkpoint_interval = Some("1h".into()),
    ];
    for make_wrong in wrong {
        let right = cracker.spec.clone();
        make_wrong(&mut cracker.spec);
        cracker.metadata.generation = Some(2);
        round(&mut cracker, &silence);
        let meanwhile = cracker.status.clone().unwrap();
        assert_eq!(says(&cracker, ConditionType::Accepted).0, "False");
        let end = meanwhile.condition(ConditionType::Finished).unwrap();
        assert_eq!(end.status, "True");
        assert_eq!(
            end.observed_generation,
            Some(1),
            "it speaks of the old spec"
        );
        cracker.spec = right;
        cracker.metadata.generation = Some(1);
        round(&mut cracker, &silence);
        let after = cracker.status.clone().unwrap();
        for kind in [ConditionType::Finished, ConditionType::Succeeded] {
            assert_eq!(after.condition(kind), before.condition(kind));
        }
        assert_eq!(after.progress, before.progress);
        assert_eq!(after.stage, before.stage);
    }
    cracker.spec.number_to_factor = Some(IntOrText::from("x"));
    round(&mut cracker, &silence);
    cracker.spec.number_to_factor = Some(IntOrText::from("21"));
    round(&mut cracker, &silence);
    assert_eq!(says(&cracker, ConditionType::Finished).0, "False");
    assert_eq!(cracker.status.unwrap().progress, None);
}

#[test]
fn a_silent_masters_last_stage_keeps_the_workers() {
    let mut cracker = job("15");
    round(&mut cracker, &heard(1, summary("15", Stage::Search)));
    let silence = Observation {
        workers: 3,
        workers_ready: 3,
        ..Observation::nothing(at(2))
    };
    assert_eq!(workload(&cracker, &silence).workers, 3);
    round(&mut cracker, &silence);
    let status = cracker.status.clone().unwrap();
    assert_eq!(status.stage.as_deref(), Some("Search"));
    assert_eq!(status.progress.unwrap().done, 10);
    assert_eq!(status.rate, None, "no rate is remembered");
    assert_eq!(status.useful_workers, None);
    // Not for another number.
    cracker.spec.number_to_factor = Some(IntOrText::from("21"));
    assert_eq!(workload(&cracker, &silence).workers, 0);
}

#[test]
fn a_solved_job_is_done_however_early_luck_came() {
    let mut cracker = job("15");
    round(&mut cracker, &heard(1, summary("15", Stage::Search)));
    let on_the_way = cracker.status.clone().unwrap().progress.unwrap();
    assert_eq!(
        (on_the_way.done, on_the_way.percent.as_str()),
        (10, "25.0%")
    );
    round(&mut cracker, &heard(8, ended("15", Ending::Factored)));
    let solved = cracker.status.clone().unwrap().progress.unwrap();
    assert_eq!((solved.done, solved.percent.as_str()), (40, "100.0%"));
    let mut failed = job("15");
    round(
        &mut failed,
        &heard(8, ended("15", Ending::DeadlineExceeded)),
    );
    assert_eq!(failed.status.unwrap().progress.unwrap().percent, "25.0%");
}

#[test]
fn what_could_not_be_made_is_named_also_after_the_end() {
    let mut cracker = job("15");
    let mut seen = heard(1, summary("15", Stage::Search));
    seen.obstacles = vec![Obstacle {
        reason: Reason::ChildRefused,
        message: "Deployment my-rsac-workers was refused: exceeded quota".into(),
    }];
    round(&mut cracker, &seen);
    let refused = ("True".to_owned(), "ChildRefused".to_owned());
    assert_eq!(says(&cracker, ConditionType::Degraded), refused);
    let mut seen = heard(2, ended("15", Ending::Factored));
    seen.obstacles = vec![Obstacle {
        reason: Reason::NameTaken,
        message: "Service my-rsac-progress is somebody else's".into(),
    }];
    round(&mut cracker, &seen);
    let taken = ("True".to_owned(), "NameTaken".to_owned());
    assert_eq!(says(&cracker, ConditionType::Degraded), taken);
    assert_eq!(says(&cracker, ConditionType::Finished).0, "True");
    round(&mut cracker, &heard(3, ended("15", Ending::Factored)));
    assert_eq!(says(&cracker, ConditionType::Degraded).0, "False");
}

#[test]
fn missing_workers_say_why() {
    let mut cracker = job("15");
    let mut seen = heard(1, summary("15", Stage::Search));
    seen.workers_problem = Some("no node has room".into());
    round(&mut cracker, &seen);
    let status = cracker.status.as_ref().unwrap();
    let degraded = status.condition(ConditionType::Degraded).unwrap();
    assert!(
        degraded
            .message
            .ends_with("workers are ready: no node has room")
    );
}
