//! Stacks as they are remembered: a folder each under the state directory, with a
//! description (`stack.json`), a journal, a lock, and marks of the results that were
//! shown. What a provider keeps in the folder is its own.

mod azure;
mod error;
mod files;
mod lock;
mod name;
mod place;
mod record;
mod shown;
mod store;

#[cfg(test)]
mod tests;

pub use azure::AzurePlace;
pub use error::StackError;
pub use files::write_private;
pub use lock::{Holder, StackLock};
pub use name::check as check_name;
pub use place::{MinikubePlace, Once, Place, Removal};
pub use record::{Record, STACK_VERSION};
pub use shown::Shown;
pub use store::Store;

use crate::journal::{Journal, JournalError};
pub(crate) use files::read_optional;
use record::RECORD;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

const JOURNAL: &str = "journal.jsonl";

/// A stack that is remembered.
#[derive(Debug, Clone)]
pub struct Stack {
    /// What is known of it.
    pub record: Record,
    /// Its folder.
    pub folder: PathBuf,
    /// What holds for this run only.
    pub once: Once,
}

impl Stack {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.record.name
    }

    /// Keeps what its provider is told. Whoever calls holds the stack's lock.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn settle(&mut self, place: Place) -> Result<(), StackError> {
        if place == self.record.place {
            return Ok(());
        }
        self.record.place = place;
        self.save()
    }

    /// Writes its record as it is. Whoever calls holds the stack's lock.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self) -> Result<(), StackError> {
        let path = self.folder.join(RECORD);
        let text = serde_json::to_string_pretty(&self.record)
            .map_err(|error| StackError::io(&path, error.into()))?;
        write_private(&path, &text)
    }

    /// Its journal.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn journal(&self) -> Result<Journal, JournalError> {
        Journal::open(&self.folder.join(JOURNAL))
    }

    /// The marks of results that were shown.
    pub fn shown(&self) -> Shown {
        Shown::new(self.folder.join("shown"))
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}

/// 64 random bits, hexadecimal: ids of stacks and runs.
pub fn random_id() -> String {
    format!("{:016x}", rand::random::<u64>())
}
