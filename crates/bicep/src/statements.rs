//! Tokens to statements: `param`, `var`, `resource`, `output`, `targetScope`.

use crate::ast::{Ast, Decorator, OutputDecl, Param, ResourceDecl, Var};
use crate::error::BicepError;
use crate::lexer::{Token, tokens};
use crate::parser::Parser;
use crate::template::Type;

/// What Bicep has and this does not read.
const OTHER_STATEMENTS: &[&str] = &[
    "module",
    "type",
    "func",
    "import",
    "metadata",
    "using",
    "assert",
    "extension",
    "provider",
    "test",
    "extends",
];

/// Fields of a resource that are no part of its body, and that nothing here needs.
const OTHER_FIELDS: &[&str] = &["dependsOn", "parent", "scope"];

pub(crate) fn parse(text: &str) -> Result<Ast, BicepError> {
    let mut parser = Parser::new(tokens(text)?);
    let mut ast = Ast::default();
    parser.skip_lines();
    while !matches!(parser.peek(), Token::End) {
        statement(&mut parser, &mut ast)?;
        parser.expect_end_of_line()?;
    }
    Ok(ast)
}

fn statement(parser: &mut Parser, ast: &mut Ast) -> Result<(), BicepError> {
    let decorators = decorators(parser)?;
    let at = parser.at();
    let word = parser.expect_name("param, var, resource or output")?;
    if word != "param" {
        // The others may be described, which changes nothing.
        if let Some(other) = decorators.iter().find(|it| it.name != "description") {
            let what = format!("@{} does not go with {word}", other.name);
            return Err(other.at.error(what, "take it away"));
        }
    }
    match word.as_str() {
        "param" => ast.params.push(param(parser, decorators)?),
        "var" => ast.vars.push(var(parser)?),
        "resource" => ast.resources.push(resource(parser)?),
        "output" => ast.outputs.push(output(parser)?),
        "targetScope" => {
            parser.expect("=")?;
            let scope = parser.expression()?;
            if scope.kind.as_plain_str() != Some("resourceGroup") {
                return Err(scope.at.error(
                    "only targetScope = 'resourceGroup' is read here",
                    "declare what belongs to one resource group",
                ));
            }
        }
        other if OTHER_STATEMENTS.contains(&other) => {
            return Err(at.error(
                format!("'{other}' is not in the subset that is read here"),
                "declare with param, var, resource and output",
            ));
        }
        other => {
            return Err(at.error(
                format!("{other:?} begins no statement"),
                "statements begin with param, var, resource or output",
            ));
        }
    }
    Ok(())
}

fn decorators(parser: &mut Parser) -> Result<Vec<Decorator>, BicepError> {
    let mut decorators: Vec<Decorator> = Vec::new();
    while parser.is("@") {
        let at = parser.at();
        parser.bump();
        let name = parser.expect_name("the name of a decorator")?;
        parser.expect("(")?;
        let arguments = parser.arguments()?;
        if decorators.iter().any(|it| it.name == name) {
            return Err(at.error(format!("@{name} is there twice"), "keep one of them"));
        }
        decorators.push(Decorator {
            name,
            at,
            arguments,
        });
        // Bicep lets several stand in one line.
        parser.skip_lines();
    }
    Ok(decorators)
}

fn type_(parser: &mut Parser) -> Result<Type, BicepError> {
    let at = parser.at();
    let name = parser.expect_name("a type")?;
    let Some(type_) = Type::named(&name) else {
        return Err(at.error(
            format!("{name} is no type that is read here"),
            "types are string, int, bool, object and array",
        ));
    };
    Ok(type_)
}

fn param(parser: &mut Parser, decorators: Vec<Decorator>) -> Result<Param, BicepError> {
    let at = parser.at();
    let name = parser.expect_name("the name of the parameter")?;
    let type_ = type_(parser)?;
    let default = if parser.take("=") {
        Some(parser.expression()?)
    } else {
        None
    };
    Ok(Param {
        name,
        at,
        type_,
        default,
        decorators,
    })
}

fn var(parser: &mut Parser) -> Result<Var, BicepError> {
    let at = parser.at();
    let name = parser.expect_name("the name of the variable")?;
    parser.expect("=")?;
    let value = parser.expression()?;
    Ok(Var { name, at, value })
}

fn output(parser: &mut Parser) -> Result<OutputDecl, BicepError> {
    let at = parser.at();
    let name = parser.expect_name("the name of the output")?;
    let type_ = type_(parser)?;
    parser.expect("=")?;
    let value = parser.expression()?;
    Ok(OutputDecl {
        name,
        at,
        type_,
        value,
    })
}

fn resource(parser: &mut Parser) -> Result<ResourceDecl, BicepError> {
    let at = parser.at();
    let symbol = parser.expect_name("the symbolic name of the resource")?;
    let type_at = parser.at();
    let written = parser.expression()?;
    let Some((type_, api_version)) = written.kind.as_plain_str().and_then(type_and_version) else {
        return Err(type_at.error(
            "a resource's type is written 'Namespace/type@api-version'",
            "for example 'Microsoft.ContainerService/managedClusters@2025-10-01'",
        ));
    };
    if matches!(parser.peek(), Token::Name(word) if word == "existing") {
        return Err(parser.at().error(
            "'existing' is not in the subset that is read here",
            "declare only what is to be made",
        ));
    }
    parser.expect("=")?;
    let condition = match parser.peek() {
        Token::Name(word) if word == "if" => {
            parser.bump();
            parser.expect("(")?;
            let condition = parser.expression()?;
            parser.expect(")")?;
            Some(condition)
        }
        _ => None,
    };
    parser.expect("{")?;
    let mut fields = parser.fields()?;
    if let Some(other) = fields
        .iter()
        .find(|field| OTHER_FIELDS.contains(&field.key.as_str()))
    {
        let what = format!("the field {} is not read here", other.key);
        return Err(other.at.error(what, "declare the resource by itself"));
    }
    let Some(name) = fields.iter().position(|field| field.key == "name") else {
        let what = format!("the resource {symbol} has no name");
        return Err(at.error(what, "give it the field name"));
    };
    let name = fields.remove(name).value;
    Ok(ResourceDecl {
        symbol,
        at,
        type_,
        api_version,
        condition,
        name,
        fields,
    })
}

/// A type has one slash: what lies within another resource has more.
fn type_and_version(written: &str) -> Option<(String, String)> {
    let (type_, version) = written.split_once('@')?;
    let (namespace, kind) = type_.split_once('/')?;
    let is_right = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
    };
    let is_date = version.len() >= 10
        && version
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-')
        && version.starts_with(|c: char| c.is_ascii_digit());
    (is_right(namespace) && is_right(kind) && is_date)
        .then(|| (type_.to_owned(), version.to_owned()))
}
