//! How operations on clusters and their pools end: what is there afterwards, and in which state.
//! `operations` calls it when one has had its looks.

use super::node_group;
use crate::operations::{Deed, Operation, Outcome};
use crate::request::same;
use crate::world::World;
use serde_json::json;

/// An abort has come through: what ran is canceled, and so is the cluster.
pub(crate) fn aborted(world: &mut World, cluster: &str, own: &str) {
    let others: Vec<String> = world
        .state
        .operations
        .values()
        .filter(|one| one.id != own && one.outcome.is_none() && same(&one.resource, cluster))
        .map(|one| one.id.clone())
        .collect();
    for id in others {
        world.end(&id, Outcome::Canceled);
    }
    set_all(world, cluster, "Canceled");
}

/// The end of an operation on a cluster or its pools.
pub(crate) fn ended(world: &mut World, operation: &Operation, outcome: &Outcome) {
    let id = operation.resource.as_str();
    if *outcome == Outcome::Succeeded {
        match operation.deed {
            Deed::DeleteCluster => return remove(world, id),
            Deed::DeletePool => super::pools::remove(world, id),
            Deed::Rotate => {
                let rotated = world.state.rotated.entry(id.to_ascii_lowercase());
                *rotated.or_default() += 1;
            }
            _ => {
                node_group::furnish(world, id);
                node_group::adopt_outbound_address(world, id);
            }
        }
    }
    let word = match outcome {
        Outcome::Succeeded => "Succeeded",
        Outcome::Failed(..) => "Failed",
        Outcome::Canceled => "Canceled",
    };
    set_all(world, id, word);
}

fn set_all(world: &mut World, cluster: &str, word: &str) {
    world.state.set_provisioning(cluster, word);
    if let Some(cluster) = world.state.resource_mut(cluster)
        && let Some(pools) = cluster.body["properties"]["agentPoolProfiles"].as_array_mut()
    {
        for pool in pools {
            pool["provisioningState"] = json!(word);
        }
    }
}

/// Removes a cluster and its node resource group.
pub(crate) fn remove(world: &mut World, id: &str) {
    if let Some(cluster) = world.state.resource(id) {
        let group = cluster.body["properties"]["nodeResourceGroup"]
            .as_str()
            .unwrap_or_default();
        let group = group.to_owned();
        world.state.remove_group(&group);
    }
    world.state.rotated.remove(&id.to_ascii_lowercase());
    world.state.remove(id);
}
