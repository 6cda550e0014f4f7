//! The log of a role: lines on standard error, which is a file of the stack or the
//! container's log.

use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// A JSON object a line.
    Json,
}

/// Logs from `info` up, or as `RSAC_LOG` says (`debug`, `rsac_worker=trace,info` …).
pub(super) fn set_up(format: Format) {
    let filter = EnvFilter::try_from_env("RSAC_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false);
    match format {
        Format::Text => log.init(),
        Format::Json => log.json().init(),
    }
}
