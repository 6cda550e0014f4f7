//! A file of parameters: names and values, in either of two forms.

use crate::error::ParameterError;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// What an ARM parameters file may have at its top; all but the last only tell what it is.
const TOP: &[&str] = &[
    "$schema",
    "contentVersion",
    "metadata",
    "apiProfile",
    "parameters",
];

/// The names and values of a file.
pub(crate) fn read(text: &str) -> Result<Vec<(String, Value)>, ParameterError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Strict(file) = serde_json::from_str(text).map_err(|error| {
        ParameterError::file(
            format!("the parameters file is no JSON: {error}"),
            "mend it at the place named; JSON has no comments and no comma after the last value",
        )
    })?;
    let Value::Object(mut top) = file else {
        return Err(ParameterError::file(
            "the parameters file is no object",
            "{\"parameters\": {\"name\": {\"value\": …}}}",
        ));
    };
    let is_arm = top.contains_key("$schema") || top.contains_key("parameters");
    let entries = if is_arm {
        if let Some(other) = top.keys().find(|key| !TOP.contains(&key.as_str())) {
            return Err(ParameterError::file(
                format!("the parameters file has the field {other:?}, which no such file has"),
                "values go under \"parameters\", as \"name\": {\"value\": …}",
            ));
        }
        let Some(Value::Object(entries)) = top.remove("parameters") else {
            return Err(ParameterError::file(
                "the parameters file has no object \"parameters\"",
                "values go under \"parameters\", as \"name\": {\"value\": …}",
            ));
        };
        let values = entries
            .into_iter()
            .map(|(name, it)| Ok((name.clone(), value(&name, it)?)));
        values.collect::<Result<Vec<_>, ParameterError>>()?
    } else {
        top.into_iter().collect()
    };
    for (index, (name, _)) in entries.iter().enumerate() {
        let mut before = entries.iter().take(index);
        if let Some((twin, _)) = before.find(|(it, _)| it.eq_ignore_ascii_case(name)) {
            let what = format!("it is there as {twin} too; names are told apart without case");
            return Err(ParameterError::of(name, what, "keep one of them"));
        }
    }
    Ok(entries)
}

/// Of `{"value": …}`.
fn value(name: &str, entry: Value) -> Result<Value, ParameterError> {
    let written = "\"name\": {\"value\": …}";
    let Value::Object(mut entry) = entry else {
        let what = "its entry is no object with a value";
        return Err(ParameterError::of(name, what, format!("write {written}")));
    };
    if entry.contains_key("reference") {
        return Err(ParameterError::of(
            name,
            "references to a key vault are not followed here",
            format!("read the secret yourself and give the value: {written}"),
        ));
    }
    let value = entry.remove("value");
    entry.remove("metadata");
    if let Some(other) = entry.keys().next() {
        let what = format!("its entry has the field {other:?}, which no entry has");
        return Err(ParameterError::of(name, what, format!("write {written}")));
    }
    value.ok_or_else(|| {
        let what = "its entry has no value";
        ParameterError::of(name, what, format!("write {written}"))
    })
}

/// JSON in which no object has a field twice: serde_json's own value keeps the last one
/// without a word.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, Strict(value))) = fields.next_entry::<String, Strict>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!(
                    "the field {key:?} is there twice"
                )));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}
