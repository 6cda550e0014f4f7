//! `delete`: a job, and all that belongs to it. The API server's garbage collector does
//! it, and goes on with the operator gone; this waits until nothing is left.

use super::{KubernetesAccess, ask};
use crate::access::AccessError;
use crate::cluster::{ApiError, Cause};
use crate::deploy::install::InstallError;
use crate::deploy::remove::gone;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Pod, Service};
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
                let names = all.items.into_iter().filter_map(|o| o.metadata.name);
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
