//! Microsoft.Resources/deployments in a group: evaluates the template, PUTs its resources as
//! the caller would, and waits for them. `what_if` shares the evaluation.

use super::template::{self, Scope};
use super::{listing, not_allowed, what_if};
use crate::answer::{Answer, Body, Reply};
use crate::gateway::{self, Call};
use crate::operations::{Begin, Deed, Outcome, Style};
use crate::request::{Request, same};
use crate::world::World;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const KIND: &str = "Microsoft.Resources/deployments";

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
        return operations(call);
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

fn missing(call: &Call<'_>) -> Answer {
    Answer::gateway(
        404,
        "DeploymentNotFound",
        format!("Deployment '{}' could not be found.", call.target.name()),
    )
}

/// A template, evaluated.
pub(crate) struct Deployment {
    /// api-version and body of each resource, its id in the body.
    pub(crate) resources: Vec<(String, Value)>,
    pub(crate) scope: Scope,
    pub(crate) outputs: Value,
    shown: Value,
}

fn invalid(why: &str) -> Answer {
    Answer::gateway(
        400,
        "InvalidTemplate",
        format!("Deployment template validation failed: '{why}'."),
    )
}

/// Evaluates the template of the request's body.
pub(crate) fn evaluated(call: &Call<'_>) -> Result<Deployment, Answer> {
    let properties = &call.body["properties"];
    let content = |why: &str| gateway::invalid_content(why);
    match properties["mode"].as_str() {
        Some(mode) if same(mode, "Incremental") => {}
        Some(mode) if same(mode, "Complete") => {
            return Err(Answer::gateway(
                400,
                "ModeNotSupported",
                "This simulator takes deployments of mode Incremental.",
            ));
        }
        _ => return Err(content("Required property 'mode' not found in JSON")),
    }
    let template = &properties["template"];
    if !template["$schema"].is_string() || !template["contentVersion"].is_string() {
        return Err(invalid("'$schema' and 'contentVersion' are required"));
    }
    let group = call.target.group.clone().unwrap_or_default();
    let group = call
        .world
        .state
        .group(&group)
        .map(|one| one.body())
        .unwrap_or_default();
    let mut scope = Scope {
        subscription: call.world.settings.subscription.clone(),
        group,
        parameters: Map::new(),
        variables: Map::new(),
        resources: Vec::new(),
    };
    let shown = parameters(&mut scope, template, &properties["parameters"])?;
    for (name, value) in template["variables"].as_object().into_iter().flatten() {
        let value = template::evaluate(&scope, value).map_err(|why| invalid(&why))?;
        scope.variables.insert(name.clone(), value);
    }
    let mut resources = Vec::new();
    let listed: Vec<&Value> = match &template["resources"] {
        Value::Array(items) => items.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        _ => return Err(invalid("'resources' is required")),
    };
    for resource in listed {
        let mut fields = resource.as_object().cloned().unwrap_or_default();
        let condition = fields.remove("condition").unwrap_or(json!(true));
        fields.remove("dependsOn");
        fields.remove("metadata");
        let mut value = template::evaluate(&scope, &json!(fields)).map_err(|why| invalid(&why))?;
        let condition = template::evaluate(&scope, &condition).map_err(|why| invalid(&why))?;
        if condition != json!(true) {
            continue;
        }
        let (kind, name) = (value["type"].take(), value["name"].take());
        let api = value["apiVersion"].take();
        let (Some(kind), Some(name), Some(api)) = (kind.as_str(), name.as_str(), api.as_str())
        else {
            return Err(invalid(
                "each resource needs 'type', 'name' and 'apiVersion'",
            ));
        };
        let mut words = kind.split('/');
        let mut id = format!(
            "{}/providers/{}",
            scope.group["id"].as_str().unwrap_or_default(),
            words.next().unwrap_or_default()
        );
        if words.clone().count() != name.split('/').count() {
            return Err(invalid(&format!(
                "the template resource '{name}' has incorrect segment lengths for type '{kind}'"
            )));
        }
        for (word, name) in words.zip(name.split('/')) {
            id.push_str(&format!("/{word}/{name}"));
        }
        if let Some(fields) = value.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
            fields.insert("id".into(), json!(id));
        }
        resources.push((api.to_owned(), value));
    }
    Ok(Deployment {
        resources,
        scope,
        outputs: template["outputs"].clone(),
        shown,
    })
}

/// Puts parameters with their defaults, checked, into the scope; answers them as a deployment
/// shows them.
fn parameters(scope: &mut Scope, template: &Value, given: &Value) -> Result<Value, Answer> {
    let declared = template["parameters"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let given = given.as_object().cloned().unwrap_or_default();
    if let Some(name) = given
        .keys()
        .find(|name| !declared.keys().any(|known| same(known, name)))
    {
        return Err(invalid(&format!(
            "The following parameters were supplied, but do not correspond to any parameters \
             defined in the template: '{name}'"
        )));
    }
    let mut shown = Map::new();
    // Defaults may speak of other parameters: those that do not come first.
    let mut order: Vec<(&String, &Value)> = declared.iter().collect();
    order.sort_by_key(|(name, declaration)| {
        let default = declaration["defaultValue"].as_str().unwrap_or_default();
        default.starts_with('[') && !given.keys().any(|own| same(own, name))
    });
    for (name, declaration) in order {
        let found = given
            .iter()
            .find(|(own, _)| same(own, name))
            .map(|(_, one)| &one["value"]);
        let value = match (
            found.filter(|value| !value.is_null()),
            declaration.get("defaultValue"),
        ) {
            (Some(given), _) => given.clone(),
            (None, Some(value)) => template::evaluate(scope, value).map_err(|why| invalid(&why))?,
            (None, None) => {
                return Err(invalid(&format!(
                    "The value for the template parameter '{name}' is not provided"
                )));
            }
        };
        let kind = declaration["type"]
            .as_str()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let fits = match kind.as_str() {
            "string" | "securestring" => value.is_string(),
            "int" => value.is_i64() || value.is_u64(),
            "bool" => value.is_boolean(),
            "array" => value.is_array(),
            "object" | "secureobject" => value.is_object(),
            _ => false,
        };
        let within = |bound: &str, fits: &dyn Fn(i64, i64) -> bool| match (
            declaration[bound].as_i64(),
            value.as_i64(),
        ) {
            (Some(bound), Some(value)) => fits(value, bound),
            _ => true,
        };
        let allowed = declaration["allowedValues"].as_array();
        if !fits
            || allowed.is_some_and(|allowed| !allowed.contains(&value))
            || !within("minValue", &|value, bound| value >= bound)
            || !within("maxValue", &|value, bound| value <= bound)
        {
            return Err(invalid(&format!(
                "The provided value for the template parameter '{name}' is not valid"
            )));
        }
        let mut entry = json!({"type": capital(&kind)});
        if !kind.starts_with("secure") {
            entry["value"] = value.clone();
        }
        shown.insert(name.clone(), entry);
        scope.parameters.insert(name.clone(), value);
    }
    Ok(json!(shown))
}

fn capital(kind: &str) -> &'static str {
    match kind {
        "int" => "Int",
        "bool" => "Bool",
        "array" => "Array",
        "object" => "Object",
        "securestring" => "SecureString",
        "secureobject" => "SecureObject",
        _ => "String",
    }
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

fn evaluate_outputs(world: &World, id: &str, body: &Value, outputs: &Value) -> Value {
    let group = id.split("/providers/").next().unwrap_or_default();
    let name = group.rsplit('/').next().unwrap_or_default();
    let shown = body["properties"]["parameters"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let scope = Scope {
        subscription: world.settings.subscription.clone(),
        group: world
            .state
            .group(name)
            .map(|one| one.body())
            .unwrap_or_default(),
        parameters: shown
            .into_iter()
            .map(|(name, one)| (name, one["value"].clone()))
            .collect(),
        variables: Map::new(),
        resources: world
            .state
            .resources
            .values()
            .map(|one| (one.id.clone(), one.body["properties"].clone()))
            .collect(),
    };
    let mut done = Map::new();
    for (name, output) in outputs.as_object().into_iter().flatten() {
        let kind = capital(
            &output["type"]
                .as_str()
                .unwrap_or_default()
                .to_ascii_lowercase(),
        );
        let value = template::evaluate(&scope, &output["value"]).unwrap_or(Value::Null);
        done.insert(name.clone(), json!({"type": kind, "value": value}));
    }
    json!(done)
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

/// `…/deployments/{name}/operations`, under its old path or its new one.
fn operations(call: &mut Call<'_>) -> Reply {
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
