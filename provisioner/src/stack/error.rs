//! Why a stack cannot be used, and what to do about it. The store and its lock answer
//! with [`StackError`]; words turn it into a [`Failure`].

use super::STACK_VERSION;
use super::lock::Holder;
use crate::exit::{Exit, Failure};
use crate::journal::JournalError;
use std::io;
use std::path::{Path, PathBuf};

/// Why a stack cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// A file or folder.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The name is no stack's.
    #[error("--stack {name:?}: {why}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// No stack of that name.
    #[error("there is no stack {name:?}{}", those(.known))]
    Unknown {
        /// The name.
        name: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// No stack at all.
    #[error("there is no stack yet in {0}")]
    None(PathBuf),
    /// More than one, and none was named.
    #[error("there are {} stacks ({}): which one?", .0.len(), .0.join(", "))]
    Several(Vec<String>),
    /// Another version's folder.
    #[error(
        "stack {name:?} is of version {found}, made by {}; this build of {} serves \
         version {STACK_VERSION}",
        maker(.made_by),
        env!("CARGO_PKG_VERSION")
    )]
    OtherVersion {
        /// The stack.
        name: String,
        /// Its version.
        found: u32,
        /// Who made it.
        made_by: String,
    },
    /// `stack.json` is not readable.
    #[error("{path} is damaged: {why}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How.
        why: String,
    },
    /// Another process is at work on it.
    #[error("stack {name:?} is in use: {holder}")]
    Busy {
        /// The stack.
        name: String,
        /// Who.
        holder: Holder,
    },
    /// Another stack has the name of one that is to be adopted.
    #[error("there is another stack {0:?} here")]
    Taken(String),
    /// Its journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

fn those(names: &[String]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!("; there is {}", names.join(", "))
    }
}

/// Who made a stack that this build does not serve.
fn maker(made_by: &str) -> String {
    if made_by == env!("CARGO_PKG_VERSION") {
        format!("another build of rsac-infra {made_by}")
    } else {
        format!("rsac-infra {made_by}")
    }
}

impl StackError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        Self::Io { path, source }
    }
}

impl From<StackError> for Failure {
    fn from(error: StackError) -> Self {
        let message = error.to_string();
        match error {
            StackError::Io { .. } | StackError::Journal(_) => Self::new(Exit::State, message)
                .remedy("give a folder that is yours and has space: --state-dir or RSAC_STATE_DIR"),
            StackError::Name { .. } => Self::new(Exit::Usage, message),
            StackError::Unknown { name, known } => {
                let failure = Self::new(Exit::NotFound, message);
                match crate::words::closest(&name, known.iter().map(String::as_str)) {
                    Some(close) => failure.remedy(format!("--stack {close}")),
                    None => failure.remedy("`rsac-infra stacks` shows those there are"),
                }
            }
            StackError::None(_) => Self::new(Exit::NotFound, message)
                .remedy("`rsac-infra up` makes one; `rsac-infra crack NUMBER` too"),
            StackError::Several(names) => {
                let first = names.first().map(String::as_str).unwrap_or_default();
                Self::new(Exit::Usage, message).remedy(format!("--stack {first}"))
            }
            StackError::OtherVersion { made_by, .. } => {
                Self::new(Exit::State, message).remedy(format!(
                    "take it down with {}, or use another --stack",
                    maker(&made_by)
                ))
            }
            StackError::Damaged { path, .. } => Self::new(Exit::State, message)
                .remedy(format!(
                    "if the stack is not needed, stop its processes and remove {}",
                    path.parent().unwrap_or(&path).display()
                ))
                .remedy(
                    "what it made on Azure `rsac-infra orphans` finds, and `rsac-infra down \
                     --adopt` takes down",
                ),
            StackError::Taken(_) => Self::new(Exit::Conflict, message)
                .remedy("give another --state-dir, where no stack has that name"),
            StackError::Busy { .. } => Self::new(Exit::Conflict, message)
                .remedy("wait until it is done; words that only read work meanwhile"),
        }
    }
}
