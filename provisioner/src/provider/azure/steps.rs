//! `up` on Azure: what there is, what is missing, and each step.

use super::cluster::State as ClusterState;
use super::difference::{Difference, differences};
use super::group::{Group, State as GroupState};
use super::tags::{self, Owner};
use super::{Azure, pools, watcher};
use crate::provider::kubernetes::{has_operator, redo_operator, step};
use crate::provider::{ProviderError, Say, Step};
use crate::stack::StackError;
use serde_json::Value;
use std::sync::PoisonError;

pub(super) const WATCHERS: &str = "azure/watchers";
pub(super) const PROVIDERS: &str = "azure/providers";
pub(super) const GROUP: &str = "azure/group";
pub(super) const CLUSTER: &str = "azure/cluster";
pub(super) const KUBECONFIG: &str = "azure/kubeconfig";
pub(super) const IMAGE: &str = "azure/image";

/// The file with the name of the group that holds the nodes.
pub(super) const NODE_GROUP: &str = "azure-node-group";

/// Whether `up --only cluster` performs a step.
pub(super) fn is_of_cluster(step: &str) -> bool {
    [WATCHERS, PROVIDERS, GROUP, CLUSTER, KUBECONFIG].contains(&step)
}

impl Azure {
    pub(super) async fn observed(&self) -> Result<Vec<Step>, ProviderError> {
        let session = self.session()?;
        let (declared, group) = (self.declaration()?, self.group()?);
        let place = watcher::place(session, &declared.location);
        let mut steps = vec![Step {
            done: self.records().open(place)?.is_some(),
            ..step(WATCHERS, "note the network watchers".to_owned())
        }];
        let found = group.look(session, &self.stack.record.id).await?;
        let managed = self.managed(&declared)?;
        let cluster = match &found {
            GroupState::There {
                is_going: false, ..
            } => managed.look(session).await?,
            _ => ClusterState::Absent,
        };
        // Where there is a cluster, they are registered.
        if matches!(cluster, ClusterState::Absent) {
            let missing = super::preflight::unregistered(session).await?;
            if !missing.is_empty() {
                let title = format!("register resource providers {}", missing.join(", "));
                steps.push(step(PROVIDERS, title));
            }
        }
        let (title, done) = self.group_step(&group, &found, &declared.location)?;
        steps.push(Step {
            done,
            ..step(GROUP, title)
        });
        let changes = self.changes(&declared.cluster.body, &cluster);
        let is_noted = self.has_noted(&managed)?;
        steps.push(Step {
            done: cluster.is_ready() && changes.is_empty() && is_noted,
            ..step(
                CLUSTER,
                cluster_title(&declared, &cluster, &changes, is_noted),
            )
        });
        self.now_seen(found, cluster.clone());
        steps.push(Step {
            done: cluster.is_ready() && self.has_given_access()?,
            ..step(KUBECONFIG, self.access_title(&declared.cluster.name))
        });
        let mut within = self.observed_within(cluster.is_ready()).await?;
        if self.makes_image() && self.image_is_elsewhere() {
            redo_operator(&mut within);
        }
        if self.makes_image() {
            steps.push(Step {
                done: has_operator(&within),
                ..step(IMAGE, self.image_title())
            });
        }
        steps.extend(within);
        Ok(steps)
    }

    /// Whether the run that made the cluster came so far as to note it. A stack whose cluster
    /// no run here made has nothing to note.
    fn has_noted(&self, managed: &super::cluster::Managed) -> Result<bool, ProviderError> {
        let journal = self.stack.journal().map_err(StackError::from);
        let journal = journal.map_err(|error| ProviderError::Failed(error.to_string()))?;
        let is_noted = !managed.has_kept() && self.folder().join(NODE_GROUP).exists();
        Ok(is_noted || !journal.begun().contains(&CLUSTER))
    }

    fn now_seen(&self, group: GroupState, cluster: ClusterState) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = Some((group, cluster));
    }

    pub(super) fn was_seen(&self) -> Option<(GroupState, ClusterState)> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.take()
    }

    /// The steps within the cluster. One that does not answer hinders no `down`: its steps
    /// are shown as missing, and performing one says why it cannot be.
    async fn observed_within(&self, is_ready: bool) -> Result<Vec<Step>, ProviderError> {
        if is_ready && let Some(cluster) = self.cluster().await? {
            match self.within.observe(Some(&cluster)).await {
                Ok(steps) => return Ok(steps),
                Err(error) => tracing::debug!(%error, "the cluster does not answer"),
            }
        }
        self.within.observe(None).await
    }

    /// What is declared otherwise than it is. Tags tell the run, which a resumed or later
    /// `up` need not rewrite; and a key of the stack's own is made anew where it is lost.
    pub(super) fn changes(&self, body: &Value, cluster: &ClusterState) -> Vec<Difference> {
        let ClusterState::There { resource, .. } = cluster else {
            return Vec::new();
        };
        let is_own_key = !self.azure().parameters.contains_key(super::SSH_KEY);
        let mut changes = differences(body, resource);
        changes.retain(|change| {
            change.path != format!("tags/{}", tags::RUN)
                && !(change.path.ends_with("keyData")
                    && (is_own_key || super::ssh::is_same(&change.declared, &change.there)))
        });
        changes.extend(pools::unwanted(body, resource));
        changes
    }

    fn group_step(
        &self,
        group: &Group,
        found: &GroupState,
        location: &str,
    ) -> Result<(String, bool), ProviderError> {
        Ok(match found {
            GroupState::Absent => (
                format!("make resource group {} in {location}", group.name),
                false,
            ),
            GroupState::There { is_going: true, .. } => (
                format!(
                    "make resource group {} again, once it is deleted",
                    group.name
                ),
                false,
            ),
            GroupState::There {
                owner: Owner::Ours,
                resource,
                ..
            } => match tags::renewed(resource, &self.tags()?) {
                Some(_) => (
                    format!("renew the tags of resource group {}", group.name),
                    false,
                ),
                None => (
                    format!("make resource group {} in {location}", group.name),
                    true,
                ),
            },
            GroupState::There { .. } => (
                format!("use resource group {}, which stays", group.name),
                true,
            ),
        })
    }

    pub(super) async fn performed(&self, step: &str, say: Say<'_>) -> Result<(), ProviderError> {
        match step {
            WATCHERS => {
                let (session, declared) = (self.session()?, self.declaration()?);
                let (name, run) = (self.stack.name(), self.run()?);
                let (records, whose) = (self.records(), (name, run.as_str()));
                watcher::note(session, &records, &declared.location, whose).await?;
                Ok(())
            }
            PROVIDERS => self.register(say).await,
            GROUP => self.make_group(say).await,
            CLUSTER => self.make_cluster(say).await,
            KUBECONFIG => self.give_access(say).await,
            IMAGE => self.push_image(say).await,
            step => match self.cluster().await? {
                Some(cluster) => self.within.perform(&cluster, step, say).await,
                None => Err(ProviderError::Failed(
                    "the stack has no kubeconfig of its cluster".to_owned(),
                )),
            },
        }
    }
}

fn cluster_title(
    declared: &super::declaration::Declaration,
    cluster: &ClusterState,
    changes: &[Difference],
    is_noted: bool,
) -> String {
    let name = &declared.cluster.name;
    match cluster {
        _ if cluster.is_ready() && changes.is_empty() && !is_noted => {
            format!("note that cluster {name} is made")
        }
        ClusterState::Absent => format!("make cluster {}", declared.summary()),
        ClusterState::There { state, .. } if cluster.is_moving() => {
            format!("wait for cluster {name}, which is {state}")
        }
        _ if cluster.is_ready() && changes.is_empty() => {
            format!("make cluster {}", declared.summary())
        }
        ClusterState::There { state, .. } if changes.is_empty() => {
            format!("make cluster {name} anew, which is {state}")
        }
        ClusterState::There { .. } => {
            let change = |c: &Difference| match pools::taken_away(c) {
                Some(pool) => format!("take agent pool {pool} away"),
                None => format!("{} {} to {}", c.path, c.there, c.declared),
            };
            let changes: Vec<String> = changes.iter().map(change).collect();
            format!("change cluster {name}: {}", changes.join(", "))
        }
    }
}
