//! Refusals in Azure's own words, for [`crate::Effect::Answer`]. Each is one that users of
//! other tools have reported, or that a recording shows.

use crate::answer::{Answer, Body};
use serde_json::json;

/// 429 with `Retry-After`.
pub fn throttled(seconds: u32) -> Answer {
    Answer::service(
        429,
        "SubscriptionRequestsThrottled",
        "Number of requests for the subscription and operation 'Write' exceeded the limit. \
         Please try again later.",
    )
    .with("Retry-After", seconds)
}

/// 429 whose delay is only in the message.
pub fn throttled_in_words(seconds: u32) -> Answer {
    Answer::aks(
        429,
        "TooManyRequests",
        "Throttled",
        format!("The request is being throttled. Please retry after {seconds} seconds."),
    )
}

/// 429 that says nothing of a delay.
pub fn throttled_bare() -> Answer {
    Answer::empty(429)
}

/// A gateway's HTML page: 500, 502, 503.
pub fn outage_page(status: u16) -> Answer {
    let text = format!(
        "<html><head><title>{status}</title></head><body><center><h1>{status} Service \
         Unavailable</h1></center><hr><center>Microsoft-Azure-Application-Gateway/v2</center>\
         </body></html>"
    );
    Answer {
        status,
        headers: Vec::new(),
        body: Body::Text("text/html".into(), text),
    }
}

/// A 5xx that a service answers.
pub fn outage(status: u16) -> Answer {
    Answer::service(
        status,
        "InternalServerError",
        "Encountered internal server error.",
    )
}

/// The subscription's vCPUs do not suffice, as AKS says it.
pub fn quota(needed: u32, left: u32, family: &str, location: &str) -> Answer {
    Answer::aks(
        400,
        "ErrCode_InsufficientVCPUQuota",
        "",
        format!(
            "Insufficient vcpu quota requested {needed}, remaining {left} for family {family} \
             for region {location}."
        ),
    )
}

/// The same from Microsoft.Compute: a quota, although its code says "not allowed".
pub fn quota_not_allowed(location: &str, limit: u32, used: u32, more: u32) -> Answer {
    Answer::service(
        409,
        "OperationNotAllowed",
        format!(
            "Operation could not be completed as it results in exceeding approved Total \
             Regional Cores quota. Additional details - Deployment Model: Resource Manager, \
             Location: {location}, Current Limit: {limit}, Current Usage: {used}, Additional \
             Required: {more}, (Minimum) New Limit Required: {}. Submit a request for Quota \
             increase.",
            used + more
        ),
    )
}

/// A policy of the subscription denies it.
pub fn policy(resource: &str, policy: &str) -> Answer {
    let assignment = "/subscriptions/11111111-2222-4333-8444-555555555555/providers/\
                      Microsoft.Authorization/policyAssignments/deny";
    Answer::json(
        403,
        json!({"error": {
            "code": "RequestDisallowedByPolicy",
            "target": resource,
            "message": format!(
                "Resource '{resource}' was disallowed by policy. Policy identifiers: \
                 '[{{\"policyAssignment\":{{\"name\":\"{policy}\",\"id\":\"{assignment}\"}}}}]'."
            ),
            "additionalInfo": [{"type": "PolicyViolation", "info": {
                "policyAssignmentDisplayName": policy, "policyAssignmentId": assignment
            }}]
        }}),
    )
    .with("x-ms-failure-cause", "gateway")
}

/// Another operation has the resource (Microsoft.Network).
pub fn another_operation(resource: &str) -> Answer {
    Answer::json(
        409,
        json!({"error": {
            "code": "AnotherOperationInProgress",
            "message": format!(
                "Another operation on this or dependent resource is in progress. To retrieve \
                 status of the operation use uri: {resource}."
            ),
            "details": []
        }}),
    )
}

/// Another operation has the resource (Microsoft.Network, as 429).
pub fn retryable(resource: &str, seconds: u32) -> Answer {
    Answer::json(
        429,
        json!({"error": {
            "code": "RetryableError",
            "message": "A retryable error occurred.",
            "details": [{
                "code": "RetryableErrorDueToAnotherOperation",
                "message": format!(
                    "Operation PutOperation is updating resource {resource}. The call can be \
                     retried in {seconds} seconds."
                )
            }]
        }}),
    )
    .with("Retry-After", seconds)
}

/// Another operation has the cluster.
pub fn cluster_busy(state: &str) -> Answer {
    Answer::aks(
        409,
        "OperationNotAllowed",
        "OperationNotAllowed",
        format!(
            "Operation is not allowed: Another operation ({state}) is in progress, please wait \
             for it to finish before starting a new operation. See \
             https://aka.ms/aks-pending-operation for more details"
        ),
    )
}

/// AKS lost a race with itself.
pub fn etag_mismatch() -> Answer {
    Answer::indented(
        409,
        json!({
            "code": "EtagMismatch",
            "details": [{
                "code": "Unspecified",
                "message": "rpc error: code = FailedPrecondition desc = Etag mismatched"
            }],
            "message": "Operation is not allowed: Another operation is in progress",
            "subcode": "PutManagedClusterAndComponents_FailedPrecondition"
        }),
    )
}
