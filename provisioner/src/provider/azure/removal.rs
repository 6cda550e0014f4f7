//! `down` on Azure: what goes, what stays and why, and that it is gone.

use super::Azure;
use super::group::{Group, State as GroupState};
use super::steps::{CLUSTER, GROUP, IMAGE, KUBECONFIG, NODE_GROUP, PROVIDERS, WATCHERS};
use super::tags::Owner;
use super::versions::RESOURCES;
use super::watcher;
use crate::provider::kubernetes::NAMESPACE;
use crate::provider::{Provider, ProviderError, Say, Undone};
use crate::stack::read_optional;
use rsac_arm::Class;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::time::timeout;

/// How long a cluster may take to delete the stack's jobs, before all of it is deleted.
const JOBS: Duration = Duration::from_secs(120);
/// How long something may stay after Azure says that its deletion ended.
const GONE: Duration = Duration::from_secs(1200);
const LOOK_AGAIN: Duration = Duration::from_secs(5);

impl Azure {
    pub(super) async fn undone(&self, step: &str, say: Say<'_>) -> Result<Undone, ProviderError> {
        match step {
            NAMESPACE => self.delete_jobs(say).await,
            IMAGE => self.undo_image(say).await,
            KUBECONFIG => {
                self.take_access_back().await?;
                Ok(Undone::Gone)
            }
            CLUSTER => self.delete_cluster(say).await,
            GROUP => self.delete_group(say).await,
            WATCHERS => self.undo_watchers(say).await,
            PROVIDERS => {
                self.keep("the registrations of resource providers, which cost nothing");
                Ok(Undone::Left)
            }
            // CRD and operator go with the cluster.
            _ => Ok(Undone::Left),
        }
    }

    /// While the cluster answers; it goes with all that is in it either way.
    async fn delete_jobs(&self, say: Say<'_>) -> Result<Undone, ProviderError> {
        let work = async {
            match self.cluster().await? {
                Some(cluster) => self.within.undo(&cluster, NAMESPACE, say).await,
                None => Ok(Undone::Left),
            }
        };
        let why = match timeout(JOBS, work).await {
            Ok(Ok(undone)) => return Ok(undone),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no end in {} s", JOBS.as_secs()),
        };
        tracing::warn!("the jobs go with the cluster, which does not delete them: {why}");
        say("the cluster does not answer; its jobs go with it");
        Ok(Undone::Left)
    }

    /// In a group of ours the cluster goes with it; what goes on in it is ended before.
    async fn delete_cluster(&self, say: Say<'_>) -> Result<Undone, ProviderError> {
        let (session, group) = (self.session()?, self.group()?);
        let declared = self.declaration()?;
        let managed = self.managed(&declared)?;
        let stack = &self.stack.record.id;
        let is_ours = match group.look(session, stack).await? {
            GroupState::Absent | GroupState::There { is_going: true, .. } => {
                return Ok(Undone::Left);
            }
            GroupState::There { owner, .. } => owner == Owner::Ours,
        };
        let state = managed.look(session).await?;
        if !is_ours && managed.must_be_ours(&state, stack).is_err() {
            let id = &declared.cluster.id;
            self.keep(format!("cluster {id}, which this stack did not make"));
            return Ok(Undone::Left);
        }
        // The cluster is what names it: afterwards nobody could look for it.
        if let Some(nodes) = state.node_group() {
            self.remember(NODE_GROUP, &nodes)?;
        }
        if is_ours {
            managed.settle(session, &state, say).await?;
            return Ok(Undone::Left);
        }
        if let Some(operation) = managed.delete(session, &state, stack, say).await? {
            if self.stack.once.down.no_wait {
                self.goes_on();
                return Ok(Undone::Left);
            }
            session.follow(&operation, say).await?;
            self.deleted(&declared.cluster.id);
        }
        managed.forget()?;
        if let Some(nodes) = self.node_group_kept() {
            self.gone(&Group::of(session, &nodes), say).await?;
        }
        Ok(Undone::Gone)
    }

    fn goes_on(&self) {
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.is_going = true;
    }

    async fn delete_group(&self, say: Say<'_>) -> Result<Undone, ProviderError> {
        let (session, group) = (self.session()?, self.group()?);
        let found = group.look(session, &self.stack.record.id).await?;
        let mut going = Vec::new();
        match found {
            GroupState::Absent => {}
            GroupState::There { is_going: true, .. } => going.push(group.id.clone()),
            GroupState::There {
                owner: Owner::Ours, ..
            } => {
                // Again, right before: what came meanwhile is not deleted unseen.
                going = self.group_to_go(session, &group).await?.0;
                going.push(group.id.clone());
                let operation = group.delete(session).await?;
                if self.stack.once.down.no_wait {
                    self.goes_on();
                    return Ok(Undone::Left);
                }
                if let Some(operation) = operation {
                    session.follow(&operation, say).await?;
                }
            }
            GroupState::There { .. } => {
                self.keep(format!(
                    "resource group {}, which this stack did not make",
                    group.name
                ));
                return Ok(Undone::Left);
            }
        }
        self.gone(&group, say).await?;
        for id in going {
            self.deleted(id);
        }
        if let Some(nodes) = self.node_group_kept() {
            let nodes = Group::of(session, &nodes);
            self.gone(&nodes, say).await?;
            self.deleted(&nodes.id);
        }
        let _ = std::fs::remove_file(super::cluster::kept_in(self.folder()));
        Ok(Undone::Gone)
    }

    pub(super) fn node_group_kept(&self) -> Option<String> {
        read_optional(&self.folder().join(NODE_GROUP))
            .ok()
            .flatten()
    }

    /// Waits until a group is confirmed gone.
    async fn gone(&self, group: &Group, say: Say<'_>) -> Result<(), ProviderError> {
        let session = self.session()?;
        let mut waited = Duration::ZERO;
        while self.is_there(group).await? {
            if waited >= GONE {
                return Err(ProviderError::Failed(format!(
                    "resource group {} is still there {} s after its deletion",
                    group.name,
                    waited.as_secs()
                )));
            }
            say(&format!("resource group {} is going", group.name));
            session.pause(LOOK_AGAIN).await;
            waited += LOOK_AGAIN;
        }
        Ok(())
    }

    /// Whether a group is there. One that this caller may not see counts as gone, and the
    /// report says that it could not be seen.
    pub(super) async fn is_there(&self, group: &Group) -> Result<bool, ProviderError> {
        match self.session()?.arm.get(&group.id, RESOURCES).await {
            Ok(found) => Ok(found.is_some()),
            Err(error) if error.class() == Class::Permission => {
                self.keep(format!(
                    "resource group {}, if it is still there: this caller may not see it",
                    group.name
                ));
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn undo_watchers(&self, say: Say<'_>) -> Result<Undone, ProviderError> {
        let (session, declared) = (self.session()?, self.declaration()?);
        let records = self.records();
        let place = watcher::place(session, &declared.location);
        if self.is_going() || !self.stack.once.down.with_network_watcher {
            if records.open(place)?.is_some() {
                self.keep(
                    "the network watcher that Azure may have made, and the note about it: \
                     `rsac-infra down --with-network-watcher` sees to both",
                );
            }
            return Ok(Undone::Left);
        }
        let removed = watcher::remove(session, &records, &declared.location, say).await?;
        let (deleted, kept) = removed.told(&declared.location);
        deleted.into_iter().for_each(|id| self.deleted(id));
        kept.into_iter().for_each(|line| self.keep(line));
        Ok(Undone::Gone)
    }
}
