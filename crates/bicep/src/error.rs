//! What can be wrong: with a template, at a place; with the value of a parameter, by name.

use std::fmt;

/// A fault of a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct BicepError {
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

/// A fault of a parameter's value, or of the file that it comes from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct ParameterError {
    /// Which; none where the file as a whole is at fault.
    pub parameter: Option<String>,
    /// What is wrong: it names parameter, value and range. A secret is never in it.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

impl ParameterError {
    pub(crate) fn of(name: &str, what: impl fmt::Display, remedy: impl Into<String>) -> Self {
        Self {
            parameter: Some(name.to_owned()),
            what: format!("parameter {name}: {what}"),
            remedy: remedy.into(),
        }
    }

    pub(crate) fn file(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            parameter: None,
            what: what.into(),
            remedy: remedy.into(),
        }
    }
}

/// Why a template yields no deployment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The template.
    #[error("the template, {0}")]
    Template(#[from] BicepError),
    /// Values: every one that is wrong, at least one.
    #[error("{}", joined(.0, |error| &error.what))]
    Parameters(Vec<ParameterError>),
}

impl Error {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Template(error) => error.remedy.clone(),
            Self::Parameters(errors) => joined(errors, |error| &error.remedy),
        }
    }
}

fn joined(errors: &[ParameterError], part: impl Fn(&ParameterError) -> &String) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for error in errors {
        let part = part(error).as_str();
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts.join("; ")
}
