//! The functions of ARM JSON templates that small templates use. `template` calls them.

use super::template::Scope;
use serde_json::{Map, Value, json};

/// A field or an item of a value.
pub(crate) fn member(value: &Value, key: &Value) -> Result<Value, String> {
    let found = match key {
        Value::String(name) => value.as_object().and_then(|fields| {
            fields
                .iter()
                .find(|(own, _)| own.eq_ignore_ascii_case(name))
                .map(|(_, value)| value)
        }),
        Value::Number(at) => at
            .as_u64()
            .and_then(|at| value.get(usize::try_from(at).ok()?)),
        _ => None,
    };
    found
        .cloned()
        .ok_or_else(|| format!("the property '{key}' doesn't exist"))
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// What a function answers.
pub(crate) fn call(scope: &Scope, name: &str, arguments: &[Value]) -> Result<Value, String> {
    let few = || format!("the function '{name}' got the wrong number of arguments");
    let argument = |at: usize| arguments.get(at).ok_or_else(few);
    let named = |from: &Map<String, Value>, what: &str| {
        let wanted = text(argument(0)?);
        from.iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(&wanted))
            .map(|(_, value)| value.clone())
            .ok_or_else(|| format!("the template {what} '{wanted}' is not found"))
    };
    Ok(match name.to_ascii_lowercase().as_str() {
        "parameters" => named(&scope.parameters, "parameter")?,
        "variables" => named(&scope.variables, "variable")?,
        "resourcegroup" => scope.group.clone(),
        "subscription" => json!({
            "id": format!("/subscriptions/{}", scope.subscription),
            "subscriptionId": scope.subscription
        }),
        "concat" if arguments.iter().all(Value::is_array) => Value::Array(
            arguments
                .iter()
                .filter_map(Value::as_array)
                .flatten()
                .cloned()
                .collect(),
        ),
        "concat" => json!(arguments.iter().map(text).collect::<String>()),
        "format" => {
            let mut done = text(argument(0)?);
            for (at, value) in arguments.iter().skip(1).enumerate() {
                done = done.replace(&format!("{{{at}}}"), &text(value));
            }
            json!(done)
        }
        "if" => match argument(0)? {
            Value::Bool(true) => argument(1)?.clone(),
            Value::Bool(false) => argument(2)?.clone(),
            _ => return Err("the first argument of 'if' must be a boolean".into()),
        },
        "equals" => json!(argument(0)? == argument(1)?),
        "not" => json!(!argument(0)?.as_bool().ok_or_else(few)?),
        "and" => json!(arguments.iter().all(|one| *one == json!(true))),
        "or" => json!(arguments.contains(&json!(true))),
        "greater" => json!(argument(0)?.as_i64() > argument(1)?.as_i64()),
        "greaterorequals" => json!(argument(0)?.as_i64() >= argument(1)?.as_i64()),
        "less" => json!(argument(0)?.as_i64() < argument(1)?.as_i64()),
        "lessorequals" => json!(argument(0)?.as_i64() <= argument(1)?.as_i64()),
        "empty" => json!(match argument(0)? {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            _ => return Err(few()),
        }),
        "length" => json!(match argument(0)? {
            Value::String(text) => text.chars().count(),
            Value::Array(items) => items.len(),
            Value::Object(fields) => fields.len(),
            _ => return Err(few()),
        }),
        "union" if arguments.iter().all(Value::is_object) => {
            let mut done = Map::new();
            for fields in arguments.iter().filter_map(Value::as_object) {
                done.extend(fields.clone());
            }
            Value::Object(done)
        }
        "union" => {
            let mut done: Vec<Value> = Vec::new();
            for item in arguments.iter().filter_map(Value::as_array).flatten() {
                if !done.contains(item) {
                    done.push(item.clone());
                }
            }
            Value::Array(done)
        }
        "createarray" => Value::Array(arguments.to_vec()),
        "createobject" => {
            let mut done = Map::new();
            for pair in arguments.chunks(2) {
                done.insert(text(&pair[0]), pair.get(1).ok_or_else(few)?.clone());
            }
            Value::Object(done)
        }
        "json" => serde_json::from_str(&text(argument(0)?)).map_err(|error| error.to_string())?,
        "null" => Value::Null,
        "true" => json!(true),
        "false" => json!(false),
        "string" => json!(text(argument(0)?)),
        "int" => json!(
            text(argument(0)?)
                .parse::<i64>()
                .map_err(|error| error.to_string())?
        ),
        "bool" => json!(text(argument(0)?).eq_ignore_ascii_case("true")),
        "tolower" => json!(text(argument(0)?).to_lowercase()),
        "toupper" => json!(text(argument(0)?).to_uppercase()),
        "resourceid" => resource_id(scope, arguments)?,
        "reference" => {
            let wanted = text(argument(0)?);
            let id = if wanted.starts_with('/') {
                wanted
            } else {
                let (kind, name) = wanted.rsplit_once('/').ok_or_else(few)?;
                text(&resource_id(scope, &[json!(kind), json!(name)])?)
            };
            let found = scope
                .resources
                .iter()
                .find(|(own, _)| own.eq_ignore_ascii_case(&id));
            found.map(|(_, value)| value.clone()).ok_or_else(|| {
                format!("the resource referenced by 'reference' is not defined: {id}")
            })?
        }
        _ => return Err(format!("the template function '{name}' is not valid")),
    })
}

fn resource_id(scope: &Scope, arguments: &[Value]) -> Result<Value, String> {
    let [kind, names @ ..] = arguments else {
        return Err("the function 'resourceId' needs a type and names".into());
    };
    let kind = text(kind);
    let mut words = kind.split('/');
    let group = scope.group["id"].as_str().unwrap_or_default();
    let mut id = format!("{group}/providers/{}", words.next().unwrap_or_default());
    for (word, name) in words.zip(names) {
        id.push_str(&format!("/{word}/{}", text(name)));
    }
    Ok(json!(id))
}
