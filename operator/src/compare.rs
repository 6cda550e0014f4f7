//! Whether an object is what it should be. The API server completes what is applied with
//! defaults, and others may add what we say nothing of; what we say must be there. So no
//! write is made that would change nothing.

use serde_json::Value;

/// The annotation with the digest of what was applied: tells that something was left out
/// since, which a comparison of what is there cannot.
pub(crate) const DESIRED_ANNOTATION: &str = "suu-kopf.dev/desired-digest";

/// Whether all of `desired` is in `observed`.
pub(crate) fn covers(observed: &Value, desired: &Value) -> bool {
    match (observed, desired) {
        (_, Value::Null) => true,
        (Value::Object(observed), Value::Object(desired)) => {
            desired.iter().all(|(key, want)| match observed.get(key) {
                Some(have) => covers(have, want),
                None => is_empty(want),
            })
        }
        (Value::Array(observed), Value::Array(desired)) => match merge_key(desired) {
            Some(key) => desired.iter().all(|want| {
                let same = |have: &&Value| have.get(key) == want.get(key);
                observed
                    .iter()
                    .find(same)
                    .is_some_and(|have| covers(have, want))
            }),
            None => {
                let mut pairs = observed.iter().zip(desired);
                observed.len() == desired.len() && pairs.all(|(have, want)| covers(have, want))
            }
        },
        (observed, desired) => observed == desired,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.values().all(is_empty),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// The key by which server-side apply merges a list of objects, for the lists that we
/// write.
fn merge_key(list: &[Value]) -> Option<&'static str> {
    ["uid", "mountPath", "name"]
        .into_iter()
        .find(|key| !list.is_empty() && list.iter().all(|item| item.get(key).is_some()))
}

/// An object without what changes by itself: for "is it as it was after our last apply?".
pub(crate) fn settled(mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
        if let Some(meta) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
            for key in ["resourceVersion", "managedFields", "generation"] {
                meta.remove(key);
            }
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn defaults_and_others_fields_are_no_difference() {
        let observed = json!({
            "spec": {
                "replicas": 1,
                "strategy": {"type": "RollingUpdate"},
                "containers": [
                    {"name": "sidecar", "image": "other"},
                    {"name": "master", "image": "rsac", "terminationMessagePath": "/dev/x"},
                ],
            },
        });
        let desired = json!({
            "spec": {
                "replicas": 1,
                "emptyDir": {},
                "nothing": null,
                "containers": [{"name": "master", "image": "rsac"}],
            },
        });
        assert!(covers(&observed, &desired));
    }

    #[test]
    fn what_we_say_must_be_there() {
        let desired = json!({"a": 1, "list": [{"name": "x", "v": 1}], "args": ["p", "q"]});
        for observed in [
            json!({"a": 2, "list": [{"name": "x", "v": 1}], "args": ["p", "q"]}),
            json!({"list": [{"name": "x", "v": 1}], "args": ["p", "q"]}),
            json!({"a": 1, "list": [{"name": "y", "v": 1}], "args": ["p", "q"]}),
            json!({"a": 1, "list": [{"name": "x", "v": 2}], "args": ["p", "q"]}),
            json!({"a": 1, "list": [], "args": ["p", "q"]}),
            json!({"a": 1, "list": [{"name": "x", "v": 1}], "args": ["p", "q", "r"]}),
            json!({"a": 1, "list": [{"name": "x", "v": 1}], "args": ["q", "p"]}),
        ] {
            assert!(!covers(&observed, &desired), "{observed}");
        }
    }

    #[test]
    fn what_changes_by_itself_is_left_out() {
        let object = |version: &str, ready: u32| {
            json!({
                "metadata": {"name": "x", "resourceVersion": version, "generation": 3},
                "spec": {"a": 1},
                "status": {"ready": ready},
            })
        };
        assert_eq!(settled(object("1", 0)), settled(object("2", 1)));
    }
}
