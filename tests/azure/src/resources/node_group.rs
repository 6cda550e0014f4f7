//! The node resource group of a cluster (`MC_…`): the things that cost money. AKS makes it at
//! once, fills it on the way, and takes it away with the cluster.

use super::compute;
use crate::answer::Answer;
use crate::state::Group;
use crate::world::World;
use serde_json::{Value, json};

/// Makes the group when a cluster is created.
pub(crate) fn open(world: &mut World, cluster: &str, body: &Value) -> Result<(), Answer> {
    let name = body["properties"]["nodeResourceGroup"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if let Some(there) = world.state.group(&name) {
        let ours = there
            .managed_by
            .as_deref()
            .is_some_and(|by| by.eq_ignore_ascii_case(cluster));
        if !ours || there.provisioning == "Deleting" {
            return Err(Answer::aks(
                409,
                "ResourceGroupAlreadyExists",
                "",
                format!(
                    "The node resource group {name} already exists. Please choose another \
                     nodeResourceGroup."
                ),
            ));
        }
        return Ok(());
    }
    let words: Vec<&str> = cluster.split('/').collect();
    let tags = json!({
        "aks-managed-cluster-name": words.last().copied().unwrap_or_default(),
        "aks-managed-cluster-rg": words.get(4).copied().unwrap_or_default()
    });
    let group = Group {
        id: format!("{}/resourceGroups/{name}", world.root()),
        name: name.clone(),
        location: body["location"].as_str().unwrap_or_default().into(),
        tags: tags.as_object().cloned(),
        managed_by: Some(cluster.into()),
        provisioning: "Succeeded".into(),
        hidden: 0,
    };
    world.state.groups.insert(name.to_ascii_lowercase(), group);
    Ok(())
}

/// Fills the group, or brings it in line with the cluster's pools.
pub(crate) fn furnish(world: &mut World, cluster: &str) {
    let Some(owner) = world.state.resource(cluster).cloned() else {
        return;
    };
    let properties = &owner.body["properties"];
    let name = properties["nodeResourceGroup"].as_str().unwrap_or_default();
    let Some(group) = world.state.group(name).map(|group| group.id.clone()) else {
        return;
    };
    let location = owner.body["location"].clone();
    let tags = owner.body.get("tags").cloned().unwrap_or_else(|| json!({}));
    let mark: u32 = cluster.bytes().fold(7, |sum: u32, byte| {
        sum.wrapping_mul(31)
            .wrapping_add(u32::from(byte.to_ascii_lowercase()))
    });
    let mark = mark % 90_000_000 + 10_000_000;
    let put = |world: &mut World, kind: &str, name: &str, extra: Value| {
        let id = format!("{group}/providers/{kind}/{name}");
        if world
            .state
            .resource(&id)
            .is_some_and(|there| there.body["sku"] == extra["sku"])
        {
            return;
        }
        let mut body = json!({
            "name": name, "id": id, "type": kind, "location": location, "tags": tags,
            "properties": {"provisioningState": "Succeeded"}
        });
        if let Some(fields) = extra.as_object() {
            for (field, value) in fields {
                body[field] = value.clone();
            }
        }
        world.put(&id, kind, body);
    };
    let none = json!({});
    put(
        world,
        "Microsoft.Network/virtualNetworks",
        &format!("aks-vnet-{mark}"),
        none.clone(),
    );
    let guard = format!("aks-agentpool-{mark}-nsg");
    put(
        world,
        "Microsoft.Network/networkSecurityGroups",
        &guard,
        none.clone(),
    );
    put(
        world,
        "Microsoft.Network/loadBalancers",
        "kubernetes",
        json!({"sku": {"name": "Standard"}}),
    );
    let address = format!("{mark:08x}-0000-4000-8000-{:012x}", u64::from(mark));
    put(
        world,
        "Microsoft.Network/publicIPAddresses",
        &address,
        json!({"sku": {"name": "Standard"}}),
    );
    let identity = format!("{}-agentpool", owner.name());
    put(
        world,
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        &identity,
        none,
    );
    let mut kept = Vec::new();
    for pool in properties["agentPoolProfiles"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let name = format!(
            "aks-{}-{mark}-vmss",
            pool["name"].as_str().unwrap_or_default()
        );
        let priority = pool["scaleSetPriority"].as_str().unwrap_or("Regular");
        let set = json!({
            "sku": {"name": pool["vmSize"], "tier": "Standard", "capacity": pool["count"]},
            "properties": {
                "provisioningState": "Succeeded", "virtualMachineProfile": {"priority": priority}
            }
        });
        put(world, compute::SCALE_SETS, &name, set);
        kept.push(name);
    }
    world.state.resources.retain(|_, one| {
        one.kind != compute::SCALE_SETS
            || !crate::request::within(&one.id, &group)
            || kept.iter().any(|name| name == one.name())
    });
}

/// Tells the cluster of its outbound address and its nodes' identity.
pub(crate) fn adopt_outbound_address(world: &mut World, cluster: &str) {
    let Some(owner) = world.state.resource(cluster).cloned() else {
        return;
    };
    let name = owner.body["properties"]["nodeResourceGroup"]
        .as_str()
        .unwrap_or_default();
    let Some(group) = world.state.group(name).map(|group| group.id.clone()) else {
        return;
    };
    let first = |kind: &str| {
        world
            .state
            .of_kind(kind, &group)
            .next()
            .map(|one| one.id.clone())
    };
    let address = first("Microsoft.Network/publicIPAddresses");
    let identity = first("Microsoft.ManagedIdentity/userAssignedIdentities");
    let (client, object) = (world.state.guid(), world.state.guid());
    if let Some(owner) = world.state.resource_mut(cluster) {
        let properties = &mut owner.body["properties"];
        properties["networkProfile"]["loadBalancerProfile"]["effectiveOutboundIPs"] =
            json!([{"id": address}]);
        if properties["identityProfile"].is_null() {
            properties["identityProfile"] = json!({"kubeletidentity": {
                "resourceId": identity, "clientId": client, "objectId": object
            }});
        }
    }
}
