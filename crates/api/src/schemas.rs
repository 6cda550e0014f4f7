//! Schemas of fields that are not derived from their types. Called by the derivation of
//! [`crate::RSACracker`]'s schema.
//!
//! Kubernetes' own types would bring theirs by a feature of `k8s-openapi` that costs every
//! build a quarter of a minute, for the two that are used here; a test holds these to it.

use schemars::{Schema, SchemaGenerator, json_schema};

/// The grammar of a Kubernetes quantity above zero, whole or decimal.
const QUANTITY_PATTERN: &str = "^[0-9]{1,18}(\\.[0-9]{1,9})?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$";

/// An amount of something, as `500m` or `1Gi`.
pub(crate) fn quantity(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "x-kubernetes-int-or-string": true,
        "anyOf": [{ "type": "integer" }, { "type": "string" }],
        "pattern": QUANTITY_PATTERN,
        "maxLength": 32,
        "minimum": 0,
    })
}

/// Amounts by the name of what they are of.
pub(crate) fn quantities(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "additionalProperties": quantity(generator),
        "maxProperties": 16,
    })
}

/// Labels, of pods or nodes.
pub(crate) fn labels(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "additionalProperties": { "type": "string", "maxLength": 63 },
        "maxProperties": 64,
    })
}

/// Kubernetes' `Toleration`s.
pub(crate) fn tolerations(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {
            "description": "Nodes with a taint of this key, value and effect are borne; what \
                            is left out matches any.",
            "type": "object",
            "properties": {
                "key": {
                    "description": "The taint's key; with none, the operator is Exists.",
                    "type": "string",
                },
                "operator": {
                    "description": "How the value is compared: Equal, which counts where \
                                    nothing is said, or Exists; Lt and Gt where the cluster \
                                    knows them.",
                    "type": "string",
                },
                "value": {
                    "description": "The taint's value; with Exists, none.",
                    "type": "string",
                },
                "effect": {
                    "description": "NoSchedule, PreferNoSchedule or NoExecute.",
                    "type": "string",
                },
                "tolerationSeconds": {
                    "description": "How long a NoExecute is borne; for ever where nothing is \
                                    said.",
                    "type": "integer",
                    "format": "int64",
                },
            },
        },
        "maxItems": 16,
    })
}

/// Kubernetes' `Condition`s, one of each type.
pub(crate) fn conditions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {
            "description": "One aspect of how the job stands.",
            "type": "object",
            "properties": {
                "type": { "description": "Which aspect.", "type": "string" },
                "status": { "description": "True, False or Unknown.", "type": "string" },
                "reason": { "description": "Why, in one word.", "type": "string" },
                "message": {
                    "description": "Why, and what to do, for people.",
                    "type": "string",
                },
                "lastTransitionTime": {
                    "description": "When the status last changed.",
                    "type": "string",
                    "format": "date-time",
                },
                "observedGeneration": {
                    "description": "The generation of the spec that this was said of.",
                    "type": "integer",
                    "format": "int64",
                },
            },
            "required": ["lastTransitionTime", "message", "reason", "status", "type"],
        },
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::Toleration;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
    use schemars::JsonSchema;
    use schemars::generate::SchemaSettings;
    use serde_json::Value;

    /// Takes descriptions away, which are words of ours here.
    fn bare(mut schema: Value) -> Value {
        let Some(fields) = schema.as_object_mut() else {
            return schema;
        };
        fields.remove("description");
        let properties = fields.get_mut("properties").and_then(Value::as_object_mut);
        for property in properties.into_iter().flat_map(|all| all.values_mut()) {
            *property = bare(property.take());
        }
        schema
    }

    fn agrees<T: JsonSchema>(written: fn(&mut SchemaGenerator) -> Schema) {
        let mut settings = SchemaSettings::openapi3();
        settings.inline_subschemas = true;
        let generator = &mut settings.into_generator();
        let derived = bare(T::json_schema(generator).to_value());
        let written = bare(written(generator).to_value()["items"].clone());
        assert_eq!(written, derived);
    }

    #[test]
    fn what_is_kubernetes_own_is_as_kubernetes_has_it() {
        agrees::<Toleration>(tolerations);
        agrees::<Condition>(conditions);
    }
}
