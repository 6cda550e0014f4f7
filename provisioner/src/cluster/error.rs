//! What an API server's refusal is, sorted by what can be done about it.

use kube::core::Status;
use std::fmt;
use std::time::Duration;

/// What kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// No connection, or it broke.
    Unreachable,
    /// The user is not known.
    Unauthorized,
    /// The user lacks a right; the message says which.
    Forbidden,
    /// The object is not there.
    NotFound,
    /// The kind of object is not known: no CRD.
    NoSuchKind,
    /// It is there already.
    Exists,
    /// It was changed meanwhile.
    Conflict,
    /// The object breaks a rule.
    Invalid,
    /// It may pass: too many requests, the server is starting.
    Busy,
    /// Anything else.
    Other,
}

/// A request that failed.
#[derive(Debug)]
pub struct ApiError {
    /// What kind.
    pub cause: Cause,
    /// In words, a line each.
    pub lines: Vec<String>,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("; "))
    }
}

impl std::error::Error for ApiError {}

impl From<kube::Error> for ApiError {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self {
                cause: sort(&status),
                lines: lines(&status),
            },
            kube::Error::Auth(_) => Self::one(Cause::Unauthorized, causes(&error)),
            kube::Error::HyperError(_)
            | kube::Error::Service(_)
            | kube::Error::ReadEvents(_)
            | kube::Error::UpgradeConnection(_) => Self::one(Cause::Unreachable, causes(&error)),
            _ => Self::one(Cause::Other, causes(&error)),
        }
    }
}

impl ApiError {
    /// No answer within the time.
    pub fn silent(within: Duration) -> Self {
        let line = format!("no answer in {} s", within.as_secs());
        Self::one(Cause::Unreachable, line)
    }

    /// Whether the server does not know the kind of object that was asked for.
    pub fn is_no_such_kind(error: &kube::Error) -> bool {
        matches!(error, kube::Error::Api(status) if sort(status) == Cause::NoSuchKind)
    }

    fn one(cause: Cause, line: String) -> Self {
        let lines = vec![line];
        Self { cause, lines }
    }
}

fn sort(status: &Status) -> Cause {
    let names_an_object = status.details.as_ref().is_some_and(|d| !d.name.is_empty());
    match (status.code, status.reason.as_str()) {
        (401, _) => Cause::Unauthorized,
        (403, _) => Cause::Forbidden,
        (404, _) if names_an_object => Cause::NotFound,
        (404, _) => Cause::NoSuchKind,
        (409, "AlreadyExists") => Cause::Exists,
        (409, _) => Cause::Conflict,
        // Strict validation answers 400: "strict decoding error: unknown field …".
        (400 | 422, _) => Cause::Invalid,
        (429 | 500..=599, _) => Cause::Busy,
        _ => Cause::Other,
    }
}

/// The server's complaints, one for each field where it names them.
fn lines(status: &Status) -> Vec<String> {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let lines: Vec<String> = causes
        .filter(|cause| !cause.message.is_empty())
        .map(|cause| match cause.field.as_str() {
            "" | "<nil>" => cause.message.clone(),
            field => format!("{field}: {}", cause.message),
        })
        .collect();
    if !lines.is_empty() {
        return lines;
    }
    let message = match status.message.as_str() {
        "" => format!("the API server answered {} {}", status.code, status.reason),
        message => message.to_owned(),
    };
    vec![message]
}

/// An error with its causes, which say more: "connection refused".
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn error(status: serde_json::Value) -> ApiError {
        let status: Status = serde_json::from_value(status).unwrap();
        ApiError::from(kube::Error::Api(Box::new(status)))
    }

    #[test]
    fn a_missing_object_is_not_a_missing_kind() {
        let object = json!({"code": 404, "reason": "NotFound", "message": "x",
            "details": {"name": "a", "kind": "rsacrackers"}});
        assert_eq!(error(object).cause, Cause::NotFound);
        let kind = json!({"code": 404, "reason": "NotFound",
            "message": "the server could not find the requested resource", "details": {}});
        assert_eq!(error(kind).cause, Cause::NoSuchKind);
    }

    #[test]
    fn every_field_that_is_refused_is_named() {
        let refused = error(
            json!({"code": 422, "reason": "Invalid", "message": "all of it",
            "details": {"causes": [
                {"field": "spec.workerCount", "message": "Invalid value: -1: too small"},
                {"field": "<nil>", "message": "some rule"},
            ]}}),
        );
        assert_eq!(refused.cause, Cause::Invalid);
        assert_eq!(
            refused.lines,
            [
                "spec.workerCount: Invalid value: -1: too small",
                "some rule"
            ]
        );
    }
}
