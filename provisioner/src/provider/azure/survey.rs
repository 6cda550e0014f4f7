//! What rsac-infra made anywhere in a subscription, known by its tags: for `orphans`, `reap`
//! and `down --adopt`, which work without any stack that is remembered.

use super::group::Group;
use super::session::Session;
use super::tags::{self, NAME, RUN, STACK};
use super::versions::RESOURCES;
use super::{Azure, id};
use crate::provider::ProviderError;
use crate::stack::AzurePlace;
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

fn found(resource: &Value) -> Option<Found> {
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

/// What is needed to take down a stack that is remembered nowhere.
pub(crate) struct Adopted {
    /// The stack's name.
    pub(crate) name: String,
    /// The stack's id.
    pub(crate) id: String,
    /// Its settings, as far as its removal needs them.
    pub(crate) place: AzurePlace,
}

/// Reads off a group, or off the cluster in it, which stack made it.
///
/// # Errors
/// When there is no such group, or nothing in it is rsac's.
pub(crate) async fn adopt(session: &Session, group: &str) -> Result<Adopted, ProviderError> {
    let group = Group::of(session, group);
    let Some(resource) = session.arm.get(&group.id, RESOURCES).await? else {
        return Err(ProviderError::Setting {
            what: format!("--adopt {}: there is no such resource group", group.name),
            remedy: "`rsac-infra orphans` shows what rsac-infra made".to_owned(),
        });
    };
    let resources = group.resources(session).await?;
    let tagged = found(&resource).or_else(|| resources.iter().find_map(found));
    let Some(tagged) = tagged else {
        return Err(ProviderError::Setting {
            what: format!("--adopt {}: nothing in it is of rsac-infra", group.name),
            remedy: "`rsac-infra orphans` shows what rsac-infra made".to_owned(),
        });
    };
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let is_cluster = |resource: &&Value| {
        let type_ = text(resource, "type").unwrap_or_default();
        type_.eq_ignore_ascii_case("Microsoft.ContainerService/managedClusters")
            && tags::get(resource, STACK) == Some(&tagged.stack_id)
    };
    let cluster = resources.iter().find(is_cluster);
    let mut parameters = BTreeMap::new();
    let location = cluster
        .and_then(|c| text(c, "location"))
        .or(text(&resource, "location"));
    for (key, value) in [
        ("clusterName", cluster.and_then(|c| text(c, "name"))),
        (super::LOCATION, location),
    ] {
        if let Some(value) = value {
            parameters.insert(key.to_owned(), Value::from(value));
        }
    }
    Ok(Adopted {
        name: tagged.stack,
        id: tagged.stack_id,
        place: AzurePlace {
            subscription: Some(session.subscription.clone()),
            cloud: Some(session.cloud.clone()),
            resource_group: Some(group.name),
            parameters,
            expires_at: tagged.expires_at,
            ..AzurePlace::default()
        },
    })
}

impl Azure {
    /// The cluster's kubeconfig into the stack's folder, so that results can be asked for;
    /// a cluster that is gone or broken gives none.
    pub(crate) async fn fetch_access(&self) -> Result<(), ProviderError> {
        let text = self.credentials(&|_| {}).await?;
        self.remember(super::KUBECONFIG, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::azure::tags::EXPIRES;
    use serde_json::json;

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
