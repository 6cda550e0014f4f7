//! The functions that a template may call.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions>.

use crate::ast::At;
use crate::check::closest;
use crate::error::BicepError;
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// By name, with how many arguments each takes. `resourceGroup` and `subscription` are
/// the evaluator's, which knows where the template is deployed.
const FUNCTIONS: &[(&str, RangeInclusive<usize>)] = &[
    ("concat", 1..=64),
    ("empty", 1..=1),
    ("length", 1..=1),
    ("resourceGroup", 0..=0),
    ("string", 1..=1),
    ("subscription", 0..=0),
    ("toLower", 1..=1),
    ("toUpper", 1..=1),
    ("union", 1..=64),
];

/// Whether there is such a function, and it takes so many arguments.
pub(crate) fn check(name: &str, count: usize, at: At) -> Result<(), BicepError> {
    let known = FUNCTIONS.iter().map(|(known, _)| *known);
    let Some((_, takes)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
        let remedy = match closest(name, known.clone()) {
            Some(close) => format!("did you mean {close}?"),
            None => format!("known are {}", known.collect::<Vec<_>>().join(", ")),
        };
        let what = format!("the function {name} is not in the subset that is read here");
        return Err(at.error(what, remedy));
    };
    if takes.contains(&count) {
        return Ok(());
    }
    let wanted = match (takes.start(), takes.end()) {
        (0, 0) => "no argument".to_owned(),
        (1, 1) => "one argument".to_owned(),
        (from, to) => format!("{from} to {to} arguments"),
    };
    Err(at.error(
        format!("{name} is called with {count} arguments"),
        format!("it takes {wanted}"),
    ))
}

/// The value of a call, `check`ed before.
pub(crate) fn call(name: &str, arguments: Vec<Value>, at: At) -> Result<Value, BicepError> {
    let value = match (name, arguments.as_slice()) {
        ("concat", [Value::Array(_), ..]) => joined(arguments),
        ("concat", all) => {
            let texts: Option<Vec<&str>> = all.iter().map(Value::as_str).collect();
            texts.map(|texts| Value::from(texts.concat()))
        }
        ("empty", [one]) => size(one).map(|size| Value::from(size == 0)),
        ("length", [one]) => size(one).map(Value::from),
        ("string", [one]) => text(one).map(Value::from),
        ("toLower", [Value::String(one)]) => Some(one.to_lowercase().into()),
        ("toUpper", [Value::String(one)]) => Some(one.to_uppercase().into()),
        ("union", [Value::Object(_), ..]) => merged(arguments),
        ("union", [Value::Array(_), ..]) => joined(arguments).map(distinct),
        _ => None,
    };
    value.ok_or_else(|| {
        at.error(
            format!("{name} does not take a value of this type"),
            match name {
                "concat" => "lists only, or texts only",
                "union" => "objects only, or lists only",
                "empty" | "length" => "a string, a list or an object",
                "string" => "a text, a number or a truth value",
                _ => "a string",
            },
        )
    })
}

/// A value within a text, as Azure's `format` writes it.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(true) => Some("True".to_owned()),
        Value::Bool(false) => Some("False".to_owned()),
        _ => None,
    }
}

fn size(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.chars().count()),
        Value::Array(items) => Some(items.len()),
        Value::Object(fields) => Some(fields.len()),
        _ => None,
    }
}

fn joined(lists: Vec<Value>) -> Option<Value> {
    let mut all = Vec::new();
    for list in lists {
        match list {
            Value::Array(items) => all.extend(items),
            _ => return None,
        }
    }
    Some(Value::Array(all))
}

fn distinct(list: Value) -> Value {
    let mut kept: Vec<Value> = Vec::new();
    if let Value::Array(items) = list {
        for item in items {
            if !kept.contains(&item) {
                kept.push(item);
            }
        }
    }
    Value::Array(kept)
}

fn merged(objects: Vec<Value>) -> Option<Value> {
    let mut all = Map::new();
    for object in objects {
        match object {
            Value::Object(fields) => merge(&mut all, fields),
            _ => return None,
        }
    }
    Some(Value::Object(all))
}

/// Objects within are merged too; anything else is replaced by the later one.
fn merge(all: &mut Map<String, Value>, fields: Map<String, Value>) {
    for (key, value) in fields {
        match (all.get_mut(&key), value) {
            (Some(Value::Object(there)), Value::Object(more)) => merge(there, more),
            (_, value) => {
                all.insert(key, value);
            }
        }
    }
}
