//! The Secret that everybody who asks the master needs: token and authority.

use super::Parent;
use super::certificate::{Authority, CertificateError};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::jiff::Timestamp;
use rsac_api::names;
use std::collections::BTreeMap;

const TOKEN_BYTES: usize = 32;

/// Token and authority of a job, as its Secret holds them.
#[derive(Clone)]
pub(crate) struct Access {
    /// The Secret's uid.
    pub(crate) uid: String,
    pub(crate) token: String,
    /// The authority's certificate, PEM.
    pub(crate) ca: String,
    /// Its key, PEM.
    pub(crate) ca_key: String,
}

// Neither token nor key ever reach a log.
impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access")
            .field("uid", &self.uid)
            .finish_non_exhaustive()
    }
}

/// A new Secret, to be created and never applied: of two operators that create one, the
/// first counts.
///
/// # Errors
/// When no key can be made.
pub(crate) fn new_secret(parent: &Parent, now: Timestamp) -> Result<Secret, CertificateError> {
    let authority = Authority::new(&parent.name, now)?;
    let token: [u8; TOKEN_BYTES] = rand::random();
    let token: String = token.iter().map(|byte| format!("{byte:02x}")).collect();
    let data = [
        ("ca.crt", authority.certificate),
        ("ca.key", authority.key),
        ("token", token),
    ];
    Ok(Secret {
        metadata: parent.meta(names::access_secret(&parent.name), None),
        type_: Some("Opaque".into()),
        immutable: Some(true),
        data: Some(encoded(data)),
        ..Secret::default()
    })
}

/// What a Secret holds; else which key is missing.
///
/// # Errors
/// The name of the key.
pub(crate) fn read(secret: &Secret) -> Result<Access, &'static str> {
    let text = |key: &'static str| {
        let bytes = secret.data.as_ref().and_then(|data| data.get(key));
        let text = bytes.and_then(|bytes| String::from_utf8(bytes.0.clone()).ok());
        text.filter(|text| !text.trim().is_empty()).ok_or(key)
    };
    Ok(Access {
        uid: secret.metadata.uid.clone().unwrap_or_default(),
        token: text("token")?.trim().to_owned(),
        ca: text("ca.crt")?,
        ca_key: text("ca.key")?,
    })
}

pub(super) fn encoded<const N: usize>(data: [(&str, String); N]) -> BTreeMap<String, ByteString> {
    data.map(|(key, value)| (key.to_owned(), ByteString(value.into_bytes())))
        .into()
}
