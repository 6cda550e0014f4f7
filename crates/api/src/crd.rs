//! The custom resource definition: the schema derived from the types, with the rules
//! of [`crate::rules`]. `deploy/crd/rsacrackers.yaml` holds it, clusters are given it, and
//! [`crate::manifest`] checks with it.

use crate::{RSACracker, rules};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps,
};
use kube::CustomResourceExt;

/// The definition.
pub fn crd() -> CustomResourceDefinition {
    let mut crd = RSACracker::crd();
    for version in &mut crd.spec.versions {
        let schema = version.schema.as_mut();
        let Some(root) = schema.and_then(|schema| schema.open_api_v3_schema.as_mut()) else {
            continue;
        };
        root.x_kubernetes_validations = Some(rules::resource_validations());
        if let Some(spec) = property(root, "spec") {
            spec.x_kubernetes_validations = Some(rules::spec_validations());
        }
    }
    crd
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
