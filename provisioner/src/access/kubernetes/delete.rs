//! `delete`: a job, and all that belongs to it. The API server's garbage collector does
//! it, and goes on with the operator gone; this waits until nothing is left.

use super::{KubernetesAccess, ask};
use crate::access::AccessError;
use crate::cluster::{ApiError, Cause};
use crate::deploy::install::InstallError;
use crate::deploy::remove::gone;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Pod, Service};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::api::{Api, ListParams};
use kube::core::NamespaceResourceScope;
use rsac_api::names;
use std::fmt::Debug;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long children may take to go after their owner: a worker's drain among them.
const CHILDREN: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(300);

impl KubernetesAccess {
    pub(super) async fn delete_until_gone(&self, name: &str) -> Result<(), AccessError> {
        let there = ask(name, self.raw().get_metadata_opt(name)).await?;
        let Some(there) = there else {
            return Err(AccessError::NotFound(name.to_owned()));
        };
        // Foreground: the object goes after its children.
        let deleted = gone(&self.raw(), name, there.metadata.uid.clone()).await;
        deleted.map_err(|error| match error {
            InstallError::Api { error, .. } => super::told(name, error),
            error => AccessError::Other(error.to_string()),
        })?;
        self.until_no_child(name).await
    }

    async fn until_no_child(&self, name: &str) -> Result<(), AccessError> {
        let begun = Instant::now();
        loop {
            // A new job of that name has children of its own.
            if ask(name, self.raw().get_metadata_opt(name))
                .await?
                .is_some()
            {
                return Ok(());
            }
            let mut left = Vec::new();
            left.extend(self.children::<Pod>(name).await?);
            left.extend(self.children::<StatefulSet>(name).await?);
            left.extend(self.children::<Deployment>(name).await?);
            left.extend(self.children::<PersistentVolumeClaim>(name).await?);
            left.extend(self.children::<Service>(name).await?);
            left.extend(self.children::<ConfigMap>(name).await?);
            if left.is_empty() {
                return Ok(());
            }
            if begun.elapsed() > CHILDREN {
                let seconds = CHILDREN.as_secs();
                let left = left.join(", ");
                let what =
                    format!("{name} is deleted, but after {seconds} s there is still {left}");
                return Err(AccessError::Other(what));
            }
            sleep(POLL).await;
        }
    }

    /// The children of a kind; none where this user may not list them.
    async fn children<K>(&self, name: &str) -> Result<Vec<String>, AccessError>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + serde::de::DeserializeOwned,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), &self.namespace);
        let params = ListParams::default().labels(&format!("{}={name}", names::JOB_LABEL));
        let listed = tokio::time::timeout(super::REQUEST, api.list_metadata(&params)).await;
        let error = match listed {
            Ok(Ok(all)) => {
                let children = all.items.into_iter().map(|object| object.metadata);
                let names = children
                    .filter(|meta| is_child(meta, name))
                    .filter_map(|meta| meta.name);
                return Ok(names
                    .map(|child| format!("{} {child}", K::kind(&())))
                    .collect());
            }
            Ok(Err(error)) => ApiError::from(error),
            Err(_) => ApiError::silent(super::REQUEST),
        };
        match error.cause {
            Cause::Forbidden => Ok(Vec::new()),
            _ => Err(super::told(name, error)),
        }
    }
}

/// Whether an object goes with the job: by its owner, because anybody may put the job's
/// label on an object of their own, which nobody deletes.
fn is_child(meta: &ObjectMeta, job: &str) -> bool {
    let replicas = format!("{}-", names::workers(job));
    let owners = meta.owner_references.iter().flatten();
    owners.into_iter().any(|owner| match owner.kind.as_str() {
        "RSACracker" => owner.name == job,
        "StatefulSet" => owner.name == names::master(job),
        "ReplicaSet" => owner.name.starts_with(&replicas),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

    #[test]
    fn a_label_makes_no_child() {
        let owned = |kind: &str, name: &str| ObjectMeta {
            owner_references: Some(vec![OwnerReference {
                kind: kind.to_owned(),
                name: name.to_owned(),
                ..OwnerReference::default()
            }]),
            ..ObjectMeta::default()
        };
        assert!(!is_child(&ObjectMeta::default(), "j"));
        for (kind, name, is) in [
            ("RSACracker", "j", true),
            ("RSACracker", "j2", false),
            ("StatefulSet", "j-master", true),
            ("StatefulSet", "theirs", false),
            ("ReplicaSet", "j-workers-7b6ff59b8b", true),
            ("ReplicaSet", "theirs-7b6ff59b8b", false),
            ("Node", "j", false),
        ] {
            assert_eq!(is_child(&owned(kind, name), "j"), is, "{kind} {name}");
        }
    }
}
