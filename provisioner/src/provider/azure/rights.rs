//! What a caller may do, read off the permissions that Azure lists for a scope. The rule of
//! the network watcher and `--attach-acr` ask it before they rely on a right.

use serde_json::Value;

/// What of `wanted` the permissions do not give. Each permission is its actions without its
/// notActions, and one that gives is enough.
pub(crate) fn missing(permissions: &[Value], wanted: &[&str]) -> Vec<String> {
    let matches = |permission: &Value, key: &str, action: &str| {
        let patterns = permission.get(key).and_then(Value::as_array);
        patterns.is_some_and(|patterns| {
            let mut patterns = patterns.iter().filter_map(Value::as_str);
            patterns.any(|pattern| covers(pattern, action))
        })
    };
    let given = |action: &str| {
        permissions.iter().any(|permission| {
            matches(permission, "actions", action) && !matches(permission, "notActions", action)
        })
    };
    wanted
        .iter()
        .filter(|action| !given(action))
        .map(|&action| action.to_owned())
        .collect()
}

/// Whether an action's pattern, in which `*` stands for anything, covers an action.
fn covers(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_lowercase(), action.to_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = action.strip_prefix(first) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        if let Some(part) = last.replace(part) {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
    }
    match last {
        None => rest.is_empty(),
        Some(end) => rest.ends_with(end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::azure::watcher::rule::MUST_READ;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_reader_sees_enough_and_a_caller_of_one_group_does_not() {
        let all = |value: serde_json::Value| missing(value.as_array().unwrap(), &MUST_READ);
        assert!(all(json!([{"actions": ["*"], "notActions": []}])).is_empty());
        assert!(all(json!([{"actions": ["*/read"]}])).is_empty());
        assert_eq!(all(json!([])).len(), MUST_READ.len());
        assert_eq!(
            all(json!([{"actions": ["microsoft.network/*", "Microsoft.Resources/*/read"]}])),
            ["Microsoft.Authorization/locks/read"]
        );
        // What one takes away, another may give.
        let without = json!({"actions": ["*"], "notActions": ["Microsoft.Network/*/flowLogs/*"]});
        assert_eq!(all(json!([without])), [MUST_READ[2]]);
        let again = json!({"actions": ["Microsoft.Network/networkWatchers/flowLogs/read"]});
        assert!(all(json!([without, again])).is_empty());
    }

    proptest! {
        #[test]
        fn patterns_cover_what_they_were_made_from(
            action in "[a-z]{1,6}(/[a-z]{1,6}){1,3}",
            cuts in proptest::collection::vec(0..20_usize, 0..3),
        ) {
            // Replacing any piece by a star keeps the match.
            let mut pattern = action.clone();
            for cut in cuts {
                let at = cut.min(pattern.len());
                let end = (at + cut % 4).min(pattern.len());
                pattern.replace_range(at..end, "*");
            }
            prop_assert!(covers(&pattern, &action), "{} {}", pattern, action);
            let longer = format!("{action}x");
            prop_assert!(!covers(&action, &longer));
        }
    }
}
