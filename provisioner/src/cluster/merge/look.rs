//! What a user's kubeconfig says now, without changing it.

use super::entries::{check, current, find};
use super::error::MergeError;
use super::merged::{Added, Merged, Section};
use super::tree::{self, Tree};
use std::io::ErrorKind;
use std::path::Path;

/// The context that is current in a file, for the journal, before it is merged into.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn current_context(path: &Path) -> Result<Option<String>, MergeError> {
    Ok(tree_in(path)?.as_ref().and_then(current))
}

/// Whether all that was merged is in its file, changed or not.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn is_there(merged: &Merged) -> Result<bool, MergeError> {
    Ok(tree_in(&merged.path)?.is_some_and(|tree| {
        let is_in = |added: &Added| find(&tree, added.entry.section, &added.entry.name).is_some();
        merged.added.iter().all(is_in)
    }))
}

/// Whether a file has a cluster or a context of that name.
///
/// # Errors
/// When it is there and cannot be read.
pub fn has(path: &Path, name: &str) -> Result<bool, MergeError> {
    Ok(tree_in(path)?.is_some_and(|tree| {
        let sections = [Section::Clusters, Section::Contexts];
        let mut found = sections.iter().map(|&section| find(&tree, section, name));
        found.any(|entry| entry.is_some())
    }))
}

/// The tree of a file, if there is one.
fn tree_in(path: &Path) -> Result<Option<Tree>, MergeError> {
    match std::fs::read_to_string(path) {
        Ok(text) => users_tree(path, &text).map(Some),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(MergeError::io(path, &error)),
    }
}

/// The tree of a file of the user's that has this text.
pub(super) fn users_tree(path: &Path, text: &str) -> Result<Tree, MergeError> {
    let tree = tree::read(text).and_then(|tree| check(&tree).map(|()| tree));
    tree.map_err(|why| {
        let remedy = "mend it (`kubectl config view` says whether kubectl can read it), or name another --kubeconfig";
        MergeError::file(path, why, remedy)
    })
}
