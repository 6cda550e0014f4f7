//! The cluster's declaration in Bicep, read and evaluated without Bicep's compiler, which
//! no user of this tool should have to install. The Azure provider asks for the bodies
//! that Azure Resource Manager takes ([`Template::evaluate`]) or, for a deployment, for
//! the same as an ARM template ([`Template::arm_json`]).
//!
//! The language is a subset: parameters with decorators, variables, resources with `if`,
//! outputs; literals, interpolation, operators, property access and the functions that
//! have a case in `functions.rs`. Whatever else there is in a text is an error with its
//! line and column: nothing is ever passed over.
//!
//! Source of the language: <https://learn.microsoft.com/azure/azure-resource-manager/bicep/file>.

mod arm;
mod ast;
mod check;
mod deployment;
mod error;
mod evaluate;
mod expressions;
mod functions;
mod lexer;
mod parameter_file;
mod parameters;
mod parser;
mod resolve;
mod statements;
mod template;

pub use deployment::{Context, Deployment, Output, OutputValue, Resource};
pub use error::{BicepError, Error, ParameterError};
pub use parameters::Parameters;
pub use template::{Default, Parameter, Template, Type};

/// The declaration that ships with the tool.
pub const MAIN_BICEP: &str = include_str!("../../../bicep/main.bicep");

/// The parameters file that ships with the tool: the defaults, to be copied and changed.
pub const PARAMETERS_JSON: &str = include_str!("../../../bicep/parameters.json");
