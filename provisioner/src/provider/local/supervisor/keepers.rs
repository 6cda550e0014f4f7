//! A keeper for every resource, as resources come.

use super::keeper::{Keeper, KeeperEnd};
use super::process::Nursery;
use super::store::Store;
use crate::provider::local::layout::Layout;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long until a keeper that failed is begun again.
const PAUSE: Duration = Duration::from_secs(5);

/// Keeps all resources until the shutdown, and returns when their children have ended.
pub(super) async fn keep_all(
    store: Arc<Store>,
    layout: Layout,
    nursery: Nursery,
    http: reqwest::Client,
    shutdown: CancellationToken,
) {
    let mut changes = store.changes();
    let mut keepers = JoinSet::new();
    let mut kept = HashSet::new();
    while !shutdown.is_cancelled() {
        changes.borrow_and_update();
        for cracker in store.list() {
            let uid = cracker.metadata.uid.clone().unwrap_or_default();
            if kept.insert(uid.clone()) {
                let name = cracker.metadata.name.clone().unwrap_or_default();
                let store = store.clone();
                let keeper = Keeper::new(name, uid.clone(), store, &layout, &nursery, http.clone());
                let shutdown = shutdown.clone();
                // In a task of its own, so that a panic is an end like any other.
                let task = tokio::spawn(async move { keeper.keep(shutdown).await });
                keepers.spawn(async move { (uid, task.await) });
            }
        }
        tokio::select! {
            _ = changes.changed() => {}
            Some(ended) = keepers.join_next() => {
                if let Ok((uid, ended)) = ended {
                    if !matches!(ended, Ok(KeeperEnd::Gone)) {
                        tracing::error!(uid, "the keeper of a job ended: {ended:?}");
                        tokio::time::sleep(PAUSE).await;
                    }
                    kept.remove(&uid);
                }
            }
            () = shutdown.cancelled() => {}
        }
    }
    while keepers.join_next().await.is_some() {}
}
