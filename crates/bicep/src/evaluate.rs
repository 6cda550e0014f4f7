//! Expressions to values, with the parameters given and the place known.

use crate::ast::{Ast, Binary, Expr, Kind, Part, ResourceDecl, Unary};
use crate::check::closest;
use crate::deployment::{Context, Deployment, Output, OutputValue, Resource};
use crate::error::{BicepError, Error, ParameterError};
use crate::functions;
use crate::parameters::Parameters;
use crate::template::Template;
use serde_json::{Map, Value, json};
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

struct Scope<'a> {
    ast: &'a Ast,
    /// Given parameters; a default stands for those that are missing.
    values: &'a BTreeMap<String, Value>,
    context: Option<&'a Context>,
}

impl Scope<'_> {
    fn resource(&self, resource: &ResourceDecl, context: &Context) -> Result<Resource, BicepError> {
        let mut body = Map::new();
        for field in &resource.fields {
            body.insert(field.key.clone(), self.value(&field.value)?);
        }
        let name = self.resource_name(resource)?;
        Ok(Resource {
            symbol: resource.symbol.clone(),
            type_: resource.type_.clone(),
            api_version: resource.api_version.clone(),
            id: resource_id(context, &resource.type_, &name),
            name,
            body: Value::Object(body),
        })
    }

    fn resource_name(&self, resource: &ResourceDecl) -> Result<String, BicepError> {
        match self.value(&resource.name)? {
            // It becomes a part of an address.
            Value::String(name) if !name.is_empty() && !name.contains(['/', '?', '#', '%']) => {
                Ok(name)
            }
            other => Err(resource.name.at.error(
                format!("{other} cannot name the resource {}", resource.symbol),
                "a name is a text that is not empty and has none of / ? # %",
            )),
        }
    }

    fn named(&self, name: &str) -> Result<Value, BicepError> {
        if let Some(value) = self.values.get(name) {
            return Ok(value.clone());
        }
        let param = self.ast.param(name).and_then(|it| it.default.as_ref());
        match param.or_else(|| self.ast.var(name).map(|it| &it.value)) {
            Some(expr) => self.value(expr),
            // Values are complete and names were checked: never seen.
            None => Ok(Value::Null),
        }
    }

    fn value(&self, expr: &Expr) -> Result<Value, BicepError> {
        Ok(match &expr.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Int(value) => Value::from(*value),
            Kind::Str(parts) => self.text(parts)?.into(),
            Kind::Array(items) => {
                let items: Result<Vec<Value>, _> = items.iter().map(|it| self.value(it)).collect();
                items?.into()
            }
            Kind::Object(fields) => {
                let mut object = Map::new();
                for field in fields {
                    object.insert(field.key.clone(), self.value(&field.value)?);
                }
                Value::Object(object)
            }
            Kind::Name(name) if self.ast.resource(name).is_some() => {
                let what = format!("the resource {name} as a whole is no value");
                return Err(expr.at.error(what, "name one of its fields"));
            }
            Kind::Name(name) => self.named(name)?,
            Kind::Property(of, name) => self.property(of, name)?,
            Kind::Index(of, index) => self.index(of, index)?,
            Kind::Call(name, arguments) => match (name.as_str(), self.context) {
                ("resourceGroup", Some(context)) => json!({
                    "id": context.resource_group_id(),
                    "location": context.location,
                    "name": context.resource_group,
                }),
                ("subscription", Some(context)) => json!({
                    "id": context.subscription_id(),
                    "subscriptionId": context.subscription,
                }),
                ("resourceGroup" | "subscription", None) => {
                    let what = format!("{name}() is not known before the resource group is");
                    return Err(expr.at.error(what, "give the parameter a value"));
                }
                (name, _) => {
                    let values: Result<Vec<Value>, _> =
                        arguments.iter().map(|it| self.value(it)).collect();
                    functions::call(name, values?, expr.at)?
                }
            },
            Kind::Unary(Unary::Not, of) => Value::Bool(!self.truth(of)?),
            Kind::Unary(Unary::Minus, of) => fits(expr, self.int(of)?.checked_neg())?,
            Kind::Binary(operator, a, b) => self.binary(expr, *operator, a, b)?,
            Kind::Ternary(three) => {
                let [condition, then, otherwise] = three.as_ref();
                let is_so = self.truth(condition)?;
                self.value(if is_so { then } else { otherwise })?
            }
        })
    }

    fn text(&self, parts: &[Part]) -> Result<String, BicepError> {
        let mut all = String::new();
        for part in parts {
            match part {
                Part::Text(text) => all.push_str(text),
                Part::Code(code) => {
                    let value = self.value(code)?;
                    let Some(text) = functions::text(&value) else {
                        let what = "this value has no form within a text";
                        let remedy = "a text, a number or a truth value";
                        return Err(code.at.error(what, remedy));
                    };
                    all.push_str(&text);
                }
            }
        }
        Ok(all)
    }

    fn property(&self, of: &Expr, name: &str) -> Result<Value, BicepError> {
        if let Kind::Name(symbol) = &of.kind
            && let Some(resource) = self.ast.resource(symbol)
        {
            return match (name, self.context) {
                ("name", _) => Ok(self.resource_name(resource)?.into()),
                ("type", _) => Ok(resource.type_.clone().into()),
                ("apiVersion", _) => Ok(resource.api_version.clone().into()),
                ("id", Some(context)) => {
                    let resource_name = self.resource_name(resource)?;
                    Ok(resource_id(context, &resource.type_, &resource_name).into())
                }
                _ => Err(of.at.error(
                    format!("{symbol}.{name} is known only when the resource is there"),
                    "let the output be this field and nothing more",
                )),
            };
        }
        match self.value(of)? {
            Value::Object(mut fields) => match fields.remove(name) {
                Some(value) => Ok(value),
                None => {
                    let remedy = match closest(name, fields.keys().map(String::as_str)) {
                        Some(close) => format!("did you mean {close}?"),
                        None => "name a field that is there".to_owned(),
                    };
                    Err(of.at.error(format!("there is no field {name}"), remedy))
                }
            },
            _ => Err(of.at.error(
                format!("what has no fields is asked for its {name}"),
                "only objects have fields",
            )),
        }
    }

    fn index(&self, of: &Expr, index: &Expr) -> Result<Value, BicepError> {
        match (self.value(of)?, self.value(index)?) {
            (Value::Array(items), Value::Number(number)) => {
                let place = number.as_u64().and_then(|it| usize::try_from(it).ok());
                let item = place.and_then(|place| items.get(place).cloned());
                item.ok_or_else(|| {
                    index.at.error(
                        format!("there is no item {number} in a list of {}", items.len()),
                        "the first is 0",
                    )
                })
            }
            (Value::Object(_), Value::String(name)) => self.property(of, &name),
            _ => Err(index.at.error(
                "this does not tell a part of that value",
                "a number tells the item of a list, a string the field of an object",
            )),
        }
    }

    fn binary(
        &self,
        expr: &Expr,
        operator: Binary,
        a: &Expr,
        b: &Expr,
    ) -> Result<Value, BicepError> {
        // The right side of these is not evaluated where the left one decides.
        match operator {
            Binary::And => return Ok((self.truth(a)? && self.truth(b)?).into()),
            Binary::Or => return Ok((self.truth(a)? || self.truth(b)?).into()),
            Binary::Coalesce => {
                return match self.value(a)? {
                    Value::Null => self.value(b),
                    value => Ok(value),
                };
            }
            Binary::Equal => return Ok((self.value(a)? == self.value(b)?).into()),
            Binary::NotEqual => return Ok((self.value(a)? != self.value(b)?).into()),
            _ => {}
        }
        let (left, right) = (self.int(a)?, self.int(b)?);
        let number = match operator {
            Binary::Less => return Ok((left < right).into()),
            Binary::LessOrEqual => return Ok((left <= right).into()),
            Binary::Greater => return Ok((left > right).into()),
            Binary::GreaterOrEqual => return Ok((left >= right).into()),
            Binary::Add => left.checked_add(right),
            Binary::Subtract => left.checked_sub(right),
            Binary::Multiply => left.checked_mul(right),
            Binary::Divide => left.checked_div(right),
            _ => left.checked_rem(right),
        };
        fits(expr, number)
    }

    fn truth(&self, expr: &Expr) -> Result<bool, BicepError> {
        match self.value(expr)? {
            Value::Bool(value) => Ok(value),
            _ => Err(expr.at.error(
                "this is neither true nor false",
                "compare it with something: ==, >, empty(…)",
            )),
        }
    }

    fn int(&self, expr: &Expr) -> Result<i64, BicepError> {
        let value = self.value(expr)?;
        value.as_i64().ok_or_else(|| {
            expr.at.error(
                "this is no whole number",
                "texts are put together as '${a}${b}', other values with concat or union",
            )
        })
    }
}

fn resource_id(context: &Context, type_: &str, name: &str) -> String {
    let group = context.resource_group_id();
    format!("{group}/providers/{type_}/{name}")
}

fn fits(expr: &Expr, number: Option<i64>) -> Result<Value, BicepError> {
    number.map(Value::from).ok_or_else(|| {
        expr.at.error(
            "the result is no number of 64 bits",
            "see to its size, and that nothing is divided by 0",
        )
    })
}
