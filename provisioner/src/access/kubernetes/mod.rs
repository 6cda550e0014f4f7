//! [`Access`] over the Kubernetes API: the jobs are the RSACrackers of one namespace.
//!
//! | file | what |
//! |---|---|
//! | `apply` | the one rule of what a manifest changes |
//! | `delete` | until the job and its children are gone |
//! | `watch` | changes, across restarts of the stream |
//! | `master` | solution, units, progress |
//! | `logs` | the pods' logs, merged |

mod apply;
mod delete;
mod logs;
mod master;
mod watch;

use super::{Access, AccessError, Applied, LogLine, LogQuery, WatchEvent};
use crate::cluster::{ApiError, Cause};
use crate::deploy::marks::Marks;
use async_trait::async_trait;
use futures_util::stream::BoxStream;
use kube::Client;
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams};
use rsac_api::{RSACracker, names};
use rsac_protocol::{Solution, UnitsPage};
use serde_json::{Value, json};
use std::time::Duration;

/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(30);
/// How often a change that somebody else's crosses is tried again.
const TRIES: u32 = 8;

/// The jobs of one namespace.
#[derive(Clone)]
pub struct KubernetesAccess {
    client: Client,
    namespace: String,
    marks: Marks,
}

impl KubernetesAccess {
    /// The jobs of `namespace`; those made through it carry the stack's marks.
    pub fn new(client: Client, namespace: String, marks: Marks) -> Self {
        Self {
            client,
            namespace,
            marks,
        }
    }

    fn crackers(&self) -> Api<RSACracker> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// The jobs as they are stored: one that this build cannot read does not hide others.
    fn raw(&self) -> Api<DynamicObject> {
        let resource = crate::deploy::remove::crackers();
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
    }

    async fn read(&self, name: &str) -> Result<Option<RSACracker>, AccessError> {
        match ask(name, self.raw().get_opt(name)).await? {
            Some(object) => decode(object).map(Some),
            None => Ok(None),
        }
    }

    async fn try_patch(
        &self,
        name: &str,
        patch: &Value,
        resource_version: Option<&str>,
    ) -> Result<RSACracker, AccessError> {
        let mut body = json!({ "spec": patch });
        if let Some(version) = resource_version {
            body["metadata"] = json!({ "resourceVersion": version });
        }
        let params = PatchParams {
            field_manager: Some(names::PROVISIONER.to_owned()),
            ..PatchParams::default()
        };
        let params = params.validation_strict();
        let api = self.crackers();
        let patch = Patch::Merge(&body);
        ask(name, api.patch(name, &params, &patch)).await
    }
}

/// A request within its time; `name` is the job that it is about.
async fn ask<T>(
    name: &str,
    request: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, AccessError> {
    match tokio::time::timeout(REQUEST, request).await {
        Ok(answer) => answer.map_err(|error| told(name, error.into())),
        Err(_) => Err(told(name, ApiError::silent(REQUEST))),
    }
}

/// An API server's refusal as the words know it.
fn told(name: &str, error: ApiError) -> AccessError {
    let text = error.to_string();
    match error.cause {
        Cause::NotFound => AccessError::NotFound(name.to_owned()),
        Cause::Exists => AccessError::AlreadyExists(name.to_owned()),
        Cause::Conflict => AccessError::Conflict(name.to_owned()),
        Cause::Invalid => AccessError::Invalid(error.lines),
        Cause::Unreachable | Cause::Busy => AccessError::Unreachable(text),
        Cause::NoSuchKind => AccessError::Other(
            "the cluster has no CRD of RSACrackers (any more): `rsac-infra up` installs it"
                .to_owned(),
        ),
        Cause::Unauthorized => AccessError::Other(format!("the cluster refuses this user: {text}")),
        Cause::Forbidden | Cause::Other => AccessError::Other(text),
    }
}

fn decode(object: DynamicObject) -> Result<RSACracker, AccessError> {
    let name = object.metadata.name.clone().unwrap_or_default();
    object.try_parse().map_err(|error| {
        AccessError::Other(format!(
            "RSACracker {name:?} cannot be read by this version of rsac-infra: {error}"
        ))
    })
}

#[async_trait]
impl Access for KubernetesAccess {
    async fn list(&self) -> Result<Vec<RSACracker>, AccessError> {
        let listed = self.raw();
        let params = ListParams::default();
        let listed = async {
            match listed.list(&params).await {
                // Where the kind is unknown, nobody has one.
                Err(error) if ApiError::is_no_such_kind(&error) => Ok(None),
                listed => listed.map(Some),
            }
        };
        let Some(all) = ask("", listed).await? else {
            return Ok(Vec::new());
        };
        let mut read = Vec::new();
        for object in all.items {
            match decode(object) {
                Ok(cracker) => read.push(cracker),
                Err(error) => tracing::warn!("{error}"),
            }
        }
        Ok(read)
    }

    async fn get(&self, name: &str) -> Result<RSACracker, AccessError> {
        let found = self.read(name).await?;
        found.ok_or_else(|| AccessError::NotFound(name.to_owned()))
    }

    async fn create(&self, cracker: &RSACracker) -> Result<RSACracker, AccessError> {
        self.create_new(cracker).await
    }

    async fn apply(&self, cracker: &RSACracker) -> Result<(RSACracker, Applied), AccessError> {
        self.apply_manifest(cracker).await
    }

    async fn patch(
        &self,
        name: &str,
        patch: &Value,
        resource_version: Option<&str>,
    ) -> Result<RSACracker, AccessError> {
        if !patch.is_object() {
            return Err(AccessError::Invalid(vec![format!(
                "a patch is an object of the spec's fields, not {patch}"
            )]));
        }
        self.try_patch(name, patch, resource_version).await
    }

    async fn scale(&self, name: &str, workers: u32) -> Result<RSACracker, AccessError> {
        let params = PatchParams {
            field_manager: Some(names::PROVISIONER.to_owned()),
            ..PatchParams::default()
        };
        let patch = json!({"spec": {"replicas": workers}});
        let api = self.crackers();
        ask(name, api.patch_scale(name, &params, &Patch::Merge(&patch))).await?;
        self.get(name).await
    }

    async fn delete(&self, name: &str) -> Result<(), AccessError> {
        self.delete_until_gone(name).await
    }

    async fn watch(
        &self,
        name: Option<&str>,
    ) -> Result<BoxStream<'static, Result<WatchEvent, AccessError>>, AccessError> {
        Ok(watch::open(self.raw(), name))
    }

    async fn solution(&self, name: &str) -> Result<Option<Solution>, AccessError> {
        self.stored_solution(name).await
    }

    async fn units(
        &self,
        name: &str,
        plan: Option<u64>,
        after: Option<u64>,
    ) -> Result<UnitsPage, AccessError> {
        self.ask_for_units(name, plan, after).await
    }

    async fn progress(&self, name: &str) -> Result<String, AccessError> {
        self.ask_for_progress(name).await
    }

    async fn logs(
        &self,
        name: &str,
        query: &LogQuery,
    ) -> Result<BoxStream<'static, Result<LogLine, AccessError>>, AccessError> {
        self.get(name).await?;
        Ok(logs::open(
            self.client.clone(),
            &self.namespace,
            name,
            query,
        ))
    }

    fn is_own(&self, cracker: &RSACracker) -> bool {
        self.marks.made(&cracker.metadata)
    }
}
