//! Values for parameters: from a file, from the command line, from the environment; and
//! whether a parameter may have them.

use crate::error::ParameterError;
use crate::parameter_file;
use crate::template::{Parameter, Template, Type};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// Values by parameter. Nothing is checked before a template is at hand. Its `Debug` tells
/// the names only: a value may be a secret.
#[derive(Clone, Default, PartialEq)]
pub struct Parameters {
    given: BTreeMap<String, Given>,
}

#[derive(Clone, PartialEq)]
enum Given {
    Value(Value),
    /// To be read as the parameter's type.
    Text(String),
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.given.keys()).finish()
    }
}

impl Parameters {
    /// Reads an ARM parameters file (`{"$schema": …, "parameters": {"name": {"value": …}}}`)
    /// or a plain object (`{"name": value}`).
    /// Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/parameter-files>.
    ///
    /// # Errors
    /// When it is neither, or refers to a key vault.
    pub fn from_json(text: &str) -> Result<Self, ParameterError> {
        let given = parameter_file::read(text)?
            .into_iter()
            .map(|(name, value)| (name, Given::Value(value)))
            .collect();
        Ok(Self { given })
    }

    /// Gives a value, instead of one given before.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.put(name, Given::Value(value.into()));
    }

    /// Gives a value as text, as flags and environment variables do: it is read as the
    /// parameter's type is written (objects and arrays in JSON).
    pub fn set_text(&mut self, name: &str, text: &str) {
        self.put(name, Given::Text(text.to_owned()));
    }

    /// These values, and the others' where they have some: the others win.
    pub fn overridden_by(mut self, others: Self) -> Self {
        for (name, given) in others.given {
            self.put(&name, given);
        }
        self
    }

    /// Whether it has a value, whatever the name's case.
    pub fn has(&self, name: &str) -> bool {
        self.given.keys().any(|it| it.eq_ignore_ascii_case(name))
    }

    /// The names given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.given.keys().map(String::as_str)
    }

    /// Azure tells names apart without case, so one in another case is the same.
    fn put(&mut self, name: &str, given: Given) {
        self.given.retain(|it, _| !it.eq_ignore_ascii_case(name));
        self.given.insert(name.to_owned(), given);
    }

    /// The values under the template's own names.
    pub(crate) fn checked(
        &self,
        template: &Template,
    ) -> Result<BTreeMap<String, Value>, Vec<ParameterError>> {
        let mut values = BTreeMap::new();
        let mut wrong = Vec::new();
        for (name, given) in &self.given {
            let read = template.parameter(name).and_then(|parameter| {
                let value = match given {
                    Given::Value(value) => value.clone(),
                    Given::Text(text) => parameter.read(text)?,
                };
                parameter.check(&value)?;
                Ok((parameter.name.clone(), value))
            });
            match read {
                Ok((name, value)) => {
                    values.insert(name, value);
                }
                Err(error) => wrong.push(error),
            }
        }
        if wrong.is_empty() {
            Ok(values)
        } else {
            Err(wrong)
        }
    }
}

impl Parameter {
    /// What values it may have, in words: "a whole number from 1 to 50".
    pub fn range(&self) -> String {
        if !self.allowed.is_empty() {
            let allowed: Vec<String> = self.allowed.iter().map(Value::to_string).collect();
            return format!("one of {}", allowed.join(", "));
        }
        let (noun, unit, min, max) = match self.type_ {
            Type::Int => {
                let [min, max] = [self.min, self.max].map(|it| it.map(|it| it.to_string()));
                ("a whole number", "", min, max)
            }
            Type::Bool => return "true or false".to_owned(),
            Type::Object => return "an object".to_owned(),
            Type::String => (
                "text",
                " characters",
                length(self.min_length),
                length(self.max_length),
            ),
            Type::Array => (
                "a list",
                " items",
                length(self.min_length),
                length(self.max_length),
            ),
        };
        match (min, max) {
            (None, None) => noun.to_owned(),
            (Some(min), None) => format!("{noun} of at least {min}{unit}"),
            (None, Some(max)) => format!("{noun} of at most {max}{unit}"),
            (Some(min), Some(max)) if unit.is_empty() => format!("{noun} from {min} to {max}"),
            (Some(min), Some(max)) => format!("{noun} of {min} to {max}{unit}"),
        }
    }

    /// Reads a value from text.
    ///
    /// # Errors
    /// When the text is none of the type.
    pub fn read(&self, text: &str) -> Result<Value, ParameterError> {
        let value = match self.type_ {
            Type::String => Some(Value::from(text)),
            Type::Int => text.trim().parse::<i64>().ok().map(Value::from),
            Type::Bool => text.trim().parse::<bool>().ok().map(Value::from),
            Type::Object | Type::Array => serde_json::from_str(text).ok(),
        };
        value.ok_or_else(|| self.refused(&Value::from(text)))
    }

    /// Whether a value is in its range.
    ///
    /// # Errors
    /// When it is not, with the range.
    pub fn check(&self, value: &Value) -> Result<(), ParameterError> {
        let size = match value {
            Value::String(text) => Some(text.chars().count()),
            Value::Array(items) => Some(items.len()),
            _ => None,
        };
        let size = size.and_then(|size| u64::try_from(size).ok());
        let fits = self.type_.holds(value)
            && (self.allowed.is_empty() || self.allowed.contains(value))
            && within(value.as_i64(), self.min, self.max)
            && within(size, self.min_length, self.max_length);
        if fits {
            Ok(())
        } else {
            Err(self.refused(value))
        }
    }

    fn refused(&self, value: &Value) -> ParameterError {
        let range = self.range();
        let what = if self.secure {
            format!("the value (not shown: it is a secret) is not {range}")
        } else {
            format!("{} is not {range}", shown(value))
        };
        ParameterError::of(&self.name, what, format!("give {} {range}", self.name))
    }
}

fn length(bound: Option<u64>) -> Option<String> {
    bound.map(|it| it.to_string())
}

/// What is not there is not bounded.
fn within<T: PartialOrd>(value: Option<T>, min: Option<T>, max: Option<T>) -> bool {
    let Some(value) = value else {
        return true;
    };
    min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max)
}

/// For a message: the value, or as much of it as fits a line.
fn shown(value: &Value) -> String {
    const LONGEST: usize = 60;
    let text = value.to_string();
    if text.chars().count() <= LONGEST {
        return text;
    }
    let start: String = text.chars().take(LONGEST).collect();
    format!("{start}…")
}
