//! The life of a role's process: its log, its lock, what ends it, and how long that may
//! take.

use super::logging::{self, Format};
use rsac_provisioner::provider::local::{GRACE, SUPERVISOR_GRACE, lock};
use std::fmt::Display;
use std::future::Future;
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A predecessor of the same name may be about to end.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// What the roles have in common.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Life {
    /// How log lines look
    #[arg(long, value_enum, default_value = "text")]
    log_format: Format,
    /// A file that this process keeps locked for its life, with its id inside
    #[arg(long)]
    lock: Option<PathBuf>,
    /// Drain and end at end-of-file on standard input, which whoever started this
    /// process holds open for its own life
    #[arg(long)]
    end_with_stdin: bool,
    /// How long the end may take
    #[arg(skip = GRACE)]
    grace: Duration,
}

impl Life {
    /// The supervisor outlives whoever starts it, and has a lock of its own.
    pub(super) fn of_supervisor() -> Self {
        Self {
            log_format: Format::Text,
            lock: None,
            end_with_stdin: false,
            grace: SUPERVISOR_GRACE,
        }
    }

    /// Runs a role until it ends, or SIGTERM, SIGINT or the end of standard input asks
    /// it to; then it has its grace.
    pub(super) fn live<F, E>(self, role: impl FnOnce(CancellationToken) -> F) -> ExitCode
    where
        F: Future<Output = Result<(), E>>,
        E: Display,
    {
        logging::set_up(self.log_format);
        match self.try_live(role) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                tracing::error!("{error}");
                ExitCode::FAILURE
            }
        }
    }

    fn try_live<F, E>(self, role: impl FnOnce(CancellationToken) -> F) -> Result<(), String>
    where
        F: Future<Output = Result<(), E>>,
        E: Display,
    {
        let lock = self.lock.as_deref().map(|path| {
            let named = |error: &dyn Display| format!("{}: {error}", path.display());
            lock::take(path, LOCK_PATIENCE)
                .map_err(|error| named(&error))?
                .ok_or_else(|| named(&"another process holds this lock"))
        });
        let _lock = lock.transpose()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| format!("the runtime cannot be started: {error}"))?;
        let end = CancellationToken::new();
        if self.end_with_stdin {
            end_with_stdin(end.clone());
        }
        let lived = runtime.block_on(async {
            end_with_signals(&end).map_err(|error| format!("no signal handler: {error}"))?;
            let too_late = async {
                end.cancelled().await;
                tokio::time::sleep(self.grace).await;
            };
            tokio::select! {
                ended = role(end.clone()) => ended.map_err(|error| error.to_string()),
                () = too_late => Err("not drained in time; ending all the same".to_owned()),
            }
        });
        // A computation that goes on must not keep the process alive.
        runtime.shutdown_background();
        lived
    }
}

/// A thread of its own: a blocking read cannot be cancelled, and a runtime that shuts
/// down would wait for it.
fn end_with_stdin(end: CancellationToken) {
    std::thread::spawn(move || {
        let mut stdin = std::io::stdin().lock();
        let mut ignored = [0; 64];
        // Whatever ends it: nobody holds the other end any more.
        while matches!(stdin.read(&mut ignored), Ok(length) if length > 0) {}
        tracing::info!("whoever started this process is gone; ending");
        end.cancel();
    });
}

fn end_with_signals(end: &CancellationToken) -> std::io::Result<()> {
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let mut signals = signal(kind)?;
        let end = end.clone();
        tokio::spawn(async move {
            if signals.recv().await.is_some() {
                tracing::info!("asked to end");
                end.cancel();
            }
        });
    }
    Ok(())
}
