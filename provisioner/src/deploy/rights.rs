//! What the operator may do, with the reason of each right: the rules of its roles.

use serde::Serialize;

/// A rule of a role.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Right {
    /// Why it is needed, in a line.
    pub(super) reason: &'static str,
    /// The API groups; the core group is the empty text.
    pub(super) groups: &'static [&'static str],
    /// The resources.
    pub(super) resources: &'static [&'static str],
    /// Only these objects; all where there is none.
    pub(super) names: &'static [&'static str],
    /// What is done with them.
    pub(super) verbs: &'static [&'static str],
}

const fn right(
    reason: &'static str,
    groups: &'static [&'static str],
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
) -> Right {
    Right {
        reason,
        groups,
        resources,
        names: &[],
        verbs,
    }
}

/// In every namespace with jobs.
pub(super) const RIGHTS: &[Right] = &[
    right(
        "The jobs themselves; those whose time to live is over are deleted.",
        &["suu-kopf.dev"],
        &["rsacrackers"],
        &["get", "list", "watch", "delete"],
    ),
    right(
        "How each job stands.",
        &["suu-kopf.dev"],
        &["rsacrackers/status"],
        &["get", "patch"],
    ),
    right(
        "Children that block their owner's deletion, where the cluster asks for this right.",
        &["suu-kopf.dev"],
        &["rsacrackers/finalizers"],
        &["update"],
    ),
    right(
        "Master and workers of a job.",
        &["apps"],
        &["statefulsets", "deployments"],
        &["get", "list", "watch", "create", "patch", "delete"],
    ),
    right(
        "What a job's pods are given, and how its master is reached.",
        &[""],
        &["configmaps", "services"],
        &["get", "list", "watch", "create", "patch", "delete"],
    ),
    right(
        "Access, certificates and results of jobs: looked up by name, never listed.",
        &[""],
        &["secrets"],
        &["get", "create", "patch", "delete"],
    ),
    right(
        "Whether a job's pods run, and why not.",
        &[""],
        &["pods"],
        &["get", "list", "watch"],
    ),
    right(
        "A node's drain leaves a job most of its workers.",
        &["policy"],
        &["poddisruptionbudgets"],
        &["get", "list", "watch", "create", "patch", "delete"],
    ),
    right(
        "Only a job's own workers reach its master.",
        &["networking.k8s.io"],
        &["networkpolicies"],
        &["get", "list", "watch", "create", "patch", "delete"],
    ),
    right(
        "What happened, for `kubectl describe`; repeated Events are patched.",
        &["events.k8s.io"],
        &["events"],
        &["create", "patch"],
    ),
];

/// In the operator's own namespace.
pub(super) const OWN_RIGHTS: &[Right] = &[right(
    "One of several operators leads: it holds the Lease.",
    &["coordination.k8s.io"],
    &["leases"],
    &["get", "list", "watch", "create", "update", "patch"],
)];
