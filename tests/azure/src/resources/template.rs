//! Evaluates the ARM JSON templates that a deployment brings: parameters, variables,
//! conditions and the functions that small templates use. A function that is not known is an
//! error of the template, as in Azure.

use super::template_functions::{call, member};
use serde_json::{Map, Value, json};

/// What the evaluation is about.
pub(crate) struct Scope {
    pub(crate) subscription: String,
    pub(crate) group: Value,
    pub(crate) parameters: Map<String, Value>,
    pub(crate) variables: Map<String, Value>,
    /// What `reference()` may see: pairs of id and properties.
    pub(crate) resources: Vec<(String, Value)>,
}

/// Evaluates every text in a value that is an expression.
pub(crate) fn evaluate(scope: &Scope, value: &Value) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => match text.strip_prefix('[') {
            Some(rest) if rest.starts_with('[') => json!(rest),
            Some(rest) => match rest.strip_suffix(']') {
                Some(inner) => {
                    let mut parser = Parser {
                        scope,
                        text: inner,
                        at: 0,
                    };
                    let value = parser.expression()?;
                    parser.end()?;
                    value
                }
                None => json!(text),
            },
            None => json!(text),
        },
        Value::Array(items) => {
            let items: Result<Vec<Value>, String> =
                items.iter().map(|item| evaluate(scope, item)).collect();
            Value::Array(items?)
        }
        Value::Object(fields) => {
            let mut done = Map::new();
            for (name, value) in fields {
                done.insert(name.clone(), evaluate(scope, value)?);
            }
            Value::Object(done)
        }
        other => other.clone(),
    })
}

struct Parser<'a> {
    scope: &'a Scope,
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn take(&mut self, one: char) -> bool {
        self.skip();
        let found = self.rest().starts_with(one);
        if found {
            self.at += one.len_utf8();
        }
        found
    }

    fn end(&mut self) -> Result<(), String> {
        self.skip();
        if self.rest().is_empty() {
            return Ok(());
        }
        Err(format!(
            "the language expression '{}' is not valid at '{}'",
            self.text,
            self.rest()
        ))
    }

    fn word(&mut self) -> String {
        self.skip();
        let fits = |one: char| one.is_ascii_alphanumeric() || one == '_' || one == '-';
        let word: String = self.rest().chars().take_while(|one| fits(*one)).collect();
        self.at += word.len();
        word
    }

    fn expression(&mut self) -> Result<Value, String> {
        self.skip();
        let mut value = if self.rest().starts_with('\'') {
            self.string()?
        } else {
            let word = self.word();
            if let Ok(number) = word.parse::<i64>() {
                json!(number)
            } else if self.take('(') {
                let mut arguments = Vec::new();
                while !self.take(')') {
                    if !arguments.is_empty() && !self.take(',') {
                        return Err(format!(
                            "the language expression '{}' is not valid",
                            self.text
                        ));
                    }
                    arguments.push(self.expression()?);
                }
                call(self.scope, &word, &arguments)?
            } else {
                return Err(format!(
                    "the language expression '{}' is not valid",
                    self.text
                ));
            }
        };
        loop {
            let key = if self.take('.') {
                json!(self.word())
            } else if self.take('[') {
                let key = self.expression()?;
                if !self.take(']') {
                    return Err(format!(
                        "the language expression '{}' is not valid",
                        self.text
                    ));
                }
                key
            } else {
                return Ok(value);
            };
            value = member(&value, &key)?;
        }
    }

    fn string(&mut self) -> Result<Value, String> {
        self.at += 1;
        let mut done = String::new();
        loop {
            let Some(end) = self.rest().find('\'') else {
                return Err(format!("a text in '{}' does not end", self.text));
            };
            done.push_str(&self.text[self.at..self.at + end]);
            self.at += end + 1;
            if !self.rest().starts_with('\'') {
                return Ok(json!(done));
            }
            done.push('\'');
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope {
            subscription: "s".into(),
            group: json!({"id": "/subscriptions/s/resourceGroups/g", "location": "uksouth"}),
            parameters: json!({"name": "x", "count": 3})
                .as_object()
                .unwrap()
                .clone(),
            variables: Map::new(),
            resources: vec![(
                "/subscriptions/s/resourceGroups/g/providers/A.B/c/x".into(),
                json!({"fqdn": "host"}),
            )],
        }
    }

    #[test]
    fn expressions_are_evaluated() {
        let value = |text: &str| evaluate(&scope(), &json!(text)).unwrap();
        assert_eq!(value("[parameters('NAME')]"), "x");
        assert_eq!(value("[resourceGroup().location]"), "uksouth");
        assert_eq!(
            value("[format('{0}-{1}', parameters('name'), 'it''s')]"),
            "x-it's"
        );
        assert_eq!(
            value("[if(greater(parameters('count'), 2), createArray(1), json('null'))]"),
            json!([1])
        );
        assert_eq!(value("[reference(resourceId('A.B/c', 'x')).fqdn]"), "host");
        assert_eq!(value("[[not one]"), "[not one]");
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        let error = |text: &str| evaluate(&scope(), &json!(text)).unwrap_err();
        assert!(error("[parameters('other')]").contains("'other' is not found"));
        assert!(error("[fly('x')]").contains("'fly' is not valid"));
        assert!(error("[concat('a']").contains("not valid"));
        assert!(error("[concat('a') b]").contains("not valid"));
    }
}
