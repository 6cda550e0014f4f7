//! The merge itself, on trees: pure.

use super::tree::{Entry, Node, Tree};
use super::{Added, EntryName, Section};
use sha2::{Digest as _, Sha256};

/// Whether a tree is a kubeconfig, or nothing at all.
pub(super) fn check(tree: &Tree) -> Result<(), String> {
    let Some(root) = &tree.root else {
        return Ok(());
    };
    if !matches!(root, Node::Map(_)) {
        return Err("it is no mapping of fields".to_owned());
    }
    for section in Section::ALL {
        let key = section.key();
        let entries = match root.get(key) {
            None => continue,
            Some(node) if node.is_null() => continue,
            Some(Node::List(entries)) => entries,
            Some(_) => return Err(format!("its {key} are no list")),
        };
        let mut names: Vec<&str> = Vec::new();
        for item in items(entries) {
            let name = item.get("name").and_then(Node::as_text);
            let Some(name) = name.filter(|name| !name.is_empty()) else {
                return Err(format!("one of its {key} has no name"));
            };
            if names.contains(&name) {
                return Err(format!("two of its {key} are named {name:?}"));
            }
            names.push(name);
        }
    }
    match root.get("current-context") {
        Some(node) if node.as_text().is_none() => Err("its current-context is no text".to_owned()),
        _ => Ok(()),
    }
}

/// The context that comes in: the current one, else the first.
pub(super) fn context_of(incoming: &Tree) -> Option<String> {
    let here = |name: &String| find(incoming, Section::Contexts, name).is_some();
    let first = || Some(names(incoming, Section::Contexts).first()?.clone());
    current(incoming).filter(here).or_else(first)
}

/// The current context; none where it is empty.
pub(super) fn current(tree: &Tree) -> Option<String> {
    let node = field(tree, "current-context")?;
    let name = node.as_text().filter(|_| !node.is_null())?;
    Some(name.to_owned()).filter(|name| !name.is_empty())
}

/// Entries of the same names that say something else.
pub(super) fn conflicts(tree: &Tree, incoming: &Tree) -> Vec<EntryName> {
    let mut conflicts = Vec::new();
    for section in Section::ALL {
        for name in names(incoming, section) {
            let theirs = find(tree, section, &name);
            let ours = find(incoming, section, &name);
            if let (Some(theirs), Some(ours)) = (theirs, ours)
                && theirs.canonical() != ours.canonical()
            {
                conflicts.push(EntryName { section, name });
            }
        }
    }
    conflicts
}

/// Puts in every entry that comes in, in the place of one of its name, else at the end.
pub(super) fn merge(tree: &mut Tree, incoming: &Tree) -> Vec<Added> {
    let mut added = Vec::new();
    for (key, value) in [("apiVersion", "v1"), ("kind", "Config")] {
        if field(tree, key).is_none() {
            set_field(tree, key, Node::Plain(value.to_owned()));
        }
    }
    for section in Section::ALL {
        for name in names(incoming, section) {
            let Some(ours) = find(incoming, section, &name) else {
                continue;
            };
            let digest = digest(ours);
            put(tree, section, &name, ours.clone());
            let entry = EntryName { section, name };
            added.push(Added { entry, digest });
        }
    }
    added
}

/// Makes a context current, or none.
pub(super) fn set_current(tree: &mut Tree, context: Option<&str>) {
    if current(tree).as_deref() != context {
        let node = Node::text(context.unwrap_or(""));
        set_field(tree, "current-context", node);
    }
}

pub(super) fn find<'a>(tree: &'a Tree, section: Section, name: &str) -> Option<&'a Node> {
    match field(tree, section.key())? {
        Node::List(entries) => items(entries).find(|item| is_named(item, name)),
        _ => None,
    }
}

pub(super) fn take_out(tree: &mut Tree, section: Section, name: &str) {
    if let Some(Node::List(entries)) = field(tree, section.key()) {
        let mut entries = entries.clone();
        entries.retain(|entry| !matches!(entry, Entry::Item(item) if is_named(item, name)));
        set_field(tree, section.key(), Node::List(entries));
    }
}

/// Whether it has no entry, and nothing that a new file does not have.
pub(super) fn is_bare(tree: &Tree) -> bool {
    let Some(Node::Map(entries)) = &tree.root else {
        return tree.root.is_none();
    };
    if !tree.above.is_empty() || !tree.below.is_empty() {
        return false;
    }
    let is_empty = |node: &Node| match node {
        Node::List(entries) | Node::Map(entries) => entries.is_empty(),
        node => node.is_null() || node.as_text() == Some(""),
    };
    entries.iter().all(|entry| match entry {
        Entry::Field(key, value) => match key.as_text() {
            Some("apiVersion" | "kind") => true,
            Some("current-context" | "preferences") => is_empty(value),
            Some(key) => Section::ALL.iter().any(|it| it.key() == key) && is_empty(value),
            None => false,
        },
        _ => false,
    })
}

/// Of what an entry says, however it is written.
pub(super) fn digest(entry: &Node) -> String {
    let digest = Sha256::digest(entry.canonical().as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn names(tree: &Tree, section: Section) -> Vec<String> {
    let Some(Node::List(entries)) = field(tree, section.key()) else {
        return Vec::new();
    };
    let names = items(entries).filter_map(|item| item.get("name")?.as_text());
    names.map(str::to_owned).collect()
}

fn put(tree: &mut Tree, section: Section, name: &str, entry: Node) {
    let mut entries = match field(tree, section.key()) {
        Some(Node::List(entries)) => entries.clone(),
        _ => Vec::new(),
    };
    let place = entries.iter_mut().find_map(|it| match it {
        Entry::Item(item) if is_named(item, name) => Some(item),
        _ => None,
    });
    match place {
        // The user's own comments and order stay where the meaning is the same.
        Some(item) if item.canonical() == entry.canonical() => return,
        Some(item) => *item = entry,
        None => entries.push(Entry::Item(entry)),
    }
    set_field(tree, section.key(), Node::List(entries));
}

fn field<'a>(tree: &'a Tree, key: &str) -> Option<&'a Node> {
    tree.root.as_ref()?.get(key)
}

/// Sets a field of the root; a new one comes to its end. `check` lets no root through that
/// is no mapping.
fn set_field(tree: &mut Tree, key: &str, node: Node) {
    if !matches!(tree.root, Some(Node::Map(_))) {
        tree.root = Some(Node::Map(Vec::new()));
    }
    let Some(Node::Map(entries)) = &mut tree.root else {
        return;
    };
    let place = entries.iter_mut().find_map(|entry| match entry {
        Entry::Field(name, value) if name.as_text() == Some(key) => Some(value),
        _ => None,
    });
    match place {
        Some(value) => *value = node,
        None => entries.push(Entry::Field(Node::Plain(key.to_owned()), node)),
    }
}

fn items(entries: &[Entry]) -> impl Iterator<Item = &Node> {
    entries.iter().filter_map(|entry| match entry {
        Entry::Item(item) => Some(item),
        _ => None,
    })
}

fn is_named(item: &Node, name: &str) -> bool {
    item.get("name").and_then(Node::as_text) == Some(name)
}
