//! The Secret with the factors.

use super::Parent;
use super::access::encoded;
use k8s_openapi::api::core::v1::Secret;
use rsac_api::names;
use rsac_protocol::{Digest, Solution};
use std::collections::BTreeMap;

/// The Secret. It names its number: after a change of the spec, the old result is known
/// for what it is.
///
/// # Errors
/// When the solution cannot be written as JSON.
pub(crate) fn result_secret(
    parent: &Parent,
    solution: &Solution,
) -> Result<Secret, serde_json::Error> {
    let mut metadata = parent.meta(names::result_secret(&parent.name), None);
    metadata.annotations = Some(BTreeMap::from([(
        names::NUMBER_ANNOTATION.to_owned(),
        number_digest(&solution.number),
    )]));
    let data = [
        ("number", solution.number.clone()),
        ("factors", solution.factors.join("\n")),
        ("method", solution.method.clone()),
        ("solution.json", serde_json::to_string(solution)?),
    ];
    Ok(Secret {
        metadata,
        type_: Some("Opaque".into()),
        data: Some(encoded(data)),
        ..Secret::default()
    })
}

/// The value of the annotation that names the number.
pub(crate) fn number_digest(number: &str) -> String {
    Digest::of(number).to_string()
}
