//! `rsac-infra supervisor`.

use rsac_provisioner::provider::local::supervisor::{Options, SupervisorError};
use std::path::PathBuf;
use tokio_util::sync::CancellationToken;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The stack's folder
    #[arg(long)]
    stack_dir: PathBuf,
}

pub(super) async fn run(args: Args, end: CancellationToken) -> Result<(), SupervisorError> {
    let options = Options {
        stack_dir: args.stack_dir,
    };
    rsac_provisioner::provider::local::supervisor::run(options, end).await
}
