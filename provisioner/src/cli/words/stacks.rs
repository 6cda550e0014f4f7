//! Arguments of the words that make, show and remove stacks.

use crate::cli::place::{Only, PlaceArgs};
use clap::{Args, ValueHint};
use std::path::PathBuf;

/// `up`
#[derive(Debug, Clone, Default, Args)]
pub struct Up {
    /// Where to compute: local, kubeconfig, minikube or azure [default: the stack's, or local]
    #[arg(long, value_name = "PROVIDER")]
    pub provider: Option<String>,

    /// The manifest of the job to run; - is stdin [default: a bundled example]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,

    /// Wait for the factors and show them
    #[arg(long)]
    pub wait: bool,

    /// Only make the cluster: no CRD, no operator, no job
    #[arg(long, value_name = "PART", conflicts_with_all = ["file", "wait"])]
    pub only: Option<Only>,

    /// The place's settings.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// `plan`
#[derive(Debug, Clone, Default, Args)]
pub struct Plan {
    /// Where to compute: local, kubeconfig, minikube or azure [default: the stack's, or local]
    #[arg(long, value_name = "PROVIDER")]
    pub provider: Option<String>,

    /// The place's settings.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// `down`
#[derive(Debug, Clone, Default, Args)]
pub struct Down {
    /// Do not ask; needed where there is no terminal
    #[arg(short, long)]
    pub yes: bool,

    /// Go on although the results of its jobs cannot be read, its cluster does not answer, or
    /// others have things in its resource group: they are lost
    #[arg(long)]
    pub force: bool,

    /// Also delete the network watcher that Azure made because of the cluster, where that is safe
    #[arg(long)]
    pub with_network_watcher: bool,

    /// Do not wait for the end of Azure's deletion; a later `down` confirms it
    #[arg(long, conflicts_with = "with_network_watcher")]
    pub no_wait: bool,

    /// Take down the resource group of a stack that is remembered nowhere, by its tags
    #[arg(long, value_name = "RESOURCE-GROUP", conflicts_with = "stack")]
    pub adopt: Option<String>,

    /// Where that group is.
    #[command(flatten)]
    pub subscription: SubscriptionArgs,
}

/// Which subscription, of which cloud.
#[derive(Debug, Clone, Default, Args)]
pub struct SubscriptionArgs {
    /// The subscription's id [default: AZURE_SUBSCRIPTION_ID, or the Azure CLI's or azd's current one]
    #[arg(long, value_name = "ID")]
    pub subscription: Option<String>,

    /// The cloud: public, government or china [default: the Azure CLI's, with its subscription; else public]
    #[arg(long, value_name = "CLOUD")]
    pub cloud: Option<String>,
}

/// `orphans`
#[derive(Debug, Clone, Default, Args)]
pub struct Orphans {
    /// Where to look.
    #[command(flatten)]
    pub subscription: SubscriptionArgs,
}

/// `reap`
#[derive(Debug, Clone, Default, Args)]
pub struct Reap {
    /// Do not ask; needed where there is no terminal
    #[arg(short, long)]
    pub yes: bool,

    /// Where to look.
    #[command(flatten)]
    pub subscription: SubscriptionArgs,
}
