//! AKS clusters, typed: azure_mgmt_containerservice's calls and models behind a trait that
//! the provider uses, on this crate's pipeline, retries and api-version.
//! Source: <https://learn.microsoft.com/rest/api/aks/managed-clusters>

mod bridge;
mod declared;

pub use azure_mgmt_containerservice::models::ManagedCluster;
pub use declared::{Beyond, Declared};

use crate::call::{Call, Method};
use crate::client::{Arm, unreadable};
use crate::error::ArmError;
use crate::fault::{ArmFault, Class};
use crate::operation::{Begun, begun};
use serde_json::Value;

/// The api-version of managed clusters: a stable one that is served for years to come.
pub const API: &str = "2025-10-01";

/// A cluster's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterId {
    /// The subscription's id.
    pub subscription: String,
    /// The resource group's name.
    pub group: String,
    /// The cluster's name.
    pub name: String,
}

impl ClusterId {
    /// An id of names that Azure would take.
    ///
    /// # Errors
    /// Which name is wrong, and the rule.
    pub fn new(
        subscription: impl Into<String>,
        group: impl Into<String>,
        name: impl Into<String>,
    ) -> Result<ClusterId, ArmError> {
        let id = ClusterId {
            subscription: subscription.into(),
            group: group.into(),
            name: name.into(),
        };
        if !crate::subscription::is_id(&id.subscription) {
            return Err(ArmError::Setup(format!(
                "subscription {:?} is no id: give a UUID",
                id.subscription
            )));
        }
        let in_group = |c: char| c.is_alphanumeric() || "-_.()".contains(c);
        let group = &id.group;
        if group.is_empty()
            || group.chars().count() > 90
            || group.ends_with('.')
            || !group.chars().all(in_group)
        {
            return Err(ArmError::Setup(format!(
                "resource group {group:?} is no name: use up to 90 letters, digits, - _ . ( ), \
                 and no . at the end"
            )));
        }
        let name = &id.name;
        let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let in_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.len() > 63
            || !ends(name.chars().next())
            || !ends(name.chars().last())
            || !name.chars().all(in_name)
        {
            return Err(ArmError::Setup(format!(
                "cluster {name:?} is no name: use up to 63 letters, digits, - and _, with a \
                 letter or digit at both ends"
            )));
        }
        Ok(id)
    }

    /// The path of the resource.
    pub fn path(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.ContainerService/managedClusters/{}",
            self.subscription, self.group, self.name
        )
    }
}

/// A kubeconfig as the service gives it: a secret, not shown by Debug.
#[derive(Clone, PartialEq, Eq)]
pub struct Kubeconfig {
    /// As `clusterUser`.
    pub name: String,
    /// YAML.
    pub yaml: String,
}

impl std::fmt::Debug for Kubeconfig {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Kubeconfig")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What the provider does with clusters.
#[async_trait::async_trait]
pub trait ManagedClusters: Send + Sync {
    /// Reads a cluster as it is, fields unknown to the models included; none if it, or its
    /// group, is not there.
    async fn get(&self, id: &ClusterId) -> Result<Option<Value>, ArmError>;
    /// Creates or updates. What goes over the wire is the declaration, field by field.
    async fn put(&self, id: &ClusterId, body: &Declared) -> Result<Begun, ArmError>;
    /// Deletes; done at once, with 404 or 204, if it is not there.
    async fn delete(&self, id: &ClusterId) -> Result<Begun, ArmError>;
    /// Aborts the operation in progress: the cluster then ends as `Canceled`.
    async fn abort(&self, id: &ClusterId) -> Result<Begun, ArmError>;
    /// The kubeconfigs of a user; never empty.
    async fn user_credentials(&self, id: &ClusterId) -> Result<Vec<Kubeconfig>, ArmError>;
}

/// [`ManagedClusters`] of Azure, or of a simulator.
#[derive(Clone, Debug)]
pub struct AksClusters {
    arm: Arm,
    api: String,
}

impl AksClusters {
    /// Through a client, at [`API`].
    pub fn new(arm: Arm) -> AksClusters {
        AksClusters {
            arm,
            api: API.to_owned(),
        }
    }

    /// At another api-version: some clouds lag behind.
    #[must_use]
    pub fn at(self, api: impl Into<String>) -> AksClusters {
        AksClusters {
            api: api.into(),
            ..self
        }
    }
}

#[async_trait::async_trait]
impl ManagedClusters for AksClusters {
    async fn get(&self, id: &ClusterId) -> Result<Option<Value>, ArmError> {
        let (call, answer) = bridge::drive(&self.arm, id, &self.api, &[], |client| {
            let request = client.get(&id.subscription, &id.group, &id.name);
            async move { request.send().await.map(drop) }
        })
        .await?;
        crate::client::resource(answer, &call.what())
    }

    async fn put(&self, id: &ClusterId, body: &Declared) -> Result<Begun, ArmError> {
        let (call, answer) = bridge::drive(&self.arm, id, &self.api, body.beyond(), |client| {
            let model = body.model().clone();
            let request = client.create_or_update(&id.subscription, &id.group, &id.name, model);
            async move { request.send().await.map(drop) }
        })
        .await?;
        begun(&self.arm, &call, answer)
    }

    async fn delete(&self, id: &ClusterId) -> Result<Begun, ArmError> {
        let (call, answer) = bridge::drive(&self.arm, id, &self.api, &[], |client| {
            let request = client.delete(&id.subscription, &id.group, &id.name);
            async move { request.send().await.map(drop) }
        })
        .await?;
        begun(&self.arm, &call, answer)
    }

    async fn abort(&self, id: &ClusterId) -> Result<Begun, ArmError> {
        let (call, answer) = bridge::drive(&self.arm, id, &self.api, &[], |client| {
            let request = client.abort_latest_operation(&id.subscription, &id.group, &id.name);
            async move { request.send().await.map(drop) }
        })
        .await?;
        begun(&self.arm, &call, answer)
    }

    async fn user_credentials(&self, id: &ClusterId) -> Result<Vec<Kubeconfig>, ArmError> {
        let (call, answer) = bridge::drive(&self.arm, id, &self.api, &[], |client| {
            let request =
                client.list_cluster_user_credentials(&id.subscription, &id.group, &id.name);
            async move { request.send().await.map(drop) }
        })
        .await?;
        let what = call.what();
        let answer = crate::client::success(answer, &what)?;
        match &answer.json {
            Some(json) => kubeconfigs(json, &what),
            None => Err(unreadable(&answer, &what)),
        }
    }
}

/// Reads an answer of listCluster…Credential. Errors tell which part is wrong, and show
/// nothing of it.
pub fn kubeconfigs(answer: &Value, what: &str) -> Result<Vec<Kubeconfig>, ArmError> {
    let wrong = |why: &str| ArmError::from(ArmFault::own(Class::Unreadable, what, why));
    let list = answer
        .get("kubeconfigs")
        .and_then(Value::as_array)
        .ok_or_else(|| wrong("the answer has no kubeconfigs"))?;
    let mut read = Vec::new();
    for entry in list {
        let name = entry
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let value = entry
            .get("value")
            .and_then(Value::as_str)
            .ok_or_else(|| wrong("a kubeconfig has no value"))?;
        let bytes = azure_core::base64::decode(value.trim())
            .map_err(|_| wrong("a kubeconfig is no base64"))?;
        let yaml =
            String::from_utf8(bytes).map_err(|_| wrong("a kubeconfig is no text in UTF-8"))?;
        read.push(Kubeconfig {
            name: name.to_owned(),
            yaml,
        });
    }
    if read.is_empty() {
        return Err(wrong("the answer has no kubeconfig in its list"));
    }
    Ok(read)
}

/// The call of a cluster's method, as the pipeline sends it.
fn call(id: &ClusterId, api: &str, method: Method, path: &str) -> Call {
    let own = id.path();
    // The generated calls spell one path in another case; ids are the same without it.
    let same = path
        .get(..own.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(&own));
    let path = match path.get(own.len()..) {
        Some(rest) if same => format!("{own}{rest}"),
        _ => path.to_owned(),
    };
    Call::new(method, path, api)
}
