//! The logs of a job's pods, merged as they come. The master's component is `master`, a
//! worker's the name of its pod; `worker` asks for all workers.

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
        loop {
            let labels = format!("{}={}", names::JOB_LABEL, self.job);
            let listed = self
                .pods
                .list(&ListParams::default().labels(&labels))
                .await?;
            let seen = !listed.items.is_empty();
            for pod in listed {
                let (component, container) = (component(&pod), container(&pod));
                let (true, Some(container)) = (self.wants(&component), container) else {
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

    fn wants(&self, component: &str) -> bool {
        match self.query.component.as_deref() {
            None => true,
            Some("worker") => component != names::MASTER_COMPONENT,
            Some(wanted) => wanted == component,
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
