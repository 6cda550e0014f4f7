//! What a simulated subscription is like: who may call, what it is allowed, how long things
//! take. Whoever starts a [`crate::Simulator`] fills this in; the defaults suit tests.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// How the simulated Azure is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Address and port to listen on; port 0 takes a free one.
    pub listen: String,
    /// The subscription, a GUID.
    pub subscription: String,
    /// The tenant, a GUID.
    pub tenant: String,
    /// Who may ask for a token, and what each may do.
    pub callers: Vec<Caller>,
    /// Regions, as Azure names them (`uksouth`).
    pub locations: Vec<String>,
    /// How many looks an operation needs before it is over: polls of its URLs, and requests
    /// for its resource or anything above or below. 0: the first poll finds it done.
    pub polls: u32,
    /// `Retry-After` in seconds on answers of operations; `None`: as Azure does (15, 10, 3 or
    /// none, by resource type).
    pub retry_after: Option<u32>,
    /// Most items on a page of a list.
    pub page: usize,
    /// When Azure makes a network watcher for a region with a virtual network.
    pub watchers: WatcherCreation,
    /// The kubeconfig that `listCluster…Credential` hands out, as YAML; names are changed to
    /// those that AKS gives. `None`: one that leads nowhere.
    pub kubeconfig: Option<String>,
    /// What it hands out instead once its certificates were rotated: the first after the first
    /// time, and so on; the last from then on. Empty: the same as before.
    pub kubeconfigs_rotated: Vec<String>,
    /// `loginServer` of every registry; `None`: `NAME.azurecr.io`, as Azure's.
    pub registry: Option<String>,
    /// Registry names that somebody else in Azure has.
    pub taken_registries: Vec<String>,
    /// The password that registries give out.
    pub registry_password: Secret,
    /// Namespaces that are registered from the start.
    pub registered: Vec<String>,
    /// vCPUs the subscription may use in a region, all families.
    pub cores: u32,
    /// vCPUs by family (`standardBSFamily`); a family that is not named may use all `cores`.
    pub family_cores: BTreeMap<String, u32>,
    /// VM sizes this subscription may not use.
    pub restricted_sizes: Vec<String>,
    /// Lifetime of a token.
    pub token_lifetime: Duration,
    /// Whether a cluster may be deleted while another operation of its runs. If not, the
    /// answer is 409 `OperationNotAllowed`.
    pub delete_preempts: bool,
    /// Where to keep state and certificates between runs; `None`: in memory only.
    pub state_dir: Option<PathBuf>,
    /// Print each request and its answer's status to stderr.
    pub verbose: bool,
}

/// When a region with a virtual network gets its watcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WatcherCreation {
    /// Together with the first virtual network.
    AtOnce,
    /// After so many further requests of any kind.
    AfterRequests(u32),
    /// The subscription has opted out.
    Never,
}

/// A service principal.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Application id, a GUID.
    pub client_id: String,
    /// Object id, as it appears in refusals.
    pub object_id: String,
    /// The client secret.
    pub secret: Secret,
    /// Its role assignments.
    pub grants: Vec<Grant>,
}

/// A secret that does not show itself in Debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(hidden)")
    }
}

/// A role at a scope. Actions may hold `*`; case does not matter.
#[derive(Clone, Debug)]
pub struct Grant {
    /// `/subscriptions/…` or deeper.
    pub scope: String,
    /// What is allowed.
    pub actions: Vec<String>,
    /// What is not, of that.
    pub not_actions: Vec<String>,
}

impl Grant {
    /// Azure's built-in Owner.
    pub fn owner(scope: &str) -> Grant {
        Grant::of(scope, &["*"], &[])
    }

    /// Azure's built-in Contributor: all but handing out rights and locks.
    pub fn contributor(scope: &str) -> Grant {
        Grant::of(
            scope,
            &["*"],
            &[
                "Microsoft.Authorization/*/Delete",
                "Microsoft.Authorization/*/Write",
                "Microsoft.Authorization/elevateAccess/Action",
                "Microsoft.Blueprint/blueprintAssignments/write",
                "Microsoft.Blueprint/blueprintAssignments/delete",
                "Microsoft.Compute/galleries/share/action",
            ],
        )
    }

    /// Azure's built-in Reader.
    pub fn reader(scope: &str) -> Grant {
        Grant::of(scope, &["*/read"], &[])
    }

    /// A custom role.
    pub fn of(scope: &str, actions: &[&str], not_actions: &[&str]) -> Grant {
        let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        Grant {
            scope: scope.into(),
            actions: owned(actions),
            not_actions: owned(not_actions),
        }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        let subscription = "11111111-2222-4333-8444-555555555555".to_owned();
        Settings {
            listen: "127.0.0.1:0".into(),
            tenant: "99999999-8888-4777-8666-555555555555".into(),
            callers: vec![Caller {
                client_id: "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee".into(),
                object_id: "12121212-3434-4565-8787-909090909090".into(),
                secret: Secret("simulated~client~secret".into()),
                grants: vec![Grant::contributor(&format!(
                    "/subscriptions/{subscription}"
                ))],
            }],
            subscription,
            locations: [
                "uksouth",
                "ukwest",
                "westeurope",
                "northeurope",
                "eastus",
                "eastus2",
                "westus2",
                "westus3",
                "germanywestcentral",
                "francecentral",
                "swedencentral",
            ]
            .map(String::from)
            .to_vec(),
            polls: 0,
            retry_after: Some(0),
            page: 1000,
            watchers: WatcherCreation::AtOnce,
            kubeconfig: None,
            kubeconfigs_rotated: Vec::new(),
            registry: None,
            taken_registries: Vec::new(),
            registry_password: Secret("simulated/registry+password".into()),
            registered: [
                "Microsoft.ContainerService",
                "Microsoft.ContainerRegistry",
                "Microsoft.Compute",
                "Microsoft.Network",
                "Microsoft.ManagedIdentity",
            ]
            .map(String::from)
            .to_vec(),
            cores: 10,
            family_cores: BTreeMap::new(),
            restricted_sizes: Vec::new(),
            token_lifetime: Duration::from_secs(3599),
            delete_preempts: false,
            state_dir: None,
            verbose: false,
        }
    }
}
