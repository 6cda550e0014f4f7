//! The custom resource definition: that the file is the one that the types give, and
//! that an API server can take it.
#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use rsac_api::rules::{CHANGE_RULES, RESOURCE_RULES, SPEC_RULES};
use serde_json::Value;
use std::collections::BTreeSet;

fn definition() -> Value {
    serde_json::to_value(rsac_api::crd()).unwrap()
}

fn schema() -> Value {
    definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

/// Calls on every schema of the tree, with its path.
fn walk(schema: &Value, path: &str, see: &mut impl FnMut(&Value, &str)) {
    see(schema, path);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        walk(property, &format!("{path}.{name}"), see);
    }
    for inner in ["items", "additionalProperties"] {
        if schema[inner].is_object() {
            walk(&schema[inner], &format!("{path}.{inner}"), see);
        }
    }
}

#[test]
fn the_file_is_what_the_types_give() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../deploy/crd/rsacrackers.yaml"
    );
    let file = std::fs::read_to_string(path).unwrap();
    assert!(
        file == rsac_api::crd_yaml().unwrap(),
        "deploy/crd/rsacrackers.yaml is out of date; regenerate it: \
         cargo run -p rsac-api --example crd > deploy/crd/rsacrackers.yaml"
    );
}

#[test]
fn the_schema_is_structural() {
    // What apiextensions.k8s.io/v1 forbids, or what is never meant here.
    let forbidden = [
        "$ref",
        "$schema",
        "definitions",
        "dependencies",
        "deprecated",
        "id",
        "patternProperties",
        "readOnly",
        "uniqueItems",
        "writeOnly",
        "xml",
        "anyOf",
        "oneOf",
        "allOf",
        "not",
        "nullable",
    ];
    walk(&schema(), "", &mut |schema, path| {
        for keyword in forbidden {
            assert!(schema.get(keyword).is_none(), "{path}: {keyword}");
        }
        let mixed = schema["x-kubernetes-int-or-string"] == true;
        assert_ne!(mixed, schema["type"].is_string(), "{path}: one type");
        let both = schema["properties"].is_object() && schema["additionalProperties"].is_object();
        assert!(!both, "{path}: properties or additionalProperties");
        if schema["type"] == "array" {
            assert!(schema["items"].is_object(), "{path}: items");
        }
    });
}

#[test]
fn integers_or_texts_are_where_users_write_either() {
    let mut found = BTreeSet::new();
    walk(&schema(), "", &mut |schema, path| {
        if schema["x-kubernetes-int-or-string"] == true {
            assert!(schema["pattern"].is_string(), "{path}");
            assert!(schema["maxLength"].is_u64(), "{path}");
            found.insert(path.to_owned());
        }
    });
    for path in [
        ".spec.numberToFactor",
        ".spec.ledger.size",
        ".spec.master.resources.limits.additionalProperties",
        ".spec.workers.resources.requests.additionalProperties",
    ] {
        assert!(found.contains(path), "{path} of {found:?}");
    }
}

#[test]
fn scaling_and_status_have_their_places() {
    let definition = definition();
    let version = &definition["spec"]["versions"][0];
    assert_eq!(version["served"], true);
    assert_eq!(version["storage"], true);
    assert!(version["subresources"]["status"].is_object());
    let scale = &version["subresources"]["scale"];
    assert_eq!(scale["specReplicasPath"], ".spec.workerCount");
    assert_eq!(scale["statusReplicasPath"], ".status.workers");
    assert_eq!(scale["labelSelectorPath"], ".status.selector");
    // The scale subresource answers an error where there is no value.
    let spec = &schema()["properties"]["spec"]["properties"];
    assert_eq!(spec["workerCount"]["default"], 1);
    let columns: Vec<_> = version["additionalPrinterColumns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        columns,
        ["Workers", "Ready", "Progress", "Rate", "Outcome", "Age"]
    );
}

#[test]
fn every_rule_is_in_the_schema() {
    let schema = schema();
    let rules_of = |part: &Value| -> Vec<String> {
        let rules = part["x-kubernetes-validations"].as_array().unwrap();
        rules
            .iter()
            .map(|rule| rule["rule"].as_str().unwrap().to_owned())
            .collect()
    };
    let resource: Vec<_> = RESOURCE_RULES.iter().map(|rule| rule.cel).collect();
    assert_eq!(rules_of(&schema), resource);
    let spec = SPEC_RULES.iter().map(|rule| rule.cel);
    let spec: Vec<_> = spec
        .chain(CHANGE_RULES.iter().map(|rule| rule.cel))
        .collect();
    assert_eq!(rules_of(&schema["properties"]["spec"]), spec);
}
