//! One look at one job: observe → validate → build → apply → status. Every decision is
//! `rsac-workload`'s; here is what it takes to see and to do.

use crate::bring::{self, Plan};
use crate::build::{Bound, Parent};
use crate::children::Trouble;
use crate::context::Context;
use crate::memory::{Memory, backoff, scattered};
use crate::observe::{self, Seen};
use crate::validate::{Standing, standing};
use crate::watch::Guarded;
use crate::writer::CallError;
use crate::{ask, pods, say, secrets};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::core::error_boundary::InvalidObject;
use kube::runtime::controller::Action;
use rsac_api::conditions::ConditionType;
use rsac_api::{IntOrText, RSACracker, RSACrackerSpec, ServiceType};
use rsac_master_client::MasterClient;
use rsac_protocol::Stage;
use rsac_workload::{Observation, finished};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A master that just started is asked often: a small number is answered in an instant.
const YOUNG_TICK: Duration = Duration::from_millis(100);
const YOUNG: Duration = Duration::from_secs(15);
/// A search is asked about often at first, then as often as people look.
const SEARCH_TICK: Duration = Duration::from_secs(1);
const LONG_TICK: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_secs(60);
/// A deleted job is looked at again after this, should the call have come to nothing.
const DELETED: Duration = Duration::from_secs(1);
/// A pod that does not run is looked at again after this.
const DOUBT: Duration = Duration::from_secs(4);
/// A master that answered so lately, and whose pod runs, may miss a question.
const MISSED: Duration = Duration::from_secs(10);
/// A status that came too late is decided anew after this.
const AGAIN: Duration = Duration::from_millis(100);

/// Why a look could not be finished.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct ReconcileError(#[from] CallError);

/// One look at one job.
///
/// # Errors
/// When this operator may not write.
pub(crate) async fn reconcile(
    guarded: Arc<Guarded<RSACracker>>,
    context: Arc<Context>,
) -> Result<Action, ReconcileError> {
    if !context.stores.ready().await {
        return Ok(Action::await_change());
    }
    let began = Instant::now();
    let looked = match &guarded.0 {
        Ok(cracker) => look(cracker, &context).await,
        Err(invalid) => undecodable(invalid, &context).await,
    };
    let failed = !matches!(looked, Ok((_, false)));
    context.metrics.look(began.elapsed(), failed);
    Ok(looked.map(|(action, _)| action)?)
}

/// Answers when to look again, and whether something went wrong.
async fn look(cracker: &RSACracker, context: &Context) -> Result<(Action, bool), CallError> {
    let Some(parent) = Parent::of(cracker) else {
        return Ok((Action::await_change(), false));
    };
    let (namespace, name) = (parent.namespace.as_str(), parent.name.as_str());
    if cracker.metadata.deletion_timestamp.is_some() {
        context.memories.forget(namespace, name);
        return Ok((Action::await_change(), false));
    }
    let mut memory = context.memories.of(namespace, name, &parent.uid).await;
    let memory = &mut *memory;
    let cracker = say::with_newest_status(cracker, memory);
    let now = Timestamp::now();
    if rsac_workload::expires_at(&cracker).is_some_and(|end| end.0 <= now) {
        tracing::info!(job = name, namespace, "finished long enough ago; deleting");
        context.writer.delete(namespace, name, &parent.uid).await?;
        return Ok((Action::requeue(DELETED), false));
    }
    let seen = observe::look(context, &parent);
    let mut job = Look {
        observation: seen.observation(cracker.spec.service_type(), Time(now)),
        cracker: &cracker,
        parent: &parent,
        seen: &seen,
        context,
        troubles: Vec::new(),
        missed: false,
    };
    match standing(&cracker, &seen, memory.children.master.applied.is_some()) {
        Standing::Idle => {}
        Standing::Stopped => job.stop(memory).await,
        Standing::Live => job.keep(memory, now).await,
    }
    job.finish(memory, now).await
}

struct Look<'a> {
    cracker: &'a RSACracker,
    parent: &'a Parent,
    seen: &'a Seen,
    context: &'a Context,
    observation: Observation,
    troubles: Vec<Trouble>,
    /// The master did not answer just now, though it did a moment ago and still runs.
    missed: bool,
}

impl Look<'_> {
    /// A job that is to be worked on.
    async fn keep(&mut self, memory: &mut Memory, now: Timestamp) {
        let (context, parent, spec) = (self.context, self.parent, &self.cracker.spec);
        let Ok(identity) = rsac_workload::identity(spec) else {
            return;
        };
        let Some(job) = rsac_workload::workload(self.cracker, &self.observation).job else {
            return;
        };
        let starts_again = self.says_finished() && !self.is_finished();
        let question = &identity.question;
        let children = &mut memory.children;
        let record =
            match bring::record(context, parent, spec, question, starts_again, children).await {
                Ok(record) => record,
                Err(trouble) => return self.troubles.push(trouble),
            };
        children.record = Some(record.clone());
        let mut files = Vec::new();
        let (access, digest) = tokio::join!(
            secrets::ensure(context, parent, &mut memory.secrets, now),
            bring::bring_files(context, parent, &record, &job, children, &mut files),
        );
        self.troubles.extend(access.err().into_iter().chain(files));
        let access = memory.secrets.access.clone();
        let client = ask::client(
            context,
            parent,
            self.seen,
            access.as_ref(),
            digest.as_deref(),
            &mut memory.client,
        );
        if let Some(client) = &client {
            self.ask(client, memory).await;
        }
        self.store_result(&job.number, client.as_ref(), memory)
            .await;
        let workload = rsac_workload::workload(self.cracker, &self.observation);
        let has_certificate = memory.secrets.renew_after.is_some();
        let bound = match (access, digest) {
            (Some(access), Some(job)) if has_certificate => Some(Bound {
                job,
                access: access.uid,
            }),
            _ => None,
        };
        if spec.service_type() == ServiceType::ClusterIP {
            // Known before the watch shows the Service: one write of the status less.
            self.observation.address = Some(observe::address_within(parent));
        }
        let plan = Plan {
            parent,
            spec,
            record: &record,
            workload: &workload,
            seen: self.seen,
        };
        let children = &mut memory.children;
        bring::bring_rest(context, &plan, bound.as_ref(), children, &mut self.troubles).await;
    }

    /// A job that was started and is no longer accepted.
    async fn stop(&mut self, memory: &mut Memory) {
        let bound = self.seen.master.as_ref().and_then(Bound::of);
        let children = &mut memory.children;
        let record = match &children.record {
            Some(record) => Ok(Some(record.clone())),
            None => bring::recorded(self.context, self.parent).await,
        };
        match (record, bound) {
            (Ok(Some(record)), Some(bound)) => {
                let plan = Plan {
                    parent: self.parent,
                    spec: &self.cracker.spec,
                    record: &record,
                    workload: &rsac_workload::workload(self.cracker, &self.observation),
                    seen: self.seen,
                };
                bring::bring_to_rest(self.context, &plan, &bound, children, &mut self.troubles)
                    .await;
                children.record = Some(record);
            }
            (Err(trouble), _) => self.troubles.push(trouble),
            _ => {}
        }
    }

    async fn ask(&mut self, client: &MasterClient, memory: &mut Memory) {
        let summary = ask::summary(self.context, self.parent, self.seen, client, memory).await;
        self.observation.master_ready = summary.is_some();
        self.missed = summary.is_none()
            && memory
                .master
                .as_ref()
                .and_then(|master| master.answered)
                .is_some_and(|at| at.elapsed() < MISSED);
        self.observation.summary = summary;
    }

    /// Whether the stored status calls the job finished.
    fn says_finished(&self) -> bool {
        let status = self.cracker.status.as_ref();
        status.is_some_and(|status| status.is_true(ConditionType::Finished))
    }

    fn is_finished(&self) -> bool {
        finished(self.cracker, &self.observation).is_some()
    }

    /// A solved job is called finished when its result is stored, not before.
    async fn store_result(
        &mut self,
        number: &str,
        client: Option<&MasterClient>,
        memory: &mut Memory,
    ) {
        let end = finished(self.cracker, &self.observation);
        if !end.is_some_and(|end| end.solved) {
            return;
        }
        let stored =
            secrets::ensure_result(self.context, self.parent, memory, number, client).await;
        if let Err(trouble) = stored {
            self.troubles.push(trouble);
            if let Some(summary) = &mut self.observation.summary {
                summary.outcome = None;
            }
        }
    }

    /// Says the status, and when to look again.
    async fn finish(
        mut self,
        memory: &mut Memory,
        now: Timestamp,
    ) -> Result<(Action, bool), CallError> {
        let mut wait = scattered(self.context.options.resync);
        let mut failed = false;
        let mut passing = false;
        for trouble in std::mem::take(&mut self.troubles) {
            match trouble {
                Trouble::Obstacle(obstacle) => {
                    failed = true;
                    if !self.observation.obstacles.contains(&obstacle) {
                        self.observation.obstacles.push(obstacle);
                    }
                }
                Trouble::Passing(why) => {
                    tracing::debug!(job = self.parent.name, "{why}");
                    passing = true;
                }
                Trouble::Call(CallError::NotLeader(error)) => return Err(error.into()),
                Trouble::Call(error) => {
                    tracing::warn!(job = self.parent.name, "{error}");
                    failed = true;
                }
            }
        }
        if self.seen.master_pod.is_none()
            && let Some(obstacle) = self.observation.obstacles.first()
        {
            let message = obstacle.message.clone();
            self.observation.master_problem.get_or_insert(message);
        }
        if !self.missed {
            match self.say(memory).await {
                Ok(()) => {}
                Err(CallError::NotLeader(error)) => return Err(error.into()),
                Err(error) if matches!(error.code(), Some(404 | 409)) => wait = wait.min(AGAIN),
                Err(error) => {
                    tracing::warn!(job = self.parent.name, "the status: {error}");
                    failed = true;
                }
            }
        }
        memory.failures = if failed || passing {
            memory.failures.saturating_add(1)
        } else {
            0
        };
        if failed || passing {
            let options = &self.context.options;
            wait = wait.min(backoff(
                memory.failures,
                options.retry_base,
                options.retry_cap,
            ));
        }
        wait = wait.min(self.next(memory, now));
        Ok((Action::requeue(wait), failed))
    }

    async fn say(&self, memory: &mut Memory) -> Result<(), CallError> {
        let status = rsac_workload::status(self.cracker, &self.observation);
        say::say(self.context, self.cracker, memory, status).await
    }

    /// When something is to be looked at that no watch tells of.
    fn next(&self, memory: &Memory, now: Timestamp) -> Duration {
        let until = |then: Timestamp| {
            let left = then.duration_since(now);
            Duration::try_from(left).unwrap_or(Duration::ZERO)
        };
        let stored = say::with_newest_status(self.cracker, memory);
        let expiry = rsac_workload::expires_at(&stored).map(|end| until(end.0));
        let renewal = memory.secrets.renew_after.map(until);
        let retry = memory
            .children
            .retry_at()
            .map(|at| at.saturating_duration_since(Instant::now()));
        let pod = self.seen.master_pod.as_ref();
        let lost = pod.and_then(pods::lost_from).map(until);
        let lost = lost.filter(|wait| !wait.is_zero());
        [
            expiry,
            renewal,
            retry,
            lost,
            self.next_doubt(),
            self.next_question(memory),
        ]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(Duration::MAX)
        .max(Duration::from_millis(10))
    }

    /// A master that does not run yet: why, is said when it has taken too long.
    fn next_doubt(&self) -> Option<Duration> {
        let wanted = self.seen.master.as_ref()?.spec.as_ref()?.replicas != Some(0);
        let runs = self.seen.master_pod.as_ref().is_some_and(pods::runs);
        (wanted && !runs).then_some(match self.observation.master_problem {
            None => DOUBT,
            Some(_) => LONG,
        })
    }

    /// When to ask the master again.
    fn next_question(&self, memory: &Memory) -> Option<Duration> {
        let pod = self.seen.master_pod.as_ref()?;
        if pods::ends(pod) || !pods::runs(pod) || self.cracker.spec.suspended() {
            return None;
        }
        let master = memory.master.as_ref()?;
        let young = master.since.elapsed() < YOUNG;
        let Some(summary) = &self.observation.summary else {
            return Some(if young { YOUNG_TICK } else { LONG_TICK });
        };
        if self.is_finished() {
            return None;
        }
        let in_stage = memory.stage.map_or(Duration::ZERO, |(_, at)| at.elapsed());
        Some(match summary.stage {
            Stage::Done => SEARCH_TICK,
            _ if in_stage < YOUNG => YOUNG_TICK,
            Stage::Search if in_stage > LONG => LONG_TICK,
            _ => SEARCH_TICK,
        })
    }
}

/// A job that this operator cannot read: stored by a later definition, perhaps.
async fn undecodable(
    invalid: &InvalidObject,
    context: &Context,
) -> Result<(Action, bool), CallError> {
    let meta = &invalid.metadata;
    let (Some(namespace), Some(name), Some(uid)) = (&meta.namespace, &meta.name, &meta.uid) else {
        return Ok((Action::await_change(), true));
    };
    if meta.deletion_timestamp.is_some() {
        context.memories.forget(namespace, name);
        return Ok((Action::await_change(), false));
    }
    let mut memory = context.memories.of(namespace, name, uid).await;
    let said = memory.status.as_ref().map(|written| &written.status);
    if said.is_some_and(|said| said.observed_generation == meta.generation) {
        return Ok((Action::await_change(), true));
    }
    // Any number will do: the refusal is all that is said.
    let spec = RSACrackerSpec {
        number_to_factor: Some(IntOrText::from("15")),
        ..RSACrackerSpec::default()
    };
    let mut cracker = RSACracker::new(name, spec);
    cracker.metadata = meta.clone();
    let mut observation = Observation::nothing(Time(Timestamp::now()));
    observation.refusal = Some(format!(
        "this operator cannot read it: {}; it may be written for a later one",
        invalid.error
    ));
    let mut status = rsac_workload::status(&cracker, &observation);
    (status.job, status.attempt) = (None, None);
    match say::say(context, &cracker, &mut memory, status).await {
        Ok(()) => Ok((Action::await_change(), true)),
        Err(error) if error.code() == Some(409) => Ok((Action::requeue(AGAIN), true)),
        Err(error) => Err(error),
    }
}
