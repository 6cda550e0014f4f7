//! What is to run for a job.

use crate::end::finished;
use crate::{Observation, identity};
use rsac_api::{MethodName, RSACracker};
use rsac_protocol::{Job, Stage};

/// What is to run for a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// The content of the master's job file; none where the spec is not accepted. A
    /// change of it is a restart of the master, not of workers: they register with the
    /// new one, and take plan and checkpoint interval from its answer.
    pub job: Option<Job>,
    /// Whether the master is to run. It goes on after the end, to answer `/progress`.
    pub master: bool,
    /// How many workers are to run.
    pub workers: u32,
    /// Computing threads of each worker.
    pub threads: u32,
}

/// Decides what is to run. Workers are wanted while the last stage that the master
/// reported for this very job is Search, also while the master is away for a moment.
pub fn workload(cracker: &RSACracker, observation: &Observation) -> Workload {
    let spec = &cracker.spec;
    let name = cracker.metadata.name.as_deref().unwrap_or_default();
    let job = match rsac_api::rules::check(cracker) {
        errors if !errors.is_empty() || observation.refusal.is_some() => None,
        _ => job(name, cracker),
    };
    let master = job.is_some() && !spec.suspended();
    let searching = master
        && finished(cracker, observation).is_none()
        && last_stage(cracker, observation) == Some(Stage::Search);
    Workload {
        job,
        master,
        workers: if searching { spec.worker_count() } else { 0 },
        threads: spec.threads(),
    }
}

fn job(name: &str, cracker: &RSACracker) -> Option<Job> {
    let spec = &cracker.spec;
    let target = spec.target().ok()?;
    let identity = identity(spec).ok()?;
    Some(Job {
        name: name.to_owned(),
        attempt: identity.attempt,
        number: target.number.to_string(),
        public_exponent: target.exponent.as_ref().map(ToString::to_string),
        method: match spec.method() {
            MethodName::Auto => None,
            method => Some(method.name().to_owned()),
        },
        checkpoint_seconds: spec.checkpoint_interval().as_secs().max(1),
        max_cpu_hours: spec.max_cpu_hours(),
        pre_pass_seconds: spec.pre_pass_seconds(),
        deadline_seconds: spec.deadline_seconds,
    })
}

/// The stage that the master reports for the spec's job, or last reported.
pub(crate) fn last_stage(cracker: &RSACracker, observation: &Observation) -> Option<Stage> {
    if let Some(summary) = news(cracker, observation) {
        return Some(summary.stage);
    }
    let identity = identity(&cracker.spec).ok()?;
    let status = cracker.status.as_ref()?;
    let same = status.job.as_ref() == Some(&identity.question);
    stage_of(status.stage.as_deref().filter(|_| same)?)
}

/// The master's answer, where it speaks of what the spec asks for: after a change, the
/// old master may answer once more.
pub(crate) fn news<'a>(
    cracker: &RSACracker,
    observation: &'a Observation,
) -> Option<&'a rsac_protocol::Summary> {
    let summary = observation.summary.as_ref()?;
    let identity = identity(&cracker.spec).ok()?;
    (summary.attempt == identity.attempt).then_some(summary)
}

pub(crate) fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Classify => "Classify",
        Stage::PrePass => "PrePass",
        Stage::Search => "Search",
        Stage::Finish => "Finish",
        Stage::Done => "Done",
    }
}

fn stage_of(name: &str) -> Option<Stage> {
    use Stage::{Classify, Done, Finish, PrePass, Search};
    [Classify, PrePass, Search, Finish, Done]
        .into_iter()
        .find(|stage| stage_name(*stage) == name)
}
