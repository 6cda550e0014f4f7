//! Why a kubeconfig stays as it is, and what to do about it.

use super::merged::EntryName;
use std::path::{Path, PathBuf};

/// Why the kubeconfig stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// What comes in.
    #[error("the cluster's kubeconfig cannot be used: {0}")]
    Incoming(String),
    /// The user's file.
    #[error("kubeconfig {}: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
        /// What to do.
        remedy: String,
    },
    /// What is merged could not be recorded, and so nothing was.
    #[error("what is merged into kubeconfig {} cannot be recorded: {why}", path.display())]
    Record {
        /// The user's file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Others' entries.
    #[error("kubeconfig {} has another {}", path.display(), listed(entries))]
    Conflict {
        /// The file.
        path: PathBuf,
        /// Which.
        entries: Vec<EntryName>,
    },
}

impl MergeError {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Incoming(_) => "try again; if it stays so, report it".to_owned(),
            Self::File { remedy, .. } => remedy.clone(),
            Self::Record { .. } => "see that the state directory can be written".to_owned(),
            Self::Conflict { .. } => {
                "let it be overwritten, name another --kubeconfig, or give the cluster another name"
                    .to_owned()
            }
        }
    }

    pub(super) fn file(path: &Path, why: String, remedy: &str) -> Self {
        Self::File {
            path: path.to_owned(),
            why,
            remedy: remedy.to_owned(),
        }
    }

    pub(super) fn io(path: &Path, error: &std::io::Error) -> Self {
        let remedy =
            "see that it and its folder can be read and written, or name another --kubeconfig";
        Self::file(path, error.to_string(), remedy)
    }
}

fn listed(entries: &[EntryName]) -> String {
    let all: Vec<String> = entries.iter().map(EntryName::to_string).collect();
    all.join(", ")
}
