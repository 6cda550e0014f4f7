//! What must hold of a template before anything is evaluated: names are declared once
//! and resolve, functions exist, decorators fit their parameters, nothing depends on
//! itself.

use crate::ast::{Ast, At, Decorator, Expr, Kind, Param};
use crate::error::BicepError;
use crate::functions;
use crate::template::{Default, Parameter, Type};
use serde_json::{Map, Value};

pub(crate) fn check(ast: &Ast) -> Result<Vec<Parameter>, BicepError> {
    unique(ast)?;
    let mut parameters = Vec::new();
    for param in &ast.params {
        if let Some(default) = &param.default {
            names(ast, default, Sees::Params)?;
        }
        parameters.push(parameter(param)?);
    }
    for var in &ast.vars {
        names(ast, &var.value, Sees::Vars)?;
    }
    for resource in &ast.resources {
        let values = resource.fields.iter().map(|field| &field.value);
        let parts = values.chain([&resource.name]).chain(&resource.condition);
        for part in parts {
            names(ast, part, Sees::Vars)?;
        }
    }
    for output in &ast.outputs {
        names(ast, &output.value, Sees::Resources)?;
    }
    let mut done = Vec::new();
    let named = ast.params.iter().map(|it| &it.name);
    for name in named.chain(ast.vars.iter().map(|it| &it.name)) {
        acyclic(ast, name, &mut Vec::new(), &mut done)?;
    }
    Ok(parameters)
}

/// The candidate that a name was probably meant to be.
pub(crate) fn closest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(nearness, _)| *nearness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// Parameters, variables and resources share their names; outputs have their own.
/// Azure tells parameters and outputs apart without case.
fn unique(ast: &Ast) -> Result<(), BicepError> {
    let params = ast.params.iter().map(|it| (&it.name, it.at));
    let vars = ast.vars.iter().map(|it| (&it.name, it.at));
    let resources = ast.resources.iter().map(|it| (&it.symbol, it.at));
    no_twins(params.chain(vars).chain(resources))?;
    no_twins(ast.outputs.iter().map(|it| (&it.name, it.at)))
}

fn no_twins<'a>(names: impl Iterator<Item = (&'a String, At)>) -> Result<(), BicepError> {
    let mut names: Vec<_> = names.collect();
    names.sort_by_key(|(_, at)| (at.line, at.column));
    let mut seen: Vec<&String> = Vec::new();
    for (name, at) in names {
        if seen.iter().any(|it| it.eq_ignore_ascii_case(name)) {
            let what = format!("{name} is declared before");
            return Err(at.error(what, "rename one of them"));
        }
        seen.push(name);
    }
    Ok(())
}

/// What an expression may speak of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sees {
    Params,
    /// And parameters.
    Vars,
    /// And variables and parameters.
    Resources,
}

fn names(ast: &Ast, expr: &Expr, sees: Sees) -> Result<(), BicepError> {
    match &expr.kind {
        Kind::Name(name) if ast.param(name).is_some() => {}
        Kind::Name(name) if ast.var(name).is_some() && sees != Sees::Params => {}
        Kind::Name(name) if ast.var(name).is_some() => {
            let what = format!("a default speaks of the variable {name}");
            return Err(expr.at.error(what, "defaults may use parameters only"));
        }
        Kind::Name(name) if ast.resource(name).is_some() && sees == Sees::Resources => {}
        Kind::Name(name) if ast.resource(name).is_some() => {
            let what = format!("only outputs may speak of a resource, here {name}");
            return Err(expr.at.error(what, "use parameters and variables"));
        }
        Kind::Name(name) => {
            let params = ast.params.iter().map(|it| it.name.as_str());
            let vars = ast.vars.iter().map(|it| it.name.as_str());
            let known = params.chain(vars);
            let remedy = match closest(name, known) {
                Some(close) => format!("did you mean {close}?"),
                None => "declare it with param or var".to_owned(),
            };
            return Err(expr.at.error(format!("{name} is not declared"), remedy));
        }
        Kind::Call(name, arguments) => functions::check(name, arguments.len(), expr.at)?,
        _ => {}
    }
    for child in expr.children() {
        names(ast, child, sees)?;
    }
    Ok(())
}

fn acyclic<'a>(
    ast: &'a Ast,
    name: &'a str,
    path: &mut Vec<&'a str>,
    done: &mut Vec<&'a str>,
) -> Result<(), BicepError> {
    let (at, expr) = match (ast.param(name), ast.var(name)) {
        (Some(param), _) => (param.at, param.default.as_ref()),
        (_, Some(var)) => (var.at, Some(&var.value)),
        _ => return Ok(()),
    };
    if done.contains(&name) {
        return Ok(());
    }
    if let Some(from) = path.iter().position(|it| *it == name) {
        let circle = path.iter().skip(from).chain([&name]);
        let circle: Vec<&str> = circle.copied().collect();
        let what = format!("{name} depends on itself: {}", circle.join(" → "));
        return Err(at.error(what, "give one of them a value of its own"));
    }
    path.push(name);
    let mut open: Vec<&Expr> = expr.into_iter().collect();
    while let Some(expr) = open.pop() {
        if let Kind::Name(other) = &expr.kind {
            acyclic(ast, other, path, done)?;
        }
        open.extend(expr.children());
    }
    path.pop();
    done.push(name);
    Ok(())
}

fn parameter(param: &Param) -> Result<Parameter, BicepError> {
    let mut parameter = Parameter {
        name: param.name.clone(),
        type_: param.type_,
        default: match &param.default {
            None => Default::None,
            Some(expr) => literal(expr).map_or(Default::Computed, Default::Constant),
        },
        allowed: Vec::new(),
        min: None,
        max: None,
        min_length: None,
        max_length: None,
        description: None,
        secure: false,
    };
    for decorator in &param.decorators {
        apply(decorator, &mut parameter)?;
    }
    let empty = match (parameter.min, parameter.max) {
        (Some(min), Some(max)) => min > max,
        _ => match (parameter.min_length, parameter.max_length) {
            (Some(min), Some(max)) => min > max,
            _ => false,
        },
    };
    if empty {
        let what = format!("no value of {} is in its range", param.name);
        return Err(param.at.error(what, "put the lesser bound first"));
    }
    if let (Default::Constant(value), Some(expr)) = (&parameter.default, &param.default) {
        parameter.check(value).map_err(|error| {
            let what = format!("the default of {}", error.what);
            expr.at.error(what, error.remedy)
        })?;
    }
    Ok(parameter)
}

fn apply(decorator: &Decorator, parameter: &mut Parameter) -> Result<(), BicepError> {
    let name = decorator.name.as_str();
    let unfit = |goes_with: &str| {
        let what = format!("@{name} does not go with {}", parameter.type_);
        decorator
            .at
            .error(what, format!("it goes with {goes_with}"))
    };
    match name {
        "minValue" | "maxValue" if parameter.type_ != Type::Int => return Err(unfit("int")),
        "minLength" | "maxLength" if !matches!(parameter.type_, Type::String | Type::Array) => {
            return Err(unfit("string and array"));
        }
        "secure" if !matches!(parameter.type_, Type::String | Type::Object) => {
            return Err(unfit("string and object"));
        }
        "secure" => {
            parameter.secure = true;
            return match decorator.arguments.as_slice() {
                [] => Ok(()),
                _ => Err(decorator.at.error("@secure takes no argument", "@secure()")),
            };
        }
        _ => {}
    }
    let argument = match decorator.arguments.as_slice() {
        [one] => literal(one),
        _ => None,
    };
    let int = argument.as_ref().and_then(Value::as_i64);
    let length = argument.as_ref().and_then(Value::as_u64);
    let fits = match name {
        "minValue" => set(&mut parameter.min, int),
        "maxValue" => set(&mut parameter.max, int),
        "minLength" => set(&mut parameter.min_length, length),
        "maxLength" => set(&mut parameter.max_length, length),
        "description" => {
            let text = argument.as_ref().and_then(Value::as_str);
            set(&mut parameter.description, text.map(str::to_owned))
        }
        "allowed" => match argument {
            Some(Value::Array(values))
                if !values.is_empty() && values.iter().all(|it| parameter.type_.holds(it)) =>
            {
                parameter.allowed = values;
                true
            }
            _ => false,
        },
        _ => {
            return Err(decorator.at.error(
                format!("@{name} is not in the subset that is read here"),
                "known are @description, @minValue, @maxValue, @minLength, @maxLength, @allowed, @secure",
            ));
        }
    };
    if fits {
        return Ok(());
    }
    Err(decorator.at.error(
        format!("the argument of @{name} does not fit"),
        match name {
            "description" => "a string, written out",
            "allowed" => "a list of at least one value of the parameter's type, written out",
            "minLength" | "maxLength" => "a whole number from 0, written out",
            _ => "a whole number, written out",
        },
    ))
}

fn set<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    *place = value;
    place.is_some()
}

/// The value of an expression that is written out.
pub(crate) fn literal(expr: &Expr) -> Option<Value> {
    Some(match &expr.kind {
        Kind::Null => Value::Null,
        Kind::Bool(value) => Value::Bool(*value),
        Kind::Int(value) => Value::from(*value),
        Kind::Str(_) => Value::from(expr.kind.as_plain_str()?),
        Kind::Array(items) => items
            .iter()
            .map(literal)
            .collect::<Option<Vec<_>>>()?
            .into(),
        Kind::Object(fields) => {
            let field =
                |field: &crate::ast::Field| Some((field.key.clone(), literal(&field.value)?));
            Value::Object(fields.iter().map(field).collect::<Option<Map<_, _>>>()?)
        }
        _ => return None,
    })
}
