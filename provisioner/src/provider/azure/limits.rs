//! What Azure takes as names and tags, told before anything is sent: else it would refuse
//! with the first half of the work done. Where the settings of `up` are settled calls it.
//!
//! Source: "Naming rules and restrictions for Azure resources", "Use tags to organize your Azure
//! resources", and AKS's "Quotas, virtual machine size restrictions, and region availability".

use super::tags::{EXPIRES, NAME, RUN, STACK};
use crate::stack::AzurePlace;
use serde_json::Value;
use std::collections::BTreeMap;

/// A setting that cannot be: what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Beyond {
    pub(crate) what: String,
    pub(crate) remedy: String,
}

/// The longest name of the group that AKS makes for the nodes.
const NODE_GROUP: usize = 80;
/// The most tags that a resource may have.
const TAGS: usize = 50;
const OURS: [&str; 4] = [STACK, NAME, RUN, EXPIRES];

/// Whether Azure takes a stack's settings; `values` are the template's parameters with their
/// defaults.
pub(crate) fn check(azure: &AzurePlace, values: &BTreeMap<String, Value>) -> Result<(), Beyond> {
    let text = |name: &str| values.get(name).and_then(Value::as_str).unwrap_or_default();
    let group = azure.resource_group.as_deref().unwrap_or_default();
    names(
        text("clusterName"),
        text("dnsPrefix"),
        text("linuxAdminUsername"),
    )?;
    nodes_group(group, text("clusterName"), text("location"))?;
    let given = azure.parameters.get("tags").and_then(Value::as_object);
    let of_file = given.into_iter().flatten();
    let of_file = of_file.map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default()));
    let of_flags = azure.tags.iter();
    let of_flags = of_flags.map(|(key, value)| (key.as_str(), value.as_str()));
    tags(of_file.collect(), of_flags.collect())
}

fn names(cluster: &str, prefix: &str, user: &str) -> Result<(), Beyond> {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let is_name = |text: &str, also: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || also.contains(c);
        ends(text.chars().next()) && ends(text.chars().last()) && text.chars().all(fits)
    };
    let bad = |what: String, remedy: &str| {
        let remedy = remedy.to_owned();
        Err(Beyond { what, remedy })
    };
    if !is_name(cluster, "-_") {
        return bad(
            format!("clusterName {cluster:?} is no name of a cluster"),
            "up to 63 letters, digits, - and _, with a letter or digit at both ends",
        );
    }
    // It is the cluster's name unless another is given: that may be longer, and have a _.
    if !is_name(prefix, "-") || prefix.len() > 54 {
        return bad(
            format!("dnsPrefix {prefix:?} is no part of a host's name"),
            "--dns-prefix with up to 54 letters, digits and -, with a letter or digit at both ends",
        );
    }
    let is_user = user.starts_with(|c: char| c.is_ascii_alphabetic())
        && user
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if !is_user {
        return bad(
            format!("linuxAdminUsername {user:?} is no name of a user"),
            "a letter, then letters, digits, - and _",
        );
    }
    Ok(())
}

fn nodes_group(group: &str, cluster: &str, location: &str) -> Result<(), Beyond> {
    let location = location.replace(' ', "").to_lowercase();
    let name = format!("MC_{group}_{cluster}_{location}");
    let length = name.chars().count();
    if length <= NODE_GROUP {
        return Ok(());
    }
    Err(Beyond {
        what: format!(
            "the nodes' group {name} would have a name of {length} characters, and Azure takes \
             {NODE_GROUP}"
        ),
        remedy: "a shorter --resource-group or --cluster-name".to_owned(),
    })
}

type Tags<'a> = Vec<(&'a str, &'a str)>;

/// Azure tells keys of tags apart without case, and ours say what belongs to whom.
fn tags(of_file: Tags<'_>, of_flags: Tags<'_>) -> Result<(), Beyond> {
    let bad = |key: &str, why: &str, remedy: &str| {
        let what = format!("tag {key:?}: {why}");
        let remedy = remedy.to_owned();
        Err(Beyond { what, remedy })
    };
    let mut keys: Vec<&str> = OURS.to_vec();
    for (key, value) in of_file.into_iter().chain(of_flags) {
        if OURS.iter().any(|own| own.eq_ignore_ascii_case(key)) {
            return bad(key, "rsac-infra sets it itself", "take another key");
        }
        if key.chars().count() > 512 || value.chars().count() > 256 {
            let why = "a key has at most 512 characters, a value 256";
            return bad(&key.chars().take(40).collect::<String>(), why, "shorten it");
        }
        let is_odd = |c: char| c.is_control() || "<>%&\\?/".contains(c);
        if key.is_empty() || key.chars().any(is_odd) {
            return bad(key, "a key has none of < > % & \\ ? /", "leave them out");
        }
        let small = key.to_lowercase();
        if ["microsoft", "azure", "windows"]
            .iter()
            .any(|theirs| small.starts_with(theirs))
        {
            return bad(key, "Azure keeps such keys for itself", "take another key");
        }
        // A flag's takes the place of the file's of the same spelling.
        match keys.iter().find(|known| known.eq_ignore_ascii_case(key)) {
            Some(known) if *known == key => {}
            Some(known) => {
                let why = format!("Azure takes it and {known:?} for the same");
                return bad(key, &why, "give one of them");
            }
            None => keys.push(key),
        }
    }
    if keys.len() > TAGS {
        return Err(Beyond {
            what: format!(
                "{} tags with rsac's own, and Azure takes {TAGS}",
                keys.len()
            ),
            remedy: "leave some out".to_owned(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn checked(place: Value, more: Value) -> Result<(), Beyond> {
        let mut place: AzurePlace = serde_json::from_value(place).unwrap();
        place.resource_group.get_or_insert("g".to_owned());
        let mut values: BTreeMap<String, Value> = serde_json::from_value(json!({
            "clusterName": "rsac", "dnsPrefix": "rsac", "linuxAdminUsername": "azureuser",
            "location": "UK South",
        }))
        .unwrap();
        let more: BTreeMap<String, Value> = serde_json::from_value(more).unwrap();
        values.extend(more);
        check(&place, &values)
    }

    #[test]
    fn names_at_their_limits() {
        let long = |n: usize| "a".repeat(n);
        assert_eq!(checked(json!({}), json!({})), Ok(()));
        for (name, value, is_good) in [
            ("clusterName", long(63), true),
            ("clusterName", "a_b-c".into(), true),
            ("clusterName", "-a".into(), false),
            ("clusterName", "a_".into(), false),
            ("clusterName", "a.b".into(), false),
            ("dnsPrefix", long(54), true),
            ("dnsPrefix", long(55), false),
            ("dnsPrefix", "a_b".into(), false),
            ("linuxAdminUsername", "a-1_b".into(), true),
            ("linuxAdminUsername", "1a".into(), false),
            ("linuxAdminUsername", "a b".into(), false),
        ] {
            let said = checked(json!({}), json!({name: value}));
            assert_eq!(said.is_ok(), is_good, "{name} {value}: {said:?}");
            assert!(said.err().is_none_or(|said| said.what.contains(name)));
        }
        // MC_ and _rsac_uksouth are the other 16.
        for (length, is_good) in [(64, true), (65, false)] {
            let said = checked(json!({"resourceGroup": long(length)}), json!({}));
            assert_eq!(said.is_ok(), is_good, "{length}: {said:?}");
        }
    }

    #[test]
    fn tags_at_their_limits() {
        let key = |n: usize| "k".repeat(n);
        let of = |tags: Value| checked(json!({"tags": tags}), json!({}));
        assert_eq!(
            of(json!({"team": "red", key(512): "v".repeat(256)})),
            Ok(())
        );
        for (tags, why) in [
            (json!({key(513): "v"}), "at most 512"),
            (json!({"k": "v".repeat(257)}), "value 256"),
            (json!({"a/b": "v"}), "none of"),
            (json!({"Microsoft-x": "v"}), "keeps such keys"),
            (json!({"RSAC-Stack": "v"}), "sets it itself"),
            (json!({"rsac-expires": "1"}), "sets it itself"),
            (json!({"team": "red", "Team": "blue"}), "for the same"),
        ] {
            let said = of(tags.clone()).unwrap_err();
            assert!(said.what.contains(why), "{tags}: {said:?}");
        }
        let many = |n: usize| -> BTreeMap<String, String> {
            (0..n).map(|i| (format!("t{i}"), String::new())).collect()
        };
        assert_eq!(of(json!(many(46))), Ok(()));
        assert!(of(json!(many(47))).unwrap_err().what.contains("51 tags"));
        // A flag's takes the place of the file's.
        let both = json!({"tags": {"team": "red"}, "parameters": {"tags": {"team": "blue"}}});
        assert_eq!(checked(both, json!({})), Ok(()));
        let both = json!({"tags": {"team": "red"}, "parameters": {"tags": {"TEAM": "blue"}}});
        assert!(checked(both, json!({})).is_err());
    }
}
