//! A kubeconfig as a tree that can be written back: order, unknown fields, comments and
//! the text of every scalar survive; layout and the kind of quotes do not.

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle};
use std::fmt::Write as _;

/// The deepest nesting read; a kubeconfig needs six.
const MAX_DEPTH: usize = 32;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// A scalar without quotes: `3`, `true`, `text`.
    Plain(String),
    /// A scalar with quotes, or a block of text.
    Quoted(String),
    List(Vec<Entry>),
    Map(Vec<Entry>),
}

/// What stands in a list or a mapping.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Entry {
    /// What follows the #.
    Comment(String),
    Item(Node),
    /// The name is a scalar.
    Field(Node, Node),
}

/// A document, and the comments around it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tree {
    pub(super) above: Vec<String>,
    /// None where the text has no value.
    pub(super) root: Option<Node>,
    pub(super) below: Vec<String>,
}

impl Node {
    pub(super) fn text(text: &str) -> Self {
        Self::Quoted(text.to_owned())
    }

    /// The text of a scalar.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Plain(text) | Self::Quoted(text) => Some(text),
            Self::List(_) | Self::Map(_) => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Plain(text) if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The value of a field of a mapping.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Map(entries) = self else {
            return None;
        };
        entries.iter().find_map(|entry| match entry {
            Entry::Field(key, value) if key.as_text() == Some(name) => Some(value),
            _ => None,
        })
    }

    /// Without comments, order of fields and quotes: equal for the same meaning, also when
    /// another program has written it anew.
    pub(super) fn canonical(&self) -> String {
        match self {
            Self::Plain(_) if self.is_null() => "null".to_owned(),
            Self::Plain(text) | Self::Quoted(text) => format!("{text:?}"),
            Self::List(entries) => {
                let items = entries.iter().filter_map(|entry| match entry {
                    Entry::Item(item) => Some(item.canonical()),
                    _ => None,
                });
                format!("[{}]", items.collect::<Vec<_>>().join(","))
            }
            Self::Map(entries) => {
                let fields = entries.iter().filter_map(|entry| match entry {
                    Entry::Field(key, value) => {
                        Some(format!("{}:{}", key.canonical(), value.canonical()))
                    }
                    _ => None,
                });
                let mut fields: Vec<String> = fields.collect();
                fields.sort();
                format!("{{{}}}", fields.join(","))
            }
        }
    }
}

/// What is open while events come in: a list or a mapping, and in this a name that waits
/// for its value.
struct Open {
    entries: Vec<Entry>,
    is_map: bool,
    key: Option<Node>,
}

/// Reads a text.
///
/// # Errors
/// When it is no YAML (of which JSON is a part), has several documents, or has what would
/// be lost when it is written: anchors, tags.
pub(super) fn read(text: &str) -> Result<Tree, String> {
    let mut tree = Tree {
        above: Vec::new(),
        root: None,
        below: Vec::new(),
    };
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| format!("it is no YAML: {error}"))?;
        let line = span.start.line();
        let lost = |what: &str| Err(format!("line {line} has {what}, which would get lost"));
        let node = match event {
            Event::Comment(text, _) => {
                comment(text.into_owned(), &mut open, &mut tree);
                continue;
            }
            Event::Alias(_) => return lost("an alias (*name)"),
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(_, anchor, _)
            | Event::MappingStart(_, anchor, _)
                if anchor != 0 =>
            {
                return lost("an anchor (&name)");
            }
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, _, Some(_))
            | Event::MappingStart(_, _, Some(_)) => return lost("a tag (!name)"),
            Event::Scalar(text, ScalarStyle::Plain, _, _) => Node::Plain(text.into_owned()),
            Event::Scalar(text, _, _, _) => Node::Quoted(text.into_owned()),
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if open.len() >= MAX_DEPTH {
                    return Err(format!("line {line} is nested more than {MAX_DEPTH} deep"));
                }
                open.push(Open {
                    entries: Vec::new(),
                    is_map: matches!(event, Event::MappingStart(..)),
                    key: None,
                });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(closed) if closed.is_map => Node::Map(closed.entries),
                Some(closed) => Node::List(closed.entries),
                None => continue,
            },
            _ => continue,
        };
        place(node, &mut open, &mut tree, line)?;
    }
    Ok(tree)
}

fn comment(text: String, open: &mut [Open], tree: &mut Tree) {
    match open.last_mut() {
        // Behind a name that waits for its value it comes to stand above the two.
        Some(within) => within.entries.push(Entry::Comment(text)),
        None if tree.root.is_none() => tree.above.push(text),
        None => tree.below.push(text),
    }
}

/// Puts a finished node where it belongs.
fn place(node: Node, open: &mut [Open], tree: &mut Tree, line: usize) -> Result<(), String> {
    let Some(within) = open.last_mut() else {
        if tree.root.is_some() {
            return Err(format!("a second document begins in line {line}"));
        }
        tree.root = Some(node).filter(|node| !node.is_null());
        return Ok(());
    };
    let node = without_lone_comments(node, &mut within.entries);
    match (within.is_map, within.key.take()) {
        (false, _) => within.entries.push(Entry::Item(node)),
        (true, Some(key)) => within.entries.push(Entry::Field(key, node)),
        (true, None) => {
            let Some(name) = node.as_text() else {
                return Err(format!("line {line} has a field whose name is no text"));
            };
            let is_twin = |entry: &Entry| matches!(entry, Entry::Field(key, _) if key.as_text() == Some(name));
            if within.entries.iter().any(is_twin) {
                return Err(format!("line {line} has the field {name:?} a second time"));
            }
            within.key = Some(node);
        }
    }
    Ok(())
}

/// Comments in what is empty otherwise go above it: there is no place for them within.
fn without_lone_comments(node: Node, outside: &mut Vec<Entry>) -> Node {
    let is_comment = |entry: &Entry| matches!(entry, Entry::Comment(_));
    match node {
        Node::List(entries) if entries.iter().all(is_comment) => {
            outside.extend(entries);
            Node::List(Vec::new())
        }
        Node::Map(entries) if entries.iter().all(is_comment) => {
            outside.extend(entries);
            Node::Map(Vec::new())
        }
        node => node,
    }
}

/// The text of a tree, that reads back as it.
///
/// # Errors
/// When it does not: nothing may be written then.
pub(super) fn write(tree: &Tree) -> Result<String, String> {
    let mut text = String::new();
    for comment in &tree.above {
        let _ = writeln!(text, "#{comment}");
    }
    match &tree.root {
        Some(Node::Map(entries)) if !entries.is_empty() => block(entries, 0, &mut text)?,
        Some(Node::List(_) | Node::Map(_)) => text.push_str("{}\n"),
        Some(scalar) => {
            let _ = writeln!(text, "{}", self::scalar(scalar)?);
        }
        None => {}
    }
    for comment in &tree.below {
        let _ = writeln!(text, "#{comment}");
    }
    let meaning = |tree: &Tree| tree.root.as_ref().map(Node::canonical);
    let again = read(&text)?;
    if meaning(&again) == meaning(tree) {
        Ok(text)
    } else {
        Err("it cannot be written so that it keeps its meaning".to_owned())
    }
}

/// A list's or mapping's entries, each on lines of its own.
fn block(entries: &[Entry], indent: usize, text: &mut String) -> Result<(), String> {
    let margin = " ".repeat(indent);
    for entry in entries {
        match entry {
            Entry::Comment(comment) => {
                let _ = writeln!(text, "{margin}#{comment}");
            }
            Entry::Field(key, Node::List(items)) if !items.is_empty() => {
                let _ = writeln!(text, "{margin}{}:", scalar(key)?);
                // As kubectl writes it: the dashes stand below the name.
                block(items, indent, text)?;
            }
            Entry::Field(key, Node::Map(fields)) if !fields.is_empty() => {
                let _ = writeln!(text, "{margin}{}:", scalar(key)?);
                block(fields, indent + 2, text)?;
            }
            Entry::Field(key, value) => {
                let _ = writeln!(text, "{margin}{}: {}", scalar(key)?, scalar(value)?);
            }
            Entry::Item(Node::List(within) | Node::Map(within)) if !within.is_empty() => {
                let start = text.len();
                block(within, indent + 2, text)?;
                // A comment may come first: the dash goes before it, and it stays one.
                text.replace_range(start..start + indent + 2, &format!("{margin}- "));
            }
            Entry::Item(item) => {
                let _ = writeln!(text, "{margin}- {}", scalar(item)?);
            }
        }
    }
    Ok(())
}

fn scalar(node: &Node) -> Result<String, String> {
    Ok(match node {
        Node::Plain(_) if node.is_null() => "null".to_owned(),
        Node::Plain(text) if !text.contains('\n') => text.clone(),
        // Certificates, names and addresses need no quotes.
        Node::Quoted(text) if is_plainly_text(text) => text.clone(),
        // JSON's strings are YAML's, but YAML takes this character only as an escape.
        Node::Plain(text) | Node::Quoted(text) => serde_json::to_string(text)
            .map_err(|error| error.to_string())?
            .replace('\u{7f}', "\\u007f"),
        Node::List(_) => "[]".to_owned(),
        Node::Map(_) => "{}".to_owned(),
    })
}

/// Whether a text, written without quotes, is that text to every reader: it begins with a
/// letter, has nothing but what names and base64 have, and is no word with a meaning.
fn is_plainly_text(text: &str) -> bool {
    let words = [
        "null", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "nan",
    ];
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+' | '='))
        && !words.contains(&text.to_ascii_lowercase().as_str())
}
