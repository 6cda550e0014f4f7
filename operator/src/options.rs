//! What an operator is started with, and why it ends.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// How to reach the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// As a pod of it, with the pod's service account. Masters are dialled at their pods'
    /// addresses.
    Pod,
    /// From outside, with a kubeconfig. Masters are asked through port-forwards.
    Kubeconfig {
        /// The file; none for the usual ones.
        path: Option<PathBuf>,
        /// The context; none for the current one.
        context: Option<String>,
    },
}

/// A Secret of type `kubernetes.io/dockerconfigjson`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullSecret {
    /// Its namespace: the operator's own.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Of several operators one acts: the holder of a Lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaderElection {
    /// The Lease's namespace.
    pub namespace: String,
    /// What this process is called in it: the pod's name.
    pub identity: String,
}

/// What an operator is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// How to reach the cluster.
    pub access: Access,
    /// The image of masters and workers: the operator's own.
    pub image: String,
    /// The Secret with which that image is pulled, copied for every job; none where anybody
    /// may pull it.
    pub pull_secret: Option<PullSecret>,
    /// The namespaces to watch; none for all.
    pub namespaces: Vec<String>,
    /// None where no other operator can be.
    pub leader: Option<LeaderElection>,
    /// Where to answer `/healthz`, `/readyz` and `/metrics`, and to hear masters.
    pub health_listen: Option<SocketAddr>,
    /// The address of the operator's own pod, at which masters announce themselves; none
    /// where they cannot.
    pub pod_ip: Option<IpAddr>,
    /// The namespace of that pod.
    pub pod_namespace: String,
    /// The first wait after a failure; doubles with each.
    pub retry_base: Duration,
    /// The longest wait after failures.
    pub retry_cap: Duration,
    /// How many jobs are looked at at once.
    pub concurrency: u16,
    /// How often a job is looked at when nothing happens, a quarter more or less.
    pub resync: Duration,
    /// What Events say of who reports: the pod's name.
    pub instance: Option<String>,
}

impl Options {
    /// Where masters announce themselves; none where they cannot reach the operator.
    pub(crate) fn hears_at(&self) -> Option<SocketAddr> {
        let ip = self.pod_ip.filter(|_| self.access == Access::Pod)?;
        Some(SocketAddr::new(ip, self.health_listen?.port()))
    }
}

/// Why an operator ends.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// No way to the cluster is known.
    #[error("the cluster's access: {0}")]
    Access(String),
    /// The health port is taken.
    #[error("--health-listen {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}
