//! From a manifest's file to resources that hold to the rules, before anything is sent.

use super::Context;
use crate::crack::{read_file, unreadable};
use crate::exit::{Exit, Failure};
use rsac_api::{FieldError, RSACracker};
use std::path::Path;

/// The first system's manifest, unchanged.
const EXAMPLE: &str = include_str!("../../../deploy/example/01-rsac.yaml");

/// The longest manifest that is read: a thousand jobs of the largest keys.
const MAX_BYTES: u64 = 16 << 20;

/// The resources of a manifest; `-` is stdin.
pub(super) fn load(ctx: &Context<'_>, file: &Path) -> Result<Vec<RSACracker>, Failure> {
    let name = file.display().to_string();
    let bytes = if name == "-" {
        (ctx.stdin)(MAX_BYTES)
    } else {
        read_file(file, MAX_BYTES)
    };
    let bad = |why: String| Failure::new(Exit::BadInput, format!("{name}: {why}"));
    let bytes = bytes.map_err(|error| unreadable(&name, &error))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        bad("is no text".to_owned()).remedy("give a manifest: YAML or JSON, in UTF-8")
    })?;
    parse(&name, &text)
}

/// The bundled example.
pub(super) fn example() -> Result<Vec<RSACracker>, Failure> {
    parse("the bundled example", EXAMPLE)
}

fn parse(name: &str, text: &str) -> Result<Vec<RSACracker>, Failure> {
    rsac_api::manifest::read(text).map_err(|errors| refused(name, &errors))
}

/// All complaints about a manifest or a value in one failure.
pub(super) fn refused(name: &str, errors: &[FieldError]) -> Failure {
    let lines: Vec<String> = errors.iter().map(FieldError::to_string).collect();
    match lines.as_slice() {
        [line] => Failure::new(Exit::BadInput, format!("{name}: {line}")),
        lines => {
            let all = lines.join("\n  ");
            Failure::new(Exit::BadInput, format!("{name}:\n  {all}"))
        }
    }
}

/// A resource built here, held to the same rules as one that is read: JSON is YAML too.
pub(super) fn built(name: &str, value: &serde_json::Value) -> Result<RSACracker, Failure> {
    let mut crackers = parse(name, &value.to_string())?;
    match crackers.pop() {
        Some(cracker) => Ok(cracker),
        None => Err(refused(name, &[])),
    }
}
