//! `deployments/…/whatIf`: what a deployment would change. 202 with a `Location`, then the
//! list of changes; like the real one it compares what was asked for, not what it will be.

use super::evaluation;
use crate::answer::{Answer, Reply};
use crate::gateway::Call;
use crate::operations::{Begin, Deed, Style};
use crate::request::{same, within};
use serde_json::{Value, json};

/// Begins it.
pub(crate) fn handle(call: &mut Call<'_>) -> Reply {
    call.need_group()?;
    let deployment = evaluation::evaluated(call)?;
    let group = deployment.scope.group["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let mut changes = Vec::new();
    let mut touched = Vec::new();
    for (api, resource) in &deployment.resources {
        let id = resource["id"].as_str().unwrap_or_default();
        touched.push(id.to_owned());
        let mut after = resource.clone();
        after["apiVersion"] = json!(api);
        changes.push(match call.world.state.resource(id) {
            None => json!({"resourceId": id, "changeType": "Create", "after": after}),
            Some(there) => {
                let mut delta = Vec::new();
                differences("", &there.body, resource, &mut delta);
                let kind = if delta.is_empty() {
                    "NoChange"
                } else {
                    "Modify"
                };
                json!({
                    "resourceId": there.id, "changeType": kind, "before": there.body,
                    "after": after, "delta": delta
                })
            }
        });
    }
    for other in call.world.state.resources.values() {
        let listed = other.body.get("location").is_some() && within(&other.id, &group);
        if listed && !touched.iter().any(|id| same(id, &other.id)) {
            changes.push(json!({
                "resourceId": other.id, "changeType": "Ignore", "before": other.body,
                "after": other.body
            }));
        }
    }
    let correlation = call.world.state.guid();
    let answer = json!({
        "status": "Succeeded",
        "properties": {"correlationId": correlation, "changes": changes}
    });
    let api = call.api.clone();
    let path = call.target.path.clone();
    let operation = call.world.begin(Begin {
        style: Style::Location,
        deed: Deed::Answer(answer),
        resource: &path,
        location: "global",
        api: &api,
        stages: Vec::new(),
    });
    Ok(call.world.announce(Answer::empty(202), &operation, true))
}

/// Where `after` says something else than `before`.
fn differences(path: &str, before: &Value, after: &Value, delta: &mut Vec<Value>) {
    let Some(fields) = after.as_object() else {
        return;
    };
    for (name, value) in fields {
        let at = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        if at == "id" {
            continue;
        }
        match before.get(name) {
            None => delta.push(json!({
                "path": at, "propertyChangeType": "Create", "before": null, "after": value
            })),
            Some(held) if held.is_object() && value.is_object() => {
                differences(&at, held, value, delta);
            }
            Some(held) if held.is_array() && value.is_array() => {
                let pairs = held.as_array().into_iter().flatten();
                let mut pairs = pairs.zip(value.as_array().into_iter().flatten());
                if pairs.any(|(held, value)| {
                    let mut inner = Vec::new();
                    differences("", held, value, &mut inner);
                    !inner.is_empty() || (!value.is_object() && held != value)
                }) {
                    delta.push(json!({
                        "path": at, "propertyChangeType": "Array", "before": held, "after": value
                    }));
                }
            }
            Some(held) if held == value => {}
            Some(held) => delta.push(json!({
                "path": at, "propertyChangeType": "Modify", "before": held, "after": value
            })),
        }
    }
}
