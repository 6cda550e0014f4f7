//! Microsoft.Resources/deployments in a group: PUTs the resources of the evaluated template as
//! the caller would, and waits for them.

use super::evaluation::{Deployment, evaluate_outputs, evaluated};
use super::{deployment_operations, listing, not_allowed, what_if};
use crate::answer::{Answer, Body, Reply};
use crate::gateway::{self, Call};
use crate::operations::{Begin, Deed, Outcome, Style};
use crate::request::{Request, same};
use crate::world::World;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The type, in Azure's own spelling.
pub(crate) const KIND: &str = "Microsoft.Resources/deployments";

/// Everything about deployments.
pub(crate) fn handle(call: &mut Call<'_>) -> Reply {
    if call.target.group.is_none() {
        return Err(Answer::gateway(
            400,
            "InvalidDeploymentScope",
            "This simulator takes deployments at the scope of a resource group.",
        ));
    }
    if call.kind.name != KIND || !call.target.rest.is_empty() {
        return deployment_operations::handle(call);
    }
    let action = call.action.clone();
    match (call.request.method.as_str(), action.as_deref()) {
        ("GET", None) if call.target.ends_in_type() => {
            call.need_group()?;
            let scope = call.target.scope.clone();
            let all = call.world.state.of_kind(KIND, &scope);
            let items = all.map(|one| one.body.clone()).collect();
            listing::answer(call, items)
        }
        ("GET", None) => {
            call.need_group()?;
            let there = call.world.state.resource(&call.target.path);
            there
                .map(|one| Answer::json(200, one.body.clone()))
                .ok_or_else(|| missing(call))
        }
        ("HEAD", None) => {
            call.need_group()?;
            let there = call.world.state.resource(&call.target.path);
            there
                .map(|_| Answer::empty(204))
                .ok_or_else(|| missing(call))
        }
        ("PUT", None) if !call.target.ends_in_type() => put(call),
        ("DELETE", None) if !call.target.ends_in_type() => delete(call),
        ("POST", Some(word)) if same(word, "cancel") => cancel(call),
        ("POST", Some(word)) if same(word, "whatIf") => what_if::handle(call),
        ("POST", Some(word)) if same(word, "validate") => {
            call.need_writable()?;
            let deployment = evaluated(call)?;
            let body = record(call, &deployment, "Succeeded");
            Ok(Answer::json(200, body))
        }
        _ => Err(not_allowed(call)),
    }
}

/// 404 `DeploymentNotFound`.
pub(crate) fn missing(call: &Call<'_>) -> Answer {
    Answer::gateway(
        404,
        "DeploymentNotFound",
        format!("Deployment '{}' could not be found.", call.target.name()),
    )
}

fn record(call: &mut Call<'_>, deployment: &Deployment, state: &str) -> Value {
    let name = call.target.name().to_owned();
    let group = deployment.scope.group["id"].as_str().unwrap_or_default();
    let mut providers: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (_, body) in &deployment.resources {
        let target = crate::request::Target::parse(body["id"].as_str().unwrap_or_default());
        let Some(target) = target else { continue };
        providers
            .entry(target.namespace.unwrap_or_default())
            .or_default()
            .push(json!({
                "resourceType": target.types.join("/"), "locations": [body["location"]]
            }));
    }
    let providers: Vec<Value> = providers
        .into_iter()
        .map(|(namespace, types)| json!({"namespace": namespace, "resourceTypes": types}))
        .collect();
    let correlation = call.world.state.guid();
    json!({
        "id": format!("{group}/providers/{KIND}/{name}"), "name": name, "type": KIND,
        "properties": {
            "templateHash": "16604828588493152528", "parameters": deployment.shown,
            "mode": "Incremental", "provisioningState": state,
            "timestamp": crate::world::now(), "duration": "PT1.2609174S",
            "correlationId": correlation, "providers": providers, "dependencies": []
        }
    })
}

fn put(call: &mut Call<'_>) -> Reply {
    call.need_writable()?;
    let path = call.target.path.clone();
    if call.world.running(&path).is_some() {
        return Err(Answer::gateway(
            409,
            "DeploymentActive",
            format!(
                "Unable to edit or replace deployment '{}': previous deployment is still active. \
                 Please see https://aka.ms/arm-deploy for usage details.",
                call.target.name()
            ),
        ));
    }
    let deployment = evaluated(call)?;
    let status = if call.world.state.resource(&path).is_some() {
        200
    } else {
        201
    };
    let mut body = record(call, &deployment, "Accepted");
    let id = body["id"].as_str().unwrap_or_default().to_owned();
    let answer = Answer::json(status, body.clone());
    let mut parts = Vec::new();
    let mut failure = None;
    let mut made = Vec::new();
    for (api, resource) in &deployment.resources {
        let (id, refused, operation) = submit(call, api, resource);
        parts.extend(operation);
        match refused {
            None => made.push(json!({"id": id})),
            Some(answer) => {
                failure = Some((id, answer));
                break;
            }
        }
    }
    body["properties"]["outputResources"] = json!(made);
    body["properties"]["simulatedOutputs"] = deployment.outputs.clone();
    if let Some((id, answer)) = &failure {
        body["properties"]["error"] = failed(id, answer);
    }
    call.world.state.put(&id, KIND, body);
    let location = deployment.scope.group["location"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let api = call.api.clone();
    let operation = call.world.begin(Begin {
        style: Style::Deployment,
        deed: Deed::Deploy(parts),
        resource: &id,
        location: &location,
        api: &api,
        stages: vec!["Accepted".into(), "Running".into()],
    });
    Ok(call.world.announce(answer, &operation, false))
}

/// `DeploymentFailed` with the refusal inside.
fn failed(id: &str, answer: &Answer) -> Value {
    let inner = match &answer.body {
        Body::Json(body) | Body::Indented(body) => {
            let error = if body["error"].is_object() {
                &body["error"]
            } else {
                body
            };
            json!({"code": error["code"], "message": error["message"], "target": id})
        }
        _ => json!({"code": answer.status.to_string(), "message": "", "target": id}),
    };
    json!({
        "code": "DeploymentFailed",
        "message": "At least one resource deployment operation failed. Please list deployment \
                    operations for details. Please see https://aka.ms/arm-deployment-operations \
                    for usage details.",
        "target": id, "details": [inner]
    })
}

/// PUTs one resource as the caller; answers its id, a refusal, and the operation it began.
fn submit(
    call: &mut Call<'_>,
    api: &str,
    resource: &Value,
) -> (String, Option<Answer>, Option<String>) {
    let mut body = resource.clone();
    let id = body["id"].take().as_str().unwrap_or_default().to_owned();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("id");
    }
    let request = Request {
        method: "PUT".into(),
        path: id.clone(),
        raw_query: format!("api-version={api}"),
        headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
        body: body.to_string().into_bytes().into(),
    };
    let before: Vec<String> = call.world.state.operations.keys().cloned().collect();
    let caller = call.caller.clone();
    let reply = gateway::route(call.world, &request, caller);
    let operation = call
        .world
        .state
        .operations
        .keys()
        .find(|key| !before.contains(key))
        .cloned();
    match reply {
        Ok(_) => (id, None, operation),
        Err(refusal) => (id, Some(refusal), operation),
    }
}

/// The end of a deployment: what it began comes to its end with it.
pub(crate) fn ended(world: &mut World, id: &str, parts: &[String], outcome: &Outcome) {
    let mut failure = None;
    for part in parts {
        let Some(operation) = world.state.operations.get(part).cloned() else {
            continue;
        };
        if *outcome == Outcome::Succeeded {
            world.advance(part, u32::MAX);
        }
        let end = world
            .state
            .operations
            .get(part)
            .and_then(|one| one.outcome.clone());
        if let Some(Outcome::Failed(code, message)) = end {
            let answer = Answer::service(409, &code, message);
            failure = Some(failed(&operation.resource, &answer));
        }
    }
    let Some(record) = world.state.resource(id).cloned() else {
        return;
    };
    let mut body = record.body;
    let properties = &mut body["properties"];
    let outputs = properties["simulatedOutputs"].take();
    if let Some(fields) = properties.as_object_mut() {
        fields.remove("simulatedOutputs");
    }
    if let Some(failure) = failure {
        properties["error"] = failure;
    }
    let state = match outcome {
        Outcome::Canceled => "Canceled",
        Outcome::Failed(..) => "Failed",
        Outcome::Succeeded if properties["error"].is_object() => "Failed",
        Outcome::Succeeded => "Succeeded",
    };
    properties["provisioningState"] = json!(state);
    if state == "Succeeded" {
        let outputs = evaluate_outputs(world, id, &body, &outputs);
        body["properties"]["outputs"] = outputs;
    }
    let error = body["properties"]["error"].clone();
    world.state.put(id, KIND, body);
    // The operation says what the deployment came to.
    let own = world.state.operations.values_mut().find(|one| {
        one.outcome == Some(Outcome::Succeeded)
            && same(&one.resource, id)
            && matches!(&one.deed, Deed::Deploy(own) if own == parts)
    });
    if let (Some(own), "Failed") = (own, state) {
        let code = error["code"]
            .as_str()
            .unwrap_or("DeploymentFailed")
            .to_owned();
        let message = error["details"][0]["message"]
            .as_str()
            .or(error["message"].as_str());
        own.outcome = Some(Outcome::Failed(
            code,
            message.unwrap_or_default().to_owned(),
        ));
    }
}

fn cancel(call: &mut Call<'_>) -> Reply {
    call.need_group()?;
    let path = call.target.path.clone();
    let Some(record) = call.world.state.resource(&path).cloned() else {
        return Err(missing(call));
    };
    match call.world.running(&path).map(|one| one.id.clone()) {
        Some(id) => {
            call.world.end(&id, Outcome::Canceled);
            Ok(Answer::empty(204))
        }
        None => Err(Answer::gateway(
            409,
            "DeploymentCannotBeCancelled",
            format!(
                "The deployment '{}' cannot be cancelled because it has provisioning state '{}' \
                 or it has already expired.",
                record.name(),
                record.provisioning()
            ),
        )),
    }
}

fn delete(call: &mut Call<'_>) -> Reply {
    call.need_group()?;
    let path = call.target.path.clone();
    let Some(record) = call.world.state.resource(&path).cloned() else {
        return Ok(Answer::empty(204));
    };
    if call.world.running(&path).is_some() {
        return Err(Answer::gateway(
            409,
            "DeploymentActive",
            format!("The deployment '{}' is still active.", record.name()),
        ));
    }
    let api = call.api.clone();
    let operation = call.world.begin(Begin {
        style: Style::Location,
        deed: Deed::Delete,
        resource: &record.id,
        location: "global",
        api: &api,
        stages: Vec::new(),
    });
    if let Some(operation) = call.world.state.operations.get_mut(&operation) {
        operation.end_status = 204;
    }
    Ok(call.world.announce(Answer::empty(202), &operation, true))
}
