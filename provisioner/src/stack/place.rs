//! What a stack's provider is told: the flags of `up` that are kept in `stack.json`, so that
//! a resumed `up` and every later word mean the same place; and those of one run only.

use super::AzurePlace;
use crate::deploy::compat::Consent;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What is kept. A local stack has none of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Place {
    /// The kubeconfig's files, absolute.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kubeconfig: Vec<PathBuf>,
    /// Its context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The jobs' namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The image of operator, masters and workers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Whether the cluster is given what `docker login` keeps, to pull the image with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_with_login: Option<bool>,
    /// minikube's profile, and how one that is not there is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minikube: Option<MinikubePlace>,
    /// Where in Azure, and what is declared there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azure: Option<AzurePlace>,
}

/// minikube's profile, and how one that is not there is made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct MinikubePlace {
    /// The profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// CPUs of each node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpus: Option<String>,
    /// Memory of each node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// How many nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodes: Option<u32>,
    /// The driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// The version of Kubernetes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubernetes_version: Option<String>,
}

impl Place {
    /// These settings, and over them those that were given anew.
    #[must_use]
    pub fn overlaid(&self, new: &Self) -> Self {
        let kubeconfig = if new.kubeconfig.is_empty() {
            &self.kubeconfig
        } else {
            &new.kubeconfig
        };
        Self {
            kubeconfig: kubeconfig.clone(),
            context: newer(&new.context, &self.context),
            namespace: newer(&new.namespace, &self.namespace),
            image: match &new.azure {
                // Where the image is pushed to takes the place of one that was named.
                Some(azure) if azure.registry.is_some() || azure.attach_acr.is_some() => {
                    new.image.clone()
                }
                _ => newer(&new.image, &self.image),
            },
            pull_with_login: newer(&new.pull_with_login, &self.pull_with_login),
            minikube: match (&self.minikube, &new.minikube) {
                (Some(old), Some(new)) => Some(old.overlaid(new)),
                (old, new) => newer(new, old),
            },
            azure: match (&self.azure, &new.azure) {
                (Some(old), Some(new)) => Some(old.overlaid(new)),
                (old, new) => newer(new, old),
            },
        }
    }
}

impl MinikubePlace {
    fn overlaid(&self, new: &Self) -> Self {
        Self {
            profile: newer(&new.profile, &self.profile),
            cpus: newer(&new.cpus, &self.cpus),
            memory: newer(&new.memory, &self.memory),
            nodes: newer(&new.nodes, &self.nodes),
            driver: newer(&new.driver, &self.driver),
            kubernetes_version: newer(&new.kubernetes_version, &self.kubernetes_version),
        }
    }
}

pub(super) fn newer<T: Clone>(new: &Option<T>, old: &Option<T>) -> Option<T> {
    new.as_ref().or(old.as_ref()).cloned()
}

/// What holds for one run only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Once {
    /// What the user agreed to.
    pub consent: Consent,
    /// Whether an entry of the user's kubeconfig may be replaced.
    pub overwrite_kubeconfig: bool,
    /// How the stack is taken down.
    pub down: Removal,
}

/// How a stack is taken down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removal {
    /// What others have in what goes is lost.
    pub force: bool,
    /// The network watcher that Azure made goes too, where that is safe.
    pub with_network_watcher: bool,
    /// The end is not waited for.
    pub no_wait: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_anew_counts_and_the_rest_is_kept() {
        let place = |text: &str| serde_json::from_str::<Place>(text).unwrap();
        let old = place(
            r#"{"kubeconfig":["/k"],"context":"c","image":"i:1","minikube":{"profile":"p","nodes":2}}"#,
        );
        assert_eq!(old.overlaid(&Place::default()), old);
        let new = place(r#"{"image":"i:2","minikube":{"nodes":3}}"#);
        assert_eq!(
            old.overlaid(&new),
            place(
                r#"{"kubeconfig":["/k"],"context":"c","image":"i:2","minikube":{"profile":"p","nodes":3}}"#
            )
        );
        assert_eq!(place("{}"), Place::default());
    }
}
