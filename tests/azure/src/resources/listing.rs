//! Lists: what the caller may see, `$filter`, `$top` and pages with `nextLink`. Every handler
//! with a list uses this.

use crate::answer::{Answer, Reply};
use crate::gateway::Call;
use crate::request::same;
use serde_json::{Value, json};

/// Answers a list, one page of it.
pub(crate) fn answer(call: &Call<'_>, items: Vec<Value>) -> Reply {
    let top = match call.request.query("$top") {
        None => None,
        Some(text) => Some(
            text.parse::<usize>()
                .ok()
                .filter(|top| *top > 0)
                .ok_or_else(|| {
                    Answer::gateway(
                        400,
                        "InvalidTopQueryString",
                        format!("Invalid $top query string '{text}'. Specify a positive integer."),
                    )
                })?,
        ),
    };
    let skip = match call.request.query("$skiptoken") {
        None => 0,
        Some(text) => text.parse::<usize>().map_err(|_| {
            Answer::gateway(
                400,
                "InvalidSkipToken",
                "The skip token is invalid. Send the nextLink back as it was received.",
            )
        })?,
    };
    let size = top
        .unwrap_or(call.world.settings.page)
        .min(call.world.settings.page);
    let page: Vec<Value> = items.iter().skip(skip).take(size).cloned().collect();
    let mut body = json!({"value": page});
    if skip + size < items.len() {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in url::form_urlencoded::parse(call.request.raw_query.as_bytes()) {
            if name != "$skiptoken" {
                query.append_pair(&name, &value);
            }
        }
        query.append_pair("$skiptoken", &(skip + size).to_string());
        body["nextLink"] = json!(format!(
            "{}{}?{}",
            call.world.endpoint,
            call.request.path,
            query.finish()
        ));
    }
    Ok(Answer::json(200, body))
}

/// A `$filter` of the kinds that Azure takes for groups and resources.
pub(crate) struct Filter {
    terms: Vec<(String, String)>,
}

impl Filter {
    /// The request's filter; an empty one where there is none.
    pub(crate) fn of(call: &Call<'_>) -> Result<Filter, Answer> {
        let Some(text) = call
            .request
            .query("$filter")
            .filter(|text| !text.trim().is_empty())
        else {
            return Ok(Filter { terms: Vec::new() });
        };
        let mut terms = Vec::new();
        for term in text.split(" and ") {
            let words: Vec<&str> = term.trim().splitn(3, ' ').collect();
            let [name, "eq", value] = words.as_slice() else {
                return Err(broken(&text));
            };
            let known = ["tagName", "tagValue", "resourceType", "location", "name"];
            let value = value
                .strip_prefix('\'')
                .and_then(|rest| rest.strip_suffix('\''));
            match (known.iter().find(|one| same(one, name)), value) {
                (Some(name), Some(value)) => {
                    terms.push((name.to_string(), value.replace("''", "'")));
                }
                _ => return Err(broken(&text)),
            }
        }
        let has = |word: &str| terms.iter().any(|(name, _)| name == word);
        // Azure takes a tag alone or not at all.
        if has("tagName") && (has("resourceType") || has("location")) {
            return Err(broken(&text));
        }
        if has("tagValue") && !has("tagName") {
            return Err(broken(&text));
        }
        Ok(Filter { terms })
    }

    /// Whether a summary passes.
    pub(crate) fn passes(&self, item: &Value) -> bool {
        let tag = self
            .terms
            .iter()
            .find(|(name, _)| name == "tagName")
            .map(|(_, tag)| tag);
        self.terms.iter().all(|(name, value)| match name.as_str() {
            "tagName" => tag_of(item, value).is_some(),
            "tagValue" => tag
                .and_then(|tag| tag_of(item, tag))
                .is_some_and(|held| held == value),
            "resourceType" => item["type"].as_str().is_some_and(|held| same(held, value)),
            other => item[other].as_str().is_some_and(|held| same(held, value)),
        })
    }
}

/// A tag by its name; names of tags are compared without case.
fn tag_of<'a>(item: &'a Value, name: &str) -> Option<&'a str> {
    let tags = item["tags"].as_object()?;
    tags.iter()
        .find(|(key, _)| same(key, name))
        .and_then(|(_, value)| value.as_str())
}

fn broken(text: &str) -> Answer {
    Answer::gateway(
        400,
        "InvalidFilterInQueryString",
        format!("Invalid $filter '{text}' specified in the query string."),
    )
}
