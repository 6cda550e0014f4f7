//! What the body of an error says, whichever of the shapes that there are it has.

use crate::fault::Detail;
use serde_json::Value;

/// What a body said, whichever shape it had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) target: String,
    pub(crate) subcode: String,
    pub(crate) details: Vec<Detail>,
}

/// Reads both shapes of body, `{"error":{…}}` and `{"code","message"…}`, and what lies
/// between: an error that is only a text, one within an array, one in JSON in a text.
pub(crate) fn said(body: &Value) -> Option<Said> {
    let body = match body {
        Value::Array(list) => list.first()?,
        other => other,
    };
    if let Value::String(text) = body {
        return match serde_json::from_str::<Value>(text) {
            Ok(inner @ Value::Object(_)) => said(&inner),
            _ => Some(Said {
                message: text.clone(),
                ..Said::default()
            }),
        };
    }
    let outer = body.as_object()?;
    let found = match field(outer, "error") {
        Some(inner @ Value::Object(_)) => return said_object(inner),
        Some(Value::String(code)) => {
            // As token endpoints answer.
            let message = field(outer, "error_description").and_then(Value::as_str);
            return Some(Said {
                code: code.clone(),
                message: message.unwrap_or_default().to_owned(),
                ..Said::default()
            });
        }
        _ => said_object(body),
    };
    found.filter(|said| !said.code.is_empty() || !said.message.is_empty())
}

fn said_object(body: &Value) -> Option<Said> {
    let object = body.as_object()?;
    let mut details = Vec::new();
    collect(body, 0, &mut details);
    let outermost = details.first().cloned().unwrap_or_default();
    details.remove(0);
    let subcode = words(object, "subcode");
    Some(Said {
        code: outermost.code,
        message: outermost.message,
        target: outermost.target,
        subcode,
        details,
    })
}

/// Flattens `details` and `innererror`, to a bounded depth and number.
fn collect(body: &Value, depth: usize, into: &mut Vec<Detail>) {
    let Some(object) = body.as_object() else {
        if let Some(text) = body.as_str().filter(|text| !text.is_empty()) {
            into.push(Detail {
                message: text.to_owned(),
                ..Detail::default()
            });
        }
        return;
    };
    if depth > 6 || into.len() > 20 {
        return;
    }
    let detail = Detail {
        code: words(object, "code"),
        message: words(object, "message"),
        target: words(object, "target"),
    };
    if depth == 0 || detail != Detail::default() {
        into.push(detail);
    }
    for name in ["details", "innererror", "innerError", "error"] {
        match object.get(name) {
            Some(Value::Array(list)) => {
                for inner in list {
                    collect(inner, depth + 1, into);
                }
            }
            Some(inner @ Value::Object(_)) => collect(inner, depth + 1, into),
            _ => {}
        }
    }
}

type Object = serde_json::Map<String, Value>;

fn field<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        let found = object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    })
}

fn words(object: &Object, name: &str) -> String {
    match field(object, name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        // Some providers put an object with a value where a message belongs.
        Some(Value::Object(inner)) => inner
            .get("value")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_shapes_are_read() {
        let gateway = said(&json!({"error": {"code": "ResourceNotFound", "message": "gone"}}));
        assert_eq!(gateway.unwrap().code, "ResourceNotFound");
        let flat = said(&json!({
            "code": "BadRequest", "details": null, "message": "no", "subcode": "Sub", "target": "t"
        }))
        .unwrap();
        assert_eq!(
            (flat.code.as_str(), flat.subcode.as_str()),
            ("BadRequest", "Sub")
        );
        assert_eq!(flat.target, "t");
    }

    #[test]
    fn nested_details_are_flattened() {
        let body = json!({"error": {"code": "DeploymentFailed", "message": "outer", "details": [
            {"code": "Conflict", "message": "mid", "details": [{"code": "QuotaExceeded", "message": "in"}]},
            "plain"
        ], "innererror": {"code": "Deep"}}});
        let codes: Vec<_> = said(&body)
            .unwrap()
            .details
            .into_iter()
            .map(|d| d.code)
            .collect();
        assert_eq!(codes, ["Conflict", "QuotaExceeded", "", "Deep"]);
    }

    #[test]
    fn odd_bodies_do_not_panic() {
        for body in [
            json!(null),
            json!([]),
            json!([{"code": "A"}]),
            json!("text"),
            json!("{\"error\":{\"code\":\"B\"}}"),
            json!({"error": []}),
            json!({"error": "invalid_client", "error_description": "AADSTS7000215"}),
            json!({"error": {"code": 7, "message": {"lang": "en", "value": "v"}, "details": {}}}),
            json!(12),
            json!({}),
        ] {
            let _ = said(&body);
        }
        assert_eq!(said(&json!([{"code": "A"}])).unwrap().code, "A");
        assert_eq!(
            said(&json!("{\"error\":{\"code\":\"B\"}}")).unwrap().code,
            "B"
        );
        assert!(said(&json!({"value": []})).is_none());
    }
}
