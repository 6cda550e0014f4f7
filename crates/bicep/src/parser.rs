//! The tokens as they are read, one by one. `expressions.rs` and `statements.rs` make sense of
//! them.

use crate::ast::At;
use crate::error::BicepError;
use crate::lexer::Token;

pub(crate) struct Parser {
    tokens: Vec<(Token, At)>,
    next: usize,
    /// How deep the expression is nested that is being read.
    pub(crate) depth: usize,
}

impl Parser {
    /// Of tokens that finish with an end, as the lexer's do.
    pub(crate) fn new(tokens: Vec<(Token, At)>) -> Self {
        Self {
            tokens,
            next: 0,
            depth: 0,
        }
    }

    pub(crate) fn peek(&self) -> &Token {
        self.peek_at(0)
    }

    pub(crate) fn peek_at(&self, ahead: usize) -> &Token {
        let token = self.tokens.get(self.next.saturating_add(ahead));
        token.map_or(&Token::End, |(token, _)| token)
    }

    pub(crate) fn at(&self) -> At {
        let here = self.tokens.get(self.next).or(self.tokens.last());
        here.map_or(At { line: 1, column: 1 }, |(_, at)| *at)
    }

    pub(crate) fn bump(&mut self) -> Token {
        let token = self.peek().clone();
        self.next = self.next.saturating_add(1).min(self.tokens.len());
        token
    }

    pub(crate) fn is(&self, sign: &str) -> bool {
        matches!(self.peek(), Token::Sign(found) if *found == sign)
    }

    pub(crate) fn take(&mut self, sign: &str) -> bool {
        let found = self.is(sign);
        if found {
            self.bump();
        }
        found
    }

    pub(crate) fn skip_lines(&mut self) {
        while matches!(self.peek(), Token::Line) {
            self.bump();
        }
    }

    pub(crate) fn unexpected(&self, wanted: &str) -> BicepError {
        let found = self.peek().shown();
        self.at().error(
            format!("{found} where {wanted} is expected"),
            format!("write {wanted} here"),
        )
    }

    pub(crate) fn expect(&mut self, sign: &str) -> Result<(), BicepError> {
        if self.take(sign) {
            return Ok(());
        }
        Err(self.unexpected(&format!("'{sign}'")))
    }

    pub(crate) fn expect_name(&mut self, what: &str) -> Result<String, BicepError> {
        match self.peek() {
            Token::Name(name) => {
                let name = name.clone();
                self.bump();
                Ok(name)
            }
            _ => Err(self.unexpected(what)),
        }
    }

    /// The end of a statement.
    pub(crate) fn expect_end_of_line(&mut self) -> Result<(), BicepError> {
        match self.peek() {
            Token::Line | Token::End => {
                self.skip_lines();
                Ok(())
            }
            _ => Err(self.unexpected("the end of the line")),
        }
    }
}
