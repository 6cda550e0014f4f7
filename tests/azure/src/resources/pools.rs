//! Agent pools of a cluster. They live in the cluster's body, as in AKS.

use super::{cluster_body, cluster_rules, clusters, compute, listing, node_group, not_allowed};
use crate::answer::{Answer, Reply};
use crate::gateway::Call;
use crate::operations::{Begin, Deed, Style};
use crate::request::same;
use crate::world::World;
use serde_json::{Value, json};

/// What cannot change once a pool is there.
pub(crate) const FIXED: &[&str] = &[
    "vmSize",
    "osDiskSizeGB",
    "osType",
    "type",
    "scaleSetPriority",
    "osDiskType",
    "maxPods",
];

/// Everything about agent pools.
pub(crate) fn handle(call: &mut Call<'_>) -> Reply {
    let cluster = match call.target.ends_in_type() {
        true => call.target.parent_path(),
        false => super::tracked::parent_of(&call.target.path),
    };
    let cluster = cluster.to_owned();
    call.need_group()?;
    if !call.visible(&cluster) {
        return Err(no_cluster(call));
    }
    match call.request.method.as_str() {
        "GET" if call.target.ends_in_type() => {
            let items = profiles(call.world, &cluster);
            let items = items
                .iter()
                .map(|profile| shown(call.world, &cluster, profile))
                .collect();
            listing::answer(call, items)
        }
        "GET" => {
            let profile = find(call, &cluster).ok_or_else(|| no_pool(call, &cluster))?;
            Ok(Answer::indented(200, shown(call.world, &cluster, &profile)))
        }
        "PUT" if !call.target.ends_in_type() => put(call, &cluster),
        "DELETE" if !call.target.ends_in_type() => delete(call, &cluster),
        _ => Err(not_allowed(call)),
    }
}

fn no_cluster(call: &Call<'_>) -> Answer {
    let settings = &call.world.settings;
    Answer::aks(
        404,
        "NotFound",
        "GetManagedCluster_NotFound_HCPServerError",
        format!(
            "Could not find managed cluster resource: {} in subscription: {}, resourceGroup: {}.",
            call.target.names.first().cloned().unwrap_or_default(),
            settings.subscription,
            call.target.group.clone().unwrap_or_default()
        ),
    )
}

fn no_pool(call: &Call<'_>, cluster: &str) -> Answer {
    let settings = &call.world.settings;
    Answer::indented(
        404,
        json!({
            "code": "NotFound",
            "details": [{
                "code": "Unspecified",
                "message": "rpc error: code = NotFound desc = Agent Pool not found"
            }],
            "message": format!(
                "Could not find the agentpool: {} in subscription: {}, resourceGroup: {}, \
                 resourceName: {}.",
                call.target.name(),
                settings.subscription,
                call.target.group.clone().unwrap_or_default(),
                cluster.rsplit('/').next().unwrap_or_default()
            ),
            "subcode": "GetAgentPool_NotFound_HCPServerError"
        }),
    )
}

fn profiles(world: &World, cluster: &str) -> Vec<Value> {
    let cluster = world.state.resource(cluster);
    let pools = cluster.and_then(|one| one.body["properties"]["agentPoolProfiles"].as_array());
    pools.cloned().unwrap_or_default()
}

fn find(call: &Call<'_>, cluster: &str) -> Option<Value> {
    let name = call.target.name();
    profiles(call.world, cluster)
        .into_iter()
        .find(|one| one["name"].as_str().is_some_and(|own| same(own, name)))
}

fn shown(world: &World, cluster: &str, profile: &Value) -> Value {
    let id = world
        .state
        .resource(cluster)
        .map_or(cluster, |one| one.id.as_str());
    let mut properties = profile.clone();
    let name = properties["name"].take();
    if let Some(fields) = properties.as_object_mut() {
        fields.remove("name");
    }
    json!({
        "id": format!("{id}/agentPools/{}", name.as_str().unwrap_or_default()),
        "name": name, "type": "Microsoft.ContainerService/managedClusters/agentPools",
        "properties": properties
    })
}

fn put(call: &mut Call<'_>, cluster: &str) -> Reply {
    call.need_writable()?;
    cluster_rules::fields(&call.api, "AgentPool", &call.body)?;
    clusters::check_idle(call, cluster)?;
    let old = find(call, cluster);
    let mut asked = call.body["properties"].clone();
    let restricted = call.world.settings.restricted_sizes.clone();
    cluster_rules::pool(call.target.name(), &asked, &restricted)?;
    if let Some(old) = &old {
        cluster_rules::unchanged(old, &asked, FIXED)?;
    }
    let Some(owner) = call.world.state.resource(cluster).cloned() else {
        return Err(no_cluster(call));
    };
    let name = call.target.name().to_owned();
    let (status, state) = if old.is_some() {
        (200, "Updating")
    } else {
        (201, "Creating")
    };
    asked["name"] = json!(name);
    let version = owner.body["properties"]["currentKubernetesVersion"].as_str();
    let profile = cluster_body::pool(&asked, old.as_ref(), version.unwrap_or_default(), state);
    let mut body = owner.body.clone();
    let mut pools = profiles(call.world, cluster);
    pools.retain(|one| one["name"] != profile["name"]);
    pools.push(profile.clone());
    body["properties"]["agentPoolProfiles"] = json!(pools);
    body["properties"]["provisioningState"] = json!("Updating");
    let location = body["location"].as_str().unwrap_or_default().to_owned();
    compute::enough_cores(call.world, &owner.id, &body, &location)?;
    call.world.put(&owner.id, clusters::KIND, body);
    let answer = Answer::indented(status, shown(call.world, cluster, &profile));
    let nodes = profile["count"].as_i64().unwrap_or(0);
    let stages = vec![
        "InProgress".into(),
        format!("CreatingAgentPool: 0/{nodes} nodes completed"),
    ];
    let operation = begin(call, &owner.id, &location, Deed::Pool, stages);
    Ok(call.world.announce(answer, &operation, false))
}

fn begin(call: &mut Call<'_>, id: &str, location: &str, deed: Deed, stages: Vec<String>) -> String {
    let api = call.api.clone();
    call.world.begin(Begin {
        style: Style::Aks,
        deed,
        resource: id,
        location,
        api: &api,
        stages,
    })
}

fn delete(call: &mut Call<'_>, cluster: &str) -> Reply {
    let Some(profile) = find(call, cluster) else {
        return Ok(Answer::empty(204));
    };
    call.need_unlocked("delete", true)?;
    clusters::check_idle(call, cluster)?;
    let systems = profiles(call.world, cluster)
        .iter()
        .filter(|one| one["mode"] == "System" && one["name"] != profile["name"])
        .count();
    if profile["mode"] == "System" && systems == 0 {
        return Err(Answer::aks(
            400,
            "OperationNotAllowed",
            "",
            "There must be at least one system agent pool in the cluster.",
        ));
    }
    let Some(owner) = call.world.state.resource_mut(cluster) else {
        return Err(no_cluster(call));
    };
    if let Some(pools) = owner.body["properties"]["agentPoolProfiles"].as_array_mut() {
        for pool in pools
            .iter_mut()
            .filter(|one| one["name"] == profile["name"])
        {
            pool["provisioningState"] = json!("Deleting");
        }
    }
    let (id, location) = (
        owner.id.clone(),
        owner.body["location"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    );
    let operation = begin(
        call,
        &id,
        &location,
        Deed::DeletePool,
        vec!["InProgress".into()],
    );
    Ok(call.world.announce(Answer::empty(202), &operation, true))
}

/// Takes out the pools that are being deleted, with their scale sets.
pub(crate) fn remove(world: &mut World, cluster: &str) {
    if let Some(owner) = world.state.resource_mut(cluster)
        && let Some(pools) = owner.body["properties"]["agentPoolProfiles"].as_array_mut()
    {
        pools.retain(|one| one["provisioningState"] != "Deleting");
    }
    node_group::furnish(world, cluster);
}
