//! A template and values to what is to be there: every parameter, every resource whose
//! condition holds, every output.

use crate::ast::{Ast, Expr, Kind};
use crate::deployment::{Context, Deployment, Output, OutputValue};
use crate::error::{BicepError, Error, ParameterError};
use crate::evaluate::Scope;
use crate::parameters::Parameters;
use crate::template::Template;
use serde_json::Value;
use std::collections::BTreeMap;

/// Every parameter's value.
pub(crate) fn values(
    template: &Template,
    parameters: &Parameters,
    context: Option<&Context>,
) -> Result<BTreeMap<String, Value>, Error> {
    let (mut wrong, given) = match parameters.checked(template) {
        Ok(given) => (Vec::new(), given),
        Err(wrong) => (wrong, BTreeMap::new()),
    };
    let missing = template
        .ast
        .params
        .iter()
        .filter(|param| param.default.is_none() && !parameters.has(&param.name));
    wrong.extend(missing.map(|param| {
        let what = "no value is given, and it has no default";
        ParameterError::of(&param.name, what, format!("give {} a value", param.name))
    }));
    if !wrong.is_empty() {
        return Err(Error::Parameters(wrong));
    }
    let scope = Scope {
        ast: &template.ast,
        values: &given,
        context,
    };
    let mut values = BTreeMap::new();
    for parameter in &template.parameters {
        let value = scope.named(&parameter.name)?;
        if let Err(error) = parameter.check(&value) {
            wrong.push(error);
        }
        values.insert(parameter.name.clone(), value);
    }
    if wrong.is_empty() {
        Ok(values)
    } else {
        Err(Error::Parameters(wrong))
    }
}

pub(crate) fn deployment(
    template: &Template,
    values: &BTreeMap<String, Value>,
    context: &Context,
) -> Result<Deployment, BicepError> {
    let scope = Scope {
        ast: &template.ast,
        values,
        context: Some(context),
    };
    let mut resources = Vec::new();
    for resource in &template.ast.resources {
        let is_wanted = match &resource.condition {
            Some(condition) => scope.truth(condition)?,
            None => true,
        };
        if is_wanted {
            resources.push(scope.resource(resource, context)?);
        }
    }
    let mut outputs = Vec::new();
    for output in &template.ast.outputs {
        let value = match of_resource(&template.ast, &output.value) {
            Some((symbol, path)) => OutputValue::OfResource { symbol, path },
            None => {
                let value = scope.value(&output.value)?;
                if !output.type_.holds(&value) {
                    let what = format!("the output {} is no {}", output.name, output.type_);
                    return Err(output.at.error(what, "change its type or its value"));
                }
                OutputValue::Known(value)
            }
        };
        outputs.push(Output {
            name: output.name.clone(),
            value,
        });
    }
    Ok(Deployment { resources, outputs })
}

/// A property of a resource that only Azure can tell.
fn of_resource(ast: &Ast, expr: &Expr) -> Option<(String, Vec<String>)> {
    let mut path = Vec::new();
    let mut expr = expr;
    while let Kind::Property(of, name) = &expr.kind {
        path.insert(0, name.clone());
        expr = of;
    }
    let Kind::Name(symbol) = &expr.kind else {
        return None;
    };
    let is_known = |field: &String| matches!(field.as_str(), "id" | "name" | "type" | "apiVersion");
    let runtime = ast.resource(symbol).is_some() && path.first().is_some_and(|it| !is_known(it));
    runtime.then(|| (symbol.clone(), path))
}
