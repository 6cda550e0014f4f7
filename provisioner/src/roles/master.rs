//! `rsac-infra master`.

use super::life::Life;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio_util::sync::CancellationToken;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) life: Life,
    /// The folder of the ledgers
    #[arg(long)]
    data: PathBuf,
    /// The job file
    #[arg(long)]
    job: PathBuf,
    /// The file with the token that workers and controllers present
    #[arg(long)]
    token_file: PathBuf,
    /// The address to listen on
    #[arg(long)]
    listen: SocketAddr,
    /// Listen on another port where that one is taken
    #[arg(long)]
    fallback: bool,
    /// Where to write the address that was taken
    #[arg(long)]
    address_file: Option<PathBuf>,
}

pub(super) async fn run(
    args: Args,
    end: CancellationToken,
) -> Result<(), rsac_master::MasterError> {
    let options = rsac_master::Options {
        data: args.data,
        job: args.job,
        token_file: args.token_file,
        listen: args.listen,
        fallback: args.fallback,
        address_file: args.address_file,
    };
    rsac_master::run(options, end).await
}
