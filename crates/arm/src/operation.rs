//! What a mutating request came to: done at once, or an operation to follow. An operation
//! is saved by the caller before it is followed, so that a killed run finds it again.

use crate::answer::Answer;
use crate::call::{Call, Method};
use crate::client::{Arm, success, unreadable};
use crate::error::ArmError;
use crate::fault::{ArmFault, Class};
use crate::{redact, throttle};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// The answer to [`Arm::begin`].
#[derive(Clone, PartialEq)]
pub enum Begun {
    /// It is done: the status, and the body if there is one.
    Done {
        /// The HTTP status: 404 for a DELETE of what was not there.
        status: u16,
        /// The resource or result.
        body: Option<Value>,
    },
    /// It goes on: save the operation, then [`Arm::follow`] it.
    Running(Operation),
}

/// A body may hold credentials: it is not shown.
impl std::fmt::Debug for Begun {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Begun::Done { status, body } => out
                .debug_struct("Done")
                .field("status", status)
                .field("body", &body.as_ref().map(|_| "not shown"))
                .finish(),
            Begun::Running(operation) => out.debug_tuple("Running").field(operation).finish(),
        }
    }
}

/// A long-running operation. Serialised it holds signed URLs: keep it in a private file.
/// Source: <https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations>
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) api: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) query: Vec<(String, String)>,
    /// `Azure-AsyncOperation`, unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status_url: Option<String>,
    /// `Location`, unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) result_url: Option<String>,
    /// What the service asked to wait before the first poll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) first_wait: Option<Duration>,
}

impl Operation {
    /// An operation of which only the resource is known: a run that was killed before it
    /// could save more follows the resource's own state. A delete ends when it is gone.
    pub fn of_resource(
        method: Method,
        path: impl Into<String>,
        api: impl Into<String>,
    ) -> Operation {
        Operation {
            method,
            path: path.into(),
            api: api.into(),
            query: Vec::new(),
            status_url: None,
            result_url: None,
            first_wait: None,
        }
    }

    /// What began it.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The path of the request that began it: the resource, or an action on it.
    pub fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn what(&self) -> String {
        format!("{} {}", self.method.as_str(), self.path)
    }
}

/// Signed URLs are redacted.
impl std::fmt::Debug for Operation {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Operation")
            .field("what", &self.what())
            .field("api", &self.api)
            .field("status_url", &self.status_url.as_deref().map(redact::url))
            .field("result_url", &self.result_url.as_deref().map(redact::url))
            .finish_non_exhaustive()
    }
}

/// How an operation stands, told at each poll.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// The service's own word, as `CreatingAgentPool`; the list of them is open.
    pub status: String,
    /// Percent, where the service says.
    pub percent: Option<f64>,
    /// An error that the operation reports while it goes on; it may still succeed.
    pub warning: Option<ArmFault>,
    /// Polls so far.
    pub polls: u32,
    /// Nominal time waited so far.
    pub waited: Duration,
}

/// How a state ends: no list of the other states is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Succeeded,
    Failed,
    Canceled,
}

pub(crate) fn end(status: &str) -> Option<End> {
    match status.trim().to_ascii_lowercase().as_str() {
        "succeeded" => Some(End::Succeeded),
        "failed" => Some(End::Failed),
        "canceled" | "cancelled" => Some(End::Canceled),
        _ => None,
    }
}

/// A resource's `properties.provisioningState`.
pub(crate) fn provisioning_state(body: &Value) -> Option<&str> {
    body.get("properties")?
        .get("provisioningState")?
        .as_str()
        .filter(|state| !state.is_empty())
}

/// Whether an answer says that the resource is not there. A page of some gateway that
/// happens to have this status does not: a cluster would be forgotten.
pub(crate) fn is_absent(answer: &Answer) -> bool {
    if answer.status != 404 && answer.status != 410 {
        return false;
    }
    let fault = ArmFault::from_answer(answer, "");
    fault.class == Class::NotFound && !fault.code.eq_ignore_ascii_case("SubscriptionNotFound")
}

/// Reads the answer to a mutating request.
pub(crate) fn begun(arm: &Arm, call: &Call, answer: Answer) -> Result<Begun, ArmError> {
    let what = call.what();
    if call.method == Method::Delete && is_absent(&answer) {
        return Ok(Begun::Done {
            status: answer.status,
            body: None,
        });
    }
    let answer = success(answer, &what)?;
    let (status_url, status_error) = own(arm, answer.header("azure-asyncoperation"), &what);
    let (result_url, result_error) = own(arm, answer.header("location"), &what);
    let replaces = matches!(call.method, Method::Put | Method::Patch);
    let state = answer.json.as_ref().and_then(provisioning_state);
    let goes_on = status_url.is_some()
        || answer.status == 202
        || status_error.is_some()
        || (replaces && state.is_some_and(|state| end(state).is_none()))
        // It was taken, so the resource itself says what came of it.
        || (replaces && answer.unreadable.is_some());
    if !goes_on {
        if replaces && state.and_then(end).is_some_and(|end| end != End::Succeeded) {
            let error = answer.json.as_ref().and_then(state_error);
            return Err(failed(state.unwrap_or_default(), error, &what).into());
        }
        if answer.unreadable.is_some() && call.method != Method::Delete {
            return Err(unreadable(&answer, &what));
        }
        return Ok(Begun::Done {
            status: answer.status,
            body: answer.json,
        });
    }
    // A URL of a foreign host is not followed. Where the resource itself tells the end, it
    // is asked instead.
    if let (Method::Post, None, None, Some(error)) = (
        call.method,
        &status_url,
        &result_url,
        status_error.or(result_error),
    ) {
        return Err(error);
    }
    Ok(Begun::Running(Operation {
        method: call.method,
        path: call.path.clone(),
        api: call.api.clone(),
        query: call.query.clone(),
        status_url,
        // 201 names the new resource there, which is no result to wait for.
        result_url: result_url.filter(|_| answer.status != 201),
        first_wait: throttle::from_headers(&answer),
    }))
}

fn own(arm: &Arm, header: Option<&str>, what: &str) -> (Option<String>, Option<ArmError>) {
    match header.map(|text| (text, arm.own_url(text, what))) {
        Some((text, Ok(_))) => (Some(text.to_owned()), None),
        Some((_, Err(error))) => {
            tracing::warn!(what, %error, "a foreign URL is not followed");
            (None, Some(error))
        }
        None => (None, None),
    }
}

/// Where a resource that failed says why.
pub(crate) fn state_error(resource: &Value) -> Option<&Value> {
    let properties = resource.get("properties");
    [
        properties.and_then(|properties| properties.get("error")),
        properties
            .and_then(|properties| properties.get("status"))
            .and_then(|status| status.get("provisioningError")),
        resource.get("error"),
    ]
    .into_iter()
    .flatten()
    .find(|error| error.is_object())
}

/// The fault of a state that is an end but no success.
pub(crate) fn failed(state: &str, error: Option<&Value>, what: &str) -> ArmFault {
    let canceled = end(state) == Some(End::Canceled);
    let fallback = if canceled {
        Class::Canceled
    } else {
        Class::Failed
    };
    let mut fault = match error {
        Some(error) => ArmFault::from_error(error, fallback, what),
        None => ArmFault::own(fallback, what, ""),
    };
    if canceled {
        fault.class = Class::Canceled;
    }
    // Something that it needs is not there; the resource itself is.
    if fault.class == Class::NotFound {
        fault.class = Class::Failed;
    }
    if fault.message.is_empty() {
        fault.message = format!("it ended as {}", redact::text(state));
    }
    fault
}
