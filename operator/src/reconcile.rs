//! One look at one job: observe → validate → build → apply → status. Every decision is
//! `rsac-workload`'s; here is what it takes to see and to do. `finish` ends it.

use crate::bring::{self, Plan};
use crate::build::{Bound, Parent};
use crate::children::Trouble;
use crate::context::Context;
use crate::memory::Memory;
use crate::observe::{self, Seen};
use crate::undecodable::undecodable;
use crate::validate::{Standing, standing};
use crate::watch::Guarded;
use crate::writer::CallError;
use crate::{ask, say, secrets};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::runtime::controller::Action;
use rsac_api::conditions::ConditionType;
use rsac_api::{RSACracker, ServiceType};
use rsac_master_client::MasterClient;
use rsac_workload::{Observation, finished};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A deleted job is looked at again after this, should the call have come to nothing.
const DELETED: Duration = Duration::from_secs(1);
/// A master that answered so lately, and whose pod runs, may miss a question.
const MISSED: Duration = Duration::from_secs(10);

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
    if let Some(rest) = context.writer.rest() {
        return Ok(Action::requeue(rest));
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

/// What a look has at hand, and what it has come to so far; it ends with `finish`.
pub(crate) struct Look<'a> {
    pub(crate) cracker: &'a RSACracker,
    pub(crate) parent: &'a Parent,
    pub(crate) seen: &'a Seen,
    pub(crate) context: &'a Context,
    pub(crate) observation: Observation,
    pub(crate) troubles: Vec<Trouble>,
    /// The master did not answer just now, though it did a moment ago and still runs.
    pub(crate) missed: bool,
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
            now: &self.observation.now,
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
                    now: &self.observation.now,
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

    pub(crate) fn is_finished(&self) -> bool {
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
}
