//! What a text says: its statements and expressions, each with its place.

use crate::error::BicepError;
use crate::template::Type;

/// A place in the text, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) line: u32,
    /// In characters.
    pub(crate) column: u32,
}

impl At {
    pub(crate) fn error(self, what: impl Into<String>, remedy: impl Into<String>) -> BicepError {
        BicepError {
            line: self.line,
            column: self.column,
            what: what.into(),
            remedy: remedy.into(),
        }
    }
}

/// The statements, each kind in the order of the text.
#[derive(Debug, Default)]
pub(crate) struct Ast {
    pub(crate) params: Vec<Param>,
    pub(crate) vars: Vec<Var>,
    pub(crate) resources: Vec<ResourceDecl>,
    pub(crate) outputs: Vec<OutputDecl>,
}

impl Ast {
    pub(crate) fn param(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|param| param.name == name)
    }

    pub(crate) fn var(&self, name: &str) -> Option<&Var> {
        self.vars.iter().find(|var| var.name == name)
    }

    pub(crate) fn resource(&self, symbol: &str) -> Option<&ResourceDecl> {
        self.resources.iter().find(|it| it.symbol == symbol)
    }
}

/// `param name type = default`, with what its decorators say.
#[derive(Debug)]
pub(crate) struct Param {
    pub(crate) name: String,
    pub(crate) at: At,
    pub(crate) type_: Type,
    pub(crate) default: Option<Expr>,
    pub(crate) decorators: Vec<Decorator>,
}

/// `@name(arguments)`.
#[derive(Debug)]
pub(crate) struct Decorator {
    pub(crate) name: String,
    pub(crate) at: At,
    pub(crate) arguments: Vec<Expr>,
}

/// `var name = value`.
#[derive(Debug)]
pub(crate) struct Var {
    pub(crate) name: String,
    pub(crate) at: At,
    pub(crate) value: Expr,
}

/// `resource symbol 'type@api-version' = if (condition) { fields }`.
#[derive(Debug)]
pub(crate) struct ResourceDecl {
    pub(crate) symbol: String,
    pub(crate) at: At,
    pub(crate) type_: String,
    pub(crate) api_version: String,
    pub(crate) condition: Option<Expr>,
    pub(crate) name: Expr,
    /// All fields but the name.
    pub(crate) fields: Vec<Field>,
}

/// `output name type = value`.
#[derive(Debug)]
pub(crate) struct OutputDecl {
    pub(crate) name: String,
    pub(crate) at: At,
    pub(crate) type_: Type,
    pub(crate) value: Expr,
}

/// `key: value` of an object.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) key: String,
    pub(crate) at: At,
    pub(crate) value: Expr,
}

#[derive(Debug, Clone)]
pub(crate) struct Expr {
    pub(crate) at: At,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Int(i64),
    /// Text and interpolated expressions in turn.
    Str(Vec<Part>),
    Array(Vec<Expr>),
    Object(Vec<Field>),
    Name(String),
    Property(Box<Expr>, String),
    Index(Box<Expr>, Box<Expr>),
    Call(String, Vec<Expr>),
    Unary(Unary, Box<Expr>),
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// Condition, then, else.
    Ternary(Box<[Expr; 3]>),
}

#[derive(Debug, Clone)]
pub(crate) enum Part {
    Text(String),
    Code(Expr),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unary {
    Not,
    Minus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binary {
    Coalesce,
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

impl Kind {
    /// The string, where nothing is interpolated.
    pub(crate) fn as_plain_str(&self) -> Option<&str> {
        match self {
            Self::Str(parts) => match parts.as_slice() {
                [] => Some(""),
                [Part::Text(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Expr {
    /// Its direct parts.
    pub(crate) fn children(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Name(_) => Vec::new(),
            Kind::Str(parts) => parts
                .iter()
                .filter_map(|part| match part {
                    Part::Text(_) => None,
                    Part::Code(code) => Some(code),
                })
                .collect(),
            Kind::Array(items) | Kind::Call(_, items) => items.iter().collect(),
            Kind::Object(fields) => fields.iter().map(|field| &field.value).collect(),
            Kind::Property(of, _) | Kind::Unary(_, of) => vec![of],
            Kind::Index(a, b) | Kind::Binary(_, a, b) => vec![a, b],
            Kind::Ternary(three) => three.iter().collect(),
        }
    }
}
