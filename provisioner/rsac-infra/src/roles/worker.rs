//! `rsac-infra worker`.

use super::life::Life;
use std::path::PathBuf;
use tokio_util::sync::CancellationToken;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) life: Life,
    /// The job's name
    #[arg(long)]
    job: String,
    /// This worker's name
    #[arg(long)]
    name: String,
    /// The master's address, as a URL
    #[arg(long, conflicts_with = "address_file")]
    master: Option<String>,
    /// The file with the master's address, on this machine
    #[arg(long, required_unless_present = "master")]
    address_file: Option<PathBuf>,
    /// The certificate of the authority that signed the master's
    #[arg(long)]
    ca_file: Option<PathBuf>,
    /// The file with the token of the master's API
    #[arg(long)]
    token_file: PathBuf,
    /// The folder for reports that are not acknowledged yet
    #[arg(long)]
    spool: PathBuf,
    /// Computing threads
    #[arg(long, default_value = "1")]
    threads: usize,
}

pub(super) async fn run(
    args: Args,
    end: CancellationToken,
) -> Result<(), rsac_worker::WorkerError> {
    let master = match (args.master, args.address_file) {
        (Some(url), _) => rsac_worker::MasterAddress::Url(url),
        (None, file) => rsac_worker::MasterAddress::File(file.unwrap_or_default()),
    };
    let options = rsac_worker::Options {
        job: args.job,
        name: args.name,
        master,
        token_file: args.token_file,
        ca_file: args.ca_file,
        spool: args.spool,
        threads: args.threads,
    };
    rsac_worker::run(options, end).await
}
