//! The group that AKS makes for the nodes: noted while the cluster can name it, confirmed gone,
//! and deleted where it outlives the cluster, because it is what costs. `down` calls it.

use super::Azure;
use super::cluster::State as ClusterState;
use super::group::Group;
use super::id::same;
use super::session::Session;
use super::steps::NODE_GROUP;
use super::versions::RESOURCES;
use crate::provider::{ProviderError, Say};
use crate::stack::read_optional;
use rsac_arm::Class;
use serde_json::Value;
use std::time::Duration;

/// How long something may stay after Azure says that its deletion ended.
const GONE: Duration = Duration::from_secs(1200);
/// How long a deletion may take that nobody follows: as long as one that is followed.
const GOING: Duration = Duration::from_secs(2 * 60 * 60);
/// How long AKS is left to delete the nodes' group itself, once the cluster is gone.
const OUTLIVED: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// A group, as far as this caller may see it.
enum Seen {
    Gone,
    Hidden,
    There(Value),
}

fn is_going(group: &Value) -> bool {
    let state = group.pointer("/properties/provisioningState");
    let state = state.and_then(Value::as_str).unwrap_or_default();
    state.eq_ignore_ascii_case("Deleting")
}

impl Azure {
    pub(super) fn node_group_kept(&self) -> Option<String> {
        read_optional(&self.folder().join(NODE_GROUP))
            .ok()
            .flatten()
    }

    /// The group that holds the nodes: as it was noted, or as Azure says.
    pub(super) async fn node_group(
        &self,
        session: &Session,
    ) -> Result<Option<String>, ProviderError> {
        if let Some(noted) = self.node_group_kept() {
            return Ok(Some(noted));
        }
        let declared = self.declaration()?;
        let found = self.managed(&declared)?.look(session).await?;
        let name = found.node_group();
        if let Some(name) = &name {
            self.note_nodes(name)?;
        }
        Ok(name)
    }

    /// Notes the group that holds the nodes.
    pub(crate) fn note_nodes(&self, name: &str) -> Result<(), ProviderError> {
        self.remember(NODE_GROUP, name)
    }

    async fn seen(&self, group: &Group) -> Result<Seen, ProviderError> {
        match self.session()?.arm.get(&group.id, RESOURCES).await {
            Ok(None) => Ok(Seen::Gone),
            Ok(Some(there)) => Ok(Seen::There(there)),
            Err(error) if error.class() == Class::Permission => {
                self.keep(format!(
                    "resource group {}, if it is still there: this caller may not see it",
                    group.name
                ));
                Ok(Seen::Hidden)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether a group is there. One that this caller may not see counts as gone, and the
    /// report says that it could not be seen.
    pub(super) async fn is_there(&self, group: &Group) -> Result<bool, ProviderError> {
        Ok(matches!(self.seen(group).await?, Seen::There(_)))
    }

    /// Waits until a group is gone; answers whether that could be seen.
    pub(super) async fn gone(&self, group: &Group, say: Say<'_>) -> Result<bool, ProviderError> {
        let session = self.session()?;
        let (mut waited, mut was_going) = (Duration::ZERO, false);
        loop {
            let is_going = match self.seen(group).await? {
                Seen::Gone => return Ok(true),
                Seen::Hidden => return Ok(false),
                Seen::There(there) => is_going(&there),
            };
            let name = &group.name;
            if was_going && !is_going {
                return Err(ProviderError::Failed(format!(
                    "Azure gave the deletion of resource group {name} up; its activity log says why"
                )));
            }
            let most = if is_going { GOING } else { GONE };
            if waited >= most {
                return Err(ProviderError::Failed(format!(
                    "resource group {name} is still there {} s after its deletion",
                    waited.as_secs()
                )));
            }
            was_going = is_going;
            say(&format!("resource group {name} is going"));
            session.pause(LOOK_AGAIN).await;
            waited += LOOK_AGAIN;
        }
    }

    /// Waits until the nodes' group is gone, the cluster being so. AKS deletes it; where it does
    /// not, it is deleted here.
    pub(super) async fn nodes_gone(&self, say: Say<'_>) -> Result<(), ProviderError> {
        let Some(name) = self.node_group_kept() else {
            return Ok(());
        };
        let session = self.session()?;
        let nodes = Group::of(session, &name);
        if self.outlives(&nodes, say).await? {
            say(&format!("deleting {name}, which outlived its cluster"));
            if let Some(operation) = nodes.delete(session).await? {
                session.follow(&operation, say).await?;
            }
        }
        if self.gone(&nodes, say).await? {
            self.deleted(nodes.id);
        }
        Ok(())
    }

    /// Whether it stays though the cluster is gone that it is managed by.
    async fn outlives(&self, nodes: &Group, say: Say<'_>) -> Result<bool, ProviderError> {
        let (session, declared) = (self.session()?, self.declaration()?);
        let managed = self.managed(&declared)?;
        let mut waited = Duration::ZERO;
        loop {
            let Seen::There(there) = self.seen(nodes).await? else {
                return Ok(false);
            };
            let by = there.get("managedBy").and_then(Value::as_str);
            let is_of_cluster = by.is_some_and(|by| same(by, &managed.id.path()));
            if is_going(&there) || !is_of_cluster {
                return Ok(false);
            }
            if !matches!(managed.look(session).await?, ClusterState::Absent) {
                return Ok(false);
            }
            if waited >= OUTLIVED {
                return Ok(true);
            }
            say(&format!("resource group {} is going", nodes.name));
            session.pause(LOOK_AGAIN).await;
            waited += LOOK_AGAIN;
        }
    }
}
