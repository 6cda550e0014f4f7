//! A template as Azure Resource Manager's own JSON, as Bicep's compiler writes it:
//! expressions become calls of functions in square brackets.

use crate::ast::{Ast, Binary, Expr, Kind, Part, ResourceDecl, Unary};
use crate::check::literal;
use crate::template::{Parameter, Template, Type};
use serde_json::{Map, Value, json};

const SCHEMA: &str =
    "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";

pub(crate) fn template(template: &Template) -> Value {
    let ast = &template.ast;
    let writer = Writer { ast };
    let params = template.parameters.iter().zip(&ast.params);
    let parameters = params.map(|(parameter, param)| {
        let value = writer.parameter(parameter, param.default.as_ref());
        (parameter.name.clone(), value)
    });
    let variables = ast.vars.iter();
    let variables = variables.map(|var| (var.name.clone(), writer.json(&var.value)));
    let resources: Vec<Value> = ast.resources.iter().map(|it| writer.resource(it)).collect();
    let outputs = ast.outputs.iter().map(|output| {
        let value = json!({"type": output.type_.to_string(), "value": writer.json(&output.value)});
        (output.name.clone(), value)
    });
    json!({
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": Map::from_iter(parameters),
        "variables": Map::from_iter(variables),
        "resources": resources,
        "outputs": Map::from_iter(outputs),
    })
}

struct Writer<'a> {
    ast: &'a Ast,
}

impl Writer<'_> {
    fn parameter(&self, parameter: &Parameter, default: Option<&Expr>) -> Value {
        let type_ = match (parameter.secure, parameter.type_) {
            (true, Type::String) => "securestring".to_owned(),
            (true, _) => "secureObject".to_owned(),
            (false, type_) => type_.to_string(),
        };
        let mut entry = Map::from_iter([("type".to_owned(), type_.into())]);
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                entry.insert(key.to_owned(), value);
            }
        };
        put("defaultValue", default.map(|it| self.json(it)));
        let allowed = (!parameter.allowed.is_empty()).then(|| parameter.allowed.clone().into());
        put("allowedValues", allowed);
        put("minValue", parameter.min.map(Value::from));
        put("maxValue", parameter.max.map(Value::from));
        put("minLength", parameter.min_length.map(Value::from));
        put("maxLength", parameter.max_length.map(Value::from));
        let description = parameter.description.as_ref();
        put("metadata", description.map(|it| json!({"description": it})));
        Value::Object(entry)
    }

    fn resource(&self, resource: &ResourceDecl) -> Value {
        let mut entry = Map::new();
        for field in &resource.fields {
            entry.insert(escaped(&field.key), self.json(&field.value));
        }
        if let Some(condition) = &resource.condition {
            entry.insert("condition".to_owned(), self.json(condition));
        }
        entry.insert("type".to_owned(), resource.type_.clone().into());
        entry.insert("apiVersion".to_owned(), resource.api_version.clone().into());
        entry.insert("name".to_owned(), self.json(&resource.name));
        Value::Object(entry)
    }

    /// What is written out stays as it is; what is computed becomes an expression.
    fn json(&self, expr: &Expr) -> Value {
        match &expr.kind {
            Kind::Array(items) => items.iter().map(|it| self.json(it)).collect(),
            Kind::Object(fields) => {
                let fields = fields.iter();
                let fields = fields.map(|it| (escaped(&it.key), self.json(&it.value)));
                Value::Object(fields.collect())
            }
            _ => match literal(expr) {
                Some(Value::String(text)) => escaped(&text).into(),
                Some(value) => value,
                None => format!("[{}]", self.code(expr)).into(),
            },
        }
    }

    fn code(&self, expr: &Expr) -> String {
        let list = |all: &[Expr]| {
            let all: Vec<String> = all.iter().map(|it| self.code(it)).collect();
            all.join(", ")
        };
        match &expr.kind {
            Kind::Null => "null()".to_owned(),
            Kind::Bool(value) => format!("{value}()"),
            Kind::Int(value) => value.to_string(),
            Kind::Str(parts) => self.text(parts),
            Kind::Array(items) => format!("createArray({})", list(items)),
            Kind::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|it| format!("{}, {}", quoted(&it.key), self.code(&it.value)));
                format!("createObject({})", fields.collect::<Vec<_>>().join(", "))
            }
            Kind::Name(name) if self.ast.param(name).is_some() => {
                format!("parameters({})", quoted(name))
            }
            Kind::Name(name) => format!("variables({})", quoted(name)),
            Kind::Property(of, name) => self.property(of, name),
            Kind::Index(of, index) => format!("{}[{}]", self.code(of), self.code(index)),
            Kind::Call(name, arguments) => format!("{name}({})", list(arguments)),
            Kind::Unary(Unary::Not, of) => format!("not({})", self.code(of)),
            Kind::Unary(Unary::Minus, of) => format!("sub(0, {})", self.code(of)),
            Kind::Binary(operator, a, b) => {
                let (a, b) = (self.code(a), self.code(b));
                match function(*operator) {
                    Some(function) => format!("{function}({a}, {b})"),
                    None => format!("not(equals({a}, {b}))"),
                }
            }
            Kind::Ternary(three) => format!("if({})", list(three.as_ref())),
        }
    }

    fn text(&self, parts: &[Part]) -> String {
        let mut format = String::new();
        let mut arguments = String::new();
        let mut count = 0;
        for part in parts {
            match part {
                Part::Text(text) => format.push_str(&text.replace('{', "{{").replace('}', "}}")),
                Part::Code(code) => {
                    format.push_str(&format!("{{{count}}}"));
                    arguments.push_str(&format!(", {}", self.code(code)));
                    count += 1;
                }
            }
        }
        match parts {
            [] => quoted(""),
            [Part::Text(text)] => quoted(text),
            _ => format!("format({}{arguments})", quoted(&format)),
        }
    }

    fn property(&self, of: &Expr, name: &str) -> String {
        let resource = match &of.kind {
            Kind::Name(symbol) => self.ast.resource(symbol),
            _ => None,
        };
        let Some(resource) = resource else {
            return format!("{}.{name}", self.code(of));
        };
        let type_ = quoted(&resource.type_);
        let id = format!("resourceId({type_}, {})", self.code(&resource.name));
        let version = quoted(&resource.api_version);
        match name {
            "id" => id,
            "name" => self.code(&resource.name),
            "type" => type_,
            "apiVersion" => version,
            "properties" => format!("reference({id}, {version})"),
            _ => format!("reference({id}, {version}, 'full').{name}"),
        }
    }
}

fn function(operator: Binary) -> Option<&'static str> {
    Some(match operator {
        Binary::Coalesce => "coalesce",
        Binary::Or => "or",
        Binary::And => "and",
        Binary::Equal => "equals",
        Binary::NotEqual => return None,
        Binary::Less => "less",
        Binary::LessOrEqual => "lessOrEquals",
        Binary::Greater => "greater",
        Binary::GreaterOrEqual => "greaterOrEquals",
        Binary::Add => "add",
        Binary::Subtract => "sub",
        Binary::Multiply => "mul",
        Binary::Divide => "div",
        Binary::Modulo => "mod",
    })
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// What only looks like an expression gets a second bracket.
fn escaped(text: &str) -> String {
    if text.starts_with('[') && text.ends_with(']') {
        format!("[{text}")
    } else {
        text.to_owned()
    }
}
