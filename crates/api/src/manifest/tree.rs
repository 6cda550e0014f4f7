//! The raw tree of a manifest. Scalars keep the text they were written with, because
//! a number of a hundred digits must not become a float on the way.

use crate::FieldError;
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle};

/// The deepest nesting read; a resource needs seven.
const MAX_DEPTH: usize = 32;

/// A part of a document.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// `3`, `true`, `some text`: a scalar without quotes.
    Plain(String),
    /// `'3'`, or a block of text.
    Quoted(String),
    /// A list.
    List(Vec<Node>),
    /// Fields in order; every name once.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// For a message.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Plain(text) | Self::Quoted(text) => text.clone(),
            Self::List(_) => "a list".to_owned(),
            Self::Map(_) => "a mapping".to_owned(),
        }
    }

    /// `null`, `~`, or nothing at all.
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Plain(text) if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }
}

/// What is open while events come in.
enum Open {
    List(Vec<Node>),
    Map(Vec<(String, Node)>, Option<String>),
}

/// The documents of a text; empty ones are left out.
///
/// # Errors
/// When it is no YAML (of which JSON is a part), or uses what a manifest has no need of.
pub(super) fn read(text: &str) -> Result<Vec<Node>, FieldError> {
    let mut documents = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            refused(
                format!("is no YAML ({error})"),
                "mend it at the place named",
            )
        })?;
        let line = span.start.line();
        let node = match event {
            Event::Scalar(text, style, _, _) => match style {
                ScalarStyle::Plain => Node::Plain(text.into_owned()),
                _ => Node::Quoted(text.into_owned()),
            },
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= MAX_DEPTH => {
                return Err(refused(
                    format!("is nested more than {MAX_DEPTH} deep in line {line}"),
                    "a resource needs less",
                ));
            }
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(Vec::new(), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List(items)) => Node::List(items),
                Some(Open::Map(fields, _)) => Node::Map(fields),
                None => continue,
            },
            Event::Alias(_) => {
                return Err(refused(
                    format!("has an alias (*name) in line {line}"),
                    "write the value out",
                ));
            }
            _ => continue,
        };
        place(node, &mut open, &mut documents, line)?;
    }
    Ok(documents)
}

/// Puts a finished node where it belongs.
fn place(
    node: Node,
    open: &mut [Open],
    documents: &mut Vec<Node>,
    line: usize,
) -> Result<(), FieldError> {
    match open.last_mut() {
        None if node.is_null() => {}
        None => documents.push(node),
        Some(Open::List(items)) => items.push(node),
        Some(Open::Map(fields, key @ None)) => {
            let (Node::Plain(name) | Node::Quoted(name)) = node else {
                return Err(refused(
                    format!("has a field whose name is no text in line {line}"),
                    "name fields with plain words",
                ));
            };
            if fields.iter().any(|(other, _)| *other == name) {
                return Err(FieldError::new(
                    format!("line {line}"),
                    &name,
                    "is there a second time",
                    "keep one of them",
                ));
            }
            *key = Some(name);
        }
        Some(Open::Map(fields, key)) => fields.extend(key.take().map(|name| (name, node))),
    }
    Ok(())
}

fn refused(problem: String, remedy: &str) -> FieldError {
    FieldError::without_value("the manifest", problem, remedy)
}
