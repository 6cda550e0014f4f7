//! Why a ledger cannot be opened or written.

use super::disk::Disk;
use super::store::StoreError;
use std::io;

/// Why a ledger cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Another process has it open.
    #[error("the ledger in {place} is in use by another master: stop that one first")]
    Locked {
        /// The folder.
        place: String,
    },
    /// Another master opened it meanwhile. This one must stop.
    #[error("the ledger in {place} was opened by another master meanwhile: this one stops")]
    Foreign {
        /// The folder.
        place: String,
    },
    /// The disk refuses, for lack of space say; worth another attempt.
    #[error("the ledger in {place} cannot be written: {source}")]
    Unavailable {
        /// The folder.
        place: String,
        /// What the system says.
        source: io::Error,
    },
    /// The store's bytes changed behind the master's back; opening it again rebuilds it.
    #[error("the store in {place} is damaged ({why}): start the master again to rebuild it")]
    Damaged {
        /// The folder.
        place: String,
        /// What was found.
        why: String,
    },
    /// The folder holds another number's ledger.
    #[error("the ledger in {place} belongs to another number: move that folder away")]
    OtherNumber {
        /// The folder.
        place: String,
    },
}

impl LedgerError {
    /// Whether the same call may succeed later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

pub(super) fn unavailable(disk: &dyn Disk, source: io::Error) -> LedgerError {
    LedgerError::Unavailable {
        place: disk.place(),
        source,
    }
}

pub(super) fn store_error(disk: &dyn Disk, error: StoreError) -> LedgerError {
    match error {
        StoreError::Io(source) => unavailable(disk, source),
        StoreError::Damaged(why) => LedgerError::Damaged {
            place: disk.place(),
            why,
        },
    }
}
