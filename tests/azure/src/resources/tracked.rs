//! Resources of which the simulator knows no more than that they are there: networks, network
//! watchers and what hangs on them, load balancers, addresses, disks, scale sets, identities.
//! Begins operations as Microsoft.Network does.

use super::{groups, listing, named, no_parent, not_allowed, not_found};
use crate::answer::{Answer, Reply};
use crate::gateway::Call;
use crate::operations::{Begin, Deed, Style};
use crate::request::{same, within};
use crate::state::Resource;
use serde_json::{Value, json};

/// Everything about them.
pub(crate) fn handle(call: &mut Call<'_>) -> Reply {
    match call.request.method.as_str() {
        "GET" if call.target.ends_in_type() => list(call),
        "GET" => read(call),
        "PUT" if !call.target.ends_in_type() => put(call),
        "DELETE" if !call.target.ends_in_type() => delete(call),
        _ => Err(not_allowed(call)),
    }
}

fn list(call: &mut Call<'_>) -> Reply {
    call.need_group()?;
    call.need_registered()?;
    let below = if call.target.types.len() > 1 {
        let parent = call.target.parent_path().to_owned();
        if !call.visible(&parent) {
            return Err(not_found(call));
        }
        parent
    } else {
        call.target.scope.clone()
    };
    let kind = call.kind.name;
    let all = call.world.state.of_kind(kind, &below);
    let items = all
        .filter(|one| one.hidden == 0 && call.may_read(kind, &one.id))
        .map(|one| shown(one, kind))
        .collect();
    listing::answer(call, items)
}

fn read(call: &mut Call<'_>) -> Reply {
    let kind = call.kind.name;
    let resource = named(call)?;
    let answer = Answer::json(200, shown(resource, kind));
    Ok(if kind.starts_with("Microsoft.Network/") {
        answer.with("ETag", &resource.etag)
    } else {
        answer
    })
}

/// A resource as its service shows it: Microsoft.Network writes ETags into the body.
fn shown(resource: &Resource, kind: &str) -> Value {
    let mut body = resource.body.clone();
    if kind.starts_with("Microsoft.Network/") {
        body["etag"] = json!(resource.etag);
    }
    body
}

fn put(call: &mut Call<'_>) -> Reply {
    call.need_writable()?;
    let tags = groups::tags(&call.body)?;
    let location = if call.kind.tracked {
        Some(call.need_location()?)
    } else {
        None
    };
    let path = call.target.path.clone();
    if call.target.types.len() > 1 && call.world.state.resource(parent_of(&path)).is_none() {
        return Err(no_parent(call));
    }
    check_match(call, &path)?;
    check_one_watcher(call, location.as_deref())?;
    if let Some(running) = call.world.running(&path) {
        return Err(crate::fault_answers::another_operation(&running.id));
    }
    let known = call.world.state.resource(&path);
    let (status, id, guid) = match known {
        Some(there) => (
            200,
            there.id.clone(),
            there.body["properties"]["resourceGuid"].clone(),
        ),
        None => (201, call.fresh_id(), json!(call.world.state.guid())),
    };
    let name = id.rsplit('/').next().unwrap_or_default();
    let mut body = json!({"name": name, "id": id, "type": call.kind.name});
    if let Some(location) = &location {
        body["location"] = json!(location);
    }
    if let Some(tags) = tags {
        body["tags"] = json!(tags);
    }
    for field in ["sku", "identity", "zones"] {
        if let Some(value) = call.body.get(field) {
            body[field] = value.clone();
        }
    }
    let mut properties = call.body["properties"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    properties.insert("provisioningState".into(), json!("Updating"));
    if same(call.kind.name, "Microsoft.Network/networkWatchers") {
        properties.insert("runningOperationIds".into(), json!([]));
    } else {
        properties.insert("resourceGuid".into(), guid);
    }
    body["properties"] = json!(properties);
    call.world.put(&id, call.kind.name, body);
    call.hide(&id);
    let Some(resource) = call.world.state.resource(&id) else {
        return Err(not_found(call));
    };
    let answer = Answer::json(status, shown(resource, call.kind.name));
    let api = call.api.clone();
    let operation = call.world.begin(Begin {
        style: Style::Plain,
        deed: Deed::Settle,
        resource: &id,
        location: location.as_deref().unwrap_or("global"),
        api: &api,
        stages: Vec::new(),
    });
    Ok(call.world.announce(
        answer.with("Azure-AsyncNotification", "Enabled"),
        &operation,
        false,
    ))
}

/// The path of the resource above: two words less.
pub(crate) fn parent_of(path: &str) -> &str {
    path.rsplitn(3, '/').nth(2).unwrap_or_default()
}

/// One network watcher a region and subscription.
fn check_one_watcher(call: &Call<'_>, location: Option<&str>) -> Result<(), Answer> {
    let kind = "Microsoft.Network/networkWatchers";
    if call.kind.name != kind || call.world.state.resource(&call.target.path).is_some() {
        return Ok(());
    }
    let root = call.world.root();
    let there = call
        .world
        .state
        .of_kind(kind, &root)
        .find(|one| one.body["location"].as_str() == location);
    match there {
        None => Ok(()),
        Some(_) => Err(Answer::service(
            409,
            "NetworkWatcherCountLimitReached",
            format!(
                "Cannot create more than 1 network watchers for this subscription in region \
                 '{}'.",
                location.unwrap_or_default()
            ),
        )),
    }
}

/// `If-Match` and `If-None-Match`, as Microsoft.Network holds to them.
fn check_match(call: &Call<'_>, path: &str) -> Result<(), Answer> {
    let there = call.world.state.resource(path);
    let broken = |message: String| {
        Err(Answer::json(
            412,
            json!({"error": {
                "code": "PreconditionFailed", "message": "Precondition Failed",
                "details": [{"code": "PreconditionFailedEtagMismatch", "message": message}]
            }}),
        ))
    };
    if let Some(wanted) = call.request.header("if-match") {
        match there {
            None => return broken(format!("If-Match was given, but {path} is not there.")),
            Some(one) if wanted != "*" && wanted != one.etag => {
                return broken(format!(
                    "Etag provided in if-match header {wanted} does not match etag {} of \
                     resource {path} in NRP data store.",
                    one.etag
                ));
            }
            Some(_) => {}
        }
    }
    match (call.request.header("if-none-match"), there) {
        (Some("*"), Some(_)) => broken(format!(
            "If-None-Match: * was given, but resource {path} is there."
        )),
        _ => Ok(()),
    }
}

fn delete(call: &mut Call<'_>) -> Reply {
    call.need_group()?;
    let path = call.target.path.clone();
    let Some(resource) = call.world.state.resource(&path).cloned() else {
        return Ok(Answer::empty(204));
    };
    call.need_unlocked("delete", true)?;
    check_match(call, &path)?;
    in_use(call, &resource)?;
    let running = call
        .world
        .running(&path)
        .map(|one| (one.id.clone(), one.deed.clone()));
    let operation = match running {
        Some((id, Deed::Delete)) => id,
        Some((id, _)) => return Err(crate::fault_answers::another_operation(&id)),
        None => {
            call.world.state.set_provisioning(&path, "Deleting");
            let location = resource.body["location"]
                .as_str()
                .unwrap_or("global")
                .to_owned();
            let api = call.api.clone();
            call.world.begin(Begin {
                style: Style::Plain,
                deed: Deed::Delete,
                resource: &resource.id,
                location: &location,
                api: &api,
                stages: Vec::new(),
            })
        }
    };
    let answer = Answer::empty(202).with("Azure-AsyncNotification", "Enabled");
    Ok(call.world.announce(answer, &operation, true))
}

/// A network in which a cluster's nodes run cannot go.
fn in_use(call: &Call<'_>, resource: &Resource) -> Result<(), Answer> {
    if !resource.kind.starts_with("Microsoft.Network/") || resource.kind.contains("networkWatchers")
    {
        return Ok(());
    }
    let Some((group, _)) = resource.id.split_once("/providers/") else {
        return Ok(());
    };
    let user = call
        .world
        .state
        .of_kind("Microsoft.Compute/virtualMachineScaleSets", group)
        .find(|one| within(&one.id, group));
    match user {
        None => Ok(()),
        Some(user) => Err(Answer::service(
            400,
            "InUseResourceCannotBeDeleted",
            format!(
                "Resource {} is in use by {} and cannot be deleted.",
                resource.id, user.id
            ),
        )),
    }
}
