//! The logs of a job's pods, merged as they come. The master's component is `master`, a
//! worker's the name of its pod; `worker` asks for all workers, `worker-N` for the one that
//! is the Nth by age when it is first looked for.

use crate::access::{AccessError, LogLine, LogQuery};
use crate::cluster::ApiError;
use futures_util::io::AsyncBufReadExt;
use futures_util::stream::{self, BoxStream, StreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams, LogParams};
use kube::{Client, ResourceExt};
use rsac_api::names;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How often new pods are looked for.
const POLL: Duration = Duration::from_secs(2);

type Line = Result<LogLine, AccessError>;

/// The lines of all pods that the query asks for; with `follow`, of those that come too,
/// until the job is gone.
pub(super) fn open(
    client: Client,
    namespace: &str,
    job: &str,
    query: &LogQuery,
) -> BoxStream<'static, Line> {
    let (sender, receiver) = mpsc::channel(64);
    let reader = Reader {
        pods: Api::namespaced(client, namespace),
        job: job.to_owned(),
        query: query.clone(),
        sender,
    };
    tokio::spawn(reader.run());
    let next = |mut receiver: mpsc::Receiver<Line>| async move {
        let line = receiver.recv().await?;
        Some((line, receiver))
    };
    stream::unfold(receiver, next).boxed()
}

struct Reader {
    pods: Api<Pod>,
    job: String,
    query: LogQuery,
    sender: mpsc::Sender<Line>,
}

impl Reader {
    async fn run(self) {
        if let Err(error) = self.read_all().await {
            let error = super::told(&self.job, error);
            // Where nobody reads any more, nobody needs to be told.
            let _ = self.sender.send(Err(error)).await;
        }
    }

    async fn read_all(&self) -> Result<(), ApiError> {
        // By container: a restarted one is another.
        let mut begun: BTreeSet<String> = BTreeSet::new();
        let mut readers = JoinSet::new();
        let mut first = true;
        let mut wanted = Wanted::of(self.query.component.as_deref());
        loop {
            let labels = format!("{}={}", names::JOB_LABEL, self.job);
            let listed = self
                .pods
                .list(&ListParams::default().labels(&labels))
                .await?;
            let seen = !listed.items.is_empty();
            wanted.settle(&listed.items);
            for pod in listed {
                let (component, container) = (component(&pod), container(&pod));
                let (true, Some(container)) = (wanted.has(&component), container) else {
                    continue;
                };
                if !begun.insert(container) {
                    continue;
                }
                let params = LogParams {
                    follow: self.query.follow,
                    // Of what comes later, all.
                    tail_lines: self
                        .query
                        .tail
                        .filter(|_| first)
                        .and_then(|n| i64::try_from(n).ok()),
                    ..LogParams::default()
                };
                let (pods, sender) = (self.pods.clone(), self.sender.clone());
                let reading = read(pods, pod.name_any(), component, params, sender);
                if self.query.follow {
                    readers.spawn(reading);
                } else {
                    reading.await;
                }
            }
            if !self.query.follow
                || self.sender.is_closed()
                || (!first && !seen && readers.is_empty())
            {
                return Ok(());
            }
            first = false;
            while readers.try_join_next().is_some() {}
            tokio::select! {
                () = sleep(POLL) => {}
                () = self.sender.closed() => return Ok(()),
            }
        }
    }
}

/// Whose lines are asked for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    All,
    Workers,
    /// A component by its name.
    One(String),
    /// A worker by its place among them, not yet found: pods of a Deployment have no numbers.
    Nth(usize),
}

impl Wanted {
    fn of(component: Option<&str>) -> Self {
        match component {
            None => Self::All,
            Some("worker") => Self::Workers,
            Some(name) => match name.strip_prefix("worker-").map(str::parse) {
                Some(Ok(place)) => Self::Nth(place),
                _ => Self::One(name.to_owned()),
            },
        }
    }

    /// Finds out which worker it is, once it is there; others' end does not change that.
    fn settle(&mut self, pods: &[Pod]) {
        let Self::Nth(place) = self else {
            return;
        };
        let mut workers: Vec<_> = pods
            .iter()
            .filter(|pod| component(pod) != names::MASTER_COMPONENT)
            .map(|pod| (pod.creation_timestamp().map(|at| at.0), pod.name_any()))
            .collect();
        workers.sort();
        if let Some((_, name)) = workers.into_iter().nth(*place) {
            *self = Self::One(name);
        }
    }

    fn has(&self, component: &str) -> bool {
        match self {
            Self::All => true,
            Self::Workers => component != names::MASTER_COMPONENT,
            Self::One(wanted) => wanted == component,
            Self::Nth(_) => false,
        }
    }
}

/// Sends the lines of one container. One whose pod goes meanwhile has no more.
async fn read(
    pods: Api<Pod>,
    pod: String,
    component: String,
    params: LogParams,
    sender: mpsc::Sender<Line>,
) {
    let log = match pods.log_stream(&pod, &params).await {
        Ok(log) => log,
        Err(error) => {
            tracing::debug!(%error, pod, "no log");
            return;
        }
    };
    let mut lines = log.lines();
    loop {
        let line = tokio::select! {
            line = lines.next() => line,
            () = sender.closed() => return,
        };
        let Some(Ok(text)) = line else {
            return;
        };
        let component = component.clone();
        if sender.send(Ok(LogLine { component, text })).await.is_err() {
            return;
        }
    }
}

fn component(pod: &Pod) -> String {
    match pod.labels().get(names::COMPONENT_LABEL).map(String::as_str) {
        Some(names::MASTER_COMPONENT) => names::MASTER_COMPONENT.to_owned(),
        _ => pod.name_any(),
    }
}

/// The id of the pod's container, once it has been started.
fn container(pod: &Pod) -> Option<String> {
    let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
    let status = statuses.first()?;
    let state = status.state.as_ref()?;
    let has_run = state.running.is_some() || state.terminated.is_some();
    has_run.then(|| status.container_id.clone()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(name: &str, component: &str, created: &str) -> Pod {
        serde_json::from_value(json!({"metadata": {
            "name": name, "creationTimestamp": created,
            "labels": {names::COMPONENT_LABEL: component},
        }}))
        .unwrap()
    }

    #[test]
    fn a_worker_by_its_place_is_the_same_one_from_then_on() {
        let master = pod(
            "j-master-0",
            names::MASTER_COMPONENT,
            "2026-01-01T00:00:00Z",
        );
        let old = pod(
            "j-workers-z",
            names::WORKER_COMPONENT,
            "2026-01-01T00:00:05Z",
        );
        let young = pod(
            "j-workers-b",
            names::WORKER_COMPONENT,
            "2026-01-01T00:00:09Z",
        );
        let twin = pod(
            "j-workers-a",
            names::WORKER_COMPONENT,
            "2026-01-01T00:00:09Z",
        );
        let mut wanted = Wanted::of(Some("worker-1"));
        wanted.settle(std::slice::from_ref(&master));
        assert_eq!(wanted, Wanted::Nth(1));
        assert!(!wanted.has("j-master-0"));
        wanted.settle(&[young.clone(), master.clone(), twin, old]);
        assert_eq!(wanted, Wanted::One("j-workers-a".into()));
        wanted.settle(&[young, master]);
        assert!(wanted.has("j-workers-a") && !wanted.has("j-workers-b"));
    }

    #[test]
    fn everybody_else_goes_by_a_name() {
        let has = |component: Option<&str>, name| Wanted::of(component).has(name);
        assert!(has(None, "master") && has(None, "j-workers-a"));
        assert!(has(Some("worker"), "j-workers-a") && !has(Some("worker"), "master"));
        assert!(has(Some("master"), "master") && !has(Some("master"), "j-workers-a"));
        assert!(has(Some("j-workers-a"), "j-workers-a"));
    }
}
