//! Who asks, and may they: bearer tokens and role assignments, with Azure's refusals.

use crate::answer::Answer;
use crate::request::{Request, same, within};
use crate::settings::Caller;
use crate::world::World;
use std::time::SystemTime;

/// The caller behind a request's token.
pub(crate) fn authenticate(world: &World, request: &Request) -> Result<Caller, Answer> {
    let refuse = |code: &str, message: &str| {
        Err(Answer::gateway(401, code, message).with(
            "WWW-Authenticate",
            format!(
                "Bearer authorization_uri=\"{}/{}\", error=\"invalid_token\", \
                 error_description=\"{message}\"",
                world.endpoint, world.settings.tenant
            ),
        ))
    };
    let Some(header) = request.header("authorization") else {
        return refuse(
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is missing.",
        );
    };
    let Some(token) = header.strip_prefix("Bearer ") else {
        return refuse(
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is provided in an invalid format.",
        );
    };
    let Some(known) = world.tokens.get(token) else {
        return refuse("InvalidAuthenticationToken", "The access token is invalid.");
    };
    if known.expires <= SystemTime::now() {
        return refuse(
            "ExpiredAuthenticationToken",
            &format!(
                "The access token expiry UTC time is earlier than current UTC time '{}'.",
                crate::world::now()
            ),
        );
    }
    let caller = world
        .settings
        .callers
        .iter()
        .find(|one| same(&one.client_id, &known.client_id));
    match caller {
        Some(caller) => Ok(caller.clone()),
        None => refuse("InvalidAuthenticationToken", "The access token is invalid."),
    }
}

/// Whether a caller may do something at a scope.
pub(crate) fn allowed(caller: &Caller, action: &str, scope: &str) -> bool {
    caller.grants.iter().any(|grant| {
        within(scope, &grant.scope)
            && grant.actions.iter().any(|pattern| matches(pattern, action))
            && !grant
                .not_actions
                .iter()
                .any(|pattern| matches(pattern, action))
    })
}

/// Refuses as Azure does when a caller may not.
pub(crate) fn require(caller: &Caller, action: &str, scope: &str) -> Result<(), Answer> {
    if allowed(caller, action, scope) {
        return Ok(());
    }
    Err(Answer::gateway(
        403,
        "AuthorizationFailed",
        format!(
            "The client '{}' with object id '{}' does not have authorization to perform action \
             '{action}' over scope '{scope}' or the scope is invalid. If access was recently \
             granted, please refresh your credentials.",
            caller.client_id, caller.object_id
        ),
    ))
}

/// `*` stands for anything, case does not matter.
fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    let parts: Vec<&str> = pattern.split('*').collect();
    let [first, middle @ .., last] = parts.as_slice() else {
        return pattern == action;
    };
    let Some(mut rest) = action.strip_prefix(first) else {
        return false;
    };
    for part in middle {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Grant, Secret};

    #[test]
    fn patterns_of_actions_are_azures() {
        assert!(matches("*", "Microsoft.Network/virtualNetworks/read"));
        assert!(matches("*/read", "microsoft.network/virtualnetworks/READ"));
        assert!(!matches(
            "*/read",
            "Microsoft.Network/virtualNetworks/write"
        ));
        assert!(matches(
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/locks/write"
        ));
        assert!(!matches(
            "Microsoft.Network/virtualNetworks/read",
            "Microsoft.Network/x/read"
        ));
    }

    #[test]
    fn a_contributor_hands_out_no_locks() {
        let caller = Caller {
            client_id: "c".into(),
            object_id: "o".into(),
            secret: Secret("s".into()),
            grants: vec![Grant::contributor("/subscriptions/s/resourceGroups/g")],
        };
        let at = "/subscriptions/S/resourcegroups/G/providers/x";
        assert!(allowed(&caller, "Microsoft.Compute/disks/write", at));
        assert!(!allowed(&caller, "Microsoft.Authorization/locks/write", at));
        assert!(!allowed(
            &caller,
            "Microsoft.Compute/disks/write",
            "/subscriptions/s"
        ));
        let refused = require(&caller, "Microsoft.Compute/disks/write", "/subscriptions/s");
        assert_eq!(refused.unwrap_err().code(), Some("AuthorizationFailed"));
    }
}
