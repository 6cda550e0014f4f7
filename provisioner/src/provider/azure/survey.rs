//! What rsac-infra made anywhere in a subscription, known by its tags: for `orphans` and `reap`,
//! which work without any stack that is remembered. `adopt` reads one thing the same way.

use super::id;
use super::session::Session;
use super::tags::{self, NAME, RUN, STACK};
use super::versions::RESOURCES;
use crate::provider::ProviderError;
use rsac_arm::{Call, Method};
use serde_json::Value;
use std::collections::BTreeMap;

/// Something that carries a stack's tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its id.
    pub(crate) id: String,
    /// The stack's name.
    pub(crate) stack: String,
    /// The stack's id.
    pub(crate) stack_id: String,
    /// The run that made it.
    pub(crate) run: Option<String>,
    /// When it is no longer wanted, in seconds since 1970.
    pub(crate) expires_at: Option<u64>,
    /// Who manages it, for a group of nodes: the cluster's id.
    pub(crate) managed_by: Option<String>,
}

/// What a resource says of the stack that made it; none where it is nobody's.
pub(super) fn found(resource: &Value) -> Option<Found> {
    let text = |key: &str| resource.get(key).and_then(Value::as_str).map(str::to_owned);
    Some(Found {
        id: text("id")?,
        stack: tags::get(resource, NAME).unwrap_or("?").to_owned(),
        stack_id: tags::get(resource, STACK)?.to_owned(),
        run: tags::get(resource, RUN).map(str::to_owned),
        expires_at: tags::expires(resource),
        managed_by: text("managedBy"),
    })
}

/// All that carries a stack's tag: groups first, then what is in groups that do not.
pub(crate) async fn all(session: &Session) -> Result<Vec<Found>, ProviderError> {
    let groups = format!("{}/resourcegroups", session.subscription_path());
    let groups = session.arm.list(&groups, RESOURCES).await?;
    let mut all: Vec<Found> = groups.iter().filter_map(found).collect();
    let resources = format!("{}/resources", session.subscription_path());
    let filter = format!("tagName eq '{STACK}'");
    let call = Call::new(Method::Get, resources, RESOURCES).with_query("$filter", filter);
    let resources = session.arm.list_call(&call).await?;
    add_resources(&mut all, &groups, &resources);
    Ok(all)
}

/// Adds what is in no tagged group: of a group that a cluster manages, the group, because all
/// in it goes with the cluster; of others, each resource.
fn add_resources(all: &mut Vec<Found>, groups: &[Value], resources: &[Value]) {
    for mut resource in resources.iter().filter_map(found) {
        let holder = groups.iter().find(|group| {
            let id = group.get("id").and_then(Value::as_str);
            id.is_some_and(|id| id::is_within(&resource.id, id))
        });
        let text = |key: &str| {
            let value = holder
                .and_then(|group| group.get(key))
                .and_then(Value::as_str);
            value.map(str::to_owned)
        };
        if let (Some(managed_by), Some(id)) = (text("managedBy"), text("id")) {
            resource.managed_by = Some(managed_by);
            resource.id = id;
        }
        if !all
            .iter()
            .any(|group| id::is_within(&resource.id, &group.id))
        {
            all.push(resource);
        }
    }
}

/// The group of each stack whose time is over. What a stack made may carry several times, of
/// several runs: the latest counts. A group of nodes goes with its cluster, and counts only
/// where nothing else of its stack is left.
pub(crate) fn over(found: &[Found], now: u64) -> Vec<String> {
    let mut stacks: BTreeMap<&str, Vec<&Found>> = BTreeMap::new();
    for found in found {
        stacks.entry(&found.stack_id).or_default().push(found);
    }
    let mut over = Vec::new();
    for all in stacks.into_values() {
        let own = all.iter().filter(|found| found.managed_by.is_none());
        let mut own: Vec<&Found> = own.copied().collect();
        if own.is_empty() {
            own = all;
        }
        let latest = own.iter().filter_map(|found| found.expires_at).max();
        if latest.is_some_and(|at| at <= now) {
            let group = own.first().and_then(|found| id::group(&found.id));
            over.extend(group.map(str::to_owned));
        }
    }
    over
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::azure::tags::EXPIRES;
    use serde_json::json;

    #[test]
    fn a_stack_is_over_when_the_latest_of_its_times_is() {
        let one = |group: &str, stack: &str, at: Option<u64>, of: Option<&str>| Found {
            id: format!("/subscriptions/s/resourceGroups/{group}"),
            stack: "n".into(),
            stack_id: stack.into(),
            run: None,
            expires_at: at,
            managed_by: of.map(str::to_owned),
        };
        let found = [
            one("a", "a", Some(5), None),
            one("MC_a", "a", Some(5), Some("/c")),
            one("b", "b", Some(5), None),
            one("MC_b", "b", Some(500), Some("/c")),
            one("b", "b", Some(50), None),
            one("c", "c", None, None),
            one("MC_d", "d", Some(5), Some("/c")),
            one("e", "e", None, None),
            one("shared", "e", Some(5), None),
        ];
        assert_eq!(over(&found, 5), ["a", "MC_d", "e"]);
        assert_eq!(over(&found, 4), Vec::<String>::new());
        assert_eq!(over(&found, 50), ["a", "b", "MC_d", "e"]);
    }

    #[test]
    fn only_what_carries_the_tag_is_found() {
        let group = json!({"id": "/g", "tags": {STACK: "i", NAME: "n", RUN: "r", EXPIRES: "5"}, "managedBy": "/c"});
        let expected = Found {
            id: "/g".into(),
            stack: "n".into(),
            stack_id: "i".into(),
            run: Some("r".into()),
            expires_at: Some(5),
            managed_by: Some("/c".into()),
        };
        assert_eq!(found(&group).as_ref(), Some(&expected));
        let nodes = json!({"id": "/subscriptions/s/resourceGroups/MC", "managedBy": "/c"});
        let disk = |name: &str| {
            let id = format!("/subscriptions/s/resourceGroups/mc/x/{name}");
            json!({"id": id, "tags": {STACK: "i"}})
        };
        let other = json!({"id": "/o", "tags": {STACK: "i"}});
        let mut all = vec![expected];
        add_resources(&mut all, &[group, nodes], &[disk("a"), disk("b"), other]);
        let ids: Vec<&str> = all.iter().map(|found| found.id.as_str()).collect();
        assert_eq!(ids, ["/g", "/subscriptions/s/resourceGroups/MC", "/o"]);
        assert_eq!(found(&json!({"id": "/g", "tags": {"a": "b"}})), None);
    }
}
