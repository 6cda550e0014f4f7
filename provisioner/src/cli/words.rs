//! The words and their arguments.

use super::place::{Only, PlaceArgs};
use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;
use std::time::Duration;

/// The words.
#[derive(Debug, Clone, Subcommand)]
pub enum Word {
    /// Bring up a stack and run a job on it
    Up(Up),
    /// Show what `up` would do, and touch nothing
    Plan(Plan),
    /// Factor a number or a public key
    Crack(Crack),
    /// Create the jobs of a manifest, or bring them to what it says
    Apply(Apply),
    /// Show all jobs of the stack
    #[command(visible_alias = "ls")]
    List,
    /// Show how one job, or each, stands
    Status(Status),
    /// Follow a job until it ends, then show its factors
    Watch(Watch),
    /// Set how many workers a job has
    Scale(Scale),
    /// Stop a job's work for now; what was found is kept
    Suspend(Named),
    /// Go on with a suspended job
    Resume(Named),
    /// Show the factors of a job
    Result(ResultOf),
    /// Show who holds or held which range of a job, how far, with what outcome
    Units(Units),
    /// Show the three numbers of a job's master: all, done, and the solution
    Progress(Progress),
    /// Show the log of a job's master and workers
    Logs(Logs),
    /// Remove a job and all that belongs to it
    Delete(Delete),
    /// Remove a stack, and leave nothing behind
    Down(Down),
    /// Show the stacks that are remembered here
    Stacks,
    /// Show what rsac-infra made anywhere in an Azure subscription
    Orphans(Orphans),
    /// Delete what rsac-infra made in an Azure subscription and whose time is over
    Reap(Reap),
    /// Make this program a container image, without Docker
    Image(Image),
    /// Write the manifests of CRD and operator, for kubectl or another tool
    Manifests(Manifests),
    /// Write a shell's completion script
    Completions(Completions),
    /// Write the man page, or all of them into a folder
    Man(Man),
}

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

/// `crack`
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  rsac-infra crack 804556097 --wait
  rsac-infra crack 0x2ff490c1 --method trial-division
  rsac-infra crack public.pem --name weak-key --wait
  openssl rsa -pubin -in key.pem -modulus -noout | cut -d= -f2 | sed s/^/0x/ | rsac-infra crack -")]
pub struct Crack {
    /// A decimal or 0x… number, a file with a public key (PEM, DER, OpenSSH, JWK) or certificate, or - for stdin
    #[arg(value_name = "NUMBER|FILE|-", allow_negative_numbers = true, value_hint = ValueHint::FilePath)]
    pub input: String,

    /// The job's name [default: made from the number, so that the same number is the same job]
    #[arg(long)]
    pub name: Option<String>,

    /// How many workers [default: one for each core of this machine]
    #[arg(long, value_name = "N")]
    pub workers: Option<u32>,

    /// auto, trial-division, quadratic-sieve or elliptic-curve [default: auto]
    #[arg(long)]
    pub method: Option<String>,

    /// Computing threads of each worker [default: 1]
    #[arg(long, value_name = "N")]
    pub threads: Option<u32>,

    /// CPU hours that the job may cost: it ends where it would need more [default: 24]
    #[arg(long, value_name = "HOURS")]
    pub max_cpu_hours: Option<f64>,

    /// How long the job may be active: 90s, 20m, 3h, 2d [default: no limit]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub deadline: Option<Duration>,

    /// Wait for the factors and show them
    #[arg(long)]
    pub wait: bool,
}

/// `apply`
#[derive(Debug, Clone, Args)]
pub struct Apply {
    /// The manifest: YAML or JSON, one or more RSACrackers; - is stdin
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// Wait for the factors and show them
    #[arg(long)]
    pub wait: bool,
}

/// `status`
#[derive(Debug, Clone, Default, Args)]
pub struct Status {
    /// The job [default: each]
    pub name: Option<String>,
}

/// `watch`
#[derive(Debug, Clone, Default, Args)]
pub struct Watch {
    /// The job [default: the only one]
    pub name: Option<String>,
}

/// `scale`
#[derive(Debug, Clone, Args)]
pub struct Scale {
    /// The job
    pub name: String,
    /// How many workers; 0 keeps the job, and computes nothing
    // -1 is refused as a value, not taken for an unknown option.
    #[arg(value_name = "N", allow_negative_numbers = true)]
    pub workers: i64,
}

/// `suspend`, `resume`
#[derive(Debug, Clone, Args)]
pub struct Named {
    /// The job
    pub name: String,
}

/// `result`
#[derive(Debug, Clone, Default, Args)]
pub struct ResultOf {
    /// The job [default: the only one]
    pub name: Option<String>,

    /// Write the private key as PEM instead (PKCS#1; needs a job made from a public key)
    #[arg(long, visible_alias = "pem")]
    pub private_key: bool,

    /// The file for the private key, made with mode 600; never overwritten [default: stdout]
    #[arg(long, value_name = "FILE", requires = "private_key", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
}

/// `units`
#[derive(Debug, Clone, Default, Args)]
pub struct Units {
    /// The job [default: the only one]
    pub name: Option<String>,

    /// The plan, counted from 0 [default: the one in force]
    #[arg(long, value_name = "N")]
    pub plan: Option<u64>,
}

/// `progress`
#[derive(Debug, Clone, Default, Args)]
pub struct Progress {
    /// The job [default: the only one]
    pub name: Option<String>,

    /// The master to ask, instead of a stack's
    /// [default where there is no stack: http://127.0.0.1:8080]
    #[arg(
        long,
        value_name = "URL",
        visible_alias = "address",
        conflicts_with = "name"
    )]
    pub url: Option<String>,
}

/// `logs`
#[derive(Debug, Clone, Default, Args)]
pub struct Logs {
    /// The job [default: the only one]
    pub name: Option<String>,

    /// Go on with what comes, until the job has ended
    #[arg(short, long)]
    pub follow: bool,

    /// Only the last lines of each component
    #[arg(long, value_name = "LINES")]
    pub tail: Option<usize>,

    /// Only of one: master, worker-0, worker-1 …
    #[arg(long, value_name = "NAME")]
    pub component: Option<String>,
}

/// `delete`
#[derive(Debug, Clone, Args)]
pub struct Delete {
    /// The job
    pub name: String,
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

    /// The cloud: public, government or china [default: public]
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

/// `image`
#[derive(Debug, Clone, Args)]
pub struct Image {
    /// What to do
    #[command(subcommand)]
    pub word: ImageWord,
}

/// The words of `image`.
#[derive(Debug, Clone, Subcommand)]
pub enum ImageWord {
    /// Build the image, and write, load or push it
    Build(ImageBuild),
}

/// `image build`; its file is the global `--output`'s.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "\
Examples:
  rsac-infra image build --output rsac-infra.tar
  rsac-infra image build --load minikube
  rsac-infra image build --push registry.example.com/team/rsac-infra
  rsac-infra image build --executable target/x86_64-unknown-linux-gnu/release/rsac-infra --output rsac-infra.tar")]
pub struct ImageBuild {
    /// The executable to put into it: rsac-infra of this version, for Linux [default: this one]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub executable: Option<PathBuf>,

    /// The name under which it is written or loaded [default: localhost/rsac-infra with a tag of its content]
    #[arg(long, value_name = "REFERENCE")]
    pub name: Option<String>,

    /// Load it: minikube, minikube:PROFILE, or containerd (of this machine); repeatable
    #[arg(long, value_name = "STORE")]
    pub load: Vec<crate::image::Store>,

    /// Push it to a repository, under a tag of its content unless one is given
    #[arg(long, value_name = "REGISTRY/REPOSITORY[:TAG]")]
    pub push: Option<String>,

    /// The registry speaks plain HTTP, as one on this machine always does
    #[arg(long, requires = "push")]
    pub plain_http: bool,
}

/// `manifests`
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "\
Examples:
  rsac-infra manifests --image registry.example/rsac-infra:0.1.0 | kubectl apply --server-side -f -
  rsac-infra manifests --dir deploy")]
pub struct Manifests {
    /// The image of operator, masters and workers [default: localhost/rsac-infra of this version]
    #[arg(long, value_name = "REF")]
    pub image: Option<String>,

    /// The Secret of the operator's namespace with which the image is pulled, if that takes one
    #[arg(long, value_name = "NAME")]
    pub pull_secret: Option<String>,

    /// The operator's namespace [default: rsac-system]
    #[arg(long, value_name = "NAMESPACE")]
    pub operator_namespace: Option<String>,

    /// Only work on jobs in this namespace, and take no rights in others; repeatable
    #[arg(long, value_name = "NAMESPACE")]
    pub watch: Vec<String>,

    /// Write files into this folder (crd/, operator/, kustomize/), instead of all to stdout
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
}

/// `completions`
#[derive(Debug, Clone, Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// `man`
#[derive(Debug, Clone, Default, Args)]
pub struct Man {
    /// Write a page a word into this folder, instead of the main page to stdout
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
}

/// `90s`, `20m`, `3h`, `2d`, or bare seconds.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let unit_at = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(unit_at);
    let factor = match unit {
        "" | "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86400,
        _ => return Err("write it like 90s, 20m, 3h or 2d".to_owned()),
    };
    digits
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(factor))
        .filter(|&seconds| seconds > 0)
        .map(Duration::from_secs)
        .ok_or_else(|| "write it like 90s, 20m, 3h or 2d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let seconds = |text: &str| parse_duration(text).map(|d| d.as_secs());
        assert_eq!(seconds("90"), Ok(90));
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("20m"), Ok(1200));
        assert_eq!(seconds("3h"), Ok(10800));
        assert_eq!(seconds("2d"), Ok(172_800));
        for bad in [
            "",
            "0",
            "h",
            "-1s",
            "1.5h",
            "3 h",
            "3y",
            "99999999999999999999d",
        ] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
