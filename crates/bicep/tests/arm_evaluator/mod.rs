//! A small evaluator of ARM templates, written apart from the crate's own evaluator, so
//! that one can be held against the other.

use serde_json::{Map, Value, json};

pub(crate) struct Arm<'a> {
    pub(crate) template: &'a Value,
    pub(crate) given: &'a Value,
    pub(crate) group: Value,
    pub(crate) subscription: Value,
}

impl Arm<'_> {
    /// What a value of the template comes to; none where Azure would refuse it.
    pub(crate) fn value(&self, value: &Value) -> Option<Value> {
        match value {
            Value::String(text) if text.starts_with("[[") && text.ends_with(']') => {
                Some(text[1..].into())
            }
            Value::String(text) if text.starts_with('[') && text.ends_with(']') => {
                let mut reader = Reader {
                    arm: self,
                    rest: &text[1..text.len() - 1],
                };
                let value = reader.expression()?;
                assert!(reader.rest.trim().is_empty(), "{text}: {}", reader.rest);
                Some(value)
            }
            Value::Array(items) => items.iter().map(|it| self.value(it)).collect(),
            Value::Object(fields) => self.object(fields).map(Value::Object),
            other => Some(other.clone()),
        }
    }

    fn object(&self, fields: &Map<String, Value>) -> Option<Map<String, Value>> {
        let key = |key: &str| match self.value(&key.into()) {
            Some(Value::String(key)) => key,
            other => panic!("{other:?}"),
        };
        let fields = fields.iter();
        fields
            .map(|(name, it)| Some((key(name), self.value(it)?)))
            .collect()
    }

    fn call(&self, name: &str, mut all: Vec<Value>) -> Option<Value> {
        let int = |at: usize| all[at].as_i64();
        let text = |at: usize| all[at].as_str();
        Some(match name {
            "parameters" => {
                let name = text(0)?;
                match self.given.get(name) {
                    Some(given) => given["value"].clone(),
                    None => self.value(&self.template["parameters"][name]["defaultValue"])?,
                }
            }
            "variables" => self.value(&self.template["variables"][text(0)?])?,
            "resourceGroup" => self.group.clone(),
            "subscription" => self.subscription.clone(),
            "resourceId" => {
                let group = self.group["id"].as_str()?;
                json!(format!("{group}/providers/{}/{}", text(0)?, text(1)?))
            }
            "null" => Value::Null,
            "true" => json!(true),
            "false" => json!(false),
            "createArray" => Value::Array(all),
            "createObject" => {
                let pairs = all.chunks(2);
                let pair = |it: &[Value]| Some((it[0].as_str()?.to_owned(), it[1].clone()));
                Value::Object(pairs.map(pair).collect::<Option<_>>()?)
            }
            "if" => all.swap_remove(if all[0].as_bool()? { 1 } else { 2 }),
            "and" => json!(all[0].as_bool()? && all[1].as_bool()?),
            "or" => json!(all[0].as_bool()? || all[1].as_bool()?),
            "not" => json!(!all[0].as_bool()?),
            "coalesce" => all.into_iter().find(|it| !it.is_null())?,
            "equals" => json!(all[0] == all[1]),
            "less" => json!(int(0)? < int(1)?),
            "lessOrEquals" => json!(int(0)? <= int(1)?),
            "greater" => json!(int(0)? > int(1)?),
            "greaterOrEquals" => json!(int(0)? >= int(1)?),
            "add" => json!(int(0)?.checked_add(int(1)?)?),
            "sub" => json!(int(0)?.checked_sub(int(1)?)?),
            "mul" => json!(int(0)?.checked_mul(int(1)?)?),
            "div" => json!(int(0)?.checked_div(int(1)?)?),
            "mod" => json!(int(0)?.checked_rem(int(1)?)?),
            "format" => {
                let mut made = String::new();
                let mut rest = text(0)?;
                while let Some(c) = rest.chars().next() {
                    if rest.starts_with("{{") || rest.starts_with("}}") {
                        made.push(c);
                        rest = &rest[2..];
                    } else if c == '{' {
                        let end = rest.find('}')?;
                        let index: usize = rest[1..end].parse().unwrap();
                        made.push_str(&written(&all[index + 1])?);
                        rest = &rest[end + 1..];
                    } else {
                        made.push(c);
                        rest = &rest[c.len_utf8()..];
                    }
                }
                json!(made)
            }
            "string" => json!(written(&all[0])?),
            "toLower" => json!(text(0)?.to_lowercase()),
            "toUpper" => json!(text(0)?.to_uppercase()),
            "empty" => json!(length(&all[0])? == 0),
            "length" => json!(length(&all[0])?),
            "concat" if all[0].is_string() => {
                let texts: Option<Vec<&str>> = all.iter().map(Value::as_str).collect();
                json!(texts?.concat())
            }
            "concat" => json!(lists(&all)?),
            "union" if all[0].is_array() => {
                let mut kept: Vec<Value> = Vec::new();
                for item in lists(&all)? {
                    if !kept.contains(&item) {
                        kept.push(item);
                    }
                }
                json!(kept)
            }
            "union" => all.into_iter().reduce(union)?,
            other => panic!("{other} is no function of Azure's that the test knows"),
        })
    }
}

fn lists(all: &[Value]) -> Option<Vec<Value>> {
    let lists: Option<Vec<Vec<Value>>> = all.iter().map(|it| it.as_array().cloned()).collect();
    Some(lists?.concat())
}

fn length(value: &Value) -> Option<usize> {
    Some(match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        _ => return None,
    })
}

fn written(value: &Value) -> Option<String> {
    Some(match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    })
}

fn union(a: Value, b: Value) -> Value {
    match (a, b) {
        (Value::Object(mut a), Value::Object(b)) => {
            for (key, value) in b {
                let value = match a.remove(&key) {
                    Some(there) => union(there, value),
                    None => value,
                };
                a.insert(key, value);
            }
            Value::Object(a)
        }
        (_, b) => b,
    }
}

struct Reader<'a> {
    arm: &'a Arm<'a>,
    rest: &'a str,
}

impl Reader<'_> {
    fn take(&mut self, sign: char) -> bool {
        let rest = self.rest.trim_start();
        let found = rest.strip_prefix(sign);
        self.rest = found.unwrap_or(rest);
        found.is_some()
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> &str {
        self.rest = self.rest.trim_start();
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn expression(&mut self) -> Option<Value> {
        let mut value = self.primary();
        loop {
            if self.take('.') {
                let name = self.word(|c| c.is_alphanumeric() || c == '_').to_owned();
                value = value.and_then(|it| it.get(&name).cloned());
            } else if self.take('[') {
                let index = self.expression();
                assert!(self.take(']'), "{}", self.rest);
                value = value.zip(index).and_then(|(of, index)| match index {
                    Value::String(name) => of.get(&name).cloned(),
                    index => of.get(usize::try_from(index.as_u64()?).ok()?).cloned(),
                });
            } else {
                return value;
            }
        }
    }

    fn primary(&mut self) -> Option<Value> {
        if self.take('\'') {
            let mut text = String::new();
            loop {
                let c = self.rest.chars().next().unwrap();
                self.rest = &self.rest[c.len_utf8()..];
                if c == '\'' {
                    match self.rest.strip_prefix('\'') {
                        Some(rest) => self.rest = rest,
                        None => return Some(text.into()),
                    }
                }
                text.push(c);
            }
        }
        let word = self
            .word(|c| c.is_ascii_alphanumeric() || c == '-')
            .to_owned();
        if let Ok(number) = word.parse::<i64>() {
            return Some(number.into());
        }
        assert!(self.take('('), "{word}: {}", self.rest);
        let mut all = Vec::new();
        while !self.take(')') {
            all.push(self.expression());
            self.take(',');
        }
        // Azure evaluates only the branch that is taken.
        if word == "if" {
            let branch = if all[0].as_ref()?.as_bool()? { 1 } else { 2 };
            return all.swap_remove(branch);
        }
        let lazy = match (word.as_str(), all.first()) {
            ("and", Some(Some(Value::Bool(false)))) => Some(json!(false)),
            ("or", Some(Some(Value::Bool(true)))) => Some(json!(true)),
            ("coalesce", Some(Some(first))) if !first.is_null() => Some(first.clone()),
            _ => None,
        };
        if lazy.is_some() {
            return lazy;
        }
        let all = all.into_iter().collect::<Option<Vec<Value>>>()?;
        self.arm.call(&word, all)
    }
}
