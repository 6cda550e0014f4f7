//! The flags of `up` about where a stack lives: settings of clusters and of minikube.

use super::duration::parse_duration;
use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;
use std::time::Duration;

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

    /// The kubeconfig: read, and given an entry where a cluster is made; - writes the entry to stdout instead (azure) [default: $KUBECONFIG or ~/.kube/config]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub kubeconfig: Option<PathBuf>,

    /// The namespace for jobs; made if it is not there [default: rsac]
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,

    /// The image of operator, masters and workers, where the nodes can pull it
    #[arg(long, value_name = "REF")]
    pub image: Option<String>,

    /// Let the nodes pull the image with what `docker login` keeps for its registry here
    #[arg(
        long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_missing_value = "true"
    )]
    pub pull_with_login: Option<bool>,

    /// Put this version's CRD and operator in the place of the cluster's older ones
    #[arg(long)]
    pub upgrade_operator: bool,

    /// Take over a CRD or an operator of this name that is not rsac's
    #[arg(long)]
    pub adopt: bool,
}

/// The settings of all providers: each refuses those of the others.
#[derive(Debug, Clone, Default, Args)]
pub struct PlaceArgs {
    /// Settings of a cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// Settings of minikube.
    #[command(flatten)]
    pub minikube: MinikubeArgs,
    /// Settings of Azure.
    #[command(flatten)]
    pub azure: AzureArgs,
}

/// Settings of Azure; a resumed `up` keeps them.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Azure")]
pub struct AzureArgs {
    /// The subscription's id [default: AZURE_SUBSCRIPTION_ID, or the Azure CLI's or azd's current one]
    #[arg(long, value_name = "ID")]
    pub subscription: Option<String>,

    /// The cloud: public, government or china [default: the Azure CLI's, with its subscription; else public]
    #[arg(long, value_name = "CLOUD")]
    pub cloud: Option<String>,

    /// The resource group; made if it is not there [default: rsac-STACK]
    #[arg(long, value_name = "NAME")]
    pub resource_group: Option<String>,

    /// The region [default: the template's]
    #[arg(long, value_name = "REGION")]
    pub location: Option<String>,

    /// Values for the template's parameters, as `az deployment group create` takes them
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub parameters: Option<PathBuf>,

    /// The cluster's name
    #[arg(long, value_name = "NAME")]
    pub cluster_name: Option<String>,

    /// The first part of the API server's host name
    #[arg(long, value_name = "NAME")]
    pub dns_prefix: Option<String>,

    /// How many nodes: 1 to 50
    #[arg(long, value_name = "N")]
    pub agent_count: Option<u32>,

    /// The size of each node, such as Standard_B2s
    #[arg(long, value_name = "SIZE")]
    pub agent_vm_size: Option<String>,

    /// The size of each node's disk in GB; 0 is the node size's own default
    #[arg(long, value_name = "GB")]
    pub os_disk_size_gb: Option<u32>,

    /// The user name on the nodes
    #[arg(long, value_name = "NAME")]
    pub admin_username: Option<String>,

    /// The public SSH key for the nodes, RSA [default: one that is made and kept with the stack]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub ssh_public_key: Option<PathBuf>,

    /// Run the workers on this many spot nodes, in a pool beside the system's
    #[arg(long, value_name = "N")]
    pub spot_workers: Option<u32>,

    /// How long the stack is wanted, such as 3h: a tag, enforced where `reap` runs
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub ttl: Option<Duration>,

    /// A tag for everything that is made; repeatable
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub tags: Vec<String>,

    /// The repository to push this program's image to, instead of a registry of the stack's own
    #[arg(long, value_name = "REGISTRY/REPOSITORY")]
    pub registry: Option<String>,

    /// Let the nodes pull from this container registry of yours (needs the right to assign roles)
    #[arg(long, value_name = "NAME|ID")]
    pub attach_acr: Option<String>,

    /// How the cluster is made: by requests of its own, or as one deployment
    #[arg(long, value_name = "WAY")]
    pub via: Option<Via>,

    /// Replace an entry of the kubeconfig that is of the same name and another content
    #[arg(long)]
    pub overwrite_existing: bool,
}

/// How the cluster is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Via {
    /// A request a resource
    #[default]
    Requests,
    /// One ARM deployment, as `az deployment group create` makes it
    Deployment,
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
