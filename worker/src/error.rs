//! Why a worker ends other than by a shutdown.

use crate::spool::SpoolError;
use rsac_factor::PlanError;
use rsac_protocol::Digest;
use std::path::PathBuf;

/// Why a worker cannot go on. Everything that time can mend is waited for instead.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The master is of another version.
    #[error("the master refuses this worker: {0} (master and workers must be of one version)")]
    Version(String),
    /// The plan is none that this build can serve.
    #[error(
        "cannot work on plan {}: {source} (master and workers must be of one version)",
        .digest.short()
    )]
    Plan {
        /// Which.
        digest: Digest,
        /// Why.
        source: PlanError,
    },
    /// The master sent a plan that is not what it says it is.
    #[error("the master announced plan {}, but its text has the digest {}", .announced.short(), .computed.short())]
    PlanDigest {
        /// What it said.
        announced: Digest,
        /// What the text is.
        computed: Digest,
    },
    /// The number of computing threads.
    #[error("threads is {0}: use 1 to {max}", max = crate::MAX_THREADS)]
    Threads(usize),
    /// The folder for unacknowledged reports.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The file with the token.
    #[error("token file {path}: {why}")]
    Token {
        /// Which.
        path: PathBuf,
        /// In words.
        why: String,
    },
    /// The authority's certificate.
    #[error(transparent)]
    Tls(#[from] rsac_master_client::TlsError),
    /// The HTTP client could not be made.
    #[error("HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// A computing thread could not be started, or broke down.
    #[error("computing thread {lane}: {why}")]
    Lane {
        /// Which, from 0.
        lane: usize,
        /// In words.
        why: String,
    },
}
