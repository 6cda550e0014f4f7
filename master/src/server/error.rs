//! Why a master cannot start or go on.

use crate::ledger::LedgerError;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a master cannot start or go on. Whoever started it tries again later; an
/// unusable job is no error but an outcome.
#[derive(Debug, thiserror::Error)]
pub enum MasterError {
    /// A file that it was started with.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The job file is no job at all (not even one that could be answered as unusable).
    #[error("{path}: not a job: {why}")]
    Job {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The token file holds no usable token.
    #[error("{path}: a token has 16 to 512 printable characters on one line")]
    Token {
        /// Which.
        path: PathBuf,
    },
    /// The folder holds no usable certificate.
    #[error("{folder}: no usable certificate: {why}")]
    Certificate {
        /// Which.
        folder: PathBuf,
        /// Why.
        why: String,
    },
    /// The address cannot be listened on.
    #[error(
        "{address} cannot be listened on: {source}; name another with --listen, or allow any port with --fallback"
    )]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The ledger cannot be opened, or is another's now.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A computation of its own (classification, planning, a finish) could not be run.
    #[error("a computation of the master failed: its log says why; start the master again")]
    Computation,
    /// A file that is longer than any usable one.
    #[error("{path}: longer than {limit} bytes")]
    TooLong {
        /// Which.
        path: PathBuf,
        /// How long it may be.
        limit: u64,
    },
    /// A thread of its own ended.
    #[error("the thread that keeps the ledger ended unexpectedly")]
    Engine,
}
