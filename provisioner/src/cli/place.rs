//! The flags of `up` about where a stack lives: settings of clusters and of minikube.

use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;

/// A part of what `up` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Only {
    /// The cluster
    Cluster,
}

/// Settings of providers on Kubernetes; a resumed `up` keeps them.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Kubernetes (providers kubeconfig and minikube)")]
pub struct ClusterArgs {
    /// The context to use (kubeconfig) [default: the current one]
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,

    /// The kubeconfig, which is only read [default: $KUBECONFIG or ~/.kube/config]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub kubeconfig: Option<PathBuf>,

    /// The namespace for jobs; made if it is not there [default: rsac]
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,

    /// The image of operator, masters and workers, where the nodes can pull it
    #[arg(long, value_name = "REF")]
    pub image: Option<String>,

    /// Put this version's CRD and operator in the place of the cluster's older ones
    #[arg(long)]
    pub upgrade_operator: bool,

    /// Take over a CRD or an operator of this name that is not rsac's
    #[arg(long)]
    pub adopt: bool,
}

/// Settings of minikube; a resumed `up` keeps them.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "minikube")]
pub struct MinikubeArgs {
    /// The profile; made and started if it is not there [default: minikube]
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,

    /// CPUs of each node of a profile that is made
    #[arg(long, value_name = "N")]
    pub cpus: Option<String>,

    /// Memory of each node of a profile that is made, such as 4g
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<String>,

    /// How many nodes a profile that is made has
    #[arg(long, value_name = "N")]
    pub nodes: Option<u32>,

    /// The driver of a profile that is made: docker, podman, kvm2 …
    #[arg(long, value_name = "NAME")]
    pub driver: Option<String>,

    /// The version of Kubernetes of a profile that is made
    #[arg(long, value_name = "VERSION")]
    pub kubernetes_version: Option<String>,
}
