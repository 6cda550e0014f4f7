//! What the operator may do, and why: the rules of its roles as data. `rsac-infra` renders
//! the roles from it; a test holds the calls of a real run against it.

/// Where a rule is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Wherever jobs are: by a ClusterRole, or by a Role in each `--namespace`.
    Jobs,
    /// In the operator's own namespace, by a Role.
    Own,
}

/// A rule of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    /// Where it is granted.
    pub scope: Scope,
    /// The API group; empty for the core.
    pub group: &'static str,
    /// Resources, subresources as `resource/subresource`.
    pub resources: &'static [&'static str],
    /// What may be done with them.
    pub verbs: &'static [&'static str],
    /// Why that is needed.
    pub why: &'static str,
}

/// Reading by a watch.
const WATCH: &[&str] = &["list", "watch"];
/// Reading by a watch, looking up what a watch does not show, and server-side apply, which creates by `patch` and wants `create`
/// too.
const KEEP: &[&str] = &["get", "list", "watch", "create", "patch"];

/// All that the operator may do.
pub const RIGHTS: &[Right] = &[
    Right {
        scope: Scope::Jobs,
        group: "suu-kopf.dev",
        resources: &["rsacrackers"],
        verbs: &["list", "watch", "delete"],
        why: "to see jobs; to delete finished ones by their ttlSecondsAfterFinished",
    },
    Right {
        scope: Scope::Jobs,
        group: "suu-kopf.dev",
        resources: &["rsacrackers/status"],
        verbs: &["patch"],
        why: "to say how a job stands",
    },
    Right {
        scope: Scope::Jobs,
        group: "suu-kopf.dev",
        resources: &["rsacrackers/finalizers"],
        verbs: &["update"],
        why: "to own children whose owner waits for them; some clusters ask for this right",
    },
    Right {
        scope: Scope::Jobs,
        group: "apps",
        resources: &["statefulsets", "deployments"],
        verbs: KEEP,
        why: "master and workers",
    },
    Right {
        scope: Scope::Jobs,
        group: "",
        resources: &["services", "configmaps"],
        verbs: KEEP,
        why: "the master's Services; its job file and the record of pod templates",
    },
    Right {
        scope: Scope::Jobs,
        group: "policy",
        resources: &["poddisruptionbudgets"],
        verbs: KEEP,
        why: "how many workers a drain may take at once",
    },
    Right {
        scope: Scope::Jobs,
        group: "networking.k8s.io",
        resources: &["networkpolicies"],
        verbs: KEEP,
        why: "who may talk to master and workers",
    },
    Right {
        scope: Scope::Jobs,
        group: "",
        resources: &["secrets"],
        verbs: &["get", "create", "patch"],
        why: "token, certificates and result, each looked up by name; none is listed or watched",
    },
    Right {
        scope: Scope::Jobs,
        group: "",
        resources: &["pods"],
        verbs: WATCH,
        why: "where the master is, and why a pod does not run",
    },
    Right {
        scope: Scope::Jobs,
        group: "",
        resources: &["persistentvolumeclaims"],
        verbs: &["get"],
        why: "whether a ledger's claim is there already, and whose it is",
    },
    Right {
        scope: Scope::Jobs,
        group: "events.k8s.io",
        resources: &["events"],
        verbs: &["create", "patch"],
        why: "to tell what became of jobs; a repeated Event is patched",
    },
    Right {
        scope: Scope::Own,
        group: "coordination.k8s.io",
        resources: &["leases"],
        verbs: &["get", "create", "update"],
        why: "of several operators one acts",
    },
];

/// What an operator whose image is pulled with a Secret needs besides.
pub const PULLING: &[Right] = &[Right {
    scope: Scope::Own,
    group: "",
    resources: &["secrets"],
    verbs: &["get"],
    why: "the Secret with which the image is pulled, to copy it for each job",
}];

/// What an operator outside the cluster needs besides, to ask masters: not granted to the
/// one inside, which dials pods.
pub const OUTSIDE: &[Right] = &[Right {
    scope: Scope::Jobs,
    group: "",
    resources: &["pods/portforward"],
    verbs: &["get", "create"],
    why: "to ask masters from outside the cluster",
}];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn rights_are_least_and_have_reasons() {
        let mut seen = BTreeSet::new();
        for right in RIGHTS.iter().chain(PULLING).chain(OUTSIDE) {
            assert!(right.why.len() > 10, "{right:?}");
            for resource in right.resources {
                let place = (right.scope == Scope::Own, right.group, *resource);
                assert!(seen.insert(place), "twice: {resource}");
            }
            let words = right.verbs.iter().chain(right.resources);
            assert!(words.clone().all(|word| *word != "*"), "{right:?}");
        }
        let secrets = RIGHTS.iter().find(|right| right.resources == ["secrets"]);
        let verbs = secrets.map(|right| right.verbs).unwrap_or_default();
        assert!(!verbs.contains(&"list") && !verbs.contains(&"watch"));
    }
}
