//! `rsac-infra master`.

use super::life::Life;
use rsac_master::Uri;
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
    /// The address to listen on; with --tls-listen, only for /progress
    #[arg(long)]
    listen: SocketAddr,
    /// Listen on another port where that one is taken
    #[arg(long)]
    fallback: bool,
    /// Where to write the address that was taken
    #[arg(long)]
    address_file: Option<PathBuf>,
    /// The address to listen on in TLS, for who has the token
    #[arg(long, requires_all = ["tls_dir", "health_listen"])]
    tls_listen: Option<SocketAddr>,
    /// The folder of the certificate: tls.crt and tls.key
    #[arg(long, requires = "tls_listen")]
    tls_dir: Option<PathBuf>,
    /// The address for /healthz, /readyz and /metrics
    #[arg(long, requires = "tls_listen")]
    health_listen: Option<SocketAddr>,
    /// The http URL to tell once that this master is there: the operator hears it before the
    /// cluster says so
    #[arg(long, value_name = "URL", requires = "tls_listen", value_parser = plain_url)]
    announce_to: Option<Uri>,
}

fn plain_url(text: &str) -> Result<Uri, String> {
    let url: Option<Uri> = text.parse().ok();
    url.filter(|url| url.scheme_str() == Some("http") && url.port().is_some())
        .ok_or_else(|| "give http://HOST:PORT/PATH".to_owned())
}

pub(super) async fn run(
    args: Args,
    end: CancellationToken,
) -> Result<(), rsac_master::MasterError> {
    let secured = match (args.tls_listen, args.tls_dir, args.health_listen) {
        (Some(listen), Some(certificate), Some(health)) => Some(rsac_master::Secured {
            listen,
            certificate,
            health,
            announce_to: args.announce_to,
        }),
        _ => None,
    };
    let options = rsac_master::Options {
        data: args.data,
        job: args.job,
        token_file: args.token_file,
        listen: args.listen,
        fallback: args.fallback,
        address_file: args.address_file,
        secured,
    };
    rsac_master::run(options, end).await
}
