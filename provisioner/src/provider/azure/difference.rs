//! What of a declaration is otherwise than what Azure shows. `steps`, `check` and `pools` ask it.

use serde_json::Value;

/// What of the declaration differs from what is there, as paths with both values. Azure adds
/// fields of its own, so that only what is declared is compared, texts without case where
/// they are Azure's own words.
pub(crate) fn differences(declared: &Value, there: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", declared, there, &mut found);
    found
}

/// A field that is not as it is declared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Difference {
    /// Which: `properties/dnsPrefix`.
    pub(crate) path: String,
    /// What is declared.
    pub(crate) declared: Value,
    /// What is there.
    pub(crate) there: Value,
}

fn compare(path: &str, declared: &Value, there: &Value, found: &mut Vec<Difference>) {
    let below = |key: &str| match path {
        "" => key.to_owned(),
        path => format!("{path}/{key}"),
    };
    match (declared, there) {
        (Value::Object(declared), Value::Object(there)) => {
            for (key, value) in declared {
                let other = there.get(key).unwrap_or(&Value::Null);
                compare(&below(key), value, other, found);
            }
        }
        // Pools, and the like, are told apart by name; without one, by place.
        (Value::Array(declared), Value::Array(there)) => {
            for (at, value) in declared.iter().enumerate() {
                let name = value.get("name");
                let named = there
                    .iter()
                    .find(|o| name.is_some() && o.get("name") == name);
                let other = named.or(there.get(at).filter(|_| name.is_none()));
                compare(
                    &below(&at.to_string()),
                    value,
                    other.unwrap_or(&Value::Null),
                    found,
                );
            }
        }
        (Value::String(a), Value::String(b)) if a.trim().eq_ignore_ascii_case(b.trim()) => {}
        // Empty and absent are the same to Azure, and so is a size of 0, its own default.
        (Value::Null, _) => {}
        (Value::Array(a), Value::Null) if a.is_empty() => {}
        (Value::Bool(false), Value::Null) => {}
        (Value::Number(a), _) if a.as_i64() == Some(0) && path.ends_with("osDiskSizeGB") => {}
        (a, b) if a == b => {}
        (declared, there) => found.push(Difference {
            path: path.to_owned(),
            declared: declared.clone(),
            there: there.clone(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_is_declared_is_compared() {
        let declared = json!({
            "location": "uksouth",
            "properties": {
                "dnsPrefix": "d",
                "agentPoolProfiles": [{"name": "agentpool", "count": 2, "osDiskSizeGB": 0}],
                "enableX": false,
            }
        });
        let there = json!({
            "location": "UKSouth",
            "properties": {
                "provisioningState": "Succeeded",
                "dnsPrefix": "d",
                "agentPoolProfiles": [
                    {"name": "other", "count": 9},
                    {"name": "agentpool", "count": 2, "osDiskSizeGB": 128, "mode": "System"},
                ],
            }
        });
        assert_eq!(differences(&declared, &there), []);
        let mut more = declared.clone();
        more["properties"]["agentPoolProfiles"][0]["count"] = json!(3);
        more["properties"]["dnsPrefix"] = json!("e");
        let paths: Vec<String> = differences(&more, &there)
            .into_iter()
            .map(|difference| difference.path)
            .collect();
        assert_eq!(
            paths,
            [
                "properties/agentPoolProfiles/0/count",
                "properties/dnsPrefix"
            ]
        );
    }
}
