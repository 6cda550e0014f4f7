//! The custom resource definition: the schema derived from the types, with the rules
//! of [`crate::rules`]. `deploy/crd/rsacrackers.yaml` holds it, clusters are given it, and
//! [`crate::manifest`] checks with it.

use crate::{RSACracker, names, rules};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use kube::CustomResourceExt;

/// The definition.
pub fn crd() -> CustomResourceDefinition {
    let mut crd = RSACracker::crd();
    let labels = [
        (names::NAME_LABEL, names::NAME),
        (names::VERSION_LABEL, env!("CARGO_PKG_VERSION")),
    ];
    // By these rsac-infra tells its own definition, and which is the newer one, from
    // another's of the same name.
    let labels = labels.map(|(label, value)| (label.to_owned(), value.to_owned()));
    crd.metadata.labels = Some(labels.into());
    for version in &mut crd.spec.versions {
        let schema = version.schema.as_mut();
        let Some(root) = schema.and_then(|schema| schema.open_api_v3_schema.as_mut()) else {
            continue;
        };
        tidy(root);
        root.x_kubernetes_validations = Some(rules::resource_validations());
        if let Some(spec) = property(root, "spec") {
            spec.x_kubernetes_validations = Some(rules::spec_validations());
        }
    }
    crd
}

/// Takes away what the derivation writes and the API server reads otherwise. Where a
/// field may be null, `null` is stored, so that it passes for given in the rules and
/// gets no default; where it may not, it is absent. Of the alternatives of an integer or
/// a text the derivation leaves empty schemas, and the server needs none.
fn tidy(schema: &mut JSONSchemaProps) {
    schema.nullable = None;
    if schema.x_kubernetes_int_or_string == Some(true) {
        schema.any_of = None;
    }
    for property in schema
        .properties
        .iter_mut()
        .flat_map(|all| all.values_mut())
    {
        tidy(property);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(values)) = &mut schema.additional_properties {
        tidy(values);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &mut schema.items {
        tidy(items);
    }
}

fn property<'a>(schema: &'a mut JSONSchemaProps, name: &str) -> Option<&'a mut JSONSchemaProps> {
    schema.properties.as_mut()?.get_mut(name)
}

/// The definition as YAML, the content of `deploy/crd/rsacrackers.yaml`.
///
/// # Errors
/// When it cannot be written as YAML, which a test shows not to be so.
pub fn crd_yaml() -> Result<String, serde_saphyr::ser_error::Error> {
    let head = "# Generated from crates/api: cargo run -p rsac-api --example crd > deploy/crd/rsacrackers.yaml\n";
    Ok(format!("{head}{}", serde_saphyr::to_string(&crd())?))
}
