//! `down --adopt`: a stack that is remembered nowhere, read off the tags of what it made, so that
//! `down` takes it down like any other.

use super::group::Group;
use super::session::Session;
use super::steps::{CLUSTER, GROUP, IMAGE, WATCHERS};
use super::survey::{Found, found};
use super::tags::{self, STACK};
use super::versions::RESOURCES;
use super::{Azure, id};
use crate::journal::Entry;
use crate::provider::ProviderError;
use crate::provider::kubernetes::NAMESPACE;
use crate::stack::{AzurePlace, StackError};
use serde_json::Value;

const CLUSTERS: &str = "Microsoft.ContainerService/managedClusters";

/// What is needed to take down a stack that is remembered nowhere.
pub(crate) struct Adopted {
    /// The stack's name.
    pub(crate) name: String,
    /// The stack's id.
    pub(crate) id: String,
    /// Its settings, as far as its removal needs them.
    pub(crate) place: AzurePlace,
    /// The group of its nodes, where that alone is left.
    pub(crate) nodes: Option<String>,
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
    let cluster = resource.get("managedBy").and_then(Value::as_str);
    let of_nodes = cluster.filter(|cluster| id::is_of(cluster, CLUSTERS));
    let Some(tagged) = tagged else {
        return Err(ProviderError::Setting {
            what: format!("--adopt {}: nothing in it is of rsac-infra", group.name),
            remedy: "`rsac-infra orphans` shows what rsac-infra made".to_owned(),
        });
    };
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let of_group = text(&resource, "location");
    if let Some(cluster) = of_nodes {
        must_have_outlived(session, &group.name, cluster).await?;
        let nodes = Some(group.name);
        let group = id::group(cluster).map(str::to_owned);
        let place = place(session, &tagged, group, Some(id::name(cluster)), of_group);
        return Ok(adopted(tagged, place, nodes));
    }
    let is_cluster = |resource: &&Value| {
        let type_ = text(resource, "type").unwrap_or_default();
        type_.eq_ignore_ascii_case(CLUSTERS) && tags::get(resource, STACK) == Some(&tagged.stack_id)
    };
    let cluster = resources.iter().find(is_cluster);
    let name = cluster.and_then(|cluster| text(cluster, "name"));
    let location = cluster.and_then(|cluster| text(cluster, "location"));
    let location = location.or(of_group);
    let place = place(
        session,
        &tagged,
        Some(group.name),
        name.as_deref(),
        location,
    );
    Ok(adopted(tagged, place, None))
}

/// The settings of a stack, as far as its removal needs them.
fn place(
    session: &Session,
    tagged: &Found,
    group: Option<String>,
    cluster: Option<&str>,
    location: Option<String>,
) -> AzurePlace {
    let cluster = cluster.map(|name| ("clusterName", name.to_owned()));
    let location = location.map(|location| (super::LOCATION, location));
    let known = cluster.into_iter().chain(location);
    AzurePlace {
        subscription: Some(session.subscription.clone()),
        cloud: Some(session.cloud.clone()),
        resource_group: group,
        parameters: known
            .map(|(key, value)| (key.to_owned(), Value::from(value)))
            .collect(),
        expires_at: tagged.expires_at,
        ..AzurePlace::default()
    }
}

fn adopted(tagged: Found, place: AzurePlace, nodes: Option<String>) -> Adopted {
    Adopted {
        name: tagged.stack,
        id: tagged.stack_id,
        place,
        nodes,
    }
}

/// A group of nodes goes with its cluster, unless it is all that is left.
async fn must_have_outlived(
    session: &Session,
    nodes: &str,
    cluster: &str,
) -> Result<(), ProviderError> {
    let there = session.arm.get(cluster, rsac_arm::managed_clusters::API);
    match there.await? {
        None => Ok(()),
        Some(_) => Err(ProviderError::Conflict {
            what: format!(
                "--adopt {nodes}: it holds the nodes of cluster {}, which is there",
                id::name(cluster)
            ),
            remedy: format!(
                "`rsac-infra down --adopt {}`",
                id::group(cluster).unwrap_or_default()
            ),
        }),
    }
}

impl Azure {
    /// Notes what a stack that is adopted may have made, as its own runs did: `down` undoes what
    /// is noted, also where it is half made or does not answer.
    pub(crate) fn note_adopted(&self) -> Result<(), ProviderError> {
        let failed = |error: StackError| ProviderError::Failed(error.to_string());
        let mut journal = self.stack.journal().map_err(|e| failed(e.into()))?;
        let (group, declared) = (self.group()?, self.declaration()?);
        let steps = [
            (WATCHERS, "note the network watchers".to_owned()),
            (GROUP, format!("make resource group {}", group.name)),
            (CLUSTER, format!("make cluster {}", declared.cluster.name)),
            (IMAGE, self.image_title()),
            (NAMESPACE, "make the namespace for jobs".to_owned()),
        ];
        let begin = steps.map(|(step, title)| Entry::Begin {
            step: step.to_owned(),
            title,
        });
        let all = [Entry::Up].into_iter().chain(begin).chain([Entry::UpDone]);
        for entry in all {
            journal.append(entry).map_err(|e| failed(e.into()))?;
        }
        Ok(())
    }

    /// The cluster's kubeconfig into the stack's folder, so that results can be asked for;
    /// a cluster that is gone or broken gives none.
    pub(crate) async fn fetch_access(&self) -> Result<(), ProviderError> {
        let text = self.credentials(&|_| {}).await?;
        self.remember(super::KUBECONFIG, &text)
    }
}
