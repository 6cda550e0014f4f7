//! How a spec changes: by a JSON merge patch, or by a manifest applied over it.

use serde_json::{Map, Value};

/// Applies a JSON merge patch (RFC 7396): objects merge, null removes, anything else
/// replaces.
pub(super) fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else {
        return;
    };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge_patch(target.entry(key.as_str()).or_insert(Value::Null), value);
        }
    }
}

/// The two ways to give the number: one manifest gives one of them, so that a manifest
/// with one takes back the other, as its owner's manifest would in Kubernetes.
const NUMBERS: [&str; 2] = ["numberToFactor", "publicKey"];

/// Applies a manifest's spec: its fields win, those it leaves out stay.
pub(super) fn apply_spec(current: &mut Value, manifest: &Value) {
    if let (Value::Object(current), Value::Object(manifest)) = (&mut *current, manifest)
        && NUMBERS.iter().any(|field| manifest.contains_key(*field))
    {
        for field in NUMBERS {
            current.remove(field);
        }
    }
    merge_patch(current, manifest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The examples of RFC 7396, appendix A.
    #[test]
    fn merge_patch_as_in_the_rfc() {
        for (mut target, patch, result) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": "b"}),
                json!({"b": "c"}),
                json!({"a": "b", "b": "c"}),
            ),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (
                json!({"a": "b", "b": "c"}),
                json!({"a": null}),
                json!({"b": "c"}),
            ),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (
                json!({"a": [{"b": "c"}]}),
                json!({"a": [1]}),
                json!({"a": [1]}),
            ),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "b"}), json!(["c"]), json!(["c"])),
            (json!({"a": "foo"}), json!(null), json!(null)),
            (json!({"a": "foo"}), json!("bar"), json!("bar")),
            (
                json!({"e": null}),
                json!({"a": 1}),
                json!({"e": null, "a": 1}),
            ),
            (
                json!([1, 2]),
                json!({"a": "b", "c": null}),
                json!({"a": "b"}),
            ),
            (
                json!({}),
                json!({"a": {"bb": {"ccc": null}}}),
                json!({"a": {"bb": {}}}),
            ),
        ] {
            merge_patch(&mut target, &patch);
            assert_eq!(target, result);
        }
    }

    #[test]
    fn a_manifest_with_a_key_takes_back_the_number() {
        let mut spec = json!({"workerCount": 4, "numberToFactor": "15"});
        apply_spec(&mut spec, &json!({"publicKey": "…"}));
        assert_eq!(spec, json!({"workerCount": 4, "publicKey": "…"}));
        apply_spec(&mut spec, &json!({"suspend": true}));
        assert_eq!(
            spec,
            json!({"workerCount": 4, "publicKey": "…", "suspend": true})
        );
    }
}
