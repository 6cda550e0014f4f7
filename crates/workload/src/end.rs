//! How a job ended, and when it is to go.

use crate::workload::news;
use crate::{Observation, identity};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use rsac_api::RSACracker;
use rsac_api::conditions::{ConditionType, Reason};
use rsac_protocol::Ending;

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
