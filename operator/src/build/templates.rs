//! The record of what a job was started with.
//!
//! The operator that starts a job writes down the bases of its pod templates; until the
//! job is finished, whichever operator keeps it restores the children to that record. So
//! an upgraded operator leaves running pods alone, and master and workers of a job are of
//! one version.

use super::{Parent, master, workers};
use k8s_openapi::api::core::v1::{
    ConfigMap, LocalObjectReference, PersistentVolumeClaim, PodTemplateSpec,
};
use rsac_api::{RSACrackerSpec, names};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;

const KEY: &str = "templates.json";

/// What an operator starts the pods of any job with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outfit<'a> {
    /// The image's reference.
    pub(crate) image: &'a str,
    /// Whether its pull takes the job's copy of the operator's pull Secret.
    pub(crate) is_private: bool,
    /// Where a master announces itself; none where it cannot.
    pub(crate) hears_at: Option<SocketAddr>,
}

/// What a job was started with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    /// Which question it was started for.
    pub(crate) question: String,
    /// The version of the operator that wrote it.
    pub(crate) version: String,
    /// The image of master and workers.
    pub(crate) image: String,
    pub(crate) master: PodTemplateSpec,
    pub(crate) workers: PodTemplateSpec,
    /// The StatefulSet's, which cannot change.
    pub(crate) claims: Vec<PersistentVolumeClaim>,
}

impl Record {
    /// What this operator would start the job with.
    pub(crate) fn new(
        parent: &Parent,
        spec: &RSACrackerSpec,
        question: String,
        outfit: Outfit<'_>,
    ) -> Self {
        let with_pull = |mut template: PodTemplateSpec| {
            if let Some(pods) = template.spec.as_mut().filter(|_| outfit.is_private) {
                pods.image_pull_secrets = Some(vec![LocalObjectReference {
                    name: names::pull_secret(&parent.name),
                }]);
            }
            template
        };
        Self {
            question,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            image: outfit.image.to_owned(),
            master: with_pull(master::base(parent, spec, outfit)),
            workers: with_pull(workers::base(parent, outfit.image)),
            claims: master::claims(parent, spec),
        }
    }

    /// For a later job under the same name: this operator's templates, and the claims that
    /// the StatefulSet has.
    pub(crate) fn renewed(
        &self,
        parent: &Parent,
        spec: &RSACrackerSpec,
        question: String,
        outfit: Outfit<'_>,
    ) -> Self {
        Self {
            claims: self.claims.clone(),
            ..Self::new(parent, spec, question, outfit)
        }
    }

    /// What a ConfigMap holds; none where it is unreadable.
    pub(crate) fn read(config: &ConfigMap) -> Option<Self> {
        let text = config.data.as_ref()?.get(KEY)?;
        serde_json::from_str(text).ok()
    }

    /// The ConfigMap.
    ///
    /// # Errors
    /// When the record cannot be written as JSON.
    pub(crate) fn config(&self, parent: &Parent) -> Result<ConfigMap, serde_json::Error> {
        let text = serde_json::to_string_pretty(self)?;
        Ok(ConfigMap {
            metadata: parent.meta(names::templates_config(&parent.name), None),
            data: Some(BTreeMap::from([(KEY.to_owned(), text)])),
            ..ConfigMap::default()
        })
    }
}
