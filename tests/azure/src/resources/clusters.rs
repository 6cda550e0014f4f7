//! Microsoft.ContainerService/managedClusters: create, update, delete, abort, rotation of
//! certificates, credentials.

use super::{cluster_body, cluster_rules, compute, credentials, groups, node_group};
use super::{listed, named, not_allowed, not_found};
use crate::answer::{Answer, Reply};
use crate::fault_answers;
use crate::gateway::Call;
use crate::operations::{Begin, Deed, Outcome, Style};
use crate::request::same;
use serde_json::{Value, json};

/// The type, in Azure's own spelling.
pub(crate) const KIND: &str = "Microsoft.ContainerService/managedClusters";

/// Everything about clusters.
pub(crate) fn handle(call: &mut Call<'_>) -> Reply {
    let action = call.action.clone();
    match (call.request.method.as_str(), action.as_deref()) {
        ("GET", None) if call.target.ends_in_type() => listed(call, KIND),
        ("GET", None) => read(call),
        ("PUT", None) if !call.target.ends_in_type() => put(call),
        ("DELETE", None) if !call.target.ends_in_type() => delete(call),
        ("POST", Some(word)) if same(word, "abort") => abort(call),
        ("POST", Some(word)) if same(word, "rotateClusterCertificates") => rotate(call),
        ("POST", Some(word)) if same(word, "listClusterUserCredential") => {
            credentials::list(call, "clusterUser")
        }
        ("POST", Some(word)) if same(word, "listClusterAdminCredential") => {
            credentials::list(call, "clusterAdmin")
        }
        _ => Err(not_allowed(call)),
    }
}

fn read(call: &mut Call<'_>) -> Reply {
    let api = call.api.clone();
    let cluster = named(call)?;
    Ok(Answer::indented(
        200,
        shown(&cluster.body, &cluster.etag, &api),
    ))
}

/// From 2024-09-01 on bodies carry their ETag.
fn shown(body: &Value, etag: &str, api: &str) -> Value {
    let mut body = body.clone();
    if api >= "2025-10-01" {
        body["eTag"] = json!(plain(etag));
    }
    body
}

/// An ETag as AKS writes it: the bare GUID.
fn plain(etag: &str) -> &str {
    etag.trim_start_matches("W/").trim_matches('"')
}

fn put(call: &mut Call<'_>) -> Reply {
    call.need_writable()?;
    groups::tags(&call.body)?;
    let location = call.need_location()?;
    cluster_rules::fields(&call.api, "ManagedCluster", &call.body)?;
    let path = call.target.path.clone();
    check_match(call, &path)?;
    let old = call
        .world
        .state
        .resource(&path)
        .map(|one| (one.id.clone(), one.body.clone()));
    let asked = call.body.clone();
    let wanted = asked["properties"]["kubernetesVersion"]
        .as_str()
        .unwrap_or_default();
    if cluster_body::version(wanted).is_none() {
        return Err(Answer::aks(
            400,
            "K8sVersionNotSupported",
            "",
            format!(
                "Managed cluster {} is on version {wanted} which is not supported in this \
                 region. Please use [az aks get-versions] command to get the supported version \
                 list in this region. For more information, please check \
                 https://aka.ms/supported-version-list",
                call.target.name()
            ),
        ));
    }
    let restricted = call.world.settings.restricted_sizes.clone();
    let group = call.target.group.clone().unwrap_or_default();
    let group = call
        .world
        .state
        .group(&group)
        .map_or(group.clone(), |one| one.name.clone());
    let subscription = call.world.settings.subscription.clone();
    let (status, state, id) = match &old {
        None => {
            cluster_rules::cluster(call.target.name(), &asked, &restricted)?;
            // AKS writes "resourcegroups" small, unlike everybody else.
            let id = format!(
                "/subscriptions/{subscription}/resourcegroups/{group}/providers/{KIND}/{}",
                call.target.name()
            );
            (201, "Creating", id)
        }
        Some((id, old)) => {
            check_idle(call, &path)?;
            change(old, &asked, &restricted)?;
            (200, "Updating", id.clone())
        }
    };
    let guid = call.world.state.guid();
    let about = cluster_body::About {
        id: &id,
        group: &group,
        location: &location,
        tenant: &call.world.settings.tenant,
        guid: &guid,
        state,
    };
    let body = cluster_body::cluster(&asked, old.as_ref().map(|(_, body)| body), &about);
    compute::enough_cores(call.world, &id, &body, &location)?;
    if old.is_none() {
        node_group::open(call.world, &id, &body)?;
    }
    call.world.put(&id, KIND, body.clone());
    if old.is_none() {
        call.hide(&id);
    }
    let etag = call
        .world
        .state
        .resource(&id)
        .map(|one| one.etag.clone())
        .unwrap_or_default();
    let answer = Answer::indented(status, shown(&body, &etag, &call.api));
    let operation = begin(call, &id, &location, Deed::Cluster, stages(&body));
    Ok(call.world.announce(answer, &operation, false))
}

fn stages(body: &Value) -> Vec<String> {
    let pools = body["properties"]["agentPoolProfiles"].as_array();
    let nodes: i64 = pools
        .into_iter()
        .flatten()
        .filter_map(|pool| pool["count"].as_i64())
        .sum();
    vec![
        "InProgress".into(),
        "ProvisioningNetworkResources".into(),
        "ProvisioningControlPlane".into(),
        "ReconcilingDNS".into(),
        "CreatingAgentPool".into(),
        format!("CreatingAgentPool: 0/{nodes} nodes completed"),
        format!("CreatingAgentPool: {nodes}/{nodes} nodes completed"),
    ]
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

/// What an update may not change, and the rules for pools that it brings.
fn change(old: &Value, asked: &Value, restricted: &[String]) -> Result<(), Answer> {
    cluster_rules::unchanged(
        old,
        asked,
        &[
            "properties.dnsPrefix",
            "properties.nodeResourceGroup",
            "properties.linuxProfile.adminUsername",
            "properties.networkProfile.networkPlugin",
            "properties.networkProfile.serviceCidr",
            "properties.networkProfile.podCidr",
            "properties.networkProfile.dnsServiceIP",
            "properties.networkProfile.loadBalancerSku",
        ],
    )?;
    let held = old["properties"]["agentPoolProfiles"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    for pool in asked["properties"]["agentPoolProfiles"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let name = pool["name"].as_str().unwrap_or_default();
        cluster_rules::pool(name, pool, restricted)?;
        if let Some(held) = held.iter().find(|held| held["name"] == pool["name"]) {
            cluster_rules::unchanged(held, pool, super::pools::FIXED)?;
        }
    }
    Ok(())
}

/// 409 while another operation has the cluster.
pub(crate) fn check_idle(call: &Call<'_>, cluster: &str) -> Result<(), Answer> {
    let busy = call.world.running(cluster).is_some();
    let Some(cluster) = call.world.state.resource(cluster) else {
        return Ok(());
    };
    let state = cluster.provisioning();
    let settled = ["Succeeded", "Failed", "Canceled"].contains(&state);
    if busy || !settled {
        Err(fault_answers::cluster_busy(state))
    } else {
        Ok(())
    }
}

/// `If-Match` and `If-None-Match`, as AKS holds to them.
fn check_match(call: &Call<'_>, path: &str) -> Result<(), Answer> {
    let there = call
        .world
        .state
        .resource(path)
        .map(|one| plain(&one.etag).to_owned());
    let wanted = call.request.header("if-match").map(plain);
    let free = call.request.header("if-none-match");
    let broken = match (wanted, free, &there) {
        (Some("*"), _, None) => true,
        (Some(wanted), _, Some(held)) => wanted != "*" && wanted != held,
        (Some(_), _, None) => true,
        (None, Some("*"), Some(_)) => true,
        _ => false,
    };
    if broken {
        Err(fault_answers::etag_mismatch())
    } else {
        Ok(())
    }
}

fn delete(call: &mut Call<'_>) -> Reply {
    call.need_group()?;
    let path = call.target.path.clone();
    let Some(cluster) = call.world.state.resource(&path).cloned() else {
        return Ok(Answer::empty(204));
    };
    call.need_unlocked("delete", true)?;
    check_match(call, &path)?;
    let location = cluster.body["location"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let running = call
        .world
        .running(&path)
        .map(|one| (one.id.clone(), one.deed.clone()));
    let operation = match running {
        Some((id, Deed::DeleteCluster)) => id,
        Some((id, _)) if call.world.settings.delete_preempts => {
            call.world.end(&id, Outcome::Canceled);
            start_delete(call, &cluster.id, &location)
        }
        Some(_) => return Err(fault_answers::cluster_busy(cluster.provisioning())),
        None => start_delete(call, &cluster.id, &location),
    };
    Ok(call.world.announce(Answer::empty(202), &operation, true))
}

fn start_delete(call: &mut Call<'_>, id: &str, location: &str) -> String {
    call.world.state.set_provisioning(id, "Deleting");
    begin(
        call,
        id,
        location,
        Deed::DeleteCluster,
        vec!["InProgress".into()],
    )
}

fn abort(call: &mut Call<'_>) -> Reply {
    call.need_group()?;
    let path = call.target.path.clone();
    let Some(cluster) = call.world.state.resource(&path).cloned() else {
        return Err(not_found(call));
    };
    let running = call.world.running(&path).map(|one| one.deed.clone());
    if !matches!(running, Some(Deed::Cluster | Deed::Pool)) {
        return Err(Answer::aks(
            409,
            "OperationNotAllowed",
            "AbortLatestOperation_NotAllowed",
            "There is no operation in progress that can be aborted.",
        ));
    }
    let location = cluster.body["location"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    call.world.state.set_provisioning(&path, "Canceling");
    let operation = begin(
        call,
        &cluster.id,
        &location,
        Deed::Abort,
        vec!["InProgress".into()],
    );
    Ok(call.world.announce(Answer::empty(202), &operation, true))
}

/// `az aks rotate-certs`: a new authority, and no kubeconfig from before leads in any more.
fn rotate(call: &mut Call<'_>) -> Reply {
    call.need_group()?;
    let path = call.target.path.clone();
    let Some(cluster) = call.world.state.resource(&path).cloned() else {
        return Err(not_found(call));
    };
    call.need_unlocked("write", false)?;
    check_idle(call, &path)?;
    let location = cluster.body["location"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let state = "RotatingClusterCertificates";
    call.world.state.set_provisioning(&cluster.id, state);
    let stages = vec!["InProgress".into(), state.into()];
    let operation = begin(call, &cluster.id, &location, Deed::Rotate, stages);
    Ok(call.world.announce(Answer::empty(202), &operation, true))
}
