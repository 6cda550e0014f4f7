//! Single values: numbers, texts, and what may be either.

use super::{Checker, is_near};
use crate::manifest::tree::Node;
use crate::number;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use serde_json::Value;

impl Checker {
    pub(super) fn integer(&mut self, path: &str, node: &Node, schema: &JSONSchemaProps) -> Value {
        let parsed = match node {
            Node::Plain(text) => text.parse::<i64>().ok(),
            _ => None,
        };
        let bounds = bounds(schema);
        match parsed {
            Some(value) if self.is_within(path, node, value as f64, schema) => value.into(),
            Some(_) => Value::Null,
            None => {
                let remedy = match node {
                    Node::Quoted(text) if text.parse::<i64>().is_ok() => {
                        "leave the quotes away".to_owned()
                    }
                    _ => format!("use {bounds}"),
                };
                self.wrong(path, node, "is no integer", &remedy);
                Value::Null
            }
        }
    }

    pub(super) fn number(&mut self, path: &str, node: &Node, schema: &JSONSchemaProps) -> Value {
        let parsed = match node {
            Node::Plain(text) => text.parse::<f64>().ok().filter(|value| value.is_finite()),
            _ => None,
        };
        match parsed {
            Some(value) if self.is_within(path, node, value, schema) => value.into(),
            Some(_) => Value::Null,
            None => {
                let remedy = format!("use {}", bounds(schema));
                self.wrong(path, node, "is no number", &remedy);
                Value::Null
            }
        }
    }

    pub(super) fn is_within(
        &mut self,
        path: &str,
        node: &Node,
        value: f64,
        schema: &JSONSchemaProps,
    ) -> bool {
        let problem = if schema.minimum.is_some_and(|minimum| value < minimum) {
            "is too small"
        } else if schema.maximum.is_some_and(|maximum| value > maximum) {
            "is too large"
        } else {
            return true;
        };
        self.wrong(path, node, problem, &format!("use {}", bounds(schema)));
        false
    }

    pub(super) fn boolean(&mut self, path: &str, node: &Node) -> Value {
        match node {
            Node::Plain(text) if text == "true" || text == "false" => (text == "true").into(),
            _ => {
                self.wrong(path, node, "is neither true nor false", "use true or false");
                Value::Null
            }
        }
    }

    /// `numberToFactor` and quantities. A bare integer that Kubernetes would take for a
    /// float is refused here, as it was written.
    pub(super) fn int_or_text(&mut self, path: &str, node: &Node) -> Value {
        match node {
            Node::Quoted(text) => text.clone().into(),
            Node::Plain(text) if text.bytes().all(|b| b.is_ascii_digit()) => {
                match (text.parse::<i64>(), number::parse(text)) {
                    (Ok(value), Ok(_)) => value.into(),
                    (Err(_), Ok(_)) => {
                        let problem = "is a bare integer over 9223372036854775807";
                        self.wrong(path, node, problem, &format!("quote it: '{}'", head(text)));
                        Value::Null
                    }
                    (_, Err(error)) => {
                        self.errors.push(error.at(path, text));
                        Value::Null
                    }
                }
            }
            Node::Plain(text) => text.clone().into(),
            _ => {
                self.wrong(path, node, "is no number", "write one value");
                Value::Null
            }
        }
    }

    pub(super) fn bounded_text(
        &mut self,
        path: &str,
        node: &Node,
        schema: &JSONSchemaProps,
    ) -> Value {
        let value = self.text(path, node);
        let Some(text) = value.as_str() else {
            return value;
        };
        if let Some(allowed) = &schema.enum_ {
            let allowed: Vec<&str> = allowed.iter().filter_map(|one| one.0.as_str()).collect();
            if !allowed.contains(&text) {
                let meant = allowed.iter().find(|one| is_near(text, one));
                let remedy = match meant {
                    Some(meant) => {
                        format!("did you mean {meant}? There are {}", allowed.join(", "))
                    }
                    None => format!("use one of {}", allowed.join(", ")),
                };
                self.wrong(path, node, "is not one of the values there are", &remedy);
            }
        }
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        if let Some(most) = schema.max_length.filter(|most| length > *most) {
            self.wrong(
                path,
                node,
                "is too long",
                &format!("use at most {most} characters"),
            );
        }
        if let Some(least) = schema.min_length.filter(|least| length < *least) {
            self.wrong(
                path,
                node,
                "is too short",
                &format!("use at least {least} characters"),
            );
        }
        value
    }

    /// A text; a bare `3` or `true` is none for the API server either.
    pub(super) fn text(&mut self, path: &str, node: &Node) -> Value {
        match node {
            Node::Quoted(text) => text.clone().into(),
            Node::Plain(text) if text.parse::<f64>().is_ok() || node.is_null() => {
                self.wrong(
                    path,
                    node,
                    "is no text",
                    &format!("quote it: '{}'", head(text)),
                );
                Value::Null
            }
            Node::Plain(text) if text == "true" || text == "false" => {
                self.wrong(path, node, "is no text", &format!("quote it: '{text}'"));
                Value::Null
            }
            Node::Plain(text) => text.clone().into(),
            _ => {
                self.wrong(path, node, "is no text", "write one value");
                Value::Null
            }
        }
    }
}

/// The bounds of a number, for a remedy.
fn bounds(schema: &JSONSchemaProps) -> String {
    match (schema.minimum, schema.maximum) {
        (Some(least), Some(most)) => format!("{least} to {most}"),
        (Some(least), None) => format!("{least} or more"),
        (None, Some(most)) => format!("{most} or less"),
        (None, None) => "a number".to_owned(),
    }
}

/// The beginning of a long value, for a remedy that shows how it is written.
fn head(text: &str) -> String {
    const SHOWN: usize = 12;
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
