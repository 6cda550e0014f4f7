//! What a job's status says.

use crate::condition::{State, Verdict, condition};
use crate::end::finished;
use crate::rate::{percent, rate, rounded};
use crate::verdicts::{Case, accepted};
use crate::workload::{last_stage, news, stage_name};
use crate::{Observation, identity};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use rsac_api::conditions::{self, ConditionType};
use rsac_api::{ProgressStatus, RSACracker, RSACrackerStatus, names};
use rsac_protocol::{Stage, Summary};

/// What the status of a job is to say.
pub fn status(cracker: &RSACracker, observation: &Observation) -> RSACrackerStatus {
    let old = cracker.status.clone().unwrap_or_default();
    let spec = &cracker.spec;
    let name = cracker.metadata.name.as_deref().unwrap_or_default();
    let identity = identity(spec).ok();
    let accepted = accepted(cracker, observation);
    let case = Case {
        cracker,
        observation,
        end: finished(cracker, observation).filter(|_| accepted.state == State::True),
        stage: last_stage(cracker, observation),
        was_ready: old.is_true(ConditionType::Ready),
        accepted: accepted.state == State::True,
        suspended: spec.suspended(),
    };
    // A spec that is not accepted asks for nothing: what is known of the job before it
    // stays, and counts again once the spec is corrected.
    let (question, attempt) = match identity.filter(|_| case.accepted) {
        Some(identity) => (Some(identity.question), Some(identity.attempt)),
        None => (old.job.clone(), old.attempt.clone()),
    };
    // What is remembered of another job is dropped, of this one kept.
    let remembered = if old.job == question {
        old.clone()
    } else {
        RSACrackerStatus::default()
    };
    let news = news(cracker, observation).filter(|_| case.accepted);
    let generation = cracker.metadata.generation;
    let of = |kind: ConditionType, verdict: Verdict| {
        condition(kind, verdict, generation, &old.conditions, &observation.now)
    };
    let mut finished_condition = of(ConditionType::Finished, case.finished());
    if let Some(end) = &case.end {
        // The end is when the master saw it, however late it is heard of.
        finished_condition.last_transition_time = end.at.clone();
    }
    let mut succeeded_condition = of(ConditionType::Succeeded, case.succeeded());
    if !case.accepted && old.is_true(ConditionType::Finished) {
        // With the generation that they spoke of, which tells that it is not this one.
        let keep = |kind| conditions::find(&old.conditions, kind).cloned();
        finished_condition = keep(ConditionType::Finished).unwrap_or(finished_condition);
        succeeded_condition = keep(ConditionType::Succeeded).unwrap_or(succeeded_condition);
    }
    let conditions: Vec<Condition> = vec![
        of(ConditionType::Accepted, accepted.clone()),
        of(ConditionType::Ready, case.ready()),
        of(ConditionType::Progressing, case.progressing()),
        of(ConditionType::Degraded, case.degraded()),
        finished_condition,
        succeeded_condition,
    ];
    let moving = case.end.is_none() && !case.suspended && case.accepted;
    let solved = case.end.as_ref().is_some_and(|end| end.solved);
    let at_work = observation.workers_ready.min(observation.workers);
    RSACrackerStatus {
        observed_generation: generation,
        conditions,
        job: question,
        attempt,
        stage: match news {
            Some(summary) => Some(stage_name(summary.stage).to_owned()),
            None => remembered.stage,
        },
        method: match news.and_then(|summary| summary.plan.as_ref()) {
            Some(plan) => Some(plan.method.clone()),
            None => remembered.method,
        },
        workers: count(observation.workers),
        ready_workers: count(at_work),
        useful_workers: news
            .filter(|summary| moving && summary.stage == Stage::Search)
            .map(|summary| count(summary.workers.useful)),
        progress: match news {
            Some(summary) => Some(progress(summary, moving, solved)),
            None => remembered.progress,
        },
        rate: news
            .filter(|summary| moving && summary.stage == Stage::Search)
            .map(|summary| {
                let word = &summary.progress.word;
                rate(rounded(summary.progress.rate), word)
            }),
        seconds_left: news
            .filter(|_| moving)
            .and_then(|summary| summary.progress.seconds_left)
            .map(|seconds| seconds.clamp(0.0, 1e15) as i64),
        active_seconds: match news {
            Some(summary) => Some(summary.active_seconds.clamp(0.0, 1e15) as i64),
            None => remembered.active_seconds,
        },
        selector: Some(names::worker_selector(name)),
        address: observation.address.clone(),
    }
}

fn count(workers: u32) -> i32 {
    i32::try_from(workers).unwrap_or(i32::MAX)
}

/// A solved job is done, however early luck came: the units' view tells what was searched.
fn progress(summary: &Summary, moving: bool, solved: bool) -> ProgressStatus {
    let progress = &summary.progress;
    let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let done = if solved { progress.all } else { progress.done };
    ProgressStatus {
        done: whole(done),
        all: whole(progress.all),
        word: progress.word.clone(),
        per_second: if moving { rounded(progress.rate) } else { 0.0 },
        percent: percent(done, progress.all),
    }
}
