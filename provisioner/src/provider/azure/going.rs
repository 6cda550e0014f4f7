//! What `down` is going to delete on Azure, and what may not go; and at its end, what is left.
//! The provider's `going`, `leftovers` and `is_gone` call it, and `removal` before it deletes.

use super::Azure;
use super::cluster::State as ClusterState;
use super::group::{Group, State as GroupState, foreign, ids};
use super::registry::Registry;
use super::session::Session;
use super::tags::Owner;
use crate::provider::{Provider, ProviderError};

impl Azure {
    /// What goes, a line each; an error where it may not.
    pub(super) async fn to_go(&self) -> Result<Vec<String>, ProviderError> {
        let (session, group) = (self.session()?, self.group()?);
        let mut lines = Vec::new();
        match group.look(session, &self.stack.record.id).await? {
            GroupState::Absent => lines.extend(self.nodes_to_go(session).await?),
            GroupState::There { is_going: true, .. } => {
                lines.push(format!(
                    "resource group {}, which is being deleted",
                    group.name
                ));
            }
            GroupState::There {
                owner: Owner::Ours, ..
            } => {
                lines.extend(self.group_to_go(session, &group).await?.1);
            }
            GroupState::There { .. } => lines.extend(self.own_in(session, &group).await?),
        }
        if let Some(assigned) = self.assigned() {
            lines.push(format!("the nodes' role, {assigned}"));
        }
        if self.stack.once.down.with_network_watcher {
            let location = self.declaration()?.location;
            lines.push(format!(
                "the network watcher of {location}, where that is safe"
            ));
        }
        Ok(lines)
    }

    /// The ids of what is in it, and lines for people; an error where it may not go.
    pub(super) async fn group_to_go(
        &self,
        session: &Session,
        group: &Group,
    ) -> Result<(Vec<String>, Vec<String>), ProviderError> {
        let resources = group.resources(session).await?;
        let ours = [self.declaration()?.cluster.id, self.registry(group)?.id];
        let foreign = foreign(&resources, &self.stack.record.id, &ours);
        if !foreign.is_empty() && !self.stack.once.down.force {
            return Err(ProviderError::Conflict {
                what: format!(
                    "resource group {} has what rsac-infra did not make:\n  {}",
                    group.name,
                    foreign.join("\n  ")
                ),
                remedy: "move it away; or --force deletes it with the group".to_owned(),
            });
        }
        let mut locks = group.locks(session).await?;
        let mut lines = vec![format!("resource group {}", group.name)];
        let within = ids(&resources);
        lines.extend(within.iter().map(|resource| format!("  {resource}")));
        if let Some(nodes) = self.node_group(session).await? {
            let nodes = Group::of(session, &nodes);
            if self.is_there(&nodes).await? {
                let count = nodes.resources(session).await?.len();
                locks.extend(nodes.locks(session).await?);
                lines.push(format!(
                    "resource group {} with {count} resources",
                    nodes.name
                ));
            }
        }
        match locks.as_slice() {
            [] => Ok((within, lines)),
            locks => Err(ProviderError::Setting {
                what: format!("locks forbid the deletion:\n  {}", locks.join("\n  ")),
                remedy: "whoever set them may remove them: rsac-infra removes none".to_owned(),
            }),
        }
    }

    /// The nodes' group, where it outlived the cluster.
    async fn nodes_to_go(&self, session: &Session) -> Result<Option<String>, ProviderError> {
        let Some(nodes) = self.node_group_kept() else {
            return Ok(None);
        };
        let nodes = Group::of(session, &nodes);
        let is_there = self.is_there(&nodes).await?;
        Ok(is_there.then(|| format!("resource group {}, the nodes'", nodes.name)))
    }

    /// What of ours is in a group that stays.
    async fn own_in(&self, session: &Session, group: &Group) -> Result<Vec<String>, ProviderError> {
        let mut lines = Vec::new();
        let declared = self.declaration()?;
        let stack = &self.stack.record.id;
        if let ClusterState::There { resource, .. } = self.managed(&declared)?.look(session).await?
            && super::tags::owner(&resource, stack) == Owner::Ours
        {
            lines.push(format!("cluster {}", declared.cluster.id));
        }
        let registry = self.registry(group)?;
        if session
            .arm
            .get(&registry.id, super::versions::REGISTRY)
            .await?
            .is_some()
        {
            lines.push(format!("registry {}", registry.id));
        }
        Ok(lines)
    }

    pub(super) fn registry(&self, group: &Group) -> Result<Registry, ProviderError> {
        let subscription = &self.session()?.subscription;
        Ok(Registry::of(&group.id, subscription, &self.stack.record.id))
    }

    /// What is left, without what stays on purpose.
    pub(super) async fn left(&self) -> Result<Vec<String>, ProviderError> {
        let session = self.session()?;
        if self.is_going() {
            return Ok(Vec::new());
        }
        let (group, declared) = (self.group()?, self.declaration()?);
        let mut left = Vec::new();
        match group.look(session, &self.stack.record.id).await? {
            GroupState::Absent => {}
            GroupState::There {
                owner: Owner::Ours, ..
            } => left.push(group.id.clone()),
            GroupState::There { .. } => {
                if let ClusterState::There { resource, .. } =
                    self.managed(&declared)?.look(session).await?
                    && super::tags::owner(&resource, &self.stack.record.id) == Owner::Ours
                {
                    left.push(declared.cluster.id.clone());
                }
            }
        }
        if let Some(nodes) = self.node_group_kept() {
            let nodes = Group::of(session, &nodes);
            if self.is_there(&nodes).await? {
                left.push(nodes.id);
            }
        }
        Ok(left)
    }

    /// Whether the cluster is surely gone, with all jobs that it had.
    pub(super) async fn is_no_cluster(&self) -> Result<bool, ProviderError> {
        let (session, group) = (self.session()?, self.group()?);
        match group.look(session, &self.stack.record.id).await? {
            GroupState::Absent => Ok(true),
            GroupState::There { .. } => {
                let found = self.managed(&self.declaration()?)?.look(session).await?;
                Ok(matches!(found, ClusterState::Absent) || found.is_going())
            }
        }
    }
}
