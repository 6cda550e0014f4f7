//! Text to tokens. An end of a line is a token: statements, and the fields of an object,
//! end there.

use crate::ast::At;
use crate::error::BicepError;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Name(String),
    Int(i64),
    Str(Vec<Piece>),
    /// An operator, bracket or other sign.
    Sign(&'static str),
    Line,
    End,
}

/// A part of a string.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    Text(String),
    /// The tokens within `${ }`, with an end.
    Code(Vec<(Token, At)>),
}

impl Token {
    /// For a message.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Name(name) => format!("{name:?}"),
            Self::Int(number) => number.to_string(),
            Self::Str(_) => "a string".to_owned(),
            Self::Sign(sign) => format!("'{sign}'"),
            Self::Line => "the end of the line".to_owned(),
            Self::End => "the end".to_owned(),
        }
    }
}

/// Longer before shorter.
const SIGNS: &[&str] = &[
    "=>", "==", "!=", "=~", "!~", "<=", ">=", "&&", "||", "??", ".?", "...", "::", "{", "}", "[",
    "]", "(", ")", ",", ":", "=", ".", "?", "!", "<", ">", "+", "-", "*", "/", "%", "@", "|", "^",
];

/// Strings in strings are read by recursion.
const MAX_DEPTH: usize = 16;

pub(crate) fn tokens(text: &str) -> Result<Vec<(Token, At)>, BicepError> {
    let mut lexer = Lexer {
        rest: text.strip_prefix('\u{feff}').unwrap_or(text),
        at: At { line: 1, column: 1 },
        depth: 0,
    };
    lexer.run(false)
}

struct Lexer<'a> {
    rest: &'a str,
    at: At,
    depth: usize,
}

impl Lexer<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = self.rest.get(c.len_utf8()..).unwrap_or("");
        if c == '\n' {
            self.at.line = self.at.line.saturating_add(1);
            self.at.column = 1;
        } else {
            self.at.column = self.at.column.saturating_add(1);
        }
        Some(c)
    }

    fn take(&mut self, prefix: &str) -> bool {
        let found = self.rest.starts_with(prefix);
        if found {
            for _ in prefix.chars() {
                self.bump();
            }
        }
        found
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(c) = self.peek().filter(|c| belongs(*c)) {
            taken.push(c);
            self.bump();
        }
        taken
    }

    /// Until the text's end, or within `${` until the brace that closes it.
    fn run(&mut self, within_string: bool) -> Result<Vec<(Token, At)>, BicepError> {
        let opened = self.at;
        let mut tokens = Vec::new();
        let mut braces = 0_usize;
        loop {
            self.take_while(|c| matches!(c, ' ' | '\t' | '\r'));
            let at = self.at;
            let Some(c) = self.peek() else {
                if within_string {
                    return Err(opened.error("'${' is not closed", "close it with '}'"));
                }
                tokens.push((Token::End, at));
                return Ok(tokens);
            };
            let token = match c {
                '\n' if within_string => {
                    return Err(at.error("a line ends within '${'", "write the string in one line"));
                }
                '\n' => {
                    self.bump();
                    Token::Line
                }
                // A directive of the linter; it means nothing to the template.
                '#' if self.rest.starts_with("#disable-next-line ") => {
                    self.take_while(|c| c != '\n');
                    continue;
                }
                '/' if self.rest.starts_with("//") => {
                    self.take_while(|c| c != '\n');
                    continue;
                }
                '/' if self.rest.starts_with("/*") => {
                    self.block_comment()?;
                    continue;
                }
                '}' if within_string && braces == 0 => {
                    self.bump();
                    tokens.push((Token::End, at));
                    return Ok(tokens);
                }
                '\'' => Token::Str(self.string()?),
                c if c.is_ascii_digit() => self.number()?,
                c if c.is_ascii_alphabetic() || c == '_' => {
                    Token::Name(self.take_while(|c| c.is_ascii_alphanumeric() || c == '_'))
                }
                c => {
                    let Some(sign) = SIGNS.iter().find(|sign| self.take(sign)) else {
                        return Err(at.error(
                            format!("{c:?} means nothing here"),
                            "text stands in single quotes, comments after //",
                        ));
                    };
                    match *sign {
                        "{" => braces += 1,
                        "}" => braces = braces.saturating_sub(1),
                        _ => {}
                    }
                    Token::Sign(sign)
                }
            };
            tokens.push((token, at));
        }
    }

    fn block_comment(&mut self) -> Result<(), BicepError> {
        let at = self.at;
        self.take("/*");
        while !self.take("*/") {
            if self.bump().is_none() {
                return Err(at.error("the comment is not closed", "close it with */"));
            }
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Token, BicepError> {
        let at = self.at;
        let digits = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(at.error(
                format!("{digits} is no number"),
                "numbers are whole and decimal; names begin with a letter",
            ));
        }
        match digits.parse() {
            Ok(number) => Ok(Token::Int(number)),
            Err(_) => Err(at.error(
                format!("{digits} is more than 64 bits hold"),
                format!("at most {}", i64::MAX),
            )),
        }
    }

    fn string(&mut self) -> Result<Vec<Piece>, BicepError> {
        let opened = self.at;
        if self.take("'''") {
            return self.long_string(opened);
        }
        self.bump();
        let mut pieces = Vec::new();
        let mut text = String::new();
        loop {
            let at = self.at;
            if self.take("${") {
                if !text.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                }
                if self.depth >= MAX_DEPTH {
                    return Err(at.error(
                        format!("strings are nested more than {MAX_DEPTH} deep"),
                        "use variables",
                    ));
                }
                self.depth += 1;
                let code = self.run(true);
                self.depth -= 1;
                pieces.push(Piece::Code(code?));
                continue;
            }
            match self.bump() {
                Some('\'') => break,
                Some('\\') => text.push(self.escape(at)?),
                None | Some('\n') => {
                    return Err(opened.error(
                        "the string is not closed in its line",
                        "close it with ', or use ''' for several lines",
                    ));
                }
                Some(c) => text.push(c),
            }
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Ok(pieces)
    }

    /// After the backslash.
    fn escape(&mut self, at: At) -> Result<char, BicepError> {
        let known = r"known are \n \r \t \\ \' \${ and \u{…}";
        match self.bump() {
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some(c @ ('\\' | '\'' | '$')) => Ok(c),
            Some('u') if self.take("{") => {
                let digits = self.take_while(|c| c.is_ascii_hexdigit());
                let code = u32::from_str_radix(&digits, 16).ok();
                match code.and_then(char::from_u32).filter(|_| self.take("}")) {
                    Some(c) => Ok(c),
                    None => Err(at.error(r"\u{…} names no character", r"for example \u{2026}")),
                }
            }
            Some(c) if !c.is_whitespace() => Err(at.error(format!(r"\{c} means nothing"), known)),
            _ => Err(at.error(r"a \ stands alone", known)),
        }
    }

    /// After its three quotes. Nothing is escaped or interpolated in it; a line end right
    /// after the quotes does not belong to it.
    fn long_string(&mut self, opened: At) -> Result<Vec<Piece>, BicepError> {
        if !self.take("\r\n") {
            self.take("\n");
        }
        let mut text = String::new();
        loop {
            // Quotes before the closing three belong to the text.
            if self.rest.starts_with("'''") && !self.rest.starts_with("''''") {
                self.take("'''");
                break;
            }
            match self.bump() {
                Some(c) => text.push(c),
                None => return Err(opened.error("the string is not closed", "close it with '''")),
            }
        }
        Ok(if text.is_empty() {
            Vec::new()
        } else {
            vec![Piece::Text(text)]
        })
    }
}
