//! Tokens to expressions. `statements.rs` reads what stands around them.

use crate::ast::{Binary, Expr, Field, Kind, Part, Unary};
use crate::error::BicepError;
use crate::lexer::{Piece, Token};
use crate::parser::Parser;

/// Deeper nesting is refused, so that no text can exhaust the stack.
const MAX_DEPTH: usize = 64;

/// Loosest first; operators of one row bind alike, from left to right.
const OPERATORS: &[&[(&str, Binary)]] = &[
    &[("??", Binary::Coalesce)],
    &[("||", Binary::Or)],
    &[("&&", Binary::And)],
    &[("==", Binary::Equal), ("!=", Binary::NotEqual)],
    &[
        ("<=", Binary::LessOrEqual),
        ("<", Binary::Less),
        (">=", Binary::GreaterOrEqual),
        (">", Binary::Greater),
    ],
    &[("+", Binary::Add), ("-", Binary::Subtract)],
    &[
        ("*", Binary::Multiply),
        ("/", Binary::Divide),
        ("%", Binary::Modulo),
    ],
];

impl Parser {
    pub(crate) fn expression(&mut self) -> Result<Expr, BicepError> {
        self.nested(Self::ternary)
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Expr, BicepError>,
    ) -> Result<Expr, BicepError> {
        if self.depth >= MAX_DEPTH {
            return Err(self.at().error(
                format!("expressions are nested more than {MAX_DEPTH} deep"),
                "give parts of it names with var",
            ));
        }
        self.depth += 1;
        let expression = read(self);
        self.depth -= 1;
        expression
    }

    fn ternary(&mut self) -> Result<Expr, BicepError> {
        let condition = self.binary(0)?;
        if !self.continues_with("?") {
            return Ok(condition);
        }
        self.skip_lines();
        let at = condition.at;
        let then = self.expression()?;
        if !self.continues_with(":") {
            return Err(self.unexpected("':' and what else it is"));
        }
        self.skip_lines();
        let otherwise = self.expression()?;
        let kind = Kind::Ternary(Box::new([condition, then, otherwise]));
        Ok(Expr { at, kind })
    }

    /// Takes the sign, in this line or at the start of a later one: only a ternary goes
    /// on so.
    fn continues_with(&mut self, sign: &str) -> bool {
        let mut ahead = 0;
        while matches!(self.peek_at(ahead), Token::Line) {
            ahead += 1;
        }
        let found = matches!(self.peek_at(ahead), Token::Sign(found) if *found == sign);
        if found {
            self.skip_lines();
            self.bump();
        }
        found
    }

    fn binary(&mut self, row: usize) -> Result<Expr, BicepError> {
        let Some(operators) = OPERATORS.get(row) else {
            return self.unary();
        };
        let mut left = self.binary(row + 1)?;
        // A chain leans to the left: each link is a level for whoever walks it.
        let mut links = 0;
        while let Some((_, operator)) = operators.iter().find(|(sign, _)| self.is(sign)) {
            links += 1;
            if self.depth + links > MAX_DEPTH {
                return Err(self.at().error(
                    format!("more than {MAX_DEPTH} operators in a row"),
                    "give parts of it names with var",
                ));
            }
            self.bump();
            let right = self.binary(row + 1)?;
            left = Expr {
                at: left.at,
                kind: Kind::Binary(*operator, Box::new(left), Box::new(right)),
            };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, BicepError> {
        let at = self.at();
        let operator = match self.peek() {
            Token::Sign("!") => Unary::Not,
            Token::Sign("-") => Unary::Minus,
            _ => return self.member(),
        };
        self.bump();
        let of = self.nested(Self::unary)?;
        let kind = match (operator, of.kind) {
            // A literal is at most i64::MAX, so that its negative is held too.
            (Unary::Minus, Kind::Int(number)) => Kind::Int(-number),
            (operator, kind) => Kind::Unary(operator, Box::new(Expr { at: of.at, kind })),
        };
        Ok(Expr { at, kind })
    }

    fn member(&mut self) -> Result<Expr, BicepError> {
        let mut of = self.primary()?;
        let mut links = 0;
        loop {
            let at = of.at;
            links += 1;
            if links > MAX_DEPTH {
                return Err(self
                    .at()
                    .error("the chain of properties is too long", "use variables"));
            }
            let kind = if self.take(".") {
                let name = self.expect_name("the name of a property")?;
                if self.is("(") {
                    return Err(self.at().error(
                        format!("{name}(…) after a dot is not read here"),
                        "call functions by their plain names",
                    ));
                }
                Kind::Property(Box::new(of), name)
            } else if self.take("[") {
                let index = self.expression()?;
                self.expect("]")?;
                Kind::Index(Box::new(of), Box::new(index))
            } else {
                return Ok(of);
            };
            of = Expr { at, kind };
        }
    }

    fn primary(&mut self) -> Result<Expr, BicepError> {
        let at = self.at();
        let kind = match self.bump() {
            Token::Int(number) => Kind::Int(number),
            Token::Str(pieces) => Kind::Str(self.parts(pieces)?),
            Token::Name(name) => match name.as_str() {
                "null" => Kind::Null,
                "true" => Kind::Bool(true),
                "false" => Kind::Bool(false),
                _ if self.take("(") => Kind::Call(name, self.arguments()?),
                _ => Kind::Name(name),
            },
            Token::Sign("(") => {
                self.skip_lines();
                let within = self.expression()?;
                self.skip_lines();
                self.expect(")")?;
                return Ok(within);
            }
            Token::Sign("[") => Kind::Array(self.items()?),
            Token::Sign("{") => Kind::Object(self.fields()?),
            other => {
                let what = format!("{} where a value is expected", other.shown());
                return Err(at.error(what, "write a value here"));
            }
        };
        Ok(Expr { at, kind })
    }

    fn parts(&self, pieces: Vec<Piece>) -> Result<Vec<Part>, BicepError> {
        let part = |piece| match piece {
            Piece::Text(text) => Ok(Part::Text(text)),
            Piece::Code(tokens) => {
                let mut parser = Self::new(tokens);
                parser.depth = self.depth;
                let code = parser.expression()?;
                match parser.peek() {
                    Token::End => Ok(Part::Code(code)),
                    _ => Err(parser.unexpected("'}'")),
                }
            }
        };
        pieces.into_iter().map(part).collect()
    }

    /// After the bracket.
    pub(crate) fn arguments(&mut self) -> Result<Vec<Expr>, BicepError> {
        let mut arguments = Vec::new();
        self.skip_lines();
        while !self.take(")") {
            if !arguments.is_empty() {
                self.expect(",")?;
                self.skip_lines();
            }
            arguments.push(self.expression()?);
            self.skip_lines();
        }
        Ok(arguments)
    }

    /// After the bracket.
    fn items(&mut self) -> Result<Vec<Expr>, BicepError> {
        let mut items = Vec::new();
        self.skip_lines();
        if matches!(self.peek(), Token::Name(name) if name == "for") {
            return Err(self.at().error(
                "'for' is not in the subset that is read here",
                "write the items out",
            ));
        }
        while !self.take("]") {
            items.push(self.expression()?);
            self.separator("]")?;
        }
        Ok(items)
    }

    /// After the brace.
    pub(crate) fn fields(&mut self) -> Result<Vec<Field>, BicepError> {
        let mut fields: Vec<Field> = Vec::new();
        self.skip_lines();
        while !self.take("}") {
            let at = self.at();
            let key = match self.bump() {
                Token::Name(name) => name,
                Token::Str(pieces) => match pieces.as_slice() {
                    [Piece::Text(text)] => text.clone(),
                    _ => {
                        let what = "a name of a field that is empty or computed";
                        return Err(at.error(what, "write it out"));
                    }
                },
                other => {
                    let what = format!("{} where the name of a field is expected", other.shown());
                    return Err(at.error(what, "fields are written name: value"));
                }
            };
            if fields.iter().any(|field| field.key == key) {
                let what = format!("the field {key} is there twice");
                return Err(at.error(what, "keep one of them"));
            }
            self.expect(":")?;
            let value = self.expression()?;
            fields.push(Field { key, at, value });
            self.separator("}")?;
        }
        Ok(fields)
    }

    /// Between the items of a list or an object: a comma, the end of a line, or both.
    fn separator(&mut self, close: &str) -> Result<(), BicepError> {
        let comma = self.take(",");
        let line = matches!(self.peek(), Token::Line);
        self.skip_lines();
        if comma || line || self.is(close) {
            return Ok(());
        }
        Err(self.unexpected(&format!("a new line, ',' or '{close}'")))
    }
}
