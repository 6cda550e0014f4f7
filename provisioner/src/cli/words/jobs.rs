//! Arguments of the words about jobs: the same on every provider.

use crate::cli::duration::parse_duration;
use clap::{Args, ValueHint};
use std::path::PathBuf;
use std::time::Duration;

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
    // Judged as a manifest's value is, -1 too.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub workers: Option<i64>,

    /// auto, trial-division, quadratic-sieve or elliptic-curve [default: auto]
    #[arg(long)]
    pub method: Option<String>,

    /// Computing threads of each worker [default: 1]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub threads: Option<i64>,

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
