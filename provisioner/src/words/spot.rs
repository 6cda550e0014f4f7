//! `--spot-workers`: a stack with spot nodes runs its jobs' workers on them, because a worker
//! that is evicted loses no more than one that is killed. Master and operator stay on nodes
//! that stay.

use crate::stack::Stack;
use k8s_openapi::api::core::v1::Toleration;
use rsac_api::RSACracker;
use std::borrow::Cow;

/// The label and taint that AKS gives spot nodes.
/// Source: <https://learn.microsoft.com/azure/aks/spot-node-pool>.
const KEY: &str = "kubernetes.azure.com/scalesetpriority";
const SPOT: &str = "spot";

/// The resource as it is given to a stack: on one with spot nodes, workers of which the
/// manifest does not say where they run are sent there.
pub(super) fn placed<'c>(stack: &Stack, cracker: &'c RSACracker) -> Cow<'c, RSACracker> {
    let azure = stack.record.place.azure.as_ref();
    let nodes = azure.and_then(|azure| azure.parameters.get("spotWorkers"));
    if nodes.and_then(serde_json::Value::as_u64).unwrap_or(0) == 0 {
        return Cow::Borrowed(cracker);
    }
    let mut cracker = cracker.clone();
    let workers = cracker.spec.workers.get_or_insert_default();
    if workers.node_selector.is_empty() && workers.tolerations.is_empty() {
        workers.node_selector = [(KEY.to_owned(), SPOT.to_owned())].into();
        workers.tolerations = vec![Toleration {
            key: Some(KEY.to_owned()),
            operator: Some("Equal".to_owned()),
            value: Some(SPOT.to_owned()),
            effect: Some("NoSchedule".to_owned()),
            ..Toleration::default()
        }];
    }
    Cow::Owned(cracker)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::{AzurePlace, Store};

    fn stack(spot: Option<u64>) -> Stack {
        let store = Store::new("/nowhere".into());
        let mut stack = store.imagined("azure", "azure").unwrap();
        let parameters = spot.map(|n| ("spotWorkers".to_owned(), n.into()));
        stack.record.place.azure = Some(AzurePlace {
            parameters: parameters.into_iter().collect(),
            ..AzurePlace::default()
        });
        stack
    }

    #[test]
    fn workers_go_to_spot_nodes_where_there_are_some_and_the_manifest_is_silent() {
        let cracker = super::super::manifest::example().unwrap().remove(0);
        for none in [None, Some(0)] {
            assert!(matches!(placed(&stack(none), &cracker), Cow::Borrowed(_)));
        }
        let there = placed(&stack(Some(2)), &cracker);
        let workers = there.spec.workers.clone().unwrap();
        assert_eq!(workers.node_selector[KEY], SPOT);
        assert_eq!(workers.tolerations[0].value.as_deref(), Some(SPOT));
        let mut told = cracker.clone();
        let workers = told.spec.workers.get_or_insert_default();
        workers.node_selector.insert("disk".into(), "fast".into());
        let kept = placed(&stack(Some(2)), &told);
        assert_eq!(kept.spec.workers, told.spec.workers);
    }
}
