//! Brings the children of a job to what was decided: first what pods mount, then the rest,
//! all at once. One that fails does not stop the others.

use crate::build::templates::{Outfit, Record};
use crate::build::{self, Bound, Hearer, Parent};
use crate::children::{Trouble, ensure, must_be_ours};
use crate::context::Context;
use crate::memory::ChildMemory;
use crate::observe::Seen;
use crate::watch::seen;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use rsac_api::{RSACrackerSpec, names};
use rsac_protocol::Job;
use rsac_workload::Workload;

/// What is remembered of each child.
#[derive(Default)]
pub(crate) struct Children {
    pub(crate) record: Option<Record>,
    job: ChildMemory,
    templates: ChildMemory,
    pub(crate) master: ChildMemory,
    workers: ChildMemory,
    headless: ChildMemory,
    progress: ChildMemory,
    budget: ChildMemory,
    master_policy: ChildMemory,
    worker_policy: ChildMemory,
}

impl Children {
    /// When the first of those that failed is to be tried again.
    pub(crate) fn retry_at(&self) -> Option<std::time::Instant> {
        [
            &self.job,
            &self.templates,
            &self.master,
            &self.workers,
            &self.headless,
            &self.progress,
            &self.budget,
            &self.master_policy,
            &self.worker_policy,
        ]
        .into_iter()
        .filter_map(|child| child.failure.as_ref())
        .map(|failure| failure.retry_at)
        .min()
    }
}

/// What the children are made from.
pub(crate) struct Plan<'a> {
    pub(crate) parent: &'a Parent,
    pub(crate) spec: &'a RSACrackerSpec,
    pub(crate) record: &'a Record,
    pub(crate) workload: &'a Workload,
    pub(crate) seen: &'a Seen,
    pub(crate) now: &'a Time,
}

/// The record that counts for a job: what it was started with; a new one where there is
/// none, or where another job starts.
///
/// # Errors
/// When it cannot be looked up.
pub(crate) async fn record(
    context: &Context,
    parent: &Parent,
    spec: &RSACrackerSpec,
    question: &str,
    starts_again: bool,
    memory: &Children,
) -> Result<Record, Trouble> {
    let outfit = Outfit {
        image: &context.options.image,
        is_private: context.options.pull_secret.is_some(),
        hears_at: context.options.hears_at(),
    };
    let old = match &memory.record {
        Some(record) => Some(record.clone()),
        None => recorded(context, parent).await?,
    };
    Ok(match old {
        Some(record) if record.question == question && !starts_again => record,
        Some(record) => record.renewed(parent, spec, question.to_owned(), outfit),
        None => Record::new(parent, spec, question.to_owned(), outfit),
    })
}

/// What is on record.
///
/// # Errors
/// When it cannot be looked up, or is somebody's.
pub(crate) async fn recorded(
    context: &Context,
    parent: &Parent,
) -> Result<Option<Record>, Trouble> {
    let name = names::templates_config(&parent.name);
    let config = match seen(&context.stores.configs, &parent.namespace, &name) {
        Some(config) => Some(config),
        None => {
            let api = context.writer.api::<ConfigMap>(&parent.namespace);
            context.writer.read(api.get_opt(&name)).await?
        }
    };
    let Some(config) = config else {
        return Ok(None);
    };
    must_be_ours(&format!("ConfigMap {name}"), &config.metadata, parent)?;
    Ok(Record::read(&config))
}

/// What pods mount, the Secrets aside; answers the digest of the job file.
pub(crate) async fn bring_files(
    context: &Context,
    parent: &Parent,
    record: &Record,
    job: &Job,
    children: &mut Children,
    troubles: &mut Vec<Trouble>,
) -> Option<String> {
    let (config, digest) = match build::job_config(parent, job) {
        Ok(made) => made,
        Err(error) => {
            tracing::error!(job = parent.name, "the job file cannot be written: {error}");
            return None;
        }
    };
    let templates = record
        .config(parent)
        .inspect_err(|error| tracing::error!(job = parent.name, "no record: {error}"))
        .ok()?;
    let store = &context.stores.configs;
    let (job, templates) = tokio::join!(
        ensure(context, parent, &mut children.job, store, config),
        ensure(context, parent, &mut children.templates, store, templates),
    );
    let failed = job.is_err() || templates.is_err();
    troubles.extend([job, templates].into_iter().filter_map(Result::err));
    // Without its record no pod is started: it could not be restored.
    (!failed).then_some(digest)
}

/// Everything else.
pub(crate) async fn bring_rest(
    context: &Context,
    plan: &Plan<'_>,
    bound: Option<&Bound>,
    children: &mut Children,
    troubles: &mut Vec<Trouble>,
) {
    let parent = plan.parent;
    let stores = &context.stores;
    let pods = async {
        let Some(bound) = bound else {
            return [Ok(()), Ok(())];
        };
        let wanted = (plan.workload.master, plan.workload.workers);
        bring_pods(
            context,
            plan,
            bound,
            wanted,
            [&mut children.master, &mut children.workers],
        )
        .await
    };
    let headless = build::headless_service(parent);
    let progress = build::progress_service(parent, plan.spec);
    let budget = build::budget(parent);
    let options = &context.options;
    let hearer = options.hears_at().map(|address| Hearer {
        namespace: &options.pod_namespace,
        port: address.port(),
    });
    let master_policy = build::master_policy(parent, hearer);
    let worker_policy = build::worker_policy(parent);
    let done = tokio::join!(
        pods,
        ensure(
            context,
            parent,
            &mut children.headless,
            &stores.services,
            headless
        ),
        ensure(
            context,
            parent,
            &mut children.progress,
            &stores.services,
            progress
        ),
        ensure(
            context,
            parent,
            &mut children.budget,
            &stores.budgets,
            budget
        ),
        ensure(
            context,
            parent,
            &mut children.master_policy,
            &stores.policies,
            master_policy
        ),
        ensure(
            context,
            parent,
            &mut children.worker_policy,
            &stores.policies,
            worker_policy
        ),
    );
    let rest = [done.1, done.2, done.3, done.4, done.5];
    let all = done.0.into_iter().chain(rest);
    troubles.extend(all.filter_map(Result::err));
}

/// Pods of a job that is no longer accepted stop; what they were is kept.
pub(crate) async fn bring_to_rest(
    context: &Context,
    plan: &Plan<'_>,
    bound: &Bound,
    children: &mut Children,
    troubles: &mut Vec<Trouble>,
) {
    let memories = [&mut children.master, &mut children.workers];
    let pods = bring_pods(context, plan, bound, (false, 0), memories).await;
    troubles.extend(pods.into_iter().filter_map(Result::err));
}

/// Master and workers, as many as are wanted of each; their memories in that order. A master
/// that is to stop does so after its workers.
async fn bring_pods(
    context: &Context,
    plan: &Plan<'_>,
    bound: &Bound,
    (runs, count): (bool, u32),
    [master_memory, workers_memory]: [&mut ChildMemory; 2],
) -> [Result<(), Trouble>; 2] {
    let (parent, stores) = (plan.parent, &context.stores);
    let runs = runs || plan.seen.is_reported_to(parent, plan.now);
    let master = build::master(parent, plan.spec, plan.record, bound, runs);
    let workers = build::workers(parent, plan.spec, plan.record, bound, count);
    let master = async {
        if plan.seen.master.is_none() && !plan.record.claims.is_empty() {
            claim_is_free(context, parent).await?;
        }
        ensure(context, parent, master_memory, &stores.masters, master).await
    };
    let workers = ensure(context, parent, workers_memory, &stores.workers, workers);
    let (master, workers) = tokio::join!(master, workers);
    [master, workers]
}

/// A StatefulSet takes whatever claim has the name, also one that is about to be removed
/// with an earlier job, or somebody's.
async fn claim_is_free(context: &Context, parent: &Parent) -> Result<(), Trouble> {
    let name = names::ledger_claim(&parent.name);
    let api = context
        .writer
        .api::<PersistentVolumeClaim>(&parent.namespace);
    match context.writer.read(api.get_metadata_opt(&name)).await? {
        Some(claim) => {
            let what = format!("PersistentVolumeClaim {name}");
            must_be_ours(&what, &claim.metadata, parent)
        }
        None => Ok(()),
    }
}
