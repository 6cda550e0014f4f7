//! A raw tree against the schema of the custom resource definition: unknown fields,
//! wrong types, values out of bounds; what fits becomes JSON.
//!
//! Patterns of texts are left to [`crate::rules`], whose words say what is meant.

mod scalars;

use super::tree::Node;
use crate::{FieldError, crd, names};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use serde_json::{Map, Value};
use std::sync::OnceLock;

/// The metadata that a user sets.
const METADATA: [&str; 4] = ["name", "namespace", "labels", "annotations"];
/// The metadata that a server sets: there when a resource was read back from one.
const SERVER_METADATA: [&str; 8] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// The schema of the version that is served.
fn schema() -> Option<&'static JSONSchemaProps> {
    static SCHEMA: OnceLock<Option<JSONSchemaProps>> = OnceLock::new();
    let schema = SCHEMA.get_or_init(|| {
        let version = crd().spec.versions.into_iter().next()?;
        version.schema?.open_api_v3_schema
    });
    schema.as_ref()
}

/// Whether a word was probably meant to be another.
pub(in crate::manifest) fn is_near(word: &str, meant: &str) -> bool {
    strsim::jaro_winkler(&word.to_lowercase(), &meant.to_lowercase()) > 0.85
}

/// Collects complaints on the way.
#[derive(Default)]
pub(in crate::manifest) struct Checker {
    pub(in crate::manifest) errors: Vec<FieldError>,
}

impl Checker {
    /// The whole resource; kind and version were looked at before. A status is left out:
    /// it is not for users to write.
    pub(in crate::manifest) fn resource(&mut self, document: &Node) -> Value {
        let Node::Map(fields) = document else {
            return Value::Null;
        };
        let mut value = Map::new();
        for (name, node) in fields {
            let part = match name.as_str() {
                "apiVersion" | "kind" => Value::String(node.shown()),
                "metadata" => self.metadata(node),
                "spec" => {
                    let spec = schema().and_then(|s| s.properties.as_ref()?.get("spec"));
                    spec.map_or(Value::Null, |spec| self.value("spec", node, spec))
                }
                "status" => continue,
                other => {
                    self.unknown(other, other, ["apiVersion", "kind", "metadata", "spec"]);
                    continue;
                }
            };
            value.insert(name.clone(), part);
        }
        for (name, what) in [("metadata", "a name"), ("spec", "the number to factor")] {
            if !value.contains_key(name) {
                self.missing(name, what);
            }
        }
        Value::Object(value)
    }

    fn missing(&mut self, field: &str, what: &str) {
        let remedy = format!("add it, with {what}");
        self.errors
            .push(FieldError::without_value(field, "is missing", remedy));
    }

    fn metadata(&mut self, node: &Node) -> Value {
        let Some(fields) = self.fields("metadata", node) else {
            return Value::Null;
        };
        let mut value = Map::new();
        for (name, node) in fields {
            let path = format!("metadata.{name}");
            let part = match name.as_str() {
                "name" => self.name(&path, node),
                "namespace" => self.text(&path, node),
                "labels" | "annotations" => self.texts(&path, node),
                "generateName" => {
                    self.errors.push(FieldError::without_value(
                        path,
                        "is not taken",
                        "give the job a name of its own: metadata.name",
                    ));
                    continue;
                }
                server if SERVER_METADATA.contains(&server) => continue,
                other => {
                    self.unknown(&path, other, METADATA);
                    continue;
                }
            };
            value.insert(name.clone(), part);
        }
        if !value.contains_key("name") {
            self.missing("metadata.name", "a lower-case word");
        }
        Value::Object(value)
    }

    fn name(&mut self, path: &str, node: &Node) -> Value {
        let value = self.text(path, node);
        if let Some(problem) = value.as_str().and_then(names::problem) {
            let remedy = format!(
                "use at most {} of a-z, 0-9 and '-', beginning with a letter",
                names::MAX_NAME
            );
            self.errors
                .push(FieldError::new(path, &node.shown(), problem, remedy));
        }
        value
    }

    fn value(&mut self, path: &str, node: &Node, schema: &JSONSchemaProps) -> Value {
        if schema.x_kubernetes_int_or_string == Some(true) {
            return self.int_or_text(path, node);
        }
        match schema.type_.as_deref() {
            Some("object") => self.object(path, node, schema),
            Some("array") => self.list(path, node, schema),
            Some("integer") => self.integer(path, node, schema),
            Some("number") => self.number(path, node, schema),
            Some("boolean") => self.boolean(path, node),
            _ => self.bounded_text(path, node, schema),
        }
    }

    fn object(&mut self, path: &str, node: &Node, schema: &JSONSchemaProps) -> Value {
        let Some(fields) = self.fields(path, node) else {
            return Value::Null;
        };
        let mut value = Map::new();
        for (name, node) in fields {
            let path = format!("{path}.{name}");
            let known = schema.properties.as_ref();
            let part = match (
                known.and_then(|p| p.get(name)),
                &schema.additional_properties,
            ) {
                // As for the API server: a null is a field that is left out.
                (Some(_), _) if node.is_null() => continue,
                (Some(schema), _) => self.value(&path, node, schema),
                (None, Some(JSONSchemaPropsOrBool::Schema(schema))) => {
                    self.value(&path, node, schema)
                }
                (None, Some(JSONSchemaPropsOrBool::Bool(true))) => self.text(&path, node),
                (None, _) => {
                    let known = known.into_iter().flatten().map(|(name, _)| name.as_str());
                    self.unknown(&path, name, known);
                    continue;
                }
            };
            value.insert(name.clone(), part);
        }
        for name in schema.required.iter().flatten() {
            if !value.contains_key(name) {
                self.missing(&format!("{path}.{name}"), "a value");
            }
        }
        Value::Object(value)
    }

    fn list(&mut self, path: &str, node: &Node, schema: &JSONSchemaProps) -> Value {
        let Node::List(items) = node else {
            self.wrong(path, node, "is no list", "write its items with '- '");
            return Value::Null;
        };
        let Some(JSONSchemaPropsOrArray::Schema(of)) = &schema.items else {
            return Value::Null;
        };
        let values = items.iter().enumerate();
        let values = values.map(|(at, item)| self.value(&format!("{path}[{at}]"), item, of));
        Value::Array(values.collect())
    }

    fn texts(&mut self, path: &str, node: &Node) -> Value {
        let Some(fields) = self.fields(path, node) else {
            return Value::Null;
        };
        let texts = fields.iter().map(|(name, node)| {
            let text = self.text(&format!("{path}[{name:?}]"), node);
            (name.clone(), text)
        });
        Value::Object(texts.collect())
    }

    fn fields<'a>(&mut self, path: &str, node: &'a Node) -> Option<&'a [(String, Node)]> {
        match node {
            Node::Map(fields) => Some(fields),
            _ => {
                self.wrong(
                    path,
                    node,
                    "is no mapping of fields",
                    "indent its fields below it",
                );
                None
            }
        }
    }

    fn wrong(&mut self, path: &str, node: &Node, problem: &str, remedy: &str) {
        self.errors
            .push(FieldError::new(path, &node.shown(), problem, remedy));
    }

    fn unknown<'a>(
        &mut self,
        path: &str,
        name: &str,
        known: impl IntoIterator<Item = &'a str> + Clone,
    ) {
        let near = known.clone().into_iter().filter(|one| is_near(name, one));
        let nearest = near.max_by(|a, b| {
            let likeness = |one: &str| strsim::jaro_winkler(name, one);
            likeness(a).total_cmp(&likeness(b))
        });
        let remedy = match nearest {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!(
                "there are {}",
                known.into_iter().collect::<Vec<_>>().join(", ")
            ),
        };
        self.errors
            .push(FieldError::without_value(path, "is no field", remedy));
    }
}
