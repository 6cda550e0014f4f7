//! The tags by which everything that a stack made is known to be its: in Azure there is no
//! other mark that survives the loss of the machine that made it.

use crate::stack::{AzurePlace, Record};
use serde_json::{Map, Value};

/// The stack's id.
pub(crate) const STACK: &str = "rsac-stack";
/// The stack's name.
pub(crate) const NAME: &str = "rsac-stack-name";
/// The run that made it.
pub(crate) const RUN: &str = "rsac-run";
/// When it is no longer wanted, in seconds since 1970.
pub(crate) const EXPIRES: &str = "rsac-expires";

/// The tags of what a run of a stack makes: the user's own, and over them ours.
pub(crate) fn of(record: &Record, run: &str, place: &AzurePlace) -> Map<String, Value> {
    let mut tags: Map<String, Value> = place
        .tags
        .iter()
        .map(|(key, value)| (key.clone(), Value::from(value.as_str())))
        .collect();
    let mut set = |key: &str, value: &str| tags.insert(key.to_owned(), Value::from(value));
    set(STACK, &record.id);
    set(NAME, &record.name);
    set(RUN, run);
    if let Some(at) = place.expires_at {
        set(EXPIRES, &at.to_string());
    }
    tags
}

/// A tag of a resource. Azure keeps the case of a tag's name, and compares without it.
pub(crate) fn get<'v>(resource: &'v Value, name: &str) -> Option<&'v str> {
    let tags = resource.get("tags")?.as_object()?;
    let mut named = tags
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case(name));
    named.find_map(|(_, value)| value.as_str())
}

/// The tags of a resource with the `wanted` ones over them; none where it has all of these. The
/// run stays the one that made it, and what others wrote stays.
pub(crate) fn renewed(resource: &Value, wanted: &Map<String, Value>) -> Option<Map<String, Value>> {
    let has = |(key, value): &(&String, &Value)| match get(resource, key) {
        Some(_) if key.as_str() == RUN => true,
        there => there == value.as_str(),
    };
    let lacking: Vec<_> = wanted.iter().filter(|tag| !has(tag)).collect();
    if lacking.is_empty() {
        return None;
    }
    let there = resource.get("tags").and_then(Value::as_object);
    let mut tags = there.cloned().unwrap_or_default();
    for (key, value) in lacking {
        tags.retain(|known, _| !known.eq_ignore_ascii_case(key));
        tags.insert(key.clone(), value.clone());
    }
    Some(tags)
}

/// Whose a resource is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The stack's of this id.
    Ours,
    /// Another stack's.
    Another {
        /// Its name, where it says it.
        name: String,
        /// Its id.
        id: String,
    },
    /// Nobody's that rsac knows.
    Nobody,
}

/// Whose a resource is, by its tags.
pub(crate) fn owner(resource: &Value, stack: &str) -> Owner {
    match get(resource, STACK) {
        None => Owner::Nobody,
        Some(id) if id == stack => Owner::Ours,
        Some(id) => Owner::Another {
            name: get(resource, NAME).unwrap_or("?").to_owned(),
            id: id.to_owned(),
        },
    }
}

/// When a resource is no longer wanted, in seconds since 1970.
pub(crate) fn expires(resource: &Value) -> Option<u64> {
    get(resource, EXPIRES)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whose_it_is_and_until_when() {
        let ours =
            json!({"tags": {"RSAC-Stack": "id", "rsac-stack-name": "a", "rsac-expires": "9"}});
        assert_eq!(owner(&ours, "id"), Owner::Ours);
        assert_eq!(
            owner(&ours, "other"),
            Owner::Another {
                name: "a".into(),
                id: "id".into()
            }
        );
        assert_eq!(expires(&ours), Some(9));
        for foreign in [
            json!({}),
            json!({"tags": null}),
            json!({"tags": {"a": "b"}}),
        ] {
            assert_eq!(owner(&foreign, "id"), Owner::Nobody);
            assert_eq!(expires(&foreign), None);
        }
    }

    #[test]
    fn tags_are_renewed_beside_those_of_others() {
        let wanted = json!({"rsac-run": "2", "rsac-expires": "9", "team": "red"});
        let wanted = wanted.as_object().unwrap();
        let old = json!({"tags": {"rsac-run": "1", "Rsac-Expires": "5", "cost": "7"}});
        let expected = json!({"rsac-run": "1", "rsac-expires": "9", "cost": "7", "team": "red"});
        let tags = renewed(&old, wanted).map(Value::Object);
        assert_eq!(tags, Some(expected.clone()));
        assert_eq!(renewed(&json!({"tags": expected}), wanted), None);
        assert_eq!(renewed(&json!({}), wanted).as_ref(), Some(wanted));
    }

    #[test]
    fn the_users_tags_do_not_hide_ours() {
        let record = Record {
            version: 1,
            made_by: "0".into(),
            name: "azure".into(),
            id: "id".into(),
            provider: "azure".into(),
            created_at: 0,
            place: crate::stack::Place::default(),
        };
        let place = AzurePlace {
            tags: [
                (STACK.to_owned(), "x".to_owned()),
                ("k".to_owned(), "v".to_owned()),
            ]
            .into(),
            expires_at: Some(7),
            ..AzurePlace::default()
        };
        let tags = of(&record, "run", &place);
        assert_eq!(
            Value::Object(tags),
            json!({"k": "v", "rsac-stack": "id", "rsac-stack-name": "azure",
                   "rsac-run": "run", "rsac-expires": "7"})
        );
    }
}
