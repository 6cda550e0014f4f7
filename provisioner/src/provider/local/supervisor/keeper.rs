//! The reconcile loop of one resource: observe (children, master), act (start, stop),
//! say (status). Every decision is `rsac-workload`'s; here is what it takes to see and
//! to do. Driven by changes of the resource, by children that start or end, and by a
//! slow tick.

use super::crew::{Crew, Wanted};
use super::master_client::MasterClient;
use super::process::{Nursery, Seen};
use super::solutions;
use super::store::{Store, now};
use crate::access::AccessError;
use crate::provider::local::layout::{JobLayout, Layout};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use rsac_api::{RSACracker, RSACrackerStatus};
use rsac_protocol::{Stage, Summary};
use rsac_workload::Observation;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The tick: how old a status can be.
const TICK: Duration = Duration::from_secs(1);
/// As long as a master starts or computes something short: small numbers are answered at
/// once, and whoever waits for one should not wait for a tick.
const SHORT_TICK: Duration = Duration::from_millis(50);
/// Progress alone reaches the disk this often; transitions do at once.
const PROGRESS_ROUND: Duration = Duration::from_secs(5);

/// Why a keeper ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeeperEnd {
    /// Its resource is gone, with all that belonged to it.
    Gone,
    /// The supervisor ends; the children have ended.
    Shutdown,
}

/// Keeps one resource.
#[derive(Debug)]
pub(super) struct Keeper {
    name: String,
    uid: String,
    store: Arc<Store>,
    job: JobLayout,
    master: MasterClient,
    crew: Crew,
    children_changed: Arc<Notify>,
    /// When the status was last written to the disk.
    written: Option<Instant>,
    /// What went wrong last, so that it is logged once.
    trouble: Option<String>,
}

impl Keeper {
    /// Nothing runs until it keeps.
    pub(super) fn new(
        name: String,
        uid: String,
        store: Arc<Store>,
        layout: &Layout,
        nursery: &Nursery,
        http: reqwest::Client,
    ) -> Self {
        let job = layout.job(&name);
        let children_changed = Arc::new(Notify::new());
        Self {
            crew: Crew::new(
                &name,
                job.clone(),
                nursery.clone(),
                children_changed.clone(),
            ),
            master: MasterClient::new(http, &name, job.clone()),
            children_changed,
            name,
            uid,
            store,
            job,
            written: None,
            trouble: None,
        }
    }

    /// Keeps the resource until it is deleted or the supervisor ends.
    pub(super) async fn keep(mut self, shutdown: CancellationToken) -> KeeperEnd {
        let mut changes = self.store.changes();
        loop {
            changes.borrow_and_update();
            let Some(cracker) = self.current() else {
                return self.end(KeeperEnd::Gone).await;
            };
            if cracker.metadata.deletion_timestamp.is_some() {
                return self.delete().await;
            }
            let tick = self.reconcile(&cracker).await;
            let seen = concern(&cracker);
            let store = self.store.clone();
            let (name, uid) = (self.name.clone(), self.uid.clone());
            let resource_changed = async {
                // Its own status, and other resources, are no reason to look again.
                while changes.changed().await.is_ok() {
                    match store
                        .get(&name)
                        .filter(|c| c.metadata.uid.as_ref() == Some(&uid))
                    {
                        Some(current) if concern(&current) == seen => {}
                        _ => return,
                    }
                }
            };
            tokio::select! {
                () = resource_changed => {}
                () = self.children_changed.notified() => {}
                () = tokio::time::sleep(tick) => {}
                () = shutdown.cancelled() => return self.end(KeeperEnd::Shutdown).await,
            }
        }
    }

    fn current(&self) -> Option<Arc<RSACracker>> {
        self.store
            .get(&self.name)
            .filter(|cracker| cracker.metadata.uid.as_ref() == Some(&self.uid))
    }

    /// Brings children and status to what the spec asks for; answers when to look again.
    async fn reconcile(&mut self, cracker: &RSACracker) -> Duration {
        if is_expired(cracker) {
            tracing::info!(job = self.name, "finished long enough ago; deleting");
            let done = self.store.mark_deleted(&self.name).map(|_| ());
            self.note(done);
            return TICK;
        }
        let mut observation = self.observe().await;
        if let Some(summary) = &observation.summary {
            match self.fetch_solution(summary).await {
                Ok(()) => self.note(Ok(())),
                Err(error) => {
                    // Finished is said when the answer is at hand, not before.
                    self.note(Err(error));
                    observation.summary = None;
                }
            }
        }
        let workload = rsac_workload::workload(cracker, &observation);
        let job_file = workload
            .job
            .as_ref()
            .filter(|_| workload.master)
            .and_then(|job| serde_json::to_string_pretty(job).ok());
        let steered = self.crew.steer(&Wanted {
            master: job_file,
            workers: workload.workers,
            threads: workload.threads,
        });
        if let Err(error) = steered {
            let what = format!("the files of job {} cannot be written: {error}", self.name);
            observation.master_problem.get_or_insert(what);
        }
        self.crew.bound_logs();
        let status = rsac_workload::status(cracker, &observation);
        let said = self.say(cracker.status.as_ref(), status);
        self.note(said);
        let stage = observation.summary.map(|summary| summary.stage);
        match stage {
            None if matches!(self.crew.master(), Seen::Running { .. }) => SHORT_TICK,
            Some(Stage::Classify | Stage::Finish) => SHORT_TICK,
            _ => TICK,
        }
    }

    async fn observe(&self) -> Observation {
        let mut observation = Observation::nothing(Time(now()));
        match self.crew.master() {
            Seen::Running { .. } => match self.master.summary().await {
                Ok(summary) => {
                    observation.summary = Some(summary);
                    observation.master_ready = true;
                    observation.address = self.master.address().await.ok();
                }
                Err(error) => tracing::debug!(job = self.name, "{error}"),
            },
            Seen::Failed { failures, reason } if failures > 1 => {
                observation.master_problem = Some(format!(
                    "the master {reason}; it was started {failures} times"
                ));
            }
            _ => {}
        }
        for (_, seen) in self.crew.workers() {
            observation.workers += u32::from(seen != Seen::Stopped);
            observation.workers_ready += u32::from(matches!(seen, Seen::Running { .. }));
        }
        observation
    }

    /// Takes the answer from the master as soon as there is one, so that it outlives it.
    async fn fetch_solution(&self, summary: &Summary) -> Result<(), AccessError> {
        if !summary
            .outcome
            .as_ref()
            .is_some_and(|end| end.ending.is_solved())
            || solutions::stored(&self.job, &summary.number)?.is_some()
        {
            return Ok(());
        }
        let solution = self.master.solution().await?;
        solutions::store(&self.job, &solution).map_err(|error| {
            AccessError::Other(format!("the answer of job {}: {error}", self.name))
        })
    }

    fn say(
        &mut self,
        old: Option<&RSACrackerStatus>,
        new: RSACrackerStatus,
    ) -> Result<(), AccessError> {
        if old == Some(&new) {
            return Ok(());
        }
        let is_transition = old.map(without_progress) != Some(without_progress(&new));
        let is_time = self.written.is_none_or(|at| at.elapsed() >= PROGRESS_ROUND);
        let durable = is_transition || is_time;
        self.store.set_status(&self.name, &self.uid, new, durable)?;
        if durable {
            self.written = Some(Instant::now());
        }
        Ok(())
    }

    /// Logs what goes wrong once, not at every tick.
    fn note(&mut self, done: Result<(), AccessError>) {
        let trouble = done.err().map(|error| error.to_string());
        if trouble != self.trouble
            && let Some(text) = &trouble
        {
            tracing::warn!(job = self.name, "{text}");
        }
        self.trouble = trouble;
    }

    async fn delete(self) -> KeeperEnd {
        let (name, uid, store) = (self.name.clone(), self.uid.clone(), self.store.clone());
        let end = self.end(KeeperEnd::Gone).await;
        while let Err(error) = store.remove(&name, &uid) {
            tracing::error!(job = name, %error, "the files of a deleted job stay for now");
            tokio::time::sleep(PROGRESS_ROUND).await;
        }
        tracing::info!(job = name, "deleted");
        end
    }

    async fn end(self, end: KeeperEnd) -> KeeperEnd {
        if let Err(error) = self.crew.end().await {
            tracing::warn!(job = self.name, %error, "not known whether all children have ended");
        }
        end
    }
}

/// What of a resource makes its keeper look again.
fn concern(cracker: &RSACracker) -> (Option<i64>, bool) {
    let metadata = &cracker.metadata;
    (metadata.generation, metadata.deletion_timestamp.is_some())
}

fn is_expired(cracker: &RSACracker) -> bool {
    rsac_workload::expires_at(cracker).is_some_and(|at| at.0 <= now())
}

/// What of a status is a transition, when it changes.
fn without_progress(status: &RSACrackerStatus) -> RSACrackerStatus {
    RSACrackerStatus {
        progress: None,
        rate: None,
        seconds_left: None,
        active_seconds: None,
        ..status.clone()
    }
}
