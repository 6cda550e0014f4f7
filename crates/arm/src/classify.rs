//! Which class an error is: by its code, where that does not tell by its message, else by
//! its status. Codes are those of Azure Resource Manager, AKS, network and deployments.

use crate::fault::Class;
use crate::said::Said;

/// The class of an answer with an error status.
pub(crate) fn class(status: Option<u16>, said: &Said) -> Class {
    let words = by_words(said);
    match (status, words) {
        // 429 is also how networks say that another operation holds the resource.
        (Some(429), Some(Class::InProgress)) => Class::InProgress,
        (Some(429), _) => Class::Throttled,
        (Some(401), _) => Class::Credential,
        (Some(412), _) => Class::EtagMismatch,
        (_, Some(class)) => class,
        (Some(status), None) => by_status(status),
        (None, None) => Class::Failed,
    }
}

fn by_status(status: u16) -> Class {
    match status {
        300..=399 => Class::Unreadable,
        403 => Class::Permission,
        404 | 410 => Class::NotFound,
        407 => Class::Unreachable,
        408 => Class::Outage,
        409 => Class::Conflict,
        423 => Class::Locked,
        501 => Class::Invalid,
        400..=499 => Class::Invalid,
        500..=599 => Class::Outage,
        _ => Class::Unreadable,
    }
}

/// The class that code and message tell, also those of inner errors: a deployment that
/// failed says why only there.
pub(crate) fn by_words(said: &Said) -> Option<Class> {
    let outer = one(&said.code, &said.subcode, &said.message);
    if outer.is_some_and(|class| !is_wrapper(&said.code) || class != Class::Invalid) {
        return outer;
    }
    said.details
        .iter()
        .find_map(|detail| one(&detail.code, "", &detail.message))
        .or(outer)
}

/// Codes that only say that something within went wrong.
fn is_wrapper(code: &str) -> bool {
    const WRAPPERS: &[&str] = &[
        "badrequest",
        "conflict",
        "deploymentfailed",
        "deploymentfailedcleanup",
        "internalservererror",
        "invalidtemplatedeployment",
        "multipleerrorsoccurred",
        "operationfailed",
        "resourcedeploymentfailure",
        "retryableerror",
    ];
    WRAPPERS.contains(&code.to_ascii_lowercase().as_str())
}

fn one(code: &str, subcode: &str, message: &str) -> Option<Class> {
    let code = code.to_ascii_lowercase();
    let subcode = subcode.to_ascii_lowercase();
    let message = message.to_ascii_lowercase();
    exact(&subcode)
        .or_else(|| exact(&code))
        .or_else(|| by_message(&code, &message))
}

fn exact(code: &str) -> Option<Class> {
    let class = match code {
        "authenticationfailed"
        | "expiredauthenticationtoken"
        | "invalidauthenticationtoken"
        | "invalidauthenticationtokentenant"
        | "invalid_client" => Class::Credential,
        "authorizationfailed"
        | "authorizationfailure"
        | "forbidden"
        | "insufficientprivileges"
        | "linkedauthorizationfailed"
        | "readonlydisabledsubscription"
        | "unauthorized" => Class::Permission,
        "requestdisallowedbypolicy" | "requestdisallowedbyazure" | "policyviolation" => {
            Class::Policy
        }
        "allocationfailed"
        | "errcode_insufficientvcpuquota"
        | "insufficientvcpuquota"
        | "limitexceeded"
        | "overconstrainedallocationrequest"
        | "publicipcountlimitreached"
        | "quotaexceeded"
        | "resourcequotaexceeded"
        | "skunotavailable"
        | "subnetisfull"
        | "zonalallocationfailed" => Class::Quota,
        "resourcerequeststhrottled" | "subscriptionrequeststhrottled" | "toomanyrequests" => {
            Class::Throttled
        }
        "notfound"
        | "parentresourcenotfound"
        | "resourcegroupnotfound"
        | "resourcenotfound"
        | "deploymentnotfound"
        | "subscriptionnotfound" => Class::NotFound,
        "anotheroperationinprogress"
        | "canceledandsupersededduetoanotheroperation"
        | "concurrentoperation"
        | "deploymentactive"
        | "notlatestoperation"
        | "resourcegroupbeingdeleted"
        | "resourceismutating"
        | "referencedresourcenotprovisioned" => Class::InProgress,
        "conditionnotmet" | "etagmismatch" | "preconditionfailed" => Class::EtagMismatch,
        "scopelocked" => Class::Locked,
        "invalidapiversionparameter"
        | "invalidresourcenamespace"
        | "invalidresourcetype"
        | "missingregistrationforlocation"
        | "missingsubscriptionregistration"
        | "noregisteredproviderfound"
        | "subscriptionnotregistered"
        | "unsupportedapiversion" => Class::NotRegistered,
        "canceled" | "cancelled" | "operationcanceled" | "operationpreempted" => Class::Canceled,
        "gatewaytimeout"
        | "internalservererror"
        | "servererror"
        | "servertimeout"
        | "serviceunavailable"
        | "internalerror"
        | "badgateway" => Class::Outage,
        "deploymentcannotbecancelled"
        | "alreadyexists"
        | "resourceexists"
        | "resourcenotempty"
        | "resourcegroupdeletionblocked"
        | "inusesubnetcannotbedeleted"
        | "invalidresourcelocation" => Class::Conflict,
        _ if code.starts_with("retryableerror") => Class::InProgress,
        _ if code.ends_with("alreadyexists") || code.ends_with("inuse") => Class::Conflict,
        _ if code.contains("quota") => Class::Quota,
        _ => return None,
    };
    Some(class)
}

/// `OperationNotAllowed` is a quota as well as an operation in progress, and generic codes
/// hide the one that tells in the message.
fn by_message(code: &str, message: &str) -> Option<Class> {
    const GENERIC: &[&str] = &[
        "",
        "badrequest",
        "conflict",
        "operationnotallowed",
        "operationfailed",
        "vmextensionprovisioningerror",
        "createvmssagentpoolfailed",
        "reconcilevmssagentpoolfailed",
        "invalidparameter",
    ];
    if !GENERIC.contains(&code) {
        return None;
    }
    let has = |any: &[&str]| any.iter().any(|part| message.contains(part));
    if has(&[
        "quota",
        "exceeding approved",
        "insufficient vcpu",
        "core limit",
    ]) {
        return Some(Class::Quota);
    }
    if code == "operationnotallowed" || code == "conflict" || code == "badrequest" {
        let busy = [
            "in progress",
            "in-progress",
            "another operation",
            "is being deleted",
            "is currently being",
            "is updating resource",
        ];
        // "not in progress" is how an abort is refused that finds nothing to abort.
        if has(&busy) && !has(&["not in progress", "no operation"]) {
            return Some(Class::InProgress);
        }
    }
    if has(&["requestdisallowedbypolicy", "disallowed by policy"]) {
        return Some(Class::Policy);
    }
    if code == "operationnotallowed" {
        return Some(Class::Conflict);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Detail;

    fn of(status: u16, code: &str, message: &str) -> Class {
        let said = Said {
            code: code.to_owned(),
            message: message.to_owned(),
            ..Said::default()
        };
        class(Some(status), &said)
    }

    #[test]
    fn codes_tell_before_the_status() {
        assert_eq!(of(403, "AuthorizationFailed", ""), Class::Permission);
        assert_eq!(of(403, "RequestDisallowedByPolicy", ""), Class::Policy);
        assert_eq!(of(409, "ScopeLocked", ""), Class::Locked);
        assert_eq!(of(409, "EtagMismatch", ""), Class::EtagMismatch);
        assert_eq!(
            of(409, "MissingSubscriptionRegistration", ""),
            Class::NotRegistered
        );
        assert_eq!(
            of(400, "NoRegisteredProviderFound", ""),
            Class::NotRegistered
        );
        assert_eq!(
            of(400, "LocationNotAvailableForResourceGroup", ""),
            Class::Invalid
        );
        assert_eq!(of(409, "DeploymentCannotBeCancelled", ""), Class::Conflict);
        assert_eq!(of(404, "", ""), Class::NotFound);
        assert_eq!(of(500, "Whatever", ""), Class::Outage);
        assert_eq!(of(302, "", ""), Class::Unreadable);
        assert_eq!(of(418, "Teapot", ""), Class::Invalid);
        assert_eq!(of(999, "", ""), Class::Unreadable);
    }

    #[test]
    fn operation_not_allowed_is_told_apart_by_its_message() {
        let quota = "Operation could not be completed as it results in exceeding approved Total \
                     Regional Cores quota.";
        assert_eq!(of(409, "OperationNotAllowed", quota), Class::Quota);
        let busy = "Operation is not allowed: Another operation (Updating) is in progress.";
        assert_eq!(of(409, "OperationNotAllowed", busy), Class::InProgress);
        let stopped = "managed cluster is stopped";
        assert_eq!(of(409, "OperationNotAllowed", stopped), Class::Conflict);
    }

    #[test]
    fn throttling_is_not_an_operation_in_progress() {
        assert_eq!(of(429, "OperationNotAllowed", "too many"), Class::Throttled);
        assert_eq!(of(429, "RetryableError", ""), Class::InProgress);
        assert_eq!(of(429, "QuotaExceeded", "requests"), Class::Throttled);
    }

    #[test]
    fn inner_errors_tell_where_the_outer_only_wraps() {
        let said = Said {
            code: "InvalidTemplateDeployment".into(),
            details: vec![
                Detail {
                    code: "Wrapped".into(),
                    ..Detail::default()
                },
                Detail {
                    code: "QuotaExceeded".into(),
                    ..Detail::default()
                },
            ],
            ..Said::default()
        };
        assert_eq!(class(Some(400), &said), Class::Quota);
        assert_eq!(by_words(&said), Some(Class::Quota));
    }
}
