//! The operator's life: reaches the cluster, waits for the definition, waits for its turn,
//! runs its controllers; and begins again when one of these is lost.

use crate::announced::Announced;
use crate::controller::{self, Shared};
use crate::gate::Gate;
use crate::leader::Elector;
use crate::metrics::Metrics;
use crate::options::{OperatorError, Options};
use crate::pace::Pace;
use crate::writer::Writer;
use crate::{cluster, definition, server};
use futures_util::future::join_all;
use kube::runtime::events::{Recorder, Reporter};
use rsac_api::names;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Keeps the cluster's jobs until the token is cancelled.
///
/// # Errors
/// When it cannot begin: no access, or a port that is taken.
pub async fn run(options: Options, shutdown: CancellationToken) -> Result<(), OperatorError> {
    let metrics = Arc::new(Metrics::default());
    let (unready, unready_now) = watch::channel(Some("starting".to_owned()));
    let announced = Announced::default();
    let server_end = CancellationToken::new();
    let _server_ends = server_end.clone().drop_guard();
    if let Some(address) = options.health_listen {
        let metrics = metrics.clone();
        server::serve(address, unready_now, metrics, announced.clone(), server_end).await?;
    }
    let pace = Pace::default();
    let client = cluster::client(&options.access, Some(&pace)).await?;
    let gate = match options.leader {
        Some(_) => Gate::closed(),
        None => Gate::open(),
    };
    let mut elector = match &options.leader {
        Some(election) => {
            // A Lease does not wait: API servers keep room for them.
            let client = cluster::client(&options.access, None).await?;
            Some(Elector::new(client, election, gate.clone()))
        }
        None => None,
    };
    let shared = Shared {
        writer: Writer::new(client.clone(), gate.clone(), pace, metrics.clone()),
        recorder: Recorder::new(
            client.clone(),
            Reporter {
                controller: names::OPERATOR.into(),
                instance: options.instance.clone(),
            },
        ),
        client,
        metrics: metrics.clone(),
        announced,
        options: Arc::new(options),
    };
    while !shutdown.is_cancelled() {
        let say = |why| {
            unready.send_replace(why);
        };
        let namespaces = &shared.options.namespaces;
        tokio::select! {
            () = definition::wait(&shared.client, namespaces, say) => {}
            () = shutdown.cancelled() => break,
        }
        if let Some(elector) = &mut elector {
            tokio::select! {
                () = elector.acquire() => {}
                () = shutdown.cancelled() => break,
            }
        }
        metrics.leads.store(true, Ordering::Relaxed);
        tracing::info!(image = shared.options.image, "keeping RSACrackers");
        lead(&shared, elector.as_mut(), &shutdown).await;
        metrics.leads.store(false, Ordering::Relaxed);
    }
    if let Some(elector) = &mut elector {
        elector.release().await;
    }
    Ok(())
}

/// Runs the controllers until shutdown, the loss of the Lease, or of the definition.
async fn lead(shared: &Shared, elector: Option<&mut Elector>, shutdown: &CancellationToken) {
    let stop = shutdown.child_token();
    let namespaces = &shared.options.namespaces;
    let scopes: Vec<Option<String>> = if namespaces.is_empty() {
        vec![None]
    } else {
        let once: BTreeSet<&String> = namespaces.iter().collect();
        once.into_iter().cloned().map(Some).collect()
    };
    let controllers = join_all(
        scopes
            .into_iter()
            .map(|scope| tokio::spawn(controller::run(shared.clone(), scope, stop.clone()))),
    );
    let mut controllers = std::pin::pin!(controllers);
    let held = async {
        match elector {
            Some(elector) => elector.hold().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = &mut controllers => return,
        () = held => stop.cancel(),
    }
    // What is under way ends; it writes nothing more, because the gate is closed.
    controllers.await;
}
