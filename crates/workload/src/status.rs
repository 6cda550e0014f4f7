//! What a job's status says.

use crate::condition::{State, Verdict, condition, verdict};
use crate::rate::{percent, rate, rounded};
use crate::workload::{last_stage, news, stage_name};
use crate::{Observation, identity};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use rsac_api::conditions::{self, ConditionType, Reason};
use rsac_api::{ProgressStatus, RSACracker, RSACrackerStatus, TargetError, names, number};
use rsac_protocol::{Ending, Stage, Summary};

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The reason of Finished and Succeeded.
    pub reason: Reason,
    /// Whether there are factors.
    pub solved: bool,
    /// For people.
    pub message: String,
    /// When.
    pub at: Time,
}

/// How the job that the spec asks for ended; none while it has not. The master's word
/// counts where it names an end, else what the status remembers of this very job: of its
/// question where it is answered, of the attempt where it failed. An end is one also
/// where a master that lost its ledger begins anew.
pub fn finished(cracker: &RSACracker, observation: &Observation) -> Option<End> {
    if let Some(summary) = news(cracker, observation)
        && let Some(outcome) = &summary.outcome
    {
        let seconds = i64::try_from(outcome.finished_at).ok()?;
        return Some(End {
            reason: reason_of(outcome.ending),
            solved: outcome.ending.is_solved(),
            message: outcome.message.clone(),
            at: Time(Timestamp::from_second(seconds).ok()?),
        });
    }
    let identity = identity(&cracker.spec).ok()?;
    let status = cracker.status.as_ref()?;
    let condition = status
        .condition(ConditionType::Finished)
        .filter(|condition| condition.status == "True")?;
    let solved = status.is_true(ConditionType::Succeeded);
    let same = if solved {
        status.job.as_ref() == Some(&identity.question)
    } else {
        status.attempt.as_ref() == Some(&identity.attempt)
    };
    same.then(|| End {
        reason: Reason::from_name(&condition.reason).unwrap_or(Reason::Ended),
        solved,
        message: condition.message.clone(),
        at: condition.last_transition_time.clone(),
    })
}

fn reason_of(ending: Ending) -> Reason {
    match ending {
        Ending::Factored => Reason::Factored,
        Ending::Prime => Reason::Prime,
        Ending::Unsuitable => Reason::Unsuitable,
        Ending::Infeasible => Reason::Infeasible,
        Ending::DeadlineExceeded => Reason::DeadlineExceeded,
        Ending::CpuHoursExceeded => Reason::CpuHoursExceeded,
        Ending::Contradiction => Reason::Contradiction,
    }
}

/// When the job is to be deleted, by `ttlSecondsAfterFinished`; none while it has not
/// finished (as its stored status says), or is to stay.
pub fn expires_at(cracker: &RSACracker) -> Option<Time> {
    let ttl = i64::try_from(cracker.spec.ttl_seconds_after_finished?).ok()?;
    let nothing = Observation::nothing(Time(Timestamp::UNIX_EPOCH));
    let end = finished(cracker, &nothing)?;
    end.at
        .0
        .checked_add(SignedDuration::from_secs(ttl))
        .ok()
        .map(Time)
}

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
        useful_workers: match news {
            Some(summary) if summary.stage == Stage::Search => Some(count(summary.workers.useful)),
            _ => None,
        },
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

fn accepted(cracker: &RSACracker, observation: &Observation) -> Verdict {
    if let Err(error) = cracker.spec.target() {
        let reason = match &error {
            TargetError::Missing | TargetError::Both => Reason::InvalidSpec,
            TargetError::Number(number::NumberError::TooLarge { .. }, _) => Reason::NumberTooLarge,
            TargetError::Number(..) => Reason::InvalidNumber,
            TargetError::Key(_) => Reason::InvalidKey,
        };
        return verdict(false, reason, error.to_field_error().to_string());
    }
    let errors = rsac_api::rules::check(cracker);
    if !errors.is_empty() {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        return verdict(false, Reason::InvalidSpec, lines.join("\n"));
    }
    match &observation.refusal {
        Some(why) => verdict(false, Reason::InvalidSpec, why.clone()),
        None => verdict(true, Reason::Valid, "the spec can be worked on"),
    }
}

/// What the conditions depend on.
struct Case<'a> {
    cracker: &'a RSACracker,
    observation: &'a Observation,
    end: Option<End>,
    stage: Option<Stage>,
    was_ready: bool,
    accepted: bool,
    suspended: bool,
}

impl Case<'_> {
    fn ready(&self) -> Verdict {
        if !self.accepted {
            return verdict(false, Reason::NotAccepted, "the spec is not accepted");
        }
        if self.suspended {
            return verdict(false, Reason::Suspended, "spec.suspend is set");
        }
        if self.observation.master_ready && self.observation.summary.is_some() {
            return verdict(true, Reason::MasterReady, "the master answers");
        }
        if let Some(problem) = &self.observation.master_problem {
            return verdict(false, Reason::MasterFailed, problem.clone());
        }
        // "Unreachable" lasts until it is ready again: the stored reason remembers.
        let status = self.cracker.status.as_ref();
        let unreachable = status
            .and_then(|status| status.condition(ConditionType::Ready))
            .is_some_and(|ready| ready.reason == Reason::MasterUnreachable.name());
        if self.was_ready || unreachable {
            verdict(
                false,
                Reason::MasterUnreachable,
                "the master does not answer now",
            )
        } else {
            verdict(
                false,
                Reason::MasterStarting,
                "the master does not answer yet",
            )
        }
    }

    fn progressing(&self) -> Verdict {
        if !self.accepted {
            return verdict(false, Reason::NotAccepted, "the spec is not accepted");
        }
        if let Some(end) = &self.end {
            return verdict(
                false,
                Reason::Ended,
                format!("the job has ended: {}", end.reason),
            );
        }
        if self.suspended {
            return verdict(false, Reason::Suspended, "spec.suspend is set");
        }
        match self.stage {
            None => verdict(
                true,
                Reason::MasterStarting,
                "the master does not answer yet",
            ),
            Some(Stage::Classify) => verdict(
                true,
                Reason::Classifying,
                "the kind of number is being found out",
            ),
            Some(Stage::PrePass) => {
                verdict(true, Reason::PrePass, "known weaknesses are being tried")
            }
            Some(Stage::Search) if self.cracker.spec.worker_count() == 0 => verdict(
                false,
                Reason::NoWorkers,
                "spec.workerCount is 0; scale the job to go on",
            ),
            Some(Stage::Search) => verdict(true, Reason::Searching, "workers search"),
            Some(Stage::Finish | Stage::Done) => verdict(
                true,
                Reason::Finishing,
                "the findings are being turned into factors",
            ),
        }
    }

    fn degraded(&self) -> Verdict {
        let fine = || verdict(false, Reason::AsExpected, "nothing stands in the way");
        if !self.accepted {
            return fine();
        }
        if let Some(first) = self.observation.obstacles.first() {
            let lines = self
                .observation
                .obstacles
                .iter()
                .map(|o| o.message.as_str());
            let lines: Vec<&str> = lines.collect();
            return verdict(true, first.reason, lines.join("\n"));
        }
        if self.suspended || self.end.is_some() {
            return fine();
        }
        if let Some(why) = self
            .observation
            .summary
            .as_ref()
            .and_then(|summary| summary.ledger_unavailable.as_ref())
        {
            return verdict(true, Reason::LedgerUnavailable, why.clone());
        }
        let ready = self.ready();
        if matches!(
            ready.reason,
            Reason::MasterFailed | Reason::MasterUnreachable
        ) {
            return verdict(true, ready.reason, ready.message);
        }
        let wanted = self.cracker.spec.worker_count();
        let there = self.observation.workers_ready;
        if self.stage == Some(Stage::Search) && there < wanted {
            return verdict(
                true,
                Reason::WorkersMissing,
                match &self.observation.workers_problem {
                    Some(why) => format!("{there} of {wanted} workers are ready: {why}"),
                    None => format!("{there} of {wanted} workers are ready"),
                },
            );
        }
        fine()
    }

    fn finished(&self) -> Verdict {
        match &self.end {
            Some(end) => verdict(true, end.reason, end.message.clone()),
            None => self.not_ended(State::False),
        }
    }

    fn succeeded(&self) -> Verdict {
        match &self.end {
            Some(end) => verdict(end.solved, end.reason, end.message.clone()),
            None => self.not_ended(State::Unknown),
        }
    }

    fn not_ended(&self, state: State) -> Verdict {
        if !self.accepted {
            verdict(state, Reason::NotAccepted, "the spec is not accepted")
        } else if self.suspended {
            verdict(state, Reason::Suspended, "spec.suspend is set")
        } else {
            verdict(state, Reason::Running, "the job has not ended")
        }
    }
}
