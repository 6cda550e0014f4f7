//! The requests that came in, for tests to look at and for users to watch. Secrets are
//! masked before anything is kept.

use crate::request::Request;
use serde_json::{Value, json};

/// One request and how it was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Its number among requests to Azure Resource Manager, from 1; `None`: to the authority.
    pub number: Option<u64>,
    /// Its number among those that may change something, from 1.
    pub mutating: Option<u64>,
    /// The HTTP method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The query; everything but `api-version` and `$…` parameters is masked.
    pub query: String,
    /// The JSON body, secrets masked.
    pub body: Option<Value>,
    /// Who asked, by client id, once that was known.
    pub caller: Option<String>,
    /// The status of the answer; `None`: there was none.
    pub status: Option<u16>,
    /// The error code of the answer.
    pub code: Option<String>,
}

impl Seen {
    /// Path and query, as the patterns of faults see them.
    pub fn target(&self) -> String {
        if self.query.is_empty() {
            self.path.clone()
        } else {
            format!("{}?{}", self.path, self.query)
        }
    }

    /// Whether it went to Azure Resource Manager.
    pub fn is_arm(&self) -> bool {
        self.number.is_some()
    }

    pub(crate) fn of(request: &Request, number: Option<u64>, mutating: Option<u64>) -> Seen {
        let body = number
            .and_then(|_| serde_json::from_slice(&request.body).ok())
            .map(masked);
        Seen {
            number,
            mutating,
            method: request.method.clone(),
            path: request.path.clone(),
            query: masked_query(&request.raw_query),
            body,
            caller: None,
            status: None,
            code: None,
        }
    }
}

fn masked_query(query: &str) -> String {
    let parts = url::form_urlencoded::parse(query.as_bytes()).map(|(name, value)| {
        let open = name.eq_ignore_ascii_case("api-version") || name.starts_with('$');
        format!("{name}={}", if open { value.as_ref() } else { "***" })
    });
    parts.collect::<Vec<_>>().join("&")
}

/// Masks what looks like a secret, however deep.
pub(crate) fn masked(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| {
                    let small = name.to_ascii_lowercase();
                    let secret = ["secret", "password", "access_token", "kubeconfig"];
                    if secret.iter().any(|word| small.contains(word)) && !value.is_null() {
                        (name, json!("***"))
                    } else {
                        (name, masked(value))
                    }
                })
                .collect(),
        ),
        Value::Array(items) => items.into_iter().map(masked).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_stay() {
        let body = json!({"properties": {"adminPassword": "x", "list": [{"clientSecret": "y"}]}});
        let kept = masked(body).to_string();
        assert!(!kept.contains("\"x\"") && !kept.contains("\"y\""), "{kept}");
        assert_eq!(
            masked_query("api-version=2025-03-01&t=1&c=abc&s=def&$filter=a"),
            "api-version=2025-03-01&t=***&c=***&s=***&$filter=a"
        );
    }
}
