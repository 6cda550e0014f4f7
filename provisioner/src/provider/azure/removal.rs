//! `down` on Azure: what goes, what stays and why, and that it is gone.

use super::Azure;
use super::group::State as GroupState;
use super::steps::{CLUSTER, GROUP, IMAGE, KUBECONFIG, PROVIDERS, WATCHERS};
use super::tags::Owner;
use super::watcher::{self, neighbour::kept_for, neighbour::neighbour};
use crate::provider::kubernetes::NAMESPACE;
use crate::provider::{Provider, ProviderError, Say, Undone};
use std::sync::PoisonError;
use std::time::Duration;
use tokio::time::timeout;

/// How long a cluster may take to delete the stack's jobs, before all of it is deleted.
const JOBS: Duration = Duration::from_secs(120);

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
            self.note_nodes(&nodes)?;
        }
        if is_ours {
            managed.settle(session, &state, say).await?;
            return Ok(Undone::Left);
        }
        if let Some(operation) = managed.delete(session, &state, stack, say).await? {
            if self.stack.once.down.no_wait {
                self.goes_on();
                return Ok(Undone::Going);
            }
            session.follow(&operation, say).await?;
            self.deleted(&declared.cluster.id);
        }
        managed.forget()?;
        self.nodes_gone(say).await?;
        super::deployment::forget(self, session, say).await?;
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
            GroupState::There { is_going: true, .. } if self.stack.once.down.no_wait => {
                self.goes_on();
                return Ok(Undone::Going);
            }
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
                    return Ok(Undone::Going);
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
        self.nodes_gone(say).await?;
        let _ = std::fs::remove_file(super::cluster::kept_in(self.folder()));
        Ok(Undone::Gone)
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
        let own = Some(self.stack.record.id.as_str());
        if let Some(other) = neighbour(self.state(), place, own) {
            self.keep(kept_for(&other, &declared.location));
            return Ok(Undone::Left);
        }
        let removed = watcher::remove(session, &records, &declared.location, say).await?;
        let (deleted, kept) = removed.told(&declared.location);
        deleted.into_iter().for_each(|id| self.deleted(id));
        kept.into_iter().for_each(|line| self.keep(line));
        Ok(Undone::Gone)
    }
}
