//! Takes away what a stack installed into a cluster, as far as nobody else uses it.
//! Providers' undo calls it; what is gone already is no failure.

use super::api_of;
use super::install::{InstallError, ask};
use super::marks::Marks;
use super::render::{self, Options};
use crate::cluster::Cause;
use k8s_openapi::api::core::v1::{Namespace, PersistentVolumeClaim, Pod};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, ListParams, Preconditions};
use kube::{Client, Resource, ResourceExt};
use rsac_api::{RSACracker, names};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long an object may take to go; a namespace takes longest.
const GONE: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(300);
/// At most so many users are named.
const NAMED: usize = 5;

/// All jobs of a cluster, as `namespace/name`; none where the definition is not there.
///
/// # Errors
/// When they cannot be listed.
pub async fn jobs(client: &Client) -> Result<Vec<String>, InstallError> {
    let api: Api<DynamicObject> = Api::all_with(client.clone(), &crackers());
    match ask("list all jobs", api.list_metadata(&ListParams::default())).await {
        Ok(all) => Ok(all
            .items
            .iter()
            .map(|o| {
                let namespace = o.metadata.namespace.as_deref().unwrap_or_default();
                format!(
                    "{namespace}/{}",
                    o.metadata.name.as_deref().unwrap_or_default()
                )
            })
            .collect()),
        Err(InstallError::Api { error, .. })
            if matches!(error.cause, Cause::NoSuchKind | Cause::NotFound) =>
        {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

/// The resource of jobs, for what does not decode them.
pub fn crackers() -> ApiResource {
    ApiResource::erase::<RSACracker>(&())
}

/// Removes the operator, if this stack installed it and there is no job left. Answers why
/// it stays, where it does.
///
/// # Errors
/// When the API server refuses.
pub async fn operator(
    client: &Client,
    options: &Options,
    marks: &Marks,
    say: &(dyn Fn(&str) + Sync),
) -> Result<Option<String>, InstallError> {
    let mut own = Vec::new();
    for object in render::objects(&render::operator(options)?)? {
        let api = api_of(client, &object);
        let there = ask(
            "look for the operator",
            api.get_metadata_opt(&object.name_any()),
        )
        .await?;
        if there.is_some_and(|there| marks.installed(&there.metadata)) {
            own.push(object);
        }
    }
    if own.is_empty() {
        return Ok(None);
    }
    let users = jobs(client).await?;
    if !users.is_empty() {
        return Ok(Some(format!("the operator stays: {}", used_by(&users))));
    }
    // The last made goes first: the operator before its rights and its namespace.
    for object in own.iter().rev() {
        let kind = object
            .types
            .as_ref()
            .map(|t| t.kind.clone())
            .unwrap_or_default();
        say(&format!("{kind} {}", object.name_any()));
        gone(&api_of(client, object), &object.name_any(), None).await?;
    }
    Ok(None)
}

/// Removes the definition, if this stack installed it and there is no job left. Answers
/// why it stays, where it does.
///
/// # Errors
/// When the API server refuses.
pub async fn definition(client: &Client, marks: &Marks) -> Result<Option<String>, InstallError> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let there = ask("look for the CRD", api.get_opt(names::CRD)).await?;
    if !there.is_some_and(|crd| marks.installed(&crd.metadata)) {
        return Ok(None);
    }
    let users = jobs(client).await?;
    if !users.is_empty() {
        return Ok(Some(format!("the CRD stays: {}", used_by(&users))));
    }
    gone(&api, names::CRD, None).await?;
    Ok(None)
}

/// Removes the jobs' namespace, if this stack made it and nothing of others is in it.
/// Answers why it stays, where it does.
///
/// # Errors
/// When the API server refuses.
pub async fn namespace(
    client: &Client,
    name: &str,
    marks: &Marks,
) -> Result<Option<String>, InstallError> {
    let api: Api<Namespace> = Api::all(client.clone());
    let there = ask("look for the namespace", api.get_metadata_opt(name)).await?;
    let Some(there) = there.filter(|there| marks.installed(&there.metadata)) else {
        return Ok(None);
    };
    let users = inhabitants(client, name).await?;
    if !users.is_empty() {
        return Ok(Some(format!("namespace {name} stays: {}", used_by(&users))));
    }
    gone(&api, name, there.metadata.uid.clone()).await?;
    Ok(None)
}

/// Whether [`namespace`] would remove it.
///
/// # Errors
/// When the API server refuses.
pub async fn would_remove(
    client: &Client,
    name: &str,
    marks: &Marks,
) -> Result<bool, InstallError> {
    let api: Api<Namespace> = Api::all(client.clone());
    let there = ask("look for the namespace", api.get_metadata_opt(name)).await?;
    match there.is_some_and(|there| marks.installed(&there.metadata)) {
        true => Ok(inhabitants(client, name).await?.is_empty()),
        false => Ok(false),
    }
}

/// What lives in a namespace that is no stack's to delete.
async fn inhabitants(client: &Client, namespace: &str) -> Result<Vec<String>, InstallError> {
    let here = format!("{namespace}/");
    let jobs = jobs(client).await?.into_iter();
    let mut found: Vec<String> = jobs.filter(|job| job.starts_with(&here)).collect();
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), namespace);
    let all = ListParams::default();
    let pods = ask("list pods", pods.list_metadata(&all)).await?;
    let claims = ask("list volume claims", claims.list_metadata(&all)).await?;
    let named = |kind: &str, name: &Option<String>| {
        format!("{kind} {}", name.as_deref().unwrap_or_default())
    };
    found.extend(pods.items.iter().map(|o| named("pod", &o.metadata.name)));
    found.extend(
        claims
            .items
            .iter()
            .map(|o| named("volume claim", &o.metadata.name)),
    );
    Ok(found)
}

fn used_by(users: &[String]) -> String {
    let named: Vec<&str> = users.iter().take(NAMED).map(String::as_str).collect();
    match users.len().checked_sub(NAMED).filter(|more| *more > 0) {
        Some(more) => format!("{} and {more} more use it", named.join(", ")),
        None => format!(
            "{} use{} it",
            named.join(", "),
            if users.len() == 1 { "s" } else { "" }
        ),
    }
}

/// Deletes an object and waits until it is gone; one that was there before, by its uid
/// where one is given, and none that was made meanwhile.
pub(crate) async fn gone<K>(
    api: &Api<K>,
    name: &str,
    uid: Option<String>,
) -> Result<(), InstallError>
where
    K: Resource + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    let what = format!("delete {name}");
    let uid = match uid {
        Some(uid) => Some(uid),
        None => match ask(&what, api.get_metadata_opt(name)).await? {
            Some(there) => there.metadata.uid,
            None => return Ok(()),
        },
    };
    let foreground = DeleteParams::foreground().preconditions(Preconditions {
        uid: uid.clone(),
        resource_version: None,
    });
    match ask(&what, api.delete(name, &foreground)).await {
        Ok(_) => {}
        // Gone, or another of that name by now.
        Err(InstallError::Api { error, .. })
            if matches!(
                error.cause,
                Cause::NotFound | Cause::NoSuchKind | Cause::Conflict
            ) => {}
        Err(error) => return Err(error),
    }
    let begun = Instant::now();
    loop {
        let there = ask(&what, api.get_metadata_opt(name)).await;
        match there {
            Ok(Some(there)) if there.metadata.uid == uid => {}
            Ok(_) => return Ok(()),
            Err(InstallError::Api { error, .. }) if error.cause == Cause::NoSuchKind => {
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        if begun.elapsed() > GONE {
            return Err(InstallError::Stuck {
                name: name.to_owned(),
                seconds: GONE.as_secs(),
            });
        }
        sleep(POLL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::used_by;

    #[test]
    fn users_are_named_and_many_are_counted() {
        let users = |n: usize| (0..n).map(|i| format!("ns/{i}")).collect::<Vec<_>>();
        assert_eq!(used_by(&users(1)), "ns/0 uses it");
        assert_eq!(used_by(&users(2)), "ns/0, ns/1 use it");
        assert_eq!(
            used_by(&users(7)),
            "ns/0, ns/1, ns/2, ns/3, ns/4 and 2 more use it"
        );
    }
}
