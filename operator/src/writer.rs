//! Every call of the operator that changes the cluster, save those for its Lease and for
//! Events: each asks the gate first, has a limit of time, and is counted.

use crate::gate::{Gate, NotLeader};
use crate::metrics::Metrics;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy};
use kube::core::NamespaceResourceScope;
use kube::{Api, Client, Resource};
use rsac_api::{RSACracker, names};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// No call takes longer.
const CALL: Duration = Duration::from_secs(10);

/// Why a call did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// Not sent.
    #[error(transparent)]
    NotLeader(#[from] NotLeader),
    /// Sent; what became of it is not known.
    #[error("the API server does not answer")]
    TimedOut,
    /// Refused, or not answered.
    #[error("{}", message(.0))]
    Kube(#[from] kube::Error),
}

fn message(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}

impl CallError {
    pub(crate) fn code(&self) -> Option<u16> {
        match self {
            Self::Kube(kube::Error::Api(status)) => Some(status.code),
            _ => None,
        }
    }

    /// The API server decided against it: repeating alone will not help.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self.code(), Some(400 | 403 | 413 | 422))
    }
}

/// A reading call, with its limit of time.
pub(crate) async fn read<T>(call: impl Future<Output = kube::Result<T>>) -> Result<T, CallError> {
    match tokio::time::timeout(CALL, call).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(CallError::TimedOut),
    }
}

/// What an object in a namespace must be to be watched and written.
pub(crate) trait Child:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + Serialize
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
}
impl<K> Child for K where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + Serialize
        + DeserializeOwned
        + Send
        + Sync
        + 'static
{
}

#[derive(Clone)]
pub(crate) struct Writer {
    client: Client,
    gate: Gate,
    metrics: Arc<Metrics>,
}

impl Writer {
    pub(crate) fn new(client: Client, gate: Gate, metrics: Arc<Metrics>) -> Self {
        Self {
            client,
            gate,
            metrics,
        }
    }

    pub(crate) fn api<K: Child>(&self, namespace: &str) -> Api<K> {
        Api::namespaced(self.client.clone(), namespace)
    }

    async fn write<T>(
        &self,
        what: &'static str,
        call: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, CallError> {
        self.gate.check()?;
        self.metrics.write(what);
        read(call).await
    }

    /// Server-side apply. With `force`, fields that others set become ours; without,
    /// they are a conflict.
    pub(crate) async fn apply<K: Child>(&self, child: &K, force: bool) -> Result<K, CallError> {
        let (namespace, name) = place(child);
        let mut params = PatchParams::apply(names::OPERATOR);
        params.force = force;
        let api = self.api::<K>(&namespace);
        self.write("apply", api.patch(&name, &params, &Patch::Apply(child)))
            .await
    }

    /// Creates; a conflict where it exists.
    pub(crate) async fn create<K: Child>(&self, child: &K) -> Result<K, CallError> {
        let (namespace, _) = place(child);
        let params = PostParams {
            field_manager: Some(names::OPERATOR.into()),
            ..PostParams::default()
        };
        let api = self.api::<K>(&namespace);
        self.write("create", api.create(&params, child)).await
    }

    /// Applies a status.
    pub(crate) async fn status(
        &self,
        namespace: &str,
        name: &str,
        status: &serde_json::Value,
    ) -> Result<RSACracker, CallError> {
        let params = PatchParams::apply(names::OPERATOR).force();
        let api = self.api::<RSACracker>(namespace);
        let patch = Patch::Apply(status);
        self.write("status", api.patch_status(name, &params, &patch))
            .await
    }

    /// Deletes a job, if it is still that one.
    pub(crate) async fn delete(
        &self,
        namespace: &str,
        name: &str,
        uid: &str,
    ) -> Result<(), CallError> {
        let params = DeleteParams {
            preconditions: Some(Preconditions {
                uid: Some(uid.to_owned()),
                resource_version: None,
            }),
            propagation_policy: Some(PropagationPolicy::Background),
            ..DeleteParams::default()
        };
        let api = self.api::<RSACracker>(namespace);
        match self.write("delete", api.delete(name, &params)).await {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.code(), Some(404 | 409)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn place<K: Resource>(child: &K) -> (String, String) {
    let meta = child.meta();
    (
        meta.namespace.clone().unwrap_or_default(),
        meta.name.clone().unwrap_or_default(),
    )
}
