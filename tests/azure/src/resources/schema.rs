//! Which fields AKS knows, read from `schema/aks.json` (names and types of the API page of
//! 2025-10-01). Since 2024-01-01 AKS refuses every other one, which catches a field in the
//! wrong place; `cluster_rules` asks here.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;

#[derive(Deserialize)]
struct Schema {
    types: BTreeMap<String, BTreeMap<String, String>>,
}

static SCHEMA: LazyLock<Option<Schema>> =
    LazyLock::new(|| serde_json::from_str(include_str!("schema/aks.json")).ok());

/// What is wrong with a body, in the words of AKS' decoder; `None`: every field is known and
/// of its type.
pub(crate) fn problem(root: &str, body: &Value) -> Option<String> {
    let Some(schema) = SCHEMA.as_ref() else {
        return Some("the schema cannot be read".into());
    };
    walk(schema, root, body, root)
}

fn walk(schema: &Schema, kind: &str, value: &Value, at: &str) -> Option<String> {
    let wrong = |found: &str, wanted: &str| {
        Some(format!(
            "json: cannot unmarshal {found} into Go struct field {at} of type {wanted}"
        ))
    };
    if value.is_null() {
        return None;
    }
    if let Some(inner) = kind
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        let Some(items) = value.as_array() else {
            return wrong(word(value), "[]");
        };
        return items.iter().find_map(|item| walk(schema, inner, item, at));
    }
    if let Some(inner) = kind
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
    {
        let Some(fields) = value.as_object() else {
            return wrong(word(value), "map");
        };
        return fields
            .values()
            .find_map(|item| walk(schema, inner, item, at));
    }
    let fits = match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "any" => true,
        _ => {
            let known = schema.types.get(kind)?;
            let Some(fields) = value.as_object() else {
                return wrong(word(value), kind);
            };
            return fields
                .iter()
                .find_map(|(name, value)| match known.get(name) {
                    None => Some(format!("json: unknown field \"{name}\"")),
                    Some(inner) => walk(schema, inner, value, &format!("{at}.{name}")),
                });
        }
    };
    if fits { None } else { wrong(word(value), kind) }
}

fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_in_the_wrong_place_is_named() {
        let body = json!({"location": "uksouth", "dnsPrefix": "x"});
        let problem = problem("ManagedCluster", &body).unwrap();
        assert_eq!(problem, "json: unknown field \"dnsPrefix\"");
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named() {
        let body = json!({"properties": {"agentPoolProfiles": [{"count": "2"}]}});
        let problem = problem("ManagedCluster", &body).unwrap();
        assert!(
            problem.contains("string") && problem.contains("count"),
            "{problem}"
        );
    }

    #[test]
    fn null_and_maps_pass() {
        let body = json!({
            "tags": {"any": "tag"}, "identity": {"type": "SystemAssigned", "delegatedResources": null},
            "properties": {"addonProfiles": {"azurepolicy": {"enabled": true, "config": {"a": "b"}}}}
        });
        assert_eq!(problem("ManagedCluster", &body), None);
    }
}
