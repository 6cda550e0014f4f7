//! Every call of the operator that changes the cluster, save those for its Lease and for
//! Events: each asks the gate first, has a limit of time, and is counted. Reading calls of a
//! look go through here too: none is sent while the API server wants rest.

use crate::gate::{Gate, NotLeader};
use crate::metrics::Metrics;
use crate::pace::Pace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy};
use kube::core::{NamespaceResourceScope, PartialObjectMeta};
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
    /// Not sent.
    #[error("the API server is too busy, and wants no call for {} s", .0.as_secs_f32().ceil())]
    Later(Duration),
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

    /// The API server decided against it: repeating alone will not help. So it is where it
    /// may not decide, because a webhook of the cluster does not answer.
    pub(crate) fn is_refusal(&self) -> bool {
        match self {
            Self::Kube(kube::Error::Api(status)) => {
                let for_want_of_a_webhook =
                    status.code == 500 && status.message.contains("failed calling webhook");
                matches!(status.code, 400 | 403 | 413 | 422) || for_want_of_a_webhook
            }
            _ => false,
        }
    }
}

/// A call within its limit of time.
async fn within<T>(call: impl Future<Output = kube::Result<T>>) -> Result<T, CallError> {
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
    pace: Pace,
    metrics: Arc<Metrics>,
}

impl Writer {
    pub(crate) fn new(client: Client, gate: Gate, pace: Pace, metrics: Arc<Metrics>) -> Self {
        Self {
            client,
            gate,
            pace,
            metrics,
        }
    }

    /// How long the API server is to be left alone; then a little more, so that not all come
    /// back at once. None where it may be asked.
    pub(crate) fn rest(&self) -> Option<Duration> {
        let rest = self.pace.rest()?;
        Some(rest.mul_f64(rand::random_range(1.0..1.25)))
    }

    fn may_call(&self) -> Result<(), CallError> {
        match self.pace.rest() {
            Some(rest) => Err(CallError::Later(rest)),
            None => Ok(()),
        }
    }

    /// A reading call, with its limit of time.
    pub(crate) async fn read<T>(
        &self,
        call: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, CallError> {
        self.may_call()?;
        within(call).await
    }

    pub(crate) fn api<K: Child>(&self, namespace: &str) -> Api<K> {
        Api::namespaced(self.client.clone(), namespace)
    }

    async fn write<T>(
        &self,
        what: &'static str,
        call: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, CallError> {
        self.may_call()?;
        self.gate.check()?;
        self.metrics.write(what);
        within(call).await
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
    ) -> Result<ObjectMeta, CallError> {
        let params = PatchParams::apply(names::OPERATOR).force();
        self.patch_status(namespace, name, &params, &Patch::Apply(status))
            .await
    }

    /// Sets a status where it cannot be applied: an apply wants the whole object to be of
    /// the definition's types, also what it leaves alone.
    pub(crate) async fn set_status(
        &self,
        namespace: &str,
        name: &str,
        status: &serde_json::Value,
    ) -> Result<ObjectMeta, CallError> {
        let params = PatchParams {
            field_manager: Some(names::OPERATOR.into()),
            ..PatchParams::default()
        };
        self.patch_status(namespace, name, &params, &Patch::Merge(status))
            .await
    }

    async fn patch_status(
        &self,
        namespace: &str,
        name: &str,
        params: &PatchParams,
        patch: &Patch<&serde_json::Value>,
    ) -> Result<ObjectMeta, CallError> {
        // Of the answer no more is read: of a job that cannot be read there is no more.
        let api = Api::<PartialObjectMeta<RSACracker>>::namespaced(self.client.clone(), namespace);
        let written = self.write("status", api.patch_status(name, params, patch));
        Ok(written.await?.metadata)
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

#[cfg(test)]
mod tests {
    use super::*;
    use kube::core::Status;

    #[test]
    fn what_repeating_will_not_help_is_a_refusal() {
        let refused = |code, message: &str| {
            let status = Status::failure(message, "x").with_code(code);
            CallError::from(kube::Error::Api(status.boxed())).is_refusal()
        };
        assert!(refused(403, "exceeded quota: none"));
        assert!(refused(422, "denied request"));
        let webhook =
            "Internal error occurred: failed calling webhook \"a.b.c\": connection refused";
        assert!(refused(500, webhook));
        for (code, message) in [
            (500, "etcdserver: request timed out"),
            (429, "too many requests"),
            (503, "failed calling webhook"),
            (409, "conflict"),
        ] {
            assert!(!refused(code, message), "{code} {message}");
        }
    }
}
