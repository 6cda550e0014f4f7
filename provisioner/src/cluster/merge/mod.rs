//! A new cluster's kubeconfig among the user's own entries, as users of
//! `az aks get-credentials` expect it, and out again when the cluster goes. The Azure
//! provider calls it at `up` and at `down`. It waits for locks: call it where blocking is
//! allowed.

mod entries;
mod error;
mod file;
mod lock;
mod look;
mod merged;
mod tree;

#[cfg(test)]
mod tests;

pub use error::MergeError;
pub use look::{current_context, has, is_there};
pub use merged::{
    Added, Destination, EntryName, FormerContext, Merged, OnConflict, Removed, Section,
};

use entries::{
    check, conflicts, context_of, current, digest, find, is_bare, merge, set_current, take_out,
};
use file::Held;
use look::users_tree;
use std::path::Path;
use tree::{Node, Tree};

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
    let way = earlier.map_or(Way::First, Way::Again);
    let mut try_merge = |may_replace: &dyn Fn(&[EntryName]) -> bool| {
        try_merge(path, incoming, way, may_replace, record)
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

/// The same for a cluster that takes other credentials now: what this stack merged, and nobody
/// has changed since, makes way for what comes in. Whichever context is current stays so.
///
/// # Errors
/// As for [`merge_again`]; a conflict is an entry that somebody has changed.
pub fn renew(
    earlier: &Merged,
    incoming: &str,
    record: &mut dyn FnMut(&Merged) -> Result<(), String>,
) -> Result<Merged, MergeError> {
    let way = Way::Renewal(earlier);
    try_merge(&earlier.path, incoming, way, &|_| false, record)
}

/// What a merge is to what the same stack merged before.
#[derive(Clone, Copy)]
enum Way<'a> {
    /// It merged nothing.
    First,
    /// The cluster is brought up anew: its context becomes current again.
    Again(&'a Merged),
    /// The cluster is the same and only its credentials changed: which context is current is
    /// the user's.
    Renewal(&'a Merged),
}

impl<'a> Way<'a> {
    /// What was merged before, into this file.
    fn earlier(self, path: &Path) -> Option<&'a Merged> {
        let earlier = match self {
            Self::First => None,
            Self::Again(earlier) | Self::Renewal(earlier) => Some(earlier),
        };
        earlier.filter(|earlier| earlier.path == path)
    }

    fn makes_current(self) -> bool {
        !matches!(self, Self::Renewal(_))
    }

    /// The context to go back to when the cluster goes: as long as an earlier merge's stands, or
    /// is not touched, the one from before it.
    fn former_context(
        self,
        earlier: Option<&Merged>,
        before: &Tree,
        context: &str,
    ) -> Option<FormerContext> {
        let stands = |earlier: &Merged| earlier.has_made(current(before).as_deref());
        match earlier.filter(|earlier| !self.makes_current() || stands(earlier)) {
            Some(earlier) => earlier.former_context.clone(),
            None => former_context(before, context),
        }
    }
}

fn try_merge(
    path: &Path,
    incoming: &str,
    way: Way<'_>,
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
    let earlier = way.earlier(&path);
    if let Some(earlier) = earlier {
        make_way(&mut tree, earlier, &incoming);
    }
    let conflicts = conflicts(&tree, &incoming);
    if !conflicts.is_empty() && !may_replace(&conflicts) {
        return Err(MergeError::Conflict {
            path,
            entries: conflicts,
        });
    }
    let added = merge(&mut tree, &incoming);
    if way.makes_current() {
        set_current(&mut tree, Some(&context));
    }
    let merged = Merged {
        created: held.text.is_none() || earlier.is_some_and(|earlier| earlier.created),
        added,
        replaced: conflicts,
        former_context: way.former_context(earlier, &before, &context),
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

/// Takes out what an earlier merge left, and nobody has changed since, where other entries of
/// those names come in.
fn make_way(tree: &mut Tree, earlier: &Merged, incoming: &Tree) {
    for added in &earlier.added {
        let EntryName { section, name } = &added.entry;
        let there = find(tree, *section, name);
        let is_ours = there.is_some_and(|entry| digest(entry) == added.digest);
        // What comes in as it is keeps its place.
        let stays =
            there.map(Node::canonical) == find(incoming, *section, name).map(Node::canonical);
        if is_ours && !stays {
            take_out(tree, *section, name);
        }
    }
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

fn written(path: &Path, tree: &Tree) -> Result<String, MergeError> {
    tree::write(tree)
        .map_err(|why| MergeError::file(path, why, "name another --kubeconfig, and report this"))
}
