//! A deployment's template, evaluated: its parameters with their defaults, checked, the bodies
//! of its resources, and at the end its outputs. `deployments` and `what_if` share it.

use super::template::{self, Scope};
use crate::answer::Answer;
use crate::gateway::{self, Call};
use crate::request::same;
use crate::world::World;
use serde_json::{Map, Value, json};

/// A template, evaluated.
pub(crate) struct Deployment {
    /// api-version and body of each resource, its id in the body.
    pub(crate) resources: Vec<(String, Value)>,
    pub(crate) scope: Scope,
    pub(crate) outputs: Value,
    /// The parameters as a deployment shows them.
    pub(crate) shown: Value,
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

/// What a deployment that ended well answers of its outputs.
pub(crate) fn evaluate_outputs(world: &World, id: &str, body: &Value, outputs: &Value) -> Value {
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
