//! The controller of one namespace, or of all: runs until it is stopped, or until the
//! cluster knows no RSACrackers any more.

use crate::announced::{Announced, Announcement};
use crate::context::Context;
use crate::definition;
use crate::metrics::Metrics;
use crate::options::Options;
use crate::reconcile::{ReconcileError, reconcile};
use crate::watch::{Guarded, Job, Watches, watches};
use crate::writer::Writer;
use futures_util::stream::{self, Stream};
use futures_util::{FutureExt, StreamExt};
use kube::runtime::controller::{Action, Config, Error, applier};
use kube::runtime::events::Recorder;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher;
use kube::{Client, ResourceExt};
use rsac_api::RSACracker;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// Changes that come together are looked at together.
const DEBOUNCE: Duration = Duration::from_millis(20);

/// What all controllers of an operator share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) client: Client,
    pub(crate) writer: Writer,
    pub(crate) recorder: Recorder,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) announced: Announced,
    pub(crate) options: Arc<Options>,
}

/// Runs until `stop` is cancelled; cancels it itself when the definition is gone.
pub(crate) async fn run(shared: Shared, namespace: Option<String>, stop: CancellationToken) {
    let Watches {
        jobs,
        stores,
        triggers,
    } = watches(&shared.client, namespace.as_deref());
    let context = Arc::new(Context::new(
        shared.client.clone(),
        shared.writer,
        stores,
        shared.recorder,
        shared.metrics,
        shared.announced,
        shared.options,
    ));
    let config = Config::default()
        .debounce(DEBOUNCE)
        .concurrency(context.options.concurrency);
    let announcements = announcements(&context.announced, jobs.clone());
    let triggers = stream::select(triggers, announcements.map(Ok));
    // No new look is begun after `stop`; those under way end.
    let triggers = triggers.take_until(stop.clone().cancelled_owned());
    let mut looks = std::pin::pin!(applier(
        |job, context| reconcile(job, context).boxed(),
        when_failed,
        context.clone(),
        jobs.clone(),
        triggers,
        config,
    ));
    while let Some(look) = looks.next().await {
        context
            .metrics
            .jobs
            .store(jobs.len() as u64, Ordering::Relaxed);
        match look {
            Ok(_) => {}
            Err(Error::ObjectNotFound(gone)) => {
                context
                    .memories
                    .forget(gone.namespace.as_deref().unwrap_or_default(), &gone.name);
            }
            Err(Error::QueueError(error)) => {
                context.metrics.watch_errors.fetch_add(1, Ordering::Relaxed);
                tracing::debug!("a watch broke: {error}");
                if is_not_found(&error)
                    && definition::missing(&shared.client, &context.options.namespaces)
                        .await
                        .is_some()
                {
                    stop.cancel();
                }
            }
            Err(error) => tracing::debug!("{error}"),
        }
    }
}

/// The jobs of this controller whose masters announce themselves.
fn announcements(
    announced: &Announced,
    jobs: Store<Guarded<RSACracker>>,
) -> impl Stream<Item = Job> + use<> {
    let heard = stream::unfold(announced.listen(), async |mut heard| {
        loop {
            match heard.recv().await {
                Ok(announcement) => return Some((announcement, heard)),
                // Those come with their pods' status.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    });
    heard.filter_map(move |Announcement { namespace, job }| {
        let job = ObjectRef::new(&job).within(&namespace);
        let is_known = jobs.get(&job).is_some();
        std::future::ready(is_known.then_some(job))
    })
}

fn is_not_found(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status)) => status.code == 404,
        watcher::Error::WatchError(status) => status.code == 404,
        _ => false,
    }
}

/// A look fails as a whole when this operator may not write: it stops, or leads again.
fn when_failed(
    job: Arc<Guarded<RSACracker>>,
    error: &ReconcileError,
    context: Arc<Context>,
) -> Action {
    tracing::debug!(job = job.name_any(), "{error}");
    Action::requeue(context.options.retry_base)
}
