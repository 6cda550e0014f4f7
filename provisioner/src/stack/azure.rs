//! What a stack on Azure was told: the flags of `up` that are kept in `stack.json`.

use super::place::newer;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where in Azure, and what is declared there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct AzurePlace {
    /// The subscription's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription: Option<String>,
    /// Where its id came from, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription_from: Option<String>,
    /// `public`, `government` or `china`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud: Option<String>,
    /// The resource group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_group: Option<String>,
    /// The template's parameters that were given, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
    /// Tags of the user's own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// When the stack is no longer wanted, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
    /// The repository that the image is pushed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// A container registry that the nodes are let to pull from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attach_acr: Option<String>,
    /// Whether the cluster is made by one ARM deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via_deployment: Option<bool>,
    /// The user's kubeconfig, which gets an entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge_into: Option<PathBuf>,
}

impl AzurePlace {
    /// These settings, and over them those that were given anew. Parameters and tags are
    /// overlaid one by one.
    pub(super) fn overlaid(&self, new: &Self) -> Self {
        // One way of the image to the nodes takes the place of another.
        let is_new_way = new.registry.is_some() || new.attach_acr.is_some();
        let way = if is_new_way { new } else { self };
        Self {
            subscription: newer(&new.subscription, &self.subscription),
            subscription_from: newer(&new.subscription_from, &self.subscription_from),
            cloud: newer(&new.cloud, &self.cloud),
            resource_group: newer(&new.resource_group, &self.resource_group),
            parameters: both(&self.parameters, &new.parameters),
            tags: both(&self.tags, &new.tags),
            expires_at: newer(&new.expires_at, &self.expires_at),
            registry: way.registry.clone(),
            attach_acr: way.attach_acr.clone(),
            via_deployment: newer(&new.via_deployment, &self.via_deployment),
            merge_into: newer(&new.merge_into, &self.merge_into),
        }
    }
}

fn both<T: Clone>(old: &BTreeMap<String, T>, new: &BTreeMap<String, T>) -> BTreeMap<String, T> {
    let mut all = old.clone();
    all.extend(
        new.iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_tags_are_overlaid_one_by_one() {
        let place = |text: &str| serde_json::from_str::<AzurePlace>(text).unwrap();
        let old = place(
            r#"{"cloud":"public","parameters":{"agentCount":2,"dnsPrefix":"d"},"tags":{"a":"1"}}"#,
        );
        assert_eq!(old.overlaid(&AzurePlace::default()), old);
        let new = place(r#"{"parameters":{"agentCount":3},"tags":{"b":"2"},"expiresAt":9}"#);
        assert_eq!(
            old.overlaid(&new),
            place(
                r#"{"cloud":"public","parameters":{"agentCount":3,"dnsPrefix":"d"},
                    "tags":{"a":"1","b":"2"},"expiresAt":9}"#
            )
        );
        let (one, other) = (r#"{"registry":"r/i"}"#, r#"{"attachAcr":"a"}"#);
        assert_eq!(place(one).overlaid(&place(other)), place(other));
        assert_eq!(place(other).overlaid(&place("{}")), place(other));
    }
}
