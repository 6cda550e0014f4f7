//! What a cluster still has of a stack, by the stack's marks: for the closing check of
//! `down`. What stays because others use it is none.

use crate::cluster::{ApiError, Cause, Cluster};
use crate::deploy::marks::Marks;
use crate::deploy::remove;
use crate::provider::ProviderError;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Resource;
use kube::api::{Api, ApiResource, DynamicObject, ListParams};
use rsac_api::names;

/// The names of the jobs that the stack made.
pub(super) async fn own_jobs(
    cluster: &Cluster,
    namespace: &str,
    marks: &Marks,
) -> Result<Vec<String>, ProviderError> {
    let crackers = remove::crackers();
    let jobs: Api<DynamicObject> =
        Api::namespaced_with(cluster.client.clone(), namespace, &crackers);
    let params = ListParams::default().labels(&format!("{}={}", names::STACK_LABEL, marks.stack));
    match jobs.list_metadata(&params).await.map_err(ApiError::from) {
        Ok(all) => Ok(all
            .items
            .into_iter()
            .filter_map(|o| o.metadata.name)
            .collect()),
        // No CRD, no job.
        Err(error) if matches!(error.cause, Cause::NoSuchKind | Cause::NotFound) => Ok(Vec::new()),
        Err(error) => Err(ProviderError::Failed(error.to_string())),
    }
}

/// What is left, a line each.
pub(super) async fn of(
    cluster: &Cluster,
    namespace: &str,
    marks: &Marks,
) -> Result<Vec<String>, ProviderError> {
    let mut left: Vec<String> = own_jobs(cluster, namespace, marks).await?;
    for job in &mut left {
        *job = format!("RSACracker {namespace}/{job}");
    }
    let users = remove::jobs(&cluster.client).await?;
    if users.is_empty() {
        left.extend(installed::<CustomResourceDefinition>(cluster, marks).await?);
        left.extend(installed::<Deployment>(cluster, marks).await?);
        left.extend(installed::<ServiceAccount>(cluster, marks).await?);
        left.extend(installed::<ClusterRole>(cluster, marks).await?);
        left.extend(installed::<ClusterRoleBinding>(cluster, marks).await?);
        left.extend(
            installed::<Namespace>(cluster, marks)
                .await?
                .into_iter()
                .filter(|line| *line != format!("Namespace {namespace}")),
        );
    }
    // The jobs' namespace stays for whoever lives in it: ask what would be done.
    if remove::would_remove(&cluster.client, namespace, marks).await? {
        left.push(format!("Namespace {namespace}"));
    }
    Ok(left)
}

/// The objects of a kind that the stack installed.
async fn installed<K>(cluster: &Cluster, marks: &Marks) -> Result<Vec<String>, ProviderError>
where
    K: Resource<DynamicType = ()>,
{
    let all: Api<DynamicObject> =
        Api::all_with(cluster.client.clone(), &ApiResource::erase::<K>(&()));
    let ours = format!("{}={}", names::MANAGED_BY_LABEL, names::PROVISIONER);
    let found = all
        .list_metadata(&ListParams::default().labels(&ours))
        .await;
    let found = match found.map_err(ApiError::from) {
        // Who may not look has not installed any.
        Err(error) if error.cause == Cause::Forbidden => return Ok(Vec::new()),
        Err(error) => return Err(ProviderError::Failed(error.to_string())),
        Ok(found) => found,
    };
    let found = found
        .items
        .into_iter()
        .filter(|o| marks.installed(&o.metadata));
    let line = |name: String| format!("{} {name}", K::kind(&()));
    Ok(found.filter_map(|o| o.metadata.name).map(line).collect())
}
