//! Scope maps and tokens of a registry, and the passwords that tokens get: a pull credential
//! that needs no role assignment.

use super::{listing, named, no_parent, not_allowed, not_found, registries};
use crate::answer::{Answer, Reply};
use crate::gateway::Call;
use crate::operations::{Deed, Style};
use crate::request::same;
use serde_json::{Value, json};

/// Scope maps and tokens.
pub(crate) fn handle(call: &mut Call<'_>) -> Reply {
    match call.request.method.as_str() {
        "GET" if call.target.ends_in_type() => {
            call.need_group()?;
            let parent = call.target.parent_path().to_owned();
            let kind = call.kind.name;
            let all = call.world.state.of_kind(kind, &parent);
            let items = all.map(|one| one.body.clone()).collect();
            listing::answer(call, items)
        }
        "GET" => Ok(Answer::json(200, named(call)?.body.clone())),
        "PUT" if !call.target.ends_in_type() => put(call),
        "DELETE" if !call.target.ends_in_type() => delete(call),
        _ => Err(not_allowed(call)),
    }
}

fn location(call: &Call<'_>) -> Option<String> {
    let registry = super::tracked::parent_of(&call.target.path);
    let registry = call.world.state.resource(registry)?;
    Some(
        registry.body["location"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    )
}

fn put(call: &mut Call<'_>) -> Reply {
    call.need_writable()?;
    let Some(location) = location(call) else {
        return Err(no_parent(call));
    };
    let name = call.target.name().to_owned();
    let fits = (5..=50).contains(&name.len())
        && name
            .bytes()
            .all(|one| one.is_ascii_alphanumeric() || b"-_".contains(&one));
    if !fits {
        return Err(invalid(&format!(
            "The name '{name}' must have 5 to 50 letters, digits, '-' and '_'."
        )));
    }
    let mut properties = call.body["properties"].clone();
    if call.kind.name.ends_with("scopeMaps") {
        actions(&properties)?;
        properties["type"] = json!("UserDefined");
    } else {
        let registry = super::tracked::parent_of(&call.target.path).to_owned();
        scope_map(call, &properties, &registry)?;
        if properties["status"].is_null() {
            properties["status"] = json!("enabled");
        }
        properties["credentials"] = json!({});
    }
    properties["creationDate"] = json!(crate::world::now());
    properties["provisioningState"] = json!("Creating");
    let path = call.target.path.clone();
    let there = call.world.state.resource(&path).map(|one| one.id.clone());
    let status = if there.is_some() { 200 } else { 201 };
    let id = there.unwrap_or_else(|| call.fresh_id());
    let body = json!({"type": call.kind.name, "properties": properties, "id": id, "name": name});
    call.world.put(&id, call.kind.name, body.clone());
    if status == 201 {
        call.hide(&id);
    }
    let operation = registries::begin(call, &id, &location, Deed::Settle, Style::Plain);
    Ok(call
        .world
        .announce(Answer::json(status, body), &operation, false))
}

fn invalid(message: &str) -> Answer {
    Answer::service(400, "InvalidParameter", message)
}

/// `repositories/NAME/content/read` and its kin.
fn actions(properties: &Value) -> Result<(), Answer> {
    let actions = properties["actions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if actions.is_empty() {
        return Err(invalid("A scope map needs actions."));
    }
    for action in &actions {
        let action = action.as_str().unwrap_or_default();
        let (scope, verbs) = match action.split_once('/') {
            Some(("repositories", rest)) => (
                rest,
                [
                    "/content/read",
                    "/content/write",
                    "/content/delete",
                    "/metadata/read",
                    "/metadata/write",
                ],
            ),
            Some(("gateway", rest)) => (
                rest,
                [
                    "/config/read",
                    "/config/write",
                    "/message/read",
                    "/message/write",
                    "/message/write",
                ],
            ),
            _ => ("", [""; 5]),
        };
        let repository = verbs.iter().find_map(|verb| scope.strip_suffix(verb));
        if repository.is_none_or(str::is_empty) {
            return Err(invalid(&format!(
                "The action '{action}' is invalid. It must be like \
                 'repositories/NAME/content/read'."
            )));
        }
    }
    Ok(())
}

fn scope_map(call: &Call<'_>, properties: &Value, registry: &str) -> Result<(), Answer> {
    let id = properties["scopeMapId"].as_str().unwrap_or_default();
    let there = call.world.state.resource(id);
    let ours = there.is_some_and(|one| {
        crate::request::within(&one.id, registry) && one.kind.ends_with("/scopeMaps")
    });
    // Azure's own scope maps are there in every registry.
    let own = [
        "_repositories_pull",
        "_repositories_push",
        "_repositories_admin",
    ];
    let builtin = own
        .iter()
        .any(|name| same(id, &format!("{registry}/scopeMaps/{name}")));
    if ours || builtin {
        return Ok(());
    }
    Err(invalid(&format!(
        "The scope map '{id}' is not there in this registry."
    )))
}

fn delete(call: &mut Call<'_>) -> Reply {
    call.need_group()?;
    let path = call.target.path.clone();
    let (Some(one), Some(location)) = (call.world.state.resource(&path).cloned(), location(call))
    else {
        return Ok(Answer::empty(204));
    };
    call.need_unlocked("delete", true)?;
    let used = call.kind.name.ends_with("scopeMaps")
        && call
            .world
            .state
            .of_kind(
                "Microsoft.ContainerRegistry/registries/tokens",
                &call.world.root(),
            )
            .any(|token| {
                token.body["properties"]["scopeMapId"]
                    .as_str()
                    .is_some_and(|id| same(id, &path))
            });
    if used {
        return Err(Answer::service(
            409,
            "ScopeMapInUse",
            format!("The scope map '{}' is used by a token.", one.name()),
        ));
    }
    let operation = registries::begin(call, &one.id, &location, Deed::Delete, Style::Plain);
    Ok(call.world.announce(Answer::empty(202), &operation, true))
}

/// `POST …/registries/{name}/generateCredentials`.
pub(crate) fn generate(call: &mut Call<'_>) -> Reply {
    call.need_writable()?;
    let path = call.target.path.clone();
    let Some(registry) = call.world.state.resource(&path).cloned() else {
        return Err(not_found(call));
    };
    // This action came with the tokens: the versions of the registry itself do not have it.
    let token = call.body["tokenId"].as_str().unwrap_or_default().to_owned();
    let held = call.world.state.resource(&token).cloned();
    let Some(held) = held.filter(|one| crate::request::within(&one.id, &path)) else {
        return Err(Answer::service(
            404,
            "TokenNotFound",
            format!("The token '{token}' could not be found in this registry."),
        ));
    };
    if held.body["properties"]["status"] != json!("enabled") {
        return Err(invalid("Credentials are made for enabled tokens only."));
    }
    let which = match call.body["name"].as_str() {
        None => vec!["password1", "password2"],
        Some("password1") => vec!["password1"],
        Some("password2") => vec!["password2"],
        Some(other) => {
            return Err(invalid(&format!(
                "The password name '{other}' is invalid: password1 or password2."
            )));
        }
    };
    let value = call.world.settings.registry_password.0.clone();
    let passwords: Vec<Value> = which
        .iter()
        .map(|name| {
            let mut one = json!({
                "creationTime": crate::world::now(), "name": name, "value": value
            });
            if let Some(expiry) = call.body.get("expiry") {
                one["expiry"] = expiry.clone();
            }
            one
        })
        .collect();
    let answer = json!({"username": held.name(), "passwords": passwords});
    let location = registry.body["location"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let operation = registries::begin(
        call,
        &registry.id,
        &location,
        Deed::Answer(answer),
        Style::Location,
    );
    Ok(call.world.announce(Answer::empty(202), &operation, true))
}
