//! The fields of a spec that a definition or an operator serves, as paths (`ledger.size`)
//! and, where values are listed, as `method=auto`: what compatibility is judged by.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps,
};
use std::collections::BTreeSet;

/// The version of the resource that is spoken.
const VERSION: &str = "v1";

/// The fields of this build.
pub(super) fn ours() -> BTreeSet<String> {
    of_definition(&rsac_api::crd())
}

/// The fields of a definition; none where it does not serve the version.
pub(super) fn of_definition(crd: &CustomResourceDefinition) -> BTreeSet<String> {
    let mut fields = BTreeSet::new();
    let versions = crd.spec.versions.iter();
    for version in versions.filter(|v| v.name == VERSION && v.served) {
        let root = version.schema.as_ref();
        let root = root.and_then(|schema| schema.open_api_v3_schema.as_ref());
        let properties = root.and_then(|root| root.properties.as_ref());
        if let Some(spec) = properties.and_then(|all| all.get("spec")) {
            walk(spec, "", &mut fields);
        }
    }
    fields
}

/// As an annotation's value.
pub(super) fn to_text(fields: &BTreeSet<String>) -> String {
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    fields.join(",")
}

/// From an annotation's value.
pub(super) fn from_text(text: &str) -> BTreeSet<String> {
    let fields = text.split(',').map(str::trim);
    fields
        .filter(|f| !f.is_empty())
        .map(str::to_owned)
        .collect()
}

fn walk(schema: &JSONSchemaProps, path: &str, fields: &mut BTreeSet<String>) {
    for value in schema.enum_.iter().flatten() {
        if let Some(text) = value.0.as_str() {
            fields.insert(format!("{path}={text}"));
        }
    }
    for (name, property) in schema.properties.iter().flatten() {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        walk(property, &path, fields);
        fields.insert(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_and_listed_value_is_there_and_survives_as_text() {
        let fields = ours();
        for field in [
            "workerCount",
            "ledger",
            "ledger.size",
            "method=auto",
            "service.type",
        ] {
            assert!(fields.contains(field), "{field} is not in {fields:?}");
        }
        assert_eq!(from_text(&to_text(&fields)), fields);
        assert_eq!(from_text(""), BTreeSet::new());
    }

    #[test]
    fn a_version_that_is_not_served_serves_nothing() {
        let mut crd = rsac_api::crd();
        crd.spec.versions[0].served = false;
        assert_eq!(of_definition(&crd), BTreeSet::new());
    }
}
