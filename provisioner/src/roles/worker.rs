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
    /// The file with the master's address
    #[arg(long)]
    address_file: PathBuf,
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
    let options = rsac_worker::Options {
        job: args.job,
        name: args.name,
        master: rsac_worker::MasterAddress::File(args.address_file),
        token_file: args.token_file,
        spool: args.spool,
        threads: args.threads,
    };
    rsac_worker::run(options, end).await
}
