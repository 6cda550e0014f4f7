//! Microsoft.ContainerRegistry/registries: create, delete, names that are taken, the admin
//! user. `loginServer` is the registry of the settings.

use super::{groups, listed, named, not_allowed, not_found};
use crate::answer::{Answer, Reply};
use crate::gateway::Call;
use crate::operations::{Begin, Deed, Operation, Outcome, Style};
use crate::request::same;
use crate::world::World;
use serde_json::json;

/// The type, in Azure's own spelling.
pub(crate) const KIND: &str = "Microsoft.ContainerRegistry/registries";

/// Everything about registries.
pub(crate) fn handle(call: &mut Call<'_>) -> Reply {
    let action = call.action.clone();
    match (call.request.method.as_str(), action.as_deref()) {
        ("GET", None) if call.target.ends_in_type() => listed(call, KIND),
        ("GET", None) => Ok(Answer::json(200, named(call)?.body.clone())),
        ("PUT", None) if !call.target.ends_in_type() => put(call),
        ("DELETE", None) if !call.target.ends_in_type() => delete(call),
        ("POST", Some("checkNameAvailability")) => available(call),
        ("POST", Some(word)) if same(word, "generateCredentials") => {
            super::registry_tokens::generate(call)
        }
        ("POST", Some(word)) if same(word, "listCredentials") => admin(call),
        _ => Err(not_allowed(call)),
    }
}

/// Why a name cannot be a registry's.
fn bad_name(name: &str) -> Option<String> {
    let fits =
        (5..=50).contains(&name.len()) && name.bytes().all(|one| one.is_ascii_alphanumeric());
    (!fits).then(|| {
        "The specified registry name does not meet the requirements: 5 to 50 letters and digits."
            .to_owned()
    })
}

/// Registry names are one for all of Azure.
fn taken(call: &Call<'_>, name: &str, but: &str) -> bool {
    let root = call.world.root();
    call.world
        .settings
        .taken_registries
        .iter()
        .any(|one| same(one, name))
        || call
            .world
            .state
            .of_kind(KIND, &root)
            .any(|one| same(one.name(), name) && !same(&one.id, but))
}

fn available(call: &mut Call<'_>) -> Reply {
    call.need_registered()?;
    let name = call.body["name"].as_str().unwrap_or_default().to_owned();
    if !call.body["type"]
        .as_str()
        .is_some_and(|kind| same(kind, KIND))
    {
        return Err(Answer::service(
            400,
            "InvalidRequestType",
            format!("The type must be {KIND}."),
        ));
    }
    let (reason, message) = match bad_name(&name) {
        Some(message) => ("Invalid", message),
        None if taken(call, &name, "") => (
            "AlreadyExists",
            format!("The registry {name} is already in use."),
        ),
        None => return Ok(Answer::json(200, json!({"nameAvailable": true}))),
    };
    Ok(Answer::json(
        200,
        json!({"nameAvailable": false, "reason": reason, "message": message}),
    ))
}

fn put(call: &mut Call<'_>) -> Reply {
    call.need_writable()?;
    let tags = groups::tags(&call.body)?;
    let location = call.need_location()?;
    let name = call.target.name().to_owned();
    if let Some(message) = bad_name(&name) {
        return Err(Answer::service(400, "InvalidRegistryName", message));
    }
    let path = call.target.path.clone();
    if taken(call, &name, &path) {
        return Err(Answer::service(
            409,
            "AlreadyInUse",
            format!(
                "The registry DNS name {name}.azurecr.io is already in use. You can check if the \
                 name is already claimed using the checkNameAvailability API."
            ),
        ));
    }
    let tier = call.body["sku"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if !["Basic", "Standard", "Premium"].contains(&tier.as_str()) {
        return Err(Answer::service(
            400,
            "SkuNotSupported",
            format!("The SKU '{tier}' is not supported: Basic, Standard or Premium."),
        ));
    }
    let there = call.world.state.resource(&path).map(|one| one.id.clone());
    let (status, word) = if there.is_some() {
        (200, "Updating")
    } else {
        (201, "Creating")
    };
    let id = there.unwrap_or_else(|| call.fresh_id());
    let server = call.world.settings.registry.clone();
    let mut body = json!({
        "sku": {"name": tier, "tier": tier}, "type": KIND, "id": id, "name": name,
        "location": location,
        "properties": {
            "loginServer": server.unwrap_or_else(|| format!("{}.azurecr.io", name.to_lowercase())),
            "creationDate": crate::world::now(), "provisioningState": word,
            "adminUserEnabled": call.body["properties"]["adminUserEnabled"] == json!(true),
            "encryption": {"status": "disabled"}, "dataEndpointEnabled": false,
            "dataEndpointHostNames": [], "privateEndpointConnections": [],
            "publicNetworkAccess": "Enabled", "networkRuleBypassOptions": "AzureServices",
            "zoneRedundancy": "Disabled", "anonymousPullEnabled": false
        }
    });
    body["tags"] = json!(tags.unwrap_or_default());
    call.world.put(&id, KIND, body.clone());
    if status == 201 {
        call.hide(&id);
    }
    let operation = begin(call, &id, &location, Deed::Settle, Style::Plain);
    Ok(call
        .world
        .announce(Answer::json(status, body), &operation, false))
}

/// Begins an operation of this service.
pub(crate) fn begin(
    call: &mut Call<'_>,
    id: &str,
    location: &str,
    deed: Deed,
    style: Style,
) -> String {
    let api = call.api.clone();
    let stages = vec!["Creating".into()];
    call.world.begin(Begin {
        style,
        deed,
        resource: id,
        location,
        api: &api,
        stages,
    })
}

fn delete(call: &mut Call<'_>) -> Reply {
    call.need_group()?;
    let path = call.target.path.clone();
    let Some(registry) = call.world.state.resource(&path).cloned() else {
        return Ok(Answer::empty(204));
    };
    call.need_unlocked("delete", true)?;
    let location = registry.body["location"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    call.world.state.set_provisioning(&path, "Deleting");
    let running = call.world.running(&registry.id).map(|one| one.id.clone());
    if let Some(id) = running {
        call.world.end(&id, Outcome::Canceled);
    }
    let operation = begin(call, &registry.id, &location, Deed::Delete, Style::Plain);
    Ok(call.world.announce(Answer::empty(202), &operation, true))
}

fn admin(call: &mut Call<'_>) -> Reply {
    call.need_group()?;
    let path = call.target.path.clone();
    let Some(registry) = call.world.state.resource(&path).cloned() else {
        return Err(not_found(call));
    };
    if registry.body["properties"]["adminUserEnabled"] != json!(true) {
        return Err(Answer::service(
            400,
            "UnAuthorizedForCredentialOperations",
            format!("Cannot perform credential operations for {path} as admin user is disabled."),
        ));
    }
    let password = call.world.settings.registry_password.0.clone();
    Ok(Answer::json(
        200,
        json!({
            "username": registry.name(),
            "passwords": [
                {"name": "password", "value": password}, {"name": "password2", "value": password}
            ]
        }),
    ))
}

/// A registry's or token's operation has ended: what Azure says of the resource changes with
/// it, except where it has gone.
pub(crate) fn settled(world: &mut World, operation: &Operation) {
    let registry = operation
        .resource
        .to_ascii_lowercase()
        .contains("microsoft.containerregistry");
    if registry
        && matches!(operation.deed, Deed::Answer(_))
        && world.state.resource(&operation.resource).is_some()
    {
        world
            .state
            .set_provisioning(&operation.resource, "Succeeded");
    }
}
