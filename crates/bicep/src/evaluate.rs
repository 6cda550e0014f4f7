//! Expressions to values, with the parameters given and the place known.

use crate::ast::{Ast, Binary, Expr, Kind, Part, ResourceDecl, Unary};
use crate::check::closest;
use crate::deployment::{Context, Resource};
use crate::error::BicepError;
use crate::functions;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub(crate) struct Scope<'a> {
    pub(crate) ast: &'a Ast,
    /// Given parameters; a default stands for those that are missing.
    pub(crate) values: &'a BTreeMap<String, Value>,
    pub(crate) context: Option<&'a Context>,
}

impl Scope<'_> {
    pub(crate) fn resource(
        &self,
        resource: &ResourceDecl,
        context: &Context,
    ) -> Result<Resource, BicepError> {
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

    pub(crate) fn named(&self, name: &str) -> Result<Value, BicepError> {
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

    pub(crate) fn value(&self, expr: &Expr) -> Result<Value, BicepError> {
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

    pub(crate) fn truth(&self, expr: &Expr) -> Result<bool, BicepError> {
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
