//! Evaluates the ARM JSON templates that a deployment brings: parameters, variables,
//! conditions and the functions that small templates use. A function that is not known is an
//! error of the template, as in Azure.

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

fn member(value: &Value, key: &Value) -> Result<Value, String> {
    let found = match key {
        Value::String(name) => value.as_object().and_then(|fields| {
            fields
                .iter()
                .find(|(own, _)| own.eq_ignore_ascii_case(name))
                .map(|(_, value)| value)
        }),
        Value::Number(at) => at
            .as_u64()
            .and_then(|at| value.get(usize::try_from(at).ok()?)),
        _ => None,
    };
    found
        .cloned()
        .ok_or_else(|| format!("the property '{key}' doesn't exist"))
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn call(scope: &Scope, name: &str, arguments: &[Value]) -> Result<Value, String> {
    let few = || format!("the function '{name}' got the wrong number of arguments");
    let argument = |at: usize| arguments.get(at).ok_or_else(few);
    let named = |from: &Map<String, Value>, what: &str| {
        let wanted = text(argument(0)?);
        from.iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(&wanted))
            .map(|(_, value)| value.clone())
            .ok_or_else(|| format!("the template {what} '{wanted}' is not found"))
    };
    Ok(match name.to_ascii_lowercase().as_str() {
        "parameters" => named(&scope.parameters, "parameter")?,
        "variables" => named(&scope.variables, "variable")?,
        "resourcegroup" => scope.group.clone(),
        "subscription" => json!({
            "id": format!("/subscriptions/{}", scope.subscription),
            "subscriptionId": scope.subscription
        }),
        "concat" if arguments.iter().all(Value::is_array) => Value::Array(
            arguments
                .iter()
                .filter_map(Value::as_array)
                .flatten()
                .cloned()
                .collect(),
        ),
        "concat" => json!(arguments.iter().map(text).collect::<String>()),
        "format" => {
            let mut done = text(argument(0)?);
            for (at, value) in arguments.iter().skip(1).enumerate() {
                done = done.replace(&format!("{{{at}}}"), &text(value));
            }
            json!(done)
        }
        "if" => match argument(0)? {
            Value::Bool(true) => argument(1)?.clone(),
            Value::Bool(false) => argument(2)?.clone(),
            _ => return Err("the first argument of 'if' must be a boolean".into()),
        },
        "equals" => json!(argument(0)? == argument(1)?),
        "not" => json!(!argument(0)?.as_bool().ok_or_else(few)?),
        "and" => json!(arguments.iter().all(|one| *one == json!(true))),
        "or" => json!(arguments.contains(&json!(true))),
        "greater" => json!(argument(0)?.as_i64() > argument(1)?.as_i64()),
        "greaterorequals" => json!(argument(0)?.as_i64() >= argument(1)?.as_i64()),
        "less" => json!(argument(0)?.as_i64() < argument(1)?.as_i64()),
        "lessorequals" => json!(argument(0)?.as_i64() <= argument(1)?.as_i64()),
        "empty" => json!(match argument(0)? {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            _ => return Err(few()),
        }),
        "length" => json!(match argument(0)? {
            Value::String(text) => text.chars().count(),
            Value::Array(items) => items.len(),
            Value::Object(fields) => fields.len(),
            _ => return Err(few()),
        }),
        "union" if arguments.iter().all(Value::is_object) => {
            let mut done = Map::new();
            for fields in arguments.iter().filter_map(Value::as_object) {
                done.extend(fields.clone());
            }
            Value::Object(done)
        }
        "union" => {
            let mut done: Vec<Value> = Vec::new();
            for item in arguments.iter().filter_map(Value::as_array).flatten() {
                if !done.contains(item) {
                    done.push(item.clone());
                }
            }
            Value::Array(done)
        }
        "createarray" => Value::Array(arguments.to_vec()),
        "createobject" => {
            let mut done = Map::new();
            for pair in arguments.chunks(2) {
                done.insert(text(&pair[0]), pair.get(1).ok_or_else(few)?.clone());
            }
            Value::Object(done)
        }
        "json" => serde_json::from_str(&text(argument(0)?)).map_err(|error| error.to_string())?,
        "null" => Value::Null,
        "true" => json!(true),
        "false" => json!(false),
        "string" => json!(text(argument(0)?)),
        "int" => json!(
            text(argument(0)?)
                .parse::<i64>()
                .map_err(|error| error.to_string())?
        ),
        "bool" => json!(text(argument(0)?).eq_ignore_ascii_case("true")),
        "tolower" => json!(text(argument(0)?).to_lowercase()),
        "toupper" => json!(text(argument(0)?).to_uppercase()),
        "resourceid" => resource_id(scope, arguments)?,
        "reference" => {
            let wanted = text(argument(0)?);
            let id = if wanted.starts_with('/') {
                wanted
            } else {
                let (kind, name) = wanted.rsplit_once('/').ok_or_else(few)?;
                text(&resource_id(scope, &[json!(kind), json!(name)])?)
            };
            let found = scope
                .resources
                .iter()
                .find(|(own, _)| own.eq_ignore_ascii_case(&id));
            found.map(|(_, value)| value.clone()).ok_or_else(|| {
                format!("the resource referenced by 'reference' is not defined: {id}")
            })?
        }
        _ => return Err(format!("the template function '{name}' is not valid")),
    })
}

fn resource_id(scope: &Scope, arguments: &[Value]) -> Result<Value, String> {
    let [kind, names @ ..] = arguments else {
        return Err("the function 'resourceId' needs a type and names".into());
    };
    let kind = text(kind);
    let mut words = kind.split('/');
    let group = scope.group["id"].as_str().unwrap_or_default();
    let mut id = format!("{group}/providers/{}", words.next().unwrap_or_default());
    for (word, name) in words.zip(names) {
        id.push_str(&format!("/{word}/{}", text(name)));
    }
    Ok(json!(id))
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
