//! The master's job file.

use super::Parent;
use k8s_openapi::api::core::v1::ConfigMap;
use rsac_api::names;
use rsac_protocol::{Digest, Job};
use std::collections::BTreeMap;

/// The ConfigMap, and the digest of the job file.
///
/// # Errors
/// When the job cannot be written as JSON.
pub(crate) fn job_config(
    parent: &Parent,
    job: &Job,
) -> Result<(ConfigMap, String), serde_json::Error> {
    let text = serde_json::to_string_pretty(job)?;
    let digest = Digest::of(&text).short();
    let config = ConfigMap {
        metadata: parent.meta(
            names::job_config(&parent.name),
            Some(names::MASTER_COMPONENT),
        ),
        data: Some(BTreeMap::from([("job.json".to_owned(), text)])),
        ..ConfigMap::default()
    };
    Ok((config, digest))
}
