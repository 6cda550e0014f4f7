//! A new cluster's kubeconfig among the user's own entries, as users of
//! `az aks get-credentials` expect it, and out again when the cluster goes. The Azure
//! provider calls it at `up` and at `down`. It waits for locks: call it where blocking is
//! allowed.

mod entries;
mod file;
mod lock;
mod tree;

#[cfg(test)]
mod tests;

use super::kubeconfig::default_files;
use entries::{
    check, conflicts, context_of, current, digest, find, is_bare, merge, set_current, take_out,
};
use file::Held;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use tree::{Node, Tree};

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
    const ALL: [Self; 3] = [Self::Clusters, Self::Users, Self::Contexts];

    fn key(self) -> &'static str {
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
    fn has_made(&self, context: Option<&str>) -> bool {
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

    fn file(path: &Path, why: String, remedy: &str) -> Self {
        Self::File {
            path: path.to_owned(),
            why,
            remedy: remedy.to_owned(),
        }
    }

    fn io(path: &Path, error: &std::io::Error) -> Self {
        let remedy =
            "see that it and its folder can be read and written, or name another --kubeconfig";
        Self::file(path, error.to_string(), remedy)
    }
}

fn listed(entries: &[EntryName]) -> String {
    let all: Vec<String> = entries.iter().map(EntryName::to_string).collect();
    all.join(", ")
}

/// The context that is current in a file, for the journal, before it is merged into.
///
/// # Errors
/// When the file cannot be read.
pub fn current_context(path: &Path) -> Result<Option<String>, MergeError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(current(&users_tree(path, &text)?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(MergeError::io(path, &error)),
    }
}

/// Whether all that was merged is in its file, changed or not.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn is_there(merged: &Merged) -> Result<bool, MergeError> {
    let text = match std::fs::read_to_string(&merged.path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(MergeError::io(&merged.path, &error)),
    };
    let tree = users_tree(&merged.path, &text)?;
    let is_in = |added: &Added| find(&tree, added.entry.section, &added.entry.name).is_some();
    Ok(merged.added.iter().all(is_in))
}

/// Whether a file has a cluster or a context of that name.
///
/// # Errors
/// When it is there and cannot be read.
pub fn has(path: &Path, name: &str) -> Result<bool, MergeError> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let tree = users_tree(path, &text)?;
            let sections = [Section::Clusters, Section::Contexts];
            Ok(sections
                .iter()
                .any(|&section| find(&tree, section, name).is_some()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(MergeError::io(path, &error)),
    }
}

/// Merges a cluster's kubeconfig into the user's file and makes its context current.
/// Entries that are there already, with the same meaning, are no conflict.
///
/// # Errors
/// When either cannot be read or the file cannot be written, and on a conflict that is
/// not to be overwritten. The file is then as it was.
pub fn merge_into(
    path: &Path,
    incoming: &str,
    on_conflict: OnConflict<'_>,
) -> Result<Merged, MergeError> {
    merge_again(path, incoming, None, on_conflict, &mut |_| Ok(()))
}

/// The same for a stack that may have merged before: what it merged, and nobody has changed
/// since, makes way for what comes in; the context from before it is still the former one.
/// `record` is told what is going to be there before the file is changed, so that a crash
/// in between orphans nothing; where it fails, the file stays as it is.
///
/// # Errors
/// As for [`merge_into`], and why there is no record.
pub fn merge_again(
    path: &Path,
    incoming: &str,
    earlier: Option<&Merged>,
    on_conflict: OnConflict<'_>,
    record: &mut dyn FnMut(&Merged) -> Result<(), String>,
) -> Result<Merged, MergeError> {
    let mut try_merge = |may_replace: &dyn Fn(&[EntryName]) -> bool| {
        try_merge(path, incoming, earlier, may_replace, record)
    };
    match on_conflict {
        OnConflict::Fail => try_merge(&|_| false),
        OnConflict::Overwrite => try_merge(&|_| true),
        // The user may think for long: the file is not held meanwhile.
        OnConflict::Ask(ask) => match try_merge(&|_| false) {
            Err(MergeError::Conflict { entries, .. }) if ask(&entries) => {
                let is_asked = |entry: &EntryName| entries.contains(entry);
                try_merge(&|now| now.iter().all(is_asked))
            }
            other => other,
        },
    }
}

fn try_merge(
    path: &Path,
    incoming: &str,
    earlier: Option<&Merged>,
    may_replace: &dyn Fn(&[EntryName]) -> bool,
    record: &mut dyn FnMut(&Merged) -> Result<(), String>,
) -> Result<Merged, MergeError> {
    let incoming = tree::read(incoming).map_err(MergeError::Incoming)?;
    check(&incoming).map_err(MergeError::Incoming)?;
    let context = context_of(&incoming)
        .ok_or_else(|| MergeError::Incoming("it has no context".to_owned()))?;
    let path = std::path::absolute(path).map_err(|error| MergeError::io(path, &error))?;
    let held = Held::take(&path)?;
    let mut tree = users_tree(&path, held.text.as_deref().unwrap_or(""))?;
    let before = tree.clone();
    let earlier = earlier.filter(|earlier| earlier.path == path);
    for added in earlier.into_iter().flat_map(|earlier| &earlier.added) {
        let EntryName { section, name } = &added.entry;
        let there = find(&tree, *section, name);
        let is_ours = there.is_some_and(|entry| digest(entry) == added.digest);
        // What comes in as it is keeps its place.
        let stays =
            there.map(Node::canonical) == find(&incoming, *section, name).map(Node::canonical);
        if is_ours && !stays {
            take_out(&mut tree, *section, name);
        }
    }
    let conflicts = conflicts(&tree, &incoming);
    if !conflicts.is_empty() && !may_replace(&conflicts) {
        return Err(MergeError::Conflict {
            path,
            entries: conflicts,
        });
    }
    let was_ours = earlier.filter(|earlier| earlier.has_made(current(&before).as_deref()));
    let merged = Merged {
        created: held.text.is_none() || earlier.is_some_and(|earlier| earlier.created),
        added: merge(&mut tree, &incoming, &context),
        replaced: conflicts,
        former_context: match was_ours {
            Some(earlier) => earlier.former_context.clone(),
            None => former_context(&before, &context),
        },
        context,
        path: path.clone(),
    };
    // Until the file is replaced, what is there may also be what the earlier record says.
    let mut either = merged.clone();
    let earlier = earlier.into_iter().flat_map(|it| &it.added);
    either.added.extend(earlier.cloned());
    record(&either).map_err(|why| MergeError::Record { path, why })?;
    if tree != before {
        held.replace(&written(&merged.path, &tree)?)?;
    }
    Ok(merged)
}

/// Takes out again what was merged, so far as nobody has changed it since, and makes the
/// context current that was so before, if ours still is and that one is still there.
///
/// # Errors
/// When the file cannot be read or written. It is then as it was.
pub fn remove_from(merged: &Merged) -> Result<Removed, MergeError> {
    let path = &merged.path;
    let mut removed = Removed::default();
    if let Err(error) = std::fs::symlink_metadata(path)
        && error.kind() == std::io::ErrorKind::NotFound
    {
        return Ok(removed);
    }
    let held = Held::take(path)?;
    let mut tree = users_tree(path, held.text.as_deref().unwrap_or(""))?;
    let before = tree.clone();
    for Added { entry, .. } in &merged.added {
        let EntryName { section, name } = entry;
        let Some(there) = find(&tree, *section, name).map(digest) else {
            continue;
        };
        let mut ours = merged.added.iter().filter(|added| added.entry == *entry);
        if ours.any(|added| added.digest == there) {
            take_out(&mut tree, *section, name);
            removed.removed.push(entry.clone());
        } else if !removed.kept.contains(entry) {
            removed.kept.push(entry.clone());
        }
    }
    let is_gone = |name: &str| find(&tree, Section::Contexts, name).is_none();
    let was = current(&tree);
    if merged.has_made(was.as_deref()) && was.as_deref().is_some_and(is_gone) {
        let former = merged.former_context.as_ref();
        let former = former.filter(|it| !it.is_here || !is_gone(&it.name));
        removed.restored = former.map(|it| it.name.clone());
        set_current(&mut tree, removed.restored.as_deref());
    }
    if merged.created && is_bare(&tree) {
        held.remove()?;
        removed.file_removed = true;
    } else if tree != before {
        held.replace(&written(path, &tree)?)?;
    }
    Ok(removed)
}

fn former_context(before: &Tree, context: &str) -> Option<FormerContext> {
    let name = current(before).filter(|former| former != context)?;
    let is_here = find(before, Section::Contexts, &name).is_some();
    Some(FormerContext { name, is_here })
}

/// The text to print, where no file is to be changed.
///
/// # Errors
/// When it is no kubeconfig.
pub fn printed(incoming: &str) -> Result<String, MergeError> {
    let tree = tree::read(incoming).map_err(MergeError::Incoming)?;
    check(&tree).map_err(MergeError::Incoming)?;
    tree::write(&tree).map_err(MergeError::Incoming)
}

fn users_tree(path: &Path, text: &str) -> Result<Tree, MergeError> {
    let tree = tree::read(text).and_then(|tree| check(&tree).map(|()| tree));
    tree.map_err(|why| {
        let remedy = "mend it (`kubectl config view` says whether kubectl can read it), or name another --kubeconfig";
        MergeError::file(path, why, remedy)
    })
}

fn written(path: &Path, tree: &Tree) -> Result<String, MergeError> {
    tree::write(tree)
        .map_err(|why| MergeError::file(path, why, "name another --kubeconfig, and report this"))
}
