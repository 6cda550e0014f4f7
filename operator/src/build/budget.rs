//! How many workers a node's drain may take at once. The master has no budget: with one
//! pod, it would only block drains.

use super::Parent;
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use rsac_api::names;

/// Half of the workers, rounded up, may go at once: the search goes on, and one worker
/// alone blocks no drain.
pub(crate) fn budget(parent: &Parent) -> PodDisruptionBudget {
    let component = names::WORKER_COMPONENT;
    PodDisruptionBudget {
        metadata: parent.meta(names::workers(&parent.name), Some(component)),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::String("50%".into())),
            selector: Some(parent.label_selector(component)),
            // A worker that does not run does no work that could be disturbed.
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".into()),
            ..PodDisruptionBudgetSpec::default()
        }),
        status: None,
    }
}
