//! A template that has been read and checked, and its parameters.

use crate::ast::Ast;
use crate::deployment::{Context, Deployment};
use crate::error::{BicepError, Error, ParameterError};
use crate::parameters::Parameters;
use crate::{arm, check, resolve, statements};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

/// A template without faults: names resolve, functions exist, nothing goes round in a
/// circle.
#[derive(Debug)]
pub struct Template {
    pub(crate) ast: Ast,
    pub(crate) parameters: Vec<Parameter>,
}

/// The type of a parameter or an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Text.
    String,
    /// A whole number of 64 bits.
    Int,
    /// True or false.
    Bool,
    /// Fields.
    Object,
    /// A list.
    Array,
}

impl Type {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "string" => Self::String,
            "int" => Self::Int,
            "bool" => Self::Bool,
            "object" => Self::Object,
            "array" => Self::Array,
            _ => return None,
        })
    }

    /// Whether a value is of this type. A number with a fraction, or of more than 64 bits,
    /// is of none.
    pub(crate) fn holds(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Int => value.is_i64(),
            Self::Bool => value.is_boolean(),
            Self::Object => value.is_object(),
            Self::Array => value.is_array(),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::String => "string",
            Self::Int => "int",
            Self::Bool => "bool",
            Self::Object => "object",
            Self::Array => "array",
        })
    }
}

/// What a parameter is where nobody gives it.
#[derive(Debug, Clone, PartialEq)]
pub enum Default {
    /// It must be given.
    None,
    /// This value.
    Constant(Value),
    /// An expression over other parameters or the resource group.
    Computed,
}

/// A parameter, as the template declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name; unlike Azure's, ours are told apart by case, but found without it.
    pub name: String,
    /// Its type.
    pub type_: Type,
    /// Its default.
    pub default: Default,
    /// The only values it may have, if not empty.
    pub allowed: Vec<Value>,
    /// The least, of an int.
    pub min: Option<i64>,
    /// The greatest, of an int.
    pub max: Option<i64>,
    /// The fewest characters of a string, or items of an array.
    pub min_length: Option<u64>,
    /// The most.
    pub max_length: Option<u64>,
    /// For people.
    pub description: Option<String>,
    /// Whether its value is a secret, to be shown nowhere.
    pub secure: bool,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// At its first fault, or where it uses what is not in the subset.
    pub fn parse(text: &str) -> Result<Self, BicepError> {
        let ast = statements::parse(text)?;
        let parameters = check::check(&ast)?;
        Ok(Self { ast, parameters })
    }

    /// The parameters, in the order of the text.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The parameter of that name, whatever its case, as Azure finds it.
    ///
    /// # Errors
    /// When there is none: with the name that was probably meant.
    pub fn parameter(&self, name: &str) -> Result<&Parameter, ParameterError> {
        let found = self.parameters.iter();
        found
            .clone()
            .find(|it| it.name == name)
            .or_else(|| found.clone().find(|it| it.name.eq_ignore_ascii_case(name)))
            .ok_or_else(|| {
                let names: Vec<&str> = found.map(|it| it.name.as_str()).collect();
                let remedy = match check::closest(name, names.iter().copied()) {
                    Some(close) => format!("did you mean {close}?"),
                    None if names.is_empty() => "the template has no parameters".to_owned(),
                    None => format!("the template has {}", names.join(", ")),
                };
                ParameterError::of(name, "there is no such parameter", remedy)
            })
    }

    /// Every parameter's value: the given ones, and defaults. Without a context, no
    /// default may speak of the resource group; ours do not, and so tell where it goes.
    ///
    /// # Errors
    /// When given values are wrong, unknown or missing: all of them.
    pub fn values(
        &self,
        parameters: &Parameters,
        context: Option<&Context>,
    ) -> Result<BTreeMap<String, Value>, Error> {
        resolve::values(self, parameters, context)
    }

    /// What is to be put: a body for each resource whose condition holds.
    ///
    /// # Errors
    /// As for values, and where an expression has no value.
    pub fn evaluate(
        &self,
        parameters: &Parameters,
        context: &Context,
    ) -> Result<Deployment, Error> {
        let values = self.values(parameters, Some(context))?;
        Ok(resolve::deployment(self, &values, context)?)
    }

    /// The same as an ARM template, as a deployment takes it: an object of `$schema`,
    /// `contentVersion`, `parameters`, `variables`, `resources`, `outputs`.
    /// Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax>.
    pub fn arm_json(&self) -> Value {
        arm::template(self)
    }

    /// The given values, as a deployment takes them: `{"name": {"value": …}, …}`.
    ///
    /// # Errors
    /// When they are wrong or unknown: all of them.
    pub fn arm_parameters(&self, parameters: &Parameters) -> Result<Value, Error> {
        let given = parameters.checked(self).map_err(Error::Parameters)?;
        let entry = |(name, value)| {
            let entry = Map::from_iter([("value".to_owned(), value)]);
            (name, Value::Object(entry))
        };
        Ok(Value::Object(given.into_iter().map(entry).collect()))
    }
}
