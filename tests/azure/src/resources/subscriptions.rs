//! The subscription itself: its regions, its resource providers and their registration, and
//! the list of all resources.

use super::listing::{self, Filter};
use super::not_allowed;
use crate::answer::{Answer, Reply};
use crate::gateway::Call;
use crate::request::same;
use crate::settings::WatcherCreation;
use crate::types;
use serde_json::{Value, json};

/// `GET /subscriptions` and `GET /subscriptions/{id}`.
pub(crate) fn handle(call: &mut Call<'_>) -> Reply {
    if call.request.method != "GET" {
        return Err(not_allowed(call));
    }
    let settings = &call.world.settings;
    let body = json!({
        "id": call.world.root(),
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": settings.subscription,
        "tenantId": settings.tenant,
        "displayName": "Simulated subscription",
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off"
        }
    });
    let seen = !call.caller.grants.is_empty();
    match (&call.target.subscription, seen) {
        (Some(_), true) => Ok(Answer::json(200, body)),
        (Some(id), false) => Err(Answer::gateway(
            404,
            "SubscriptionNotFound",
            format!("The subscription '{id}' could not be found."),
        )),
        (None, _) => listing::answer(call, if seen { vec![body] } else { Vec::new() }),
    }
}

/// `GET …/locations`.
pub(crate) fn locations(call: &mut Call<'_>) -> Reply {
    if call.request.method != "GET" || call.target.rest.len() > 1 {
        return Err(not_allowed(call));
    }
    let root = call.world.root();
    let items = call.world.settings.locations.iter().map(|name| {
        json!({
            "id": format!("{root}/locations/{name}"), "name": name, "type": "Region",
            "displayName": name, "regionalDisplayName": name,
            "metadata": {"regionType": "Physical", "regionCategory": "Recommended"}
        })
    });
    let items = items.collect();
    listing::answer(call, items)
}

/// `GET …/providers`, `GET …/providers/{namespace}`, `POST …/register` and `…/unregister`.
pub(crate) fn providers(call: &mut Call<'_>) -> Reply {
    let Some(namespace) = call.target.namespace.clone() else {
        let all = types::namespaces();
        let items = all.into_iter().map(|name| provider(call, name)).collect();
        return listing::answer(call, items);
    };
    let key = namespace.to_ascii_lowercase();
    match (call.request.method.as_str(), call.action.as_deref()) {
        ("GET", None) => {
            // Registering takes as long as an operation: each look brings it nearer.
            let word = call
                .world
                .state
                .providers
                .get(&key)
                .cloned()
                .unwrap_or_default();
            if let Some(left) = word.strip_prefix("Registering ") {
                let left = left.parse::<u32>().unwrap_or(0);
                let next = match left {
                    0 => "Registered".into(),
                    left => format!("Registering {}", left - 1),
                };
                call.world.state.providers.insert(key, next);
            }
            Ok(Answer::json(200, provider(call, &namespace)))
        }
        ("POST", Some(action)) if same(action, "register") || same(action, "unregister") => {
            let next = if same(action, "unregister") {
                "NotRegistered".to_owned()
            } else if call
                .world
                .state
                .providers
                .get(&key)
                .is_some_and(|one| one == "Registered")
                || call.world.settings.polls == 0
            {
                "Registered".into()
            } else {
                format!("Registering {}", call.world.settings.polls)
            };
            call.world.state.providers.insert(key, next);
            Ok(Answer::json(200, provider(call, &namespace)))
        }
        _ => Err(not_allowed(call)),
    }
}

fn provider(call: &Call<'_>, namespace: &str) -> Value {
    let word = call
        .world
        .state
        .providers
        .get(&namespace.to_ascii_lowercase());
    let word = word.map_or("NotRegistered", |one| {
        one.split(' ').next().unwrap_or_default()
    });
    let kinds = types::of(namespace).map(|kind| {
        let versions: Vec<&str> = kind.versions.iter().rev().copied().collect();
        json!({
            "resourceType": kind.short(), "apiVersions": versions,
            "locations": call.world.settings.locations, "capabilities": "None"
        })
    });
    let name = types::namespace(namespace).unwrap_or_default();
    json!({
        "id": format!("{}/providers/{name}", call.world.root()),
        "namespace": name,
        "resourceTypes": kinds.collect::<Vec<_>>(),
        "registrationState": word,
        "registrationPolicy": "RegistrationRequired"
    })
}

/// `GET …/providers/Microsoft.Features/providers/{namespace}/features/{name}`.
pub(crate) fn features(call: &mut Call<'_>) -> Reply {
    if call.request.method != "GET" || call.target.ends_in_type() {
        return Err(not_allowed(call));
    }
    let name = format!("{}/{}", call.target.names[0], call.target.name());
    let off = "Microsoft.Network/DisableNetworkWatcherAutocreation";
    let never = call.world.settings.watchers == WatcherCreation::Never;
    let state = if same(&name, off) && never {
        "Registered"
    } else {
        "NotRegistered"
    };
    if !same(&name, off) {
        return Err(Answer::gateway(
            404,
            "FeatureNotFound",
            format!("The feature '{}' could not be found.", call.target.name()),
        ));
    }
    Ok(Answer::json(
        200,
        json!({
            "properties": {"state": state}, "id": call.target.path,
            "type": "Microsoft.Features/providers/features", "name": name
        }),
    ))
}

/// `GET /subscriptions/{id}/resources` and `GET …/resourceGroups/{group}/resources`.
pub(crate) fn resources(call: &mut Call<'_>) -> Reply {
    if call.request.method != "GET" || call.target.rest.len() > 1 {
        return Err(not_allowed(call));
    }
    call.need_group()?;
    let filter = Filter::of(call)?;
    let below = match &call.target.group {
        Some(name) => call.world.state.group(name).map(|group| group.id.clone()),
        None => Some(call.world.root()),
    };
    let below = below.unwrap_or_default();
    // The gateway keeps a list of its own: top-level resources, ids in the usual spelling.
    let items = call
        .world
        .state
        .resources
        .values()
        .filter(|one| one.hidden == 0 && crate::request::within(&one.id, &below))
        .filter(|one| one.body.get("location").is_some())
        .filter(|one| call.may_read(&one.kind, &one.id))
        .map(|one| {
            let mut summary = one.summary();
            summary["id"] = json!(one.id.replace("/resourcegroups/", "/resourceGroups/"));
            summary
        })
        .filter(|summary| filter.passes(summary));
    let items = items.collect();
    listing::answer(call, items)
}
