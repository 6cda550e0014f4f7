//! What is merged, into where, and what came out again: the words of merging and of the
//! stack's record of it.

use crate::cluster::kubeconfig::default_files;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

/// Where entries go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// They are only printed.
    Print,
    /// Into this file.
    File(PathBuf),
}

impl Destination {
    /// The file named (`-`: print), else the first of KUBECONFIG, else ~/.kube/config; none
    /// where there is not even a home.
    pub fn of(
        named: Option<&Path>,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Option<Self> {
        match named {
            Some(path) if path == Path::new("-") => Some(Self::Print),
            Some(path) => Some(Self::File(path.to_owned())),
            None => default_files(environment)
                .into_iter()
                .next()
                .map(Self::File),
        }
    }
}

/// The lists of a kubeconfig.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Section {
    /// `clusters`.
    Clusters,
    /// `users`.
    Users,
    /// `contexts`.
    Contexts,
}

impl Section {
    pub(super) const ALL: [Self; 3] = [Self::Clusters, Self::Users, Self::Contexts];

    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Clusters => "clusters",
            Self::Users => "users",
            Self::Contexts => "contexts",
        }
    }
}

/// Which entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryName {
    /// In which list.
    pub section: Section,
    /// Its name there.
    pub name: String,
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = self.section.key().trim_end_matches('s');
        write!(f, "{noun} {:?}", self.name)
    }
}

/// An entry of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Added {
    /// Which.
    #[serde(flatten)]
    pub entry: EntryName,
    /// SHA-256 of what it says: it tells whether it is still as we made it.
    pub digest: String,
}

/// What was merged, to be kept until it is removed. There is no secret in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Merged {
    /// The file.
    pub path: PathBuf,
    /// Whether the file was made for it.
    pub created: bool,
    /// Our entries.
    pub added: Vec<Added>,
    /// Others' entries of the same names that had to go.
    pub replaced: Vec<EntryName>,
    /// The context that is current now.
    pub context: String,
    /// The one before; none where there was none, or it was this one.
    pub former_context: Option<FormerContext>,
}

impl Merged {
    /// Whether it made a context of that name.
    pub(super) fn has_made(&self, context: Option<&str>) -> bool {
        let is_one = |entry: &EntryName| {
            entry.section == Section::Contexts && Some(entry.name.as_str()) == context
        };
        context == Some(self.context.as_str()) || self.added.iter().any(|it| is_one(&it.entry))
    }
}

/// The context that was current before ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FormerContext {
    /// Its name.
    pub name: String,
    /// Whether it is in the same file; else it is in another of KUBECONFIG's.
    pub is_here: bool,
}

/// What was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removed {
    /// Entries that were still as we made them.
    pub removed: Vec<EntryName>,
    /// Entries that somebody has changed since: they stay.
    pub kept: Vec<EntryName>,
    /// The context that is current again.
    pub restored: Option<String>,
    /// Whether the file, which was ours and is empty now, was removed.
    pub file_removed: bool,
}

/// What to do about others' entries of the same names.
pub enum OnConflict<'a> {
    /// Refuse.
    Fail,
    /// Replace them.
    Overwrite,
    /// Ask, once for all of them: true replaces these, and no other that has come meanwhile.
    Ask(&'a mut dyn FnMut(&[EntryName]) -> bool),
}
