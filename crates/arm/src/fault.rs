//! What the service said went wrong: one shape for the bodies that there are, and what kind
//! of trouble it is.

use crate::answer::Answer;
use crate::classify;
use crate::redact;
use crate::said::{Said, said};
use serde_json::Value;

/// Whose trouble an error is, and so what helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// No credential, or one that is not accepted: sign in.
    Credential,
    /// The caller lacks a role.
    Permission,
    /// A policy of the organisation forbids it.
    Policy,
    /// A quota of the subscription, or the capacity of the region, is exhausted.
    Quota,
    /// Too many requests, for longer than was waited.
    Throttled,
    /// The resource or its parent is not there.
    NotFound,
    /// Another operation holds the resource, for longer than was waited.
    InProgress,
    /// The resource has changed since it was read.
    EtagMismatch,
    /// It clashes with what is there: a name that is taken, a state that does not allow it.
    Conflict,
    /// A lock forbids it.
    Locked,
    /// The resource provider or the api-version is not registered.
    NotRegistered,
    /// The request is wrong.
    Invalid,
    /// The service fails.
    Outage,
    /// The operation was aborted, or another took its place.
    Canceled,
    /// The operation failed for a reason of its own.
    Failed,
    /// The operation did not end within the time that was allowed.
    Unfinished,
    /// An answer that cannot be understood.
    Unreadable,
    /// No answer at all.
    Unreachable,
}

impl Class {
    /// In a few words, for people.
    pub fn text(self) -> &'static str {
        match self {
            Class::Credential => "not signed in",
            Class::Permission => "permission missing",
            Class::Policy => "forbidden by policy",
            Class::Quota => "quota or capacity exhausted",
            Class::Throttled => "throttled",
            Class::NotFound => "not found",
            Class::InProgress => "another operation in progress",
            Class::EtagMismatch => "changed meanwhile",
            Class::Conflict => "conflict",
            Class::Locked => "locked",
            Class::NotRegistered => "not registered",
            Class::Invalid => "invalid request",
            Class::Outage => "service outage",
            Class::Canceled => "canceled",
            Class::Failed => "operation failed",
            Class::Unfinished => "not finished in time",
            Class::Unreadable => "unreadable answer",
            Class::Unreachable => "unreachable",
        }
    }
}

/// An inner error, as deployments and providers nest them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// The code, or empty.
    pub code: String,
    /// The message, or empty.
    pub message: String,
    /// What it is about, or empty.
    pub target: String,
}

/// An error of the service, read from whichever body it came in.
/// Source: <https://learn.microsoft.com/azure/azure-resource-manager/management/common-deployment-errors>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArmFault {
    /// What kind of trouble.
    pub class: Class,
    /// The service's code, as `QuotaExceeded`; empty where it gave none.
    pub code: String,
    /// The service's message, with signed URLs redacted.
    pub message: String,
    /// What it is about, or empty.
    pub target: String,
    /// Inner errors, flattened, outermost first.
    pub details: Vec<Detail>,
    /// The HTTP status; none where the error is an operation's, or no answer came.
    pub status: Option<u16>,
    /// The service's id of the request, for its support.
    pub request_id: Option<String>,
    /// Method and path that were answered so.
    pub what: String,
}

impl ArmFault {
    /// An error of the client's own making.
    pub(crate) fn own(class: Class, what: &str, message: impl Into<String>) -> ArmFault {
        ArmFault {
            class,
            code: String::new(),
            message: redact::text(&message.into()),
            target: String::new(),
            details: Vec::new(),
            status: None,
            request_id: None,
            what: what.to_owned(),
        }
    }

    /// From an answer whose status says that something went wrong.
    pub(crate) fn from_answer(answer: &Answer, what: &str) -> ArmFault {
        let said = answer.json.as_ref().and_then(said).unwrap_or_default();
        let message = if said.message.is_empty() && said.code.is_empty() {
            answer.excerpt()
        } else {
            said.message.clone()
        };
        let mut class = classify::class(Some(answer.status), &said);
        if class == Class::NotFound && !answer.is_from_service() {
            class = Class::Unreadable;
        }
        let mut fault = ArmFault::own(class, what, message);
        fault.adopt(&said);
        fault.status = Some(answer.status);
        fault.request_id = answer.request_id();
        fault
    }

    /// From the `error` of an operation or a resource; `fallback` is the class where neither
    /// code nor message tells.
    pub(crate) fn from_error(error: &Value, fallback: Class, what: &str) -> ArmFault {
        let said = said(error).unwrap_or_default();
        let class = match classify::by_words(&said) {
            Some(class) => class,
            None => fallback,
        };
        let mut fault = ArmFault::own(class, what, said.message.clone());
        fault.adopt(&said);
        fault
    }

    fn adopt(&mut self, said: &Said) {
        self.code = redact::text(&said.code);
        self.target = redact::text(&said.target);
        self.details = said
            .details
            .iter()
            .map(|detail| Detail {
                code: redact::text(&detail.code),
                message: redact::text(&detail.message),
                target: redact::text(&detail.target),
            })
            .collect();
    }
}

impl std::fmt::Display for ArmFault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}: {}", self.what, self.class.text())?;
        match (self.status, self.code.as_str()) {
            (Some(status), "") => write!(out, " ({status})")?,
            (Some(status), code) => write!(out, " ({status} {code})")?,
            (None, "") => {}
            (None, code) => write!(out, " ({code})")?,
        }
        if !self.message.is_empty() {
            write!(out, ": {}", self.message)?;
        }
        for detail in self.details.iter().take(5) {
            write!(out, "; {}: {}", detail.code, detail.message)?;
        }
        if let Some(id) = &self.request_id {
            write!(out, " [request {id}]")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_fault_reads_well() {
        let error = json!({"code": "QuotaExceeded", "message": "no cores https://x/y?sig=s"});
        let fault = ArmFault::from_error(&error, Class::Failed, "PUT /x");
        assert_eq!(
            fault.to_string(),
            "PUT /x: quota or capacity exhausted (QuotaExceeded): no cores https://x/y?…"
        );
    }
}
