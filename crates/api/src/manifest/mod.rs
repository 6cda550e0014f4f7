//! From a manifest's text to resources that hold to every rule, before anything is sent.
//!
//! The raw tree is checked against the schema that the API server has ([`crate::crd`]),
//! so that a misspelt field is named rather than dropped and a long bare integer is
//! seen as it was written; then the rules of [`crate::rules`] are. All complaints come
//! at once. `rsac-infra` calls it for `up -f` and `apply -f`.

mod check;
mod tree;

#[cfg(test)]
mod tests;

use crate::{API_VERSION, FieldError, KIND, RSACracker, rules};
use check::Checker;
use serde_json::Value;
use tree::Node;

/// How the first system's own files misspell the kind.
const FIRST_SYSTEMS_TYPO: &str = "RSACraker";

/// Reads a manifest: YAML or JSON, one document or several, each an RSACracker.
///
/// # Errors
/// Everything that is wrong with it, each with field, value and remedy.
pub fn read(text: &str) -> Result<Vec<RSACracker>, Vec<FieldError>> {
    let documents = tree::read(text).map_err(|error| vec![error])?;
    if documents.is_empty() {
        return Err(vec![FieldError::without_value(
            "the manifest",
            "is empty",
            format!("begin it with `apiVersion: {API_VERSION}` and `kind: {KIND}`"),
        )]);
    }
    let several = documents.len() > 1;
    let mut crackers: Vec<RSACracker> = Vec::new();
    let mut errors = Vec::new();
    for (at, document) in documents.iter().enumerate() {
        match resource(document) {
            Ok(cracker) => {
                let name = &cracker.metadata.name;
                if crackers.iter().any(|other| other.metadata.name == *name) {
                    let name = name.clone().unwrap_or_default();
                    let problem = "is the name of an earlier document too";
                    let error =
                        FieldError::new("metadata.name", &name, problem, "give each its own");
                    errors.push(within(several, at, error));
                }
                crackers.push(cracker);
            }
            Err(found) => errors.extend(found.into_iter().map(|e| within(several, at, e))),
        }
    }
    if errors.is_empty() {
        Ok(crackers)
    } else {
        Err(errors)
    }
}

/// Everything that schema and rules find wrong with a resource that came by another way
/// than a manifest: what an API server would refuse.
pub fn check(cracker: &RSACracker) -> Vec<FieldError> {
    match serde_json::to_string(cracker) {
        Ok(text) => read(&text).err().unwrap_or_default(),
        Err(error) => vec![FieldError::without_value(
            "the resource",
            format!("cannot be written as JSON ({error})"),
            "set its fields anew",
        )],
    }
}

fn within(several: bool, at: usize, mut error: FieldError) -> FieldError {
    if several {
        error.field = format!("document {}: {}", at + 1, error.field);
    }
    error
}

fn resource(document: &Node) -> Result<RSACracker, Vec<FieldError>> {
    let Node::Map(fields) = document else {
        let remedy = format!("write a resource of kind {KIND}");
        return Err(vec![FieldError::without_value(
            "the manifest",
            "is no mapping of fields",
            remedy,
        )]);
    };
    // Of another kind of resource every field would be strange: that alone is said.
    let errors: Vec<FieldError> = identity(fields).into_iter().flatten().collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut checker = Checker::default();
    let value = checker.resource(document);
    if !checker.errors.is_empty() {
        return Err(checker.errors);
    }
    typed(value)
}

/// A value that passed the schema, as a resource that holds to the rules.
fn typed(value: Value) -> Result<RSACracker, Vec<FieldError>> {
    let cracker: RSACracker = serde_json::from_value(value).map_err(|error| {
        let remedy = "see `kubectl explain rsacracker` or the guide for its fields";
        vec![FieldError::without_value(
            "the manifest",
            format!("is no {KIND} ({error})"),
            remedy,
        )]
    })?;
    let errors = rules::check(&cracker);
    if errors.is_empty() {
        Ok(cracker)
    } else {
        Err(errors)
    }
}

fn identity(fields: &[(String, Node)]) -> [Option<FieldError>; 2] {
    let text = |name: &str| {
        let field = fields.iter().find(|(key, _)| key == name);
        field.map(|(_, node)| node.shown())
    };
    let kind = match text("kind").as_deref() {
        Some(KIND) => None,
        Some(FIRST_SYSTEMS_TYPO) => Some(FieldError::new(
            "kind",
            FIRST_SYSTEMS_TYPO,
            "misses a c, as it does in the first system's own files",
            format!("write {KIND}"),
        )),
        Some(other) => {
            let problem = if check::is_near(other, KIND) {
                "is misspelt"
            } else {
                "is another kind of resource"
            };
            Some(FieldError::new(
                "kind",
                other,
                problem,
                format!("write {KIND}"),
            ))
        }
        None => Some(FieldError::without_value(
            "kind",
            "is missing",
            format!("add `kind: {KIND}`"),
        )),
    };
    let version = match text("apiVersion").as_deref() {
        Some(API_VERSION) => None,
        Some(other) => Some(FieldError::new(
            "apiVersion",
            other,
            "is not the version that this program serves",
            format!("write {API_VERSION}"),
        )),
        None => Some(FieldError::without_value(
            "apiVersion",
            "is missing",
            format!("add `apiVersion: {API_VERSION}`"),
        )),
    };
    [kind, version]
}
