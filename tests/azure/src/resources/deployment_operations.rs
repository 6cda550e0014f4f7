//! What a deployment did, a line a resource: `…/deployments/{name}/operations`.

use super::deployments::{KIND, missing};
use super::{listing, not_allowed};
use crate::answer::Reply;
use crate::gateway::Call;
use crate::request::same;
use serde_json::{Value, json};

/// Answers it, under its old path or its new one.
pub(crate) fn handle(call: &mut Call<'_>) -> Reply {
    if call.request.method != "GET" {
        return Err(not_allowed(call));
    }
    call.need_group()?;
    let name = match call.target.rest.as_slice() {
        [_, name, ..] => name.clone(),
        _ => call.target.names.first().cloned().unwrap_or_default(),
    };
    let group = call
        .target
        .path
        .split('/')
        .take(5)
        .collect::<Vec<_>>()
        .join("/");
    let id = format!("{group}/providers/{KIND}/{name}");
    let Some(record) = call.world.state.resource(&id).cloned() else {
        return Err(missing(call));
    };
    let properties = &record.body["properties"];
    let one = |at: usize, id: &Value, state: &str, error: &Value| {
        let operation = format!("{:016X}", at + 1);
        let target = crate::request::Target::parse(id.as_str().unwrap_or_default());
        let target = target.unwrap_or_default();
        json!({
            "id": format!("{}/operations/{operation}", record.id), "operationId": operation,
            "properties": {
                "provisioningOperation": "Create", "provisioningState": state,
                "timestamp": properties["timestamp"], "duration": "PT1.9193252S",
                "trackingId": properties["correlationId"],
                "statusCode": if state == "Failed" { "Conflict" } else { "OK" },
                "statusMessage": error,
                "targetResource": {
                    "id": id, "resourceType": target.kind(), "resourceName": target.name()
                }
            }
        })
    };
    let made = properties["outputResources"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let running = call.world.running(&id).is_some();
    let word = if running { "Running" } else { "Succeeded" };
    let mut items: Vec<Value> = Vec::new();
    let error = &properties["error"];
    for (at, resource) in made.iter().enumerate() {
        let own = error["target"]
            .as_str()
            .is_some_and(|id| resource["id"].as_str().is_some_and(|own| same(own, id)));
        let error = if own {
            json!({"error": error["details"][0]})
        } else {
            Value::Null
        };
        items.push(one(
            at,
            &resource["id"],
            if own { "Failed" } else { word },
            &error,
        ));
    }
    if error.is_object()
        && !items
            .iter()
            .any(|item| item["properties"]["provisioningState"] == "Failed")
    {
        let inner = json!({"error": error["details"][0]});
        items.push(one(made.len(), &error["target"], "Failed", &inner));
    }
    listing::answer(call, items)
}
