//! `rsac-infra operator`: in a pod of the cluster, or from outside with a kubeconfig.

use super::life::Life;
use rsac_operator::{Access, LeaderElection, OperatorError, Options, PullSecret};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) life: Life,
    /// The image of masters and workers: this program's own
    #[arg(long, env = "RSAC_IMAGE")]
    image: String,
    /// Reach the cluster from outside, with this kubeconfig
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context [default: its current one]
    #[arg(long)]
    context: Option<String>,
    /// Watch this namespace only; may be repeated [default: all]
    #[arg(long = "namespace", value_name = "NAMESPACE")]
    namespaces: Vec<String>,
    /// Act only while holding the Lease rsac-operator: of several operators one acts
    #[arg(long)]
    leader_elect: bool,
    /// Copy this Secret of the Lease's namespace for every job, to pull the image with
    #[arg(long, value_name = "NAME")]
    pull_secret: Option<String>,
    /// The Lease's namespace
    #[arg(
        long,
        value_name = "NAMESPACE",
        env = "POD_NAMESPACE",
        default_value = "rsac-system"
    )]
    lease_namespace: String,
    /// What this process is called in the Lease and in Events [default: a random name]
    #[arg(long, env = "POD_NAME")]
    identity: Option<String>,
    /// The address for /healthz, /readyz and /metrics, and for masters to announce themselves
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:8081")]
    health_listen: SocketAddr,
    /// This pod's address, for masters to announce themselves at [default: they do not]
    #[arg(long, value_name = "IP", env = "POD_IP")]
    pod_ip: Option<IpAddr>,
    /// The first wait after a failure, which doubles with each: seconds
    #[arg(long, value_name = "SECONDS", default_value = "0.5", value_parser = seconds)]
    retry_base: Duration,
    /// The longest wait after failures: seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    retry_cap: Duration,
    /// How many jobs are looked at at once
    #[arg(long, value_name = "JOBS", default_value = "16", value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,
    /// How often a job is looked at when nothing happens, a quarter more or less: seconds
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = seconds)]
    resync: Duration,
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .filter(|seconds: &f64| (0.01..=86400.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "give seconds, from 0.01 to 86400".to_owned())
}

pub(super) async fn run(args: Args, end: CancellationToken) -> Result<(), OperatorError> {
    // The client of the Kubernetes API asks for the process' own. Harmless when it has one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let identity = args
        .identity
        .unwrap_or_else(|| format!("operator-{:016x}", rand::random::<u64>()));
    // Either word means "from outside".
    let access = match (args.kubeconfig, args.context) {
        (None, None) => Access::Pod,
        (path, context) => Access::Kubeconfig { path, context },
    };
    let options = Options {
        access,
        image: args.image,
        pull_secret: args.pull_secret.map(|name| PullSecret {
            namespace: args.lease_namespace.clone(),
            name,
        }),
        namespaces: args.namespaces,
        leader: args.leader_elect.then(|| LeaderElection {
            namespace: args.lease_namespace.clone(),
            identity: identity.clone(),
        }),
        health_listen: Some(args.health_listen),
        pod_ip: args.pod_ip,
        pod_namespace: args.lease_namespace,
        retry_base: args.retry_base,
        retry_cap: args.retry_cap,
        concurrency: args.concurrency,
        resync: args.resync,
        instance: Some(identity),
    };
    rsac_operator::run(options, end).await
}
