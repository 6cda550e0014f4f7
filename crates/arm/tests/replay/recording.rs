//! Reads recordings of Azure Resource Manager's traffic in the formats that public test
//! suites keep them in: VCR of Python (YAML), go-vcr 1 and 2 (YAML), and JSON of VCR and of
//! the test proxies. Fields are looked for by their names, whatever lies around them.

use serde_json::Value;
use std::path::Path;

/// A request and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) sent: Option<String>,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Exchange {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    pub(crate) fn json(&self) -> Option<Value> {
        let text = self
            .body
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(&self.body);
        serde_json::from_slice(text).ok()
    }
}

pub(crate) fn load(file: &Path) -> Result<Vec<Exchange>, String> {
    let text = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let text = String::from_utf8_lossy(&text);
    let documents = documents(text.trim_start_matches('\u{feff}'))?;
    let mut exchanges = Vec::new();
    for document in &documents {
        collect(document, &mut exchanges);
    }
    if exchanges.is_empty() {
        return Err(format!("{}: no request in it", file.display()));
    }
    Ok(exchanges)
}

fn documents(text: &str) -> Result<Vec<Value>, String> {
    if text.trim_start().starts_with(['{', '[']) {
        return serde_json::from_str(text)
            .map(|value| vec![value])
            .map_err(|error| format!("JSON: {error}"));
    }
    let read = |raw_binary: bool| {
        let mut options = serde_saphyr::Options::default();
        options.budget = None;
        options.duplicate_keys = serde_saphyr::DuplicateKeyPolicy::LastWins;
        options.ignore_binary_tag_for_string = raw_binary;
        options.with_snippet = false;
        serde_saphyr::from_multiple_with_options::<Value>(text, options)
    };
    // What is marked binary may be no text: then its base64 stands for it.
    read(false)
        .or_else(|_| read(true))
        .map_err(|error| format!("YAML: {error}"))
}

/// Every object that has a request and an answer, in order.
fn collect(value: &Value, into: &mut Vec<Exchange>) {
    match value {
        Value::Array(list) => {
            for inner in list {
                collect(inner, into);
            }
        }
        Value::Object(object) => {
            if let Some(exchange) = exchange(value) {
                into.push(exchange);
                return;
            }
            for inner in object.values() {
                collect(inner, into);
            }
        }
        _ => {}
    }
}

fn exchange(value: &Value) -> Option<Exchange> {
    let request = field(value, &["request"]).unwrap_or(value);
    let answer = field(value, &["response"]).unwrap_or(value);
    let method = field(request, &["method", "requestmethod"])?.as_str()?;
    let url = field(request, &["uri", "url", "requesturi"])?.as_str()?;
    let status = status(answer)?;
    let headers = field(answer, &["headers", "responseheaders", "header"]);
    let body = field(answer, &["body", "responsebody", "content"]);
    Some(Exchange {
        method: method.to_ascii_uppercase(),
        url: url.to_owned(),
        sent: field(request, &["body", "requestbody"])
            .map(|body| String::from_utf8_lossy(&text(body)).into_owned())
            .filter(|body| !body.trim().is_empty()),
        status,
        // Java's recordings lay the headers beside status and body.
        headers: pairs(headers.unwrap_or(answer)),
        body: body.map(text).unwrap_or_default(),
    })
}

fn field<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    let object = value.as_object()?;
    names.iter().find_map(|name| {
        let found = object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    })
}

fn status(answer: &Value) -> Option<u16> {
    let number = |value: &Value| match value {
        Value::Number(number) => number
            .as_u64()
            .and_then(|number| u16::try_from(number).ok()),
        Value::String(text) => text.split_whitespace().next()?.parse().ok(),
        Value::Object(_) => {
            let code = field(value, &["code", "status", "statuscode"])?;
            u16::try_from(code.as_u64()?).ok()
        }
        _ => None,
    };
    ["code", "statuscode", "status"]
        .iter()
        .find_map(|name| number(field(answer, &[name])?))
}

fn pairs(headers: &Value) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut push = |name: &str, value: &Value| {
        let value = match value {
            Value::Array(list) => list.first().map(plain).unwrap_or_default(),
            Value::Object(_) => return,
            other => plain(other),
        };
        all.push((name.to_ascii_lowercase(), value));
    };
    match headers {
        Value::Object(object) => {
            for (name, value) in object {
                push(name, value);
            }
        }
        Value::Array(list) => {
            for entry in list {
                let name = field(entry, &["name", "key"]).and_then(Value::as_str);
                if let (Some(name), Some(value)) = (name, field(entry, &["value", "values"])) {
                    push(name, value);
                }
            }
        }
        _ => {}
    }
    all
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A body: a text, JSON as such, or wrapped with a word on its encoding.
fn text(body: &Value) -> Vec<u8> {
    match body {
        Value::Null => Vec::new(),
        Value::String(text) => text.clone().into_bytes(),
        Value::Object(object) if object.len() <= 3 => {
            if let Some(inner) = field(body, &["base64_string", "base64"]) {
                let coded = plain(inner);
                return azure_core::base64::decode(&coded).unwrap_or(coded.into_bytes());
            }
            let wrapped = ["string", "data", "text"];
            match field(body, &wrapped).filter(|_| !object.contains_key("value")) {
                Some(inner) => text(inner),
                None if object.is_empty() => Vec::new(),
                None => body.to_string().into_bytes(),
            }
        }
        other => other.to_string().into_bytes(),
    }
}
