//! Microsoft.Authorization: locks, role assignments, and what a caller may do.

use super::{listing, not_allowed, not_found};
use crate::answer::{Answer, Reply};
use crate::gateway::Call;
use crate::request::{same, within};
use serde_json::json;

const LOCKS: &str = "Microsoft.Authorization/locks";

/// `GET {scope}/providers/Microsoft.Authorization/permissions`.
pub(crate) fn permissions(call: &mut Call<'_>) -> Reply {
    if call.request.method != "GET" {
        return Err(not_allowed(call));
    }
    call.need_group()?;
    let grants = call
        .caller
        .grants
        .iter()
        .filter(|grant| within(&call.target.scope, &grant.scope));
    let items = grants
        .map(|grant| {
            json!({
                "actions": grant.actions, "notActions": grant.not_actions,
                "dataActions": [], "notDataActions": []
            })
        })
        .collect();
    listing::answer(call, items)
}

/// Locks and role assignments.
pub(crate) fn handle(call: &mut Call<'_>) -> Reply {
    match call.request.method.as_str() {
        "GET" if call.target.ends_in_type() => list(call),
        "GET" => {
            call.need_group()?;
            let there = call.world.state.resource(&call.target.path);
            there
                .map(|one| Answer::json(200, one.body.clone()))
                .ok_or_else(|| missing(call))
        }
        "PUT" if !call.target.ends_in_type() => put(call),
        "DELETE" if !call.target.ends_in_type() => {
            call.need_group()?;
            let path = call.target.path.clone();
            if call.world.state.resource(&path).is_none() {
                return Ok(Answer::empty(204));
            }
            call.world.state.remove(&path);
            Ok(Answer::empty(200))
        }
        _ => Err(not_allowed(call)),
    }
}

fn missing(call: &Call<'_>) -> Answer {
    if call.kind.name == LOCKS {
        return Answer::gateway(
            404,
            "LockNotFound",
            format!("The lock '{}' could not be found.", call.target.name()),
        );
    }
    not_found(call)
}

fn list(call: &mut Call<'_>) -> Reply {
    call.need_group()?;
    let scope = call.target.scope.clone();
    let above_only = match call.request.query("$filter").as_deref() {
        None | Some("") => false,
        Some("atScope()") => true,
        Some(other) => {
            return Err(Answer::gateway(
                400,
                "InvalidFilterInQueryString",
                format!("Invalid $filter '{other}' specified in the query string."),
            ));
        }
    };
    let root = call.world.root();
    let items = call
        .world
        .state
        .of_kind(call.kind.name, &root)
        .filter(|one| {
            let own = one.id.rsplit_once("/providers/").map_or("", |(own, _)| own);
            within(&scope, own) || (!above_only && within(own, &scope))
        })
        .filter(|one| call.may_read(call.kind.name, &one.id))
        .map(|one| one.body.clone())
        .collect();
    listing::answer(call, items)
}

fn put(call: &mut Call<'_>) -> Reply {
    call.need_group()?;
    let scope = call.target.scope.clone();
    // An extension needs what it is to be put on.
    if scope.contains("/providers/") && call.world.state.resource(&scope).is_none() {
        return Err(Answer::gateway(
            404,
            "ResourceNotFound",
            format!("The Resource '{scope}' was not found."),
        ));
    }
    let properties = call.body["properties"].clone();
    if call.kind.name == LOCKS {
        let level = properties["level"].as_str().unwrap_or_default();
        if !["CanNotDelete", "ReadOnly"].contains(&level) {
            return Err(Answer::gateway(
                400,
                "InvalidLockLevel",
                format!("The lock level '{level}' is invalid: CanNotDelete or ReadOnly."),
            ));
        }
    } else {
        assignment(call, &properties)?;
    }
    let path = call.target.path.clone();
    let there = call.world.state.resource(&path).map(|one| one.id.clone());
    let status = if there.is_some() { 200 } else { 201 };
    let id = there.unwrap_or_else(|| call.fresh_id());
    let body = json!({
        "properties": properties, "id": id, "type": call.kind.name, "name": call.target.name()
    });
    call.world.state.put(&id, call.kind.name, body.clone());
    Ok(Answer::json(status, body))
}

fn assignment(call: &Call<'_>, properties: &serde_json::Value) -> Result<(), Answer> {
    let name = call.target.name();
    let guid = name.len() == 36
        && name
            .bytes()
            .all(|one| one == b'-' || one.is_ascii_hexdigit());
    let role = properties["roleDefinitionId"].as_str().unwrap_or_default();
    if !guid || role.is_empty() || properties["principalId"].as_str().is_none() {
        return Err(Answer::gateway(
            400,
            "BadRequestFormat",
            "A role assignment's name is a GUID; it needs roleDefinitionId and principalId.",
        ));
    }
    let scope = call.target.scope.as_str();
    let twin = call.world.state.of_kind(call.kind.name, scope).any(|one| {
        let held = &one.body["properties"];
        !same(&one.id, &call.target.path)
            && held["principalId"] == properties["principalId"]
            && held["roleDefinitionId"]
                .as_str()
                .is_some_and(|own| same(own, role))
    });
    if twin {
        return Err(Answer::gateway(
            409,
            "RoleAssignmentExists",
            "The role assignment already exists.",
        ));
    }
    Ok(())
}
