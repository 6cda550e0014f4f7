//! Reads recordings, of Python's VCR, of Go's and of the test proxy, and compares answers.

use crate::client::Got;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// One file.
pub(crate) struct Recording {
    name: String,
    interactions: Vec<(String, String, Answer)>,
}

/// A recorded answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    at: String,
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Recording {
    pub(crate) fn read(name: &str) -> Recording {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../recordings");
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let whole: Value = if name.ends_with(".json") {
            serde_json::from_str(&text).unwrap()
        } else {
            recorded_yaml(&text)
        };
        let interactions = whole["interactions"].as_array().unwrap().iter().map(|one| {
            let (request, response) = (&one["request"], &one["response"]);
            let url = request["uri"]
                .as_str()
                .or(request["url"].as_str())
                .unwrap()
                .to_owned();
            let status = response["code"]
                .as_u64()
                .or(response["status"]["code"].as_u64());
            let status = status.or_else(|| {
                response["status"]
                    .as_str()?
                    .split(' ')
                    .next()?
                    .parse::<u64>()
                    .ok()
            });
            let headers =
                response["headers"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(key, one)| {
                        let text = one.as_str().or(one[0].as_str()).unwrap_or_default();
                        (key.to_lowercase(), text.to_owned())
                    });
            let body = &response["body"];
            let body = match (body.as_str(), body["string"].as_str(), body.get("data")) {
                (Some(text), _, _) | (_, Some(text), _) => text.to_owned(),
                (_, _, Some(data)) => data.to_string(),
                _ => String::new(),
            };
            let method = request["method"].as_str().unwrap().to_owned();
            let answer = Answer {
                at: format!("{name}: {method} {url}"),
                status: u16::try_from(status.unwrap()).unwrap(),
                headers: headers.collect(),
                body,
            };
            (method, url, answer)
        });
        Recording {
            name: name.into(),
            interactions: interactions.collect(),
        }
    }

    fn all<'a>(&'a self, method: &'a str, part: &'a str) -> impl Iterator<Item = &'a Answer> {
        self.interactions
            .iter()
            .filter(move |(own, url, _)| own == method && url.contains(part))
            .map(|(_, _, answer)| answer)
    }

    /// The nth answer to such a request.
    #[track_caller]
    pub(crate) fn nth(&self, method: &str, part: &str, nth: usize) -> Answer {
        let found = self.all(method, part).nth(nth).cloned();
        found.unwrap_or_else(|| panic!("{}: no {method} {part} {nth}", self.name))
    }

    /// The last answer to such a request that holds a word.
    #[track_caller]
    pub(crate) fn last_with(&self, method: &str, part: &str, word: &str) -> Answer {
        let found = self
            .all(method, part)
            .filter(|one| one.body.contains(word))
            .last()
            .cloned();
        found.unwrap_or_else(|| panic!("{}: no {method} {part} with {word}", self.name))
    }
}

fn recorded_yaml(text: &str) -> Value {
    let mut options = serde_saphyr::Options::default();
    options.budget = None;
    options.duplicate_keys = serde_saphyr::DuplicateKeyPolicy::LastWins;
    options.with_snippet = false;
    serde_saphyr::from_multiple_with_options::<Value>(text, options)
        .unwrap()
        .remove(0)
}

/// Headers that a client lives by.
const TELLING: &[&str] = &[
    "location",
    "azure-asyncoperation",
    "etag",
    "x-ms-failure-cause",
    "azure-asyncnotification",
    "content-type",
];

/// Holds an answer to a recorded one: the same status, the same telling headers, and each key
/// of the recorded body. Keys in `but` are let go.
#[track_caller]
pub(crate) fn compare(recorded: &Answer, got: &Got, but: &[&str]) {
    assert_eq!(recorded.status, got.status, "{}\n{}", recorded.at, got.text);
    for name in TELLING {
        let own = recorded.headers.get(*name).cloned().unwrap_or_default();
        let ours = got.header(name);
        // A 404 to HEAD has a type without a body in recordings.
        if *name == "content-type" && recorded.body.is_empty() {
            continue;
        }
        if *name == "content-type" {
            assert_eq!(own, ours, "{}: {name}", recorded.at);
        } else {
            assert_eq!(
                own.is_empty(),
                ours.is_empty(),
                "{}: {name}: {own} | {ours}",
                recorded.at
            );
        }
    }
    let body: Value = serde_json::from_str(&recorded.body).unwrap_or_default();
    let mut missing = Vec::new();
    keys("", &body, &got.json, but, &mut missing);
    assert!(
        missing.is_empty(),
        "{}: not in ours: {missing:?}\n{}",
        recorded.at,
        got.text
    );
}

fn keys(at: &str, recorded: &Value, got: &Value, but: &[&str], missing: &mut Vec<String>) {
    match (recorded, got) {
        (Value::Object(fields), Value::Object(_)) => {
            for (name, value) in fields {
                // Names of tags are the recording's own.
                if but.contains(&name.as_str()) || at.ends_with("tags") {
                    continue;
                }
                match got.get(name) {
                    None => missing.push(format!("{at}.{name}")),
                    Some(ours) => keys(&format!("{at}.{name}"), value, ours, but, missing),
                }
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            if let (Some(one), Some(other)) = (one.first(), other.first()) {
                keys(&format!("{at}[]"), one, other, but, missing);
            } else if !one.is_empty() {
                missing.push(format!("{at}[]"));
            }
        }
        (Value::Null, _) => {}
        (one, other) if std::mem::discriminant(one) != std::mem::discriminant(other) => {
            missing.push(format!("{at}: {other} for {one}"));
        }
        _ => {}
    }
}
