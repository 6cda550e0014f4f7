//! JSON Web Keys (RFC 7517, RFC 7518 6.3), alone or in a set.

use super::{Format, KeyError, PublicKey};
use base64ct::{Base64UrlUnpadded, Encoding};
use num_bigint::BigUint;
use serde_json::{Map, Value};

fn malformed(why: impl Into<String>) -> KeyError {
    KeyError::Malformed {
        format: Format::Jwk,
        why: why.into(),
    }
}

/// Reads a key, or a set (or list) with one RSA key in it.
pub(super) fn parse(text: &str) -> Result<PublicKey, KeyError> {
    // Not the parser's own words for what it met: they may hold some of it.
    let value: Value = serde_json::from_str(text).map_err(|error| {
        malformed(format!(
            "no JSON at line {}, column {}",
            error.line(),
            error.column()
        ))
    })?;
    let keys: Vec<&Map<String, Value>> = match &value {
        Value::Object(object) => match object.get("keys") {
            Some(Value::Array(keys)) => keys.iter().filter_map(Value::as_object).collect(),
            Some(_) => return Err(malformed("\"keys\" is no list")),
            None => vec![object],
        },
        Value::Array(keys) => keys.iter().filter_map(Value::as_object).collect(),
        _ => return Err(KeyError::Unknown),
    };
    // Every private member of RFC 7518, whatever the type of key; `k` is a shared secret.
    if keys
        .iter()
        .any(|key| key.contains_key("d") || key.contains_key("k"))
    {
        return Err(KeyError::Private("JWK".into()));
    }
    let kind = |key: &Map<String, Value>| key.get("kty").and_then(Value::as_str).map(str::to_owned);
    let rsa: Vec<_> = keys
        .iter()
        .filter(|key| kind(key).as_deref() == Some("RSA"))
        .collect();
    match (&rsa[..], &keys[..]) {
        ([key], _) => Ok(PublicKey {
            modulus: member(key, "n")?,
            exponent: member(key, "e")?,
            format: Format::Jwk,
        }),
        ([], [key, ..]) => Err(match kind(key).as_deref() {
            Some("EC") => KeyError::OtherAlgorithm("elliptic curves (EC)".into()),
            Some("OKP") => KeyError::OtherAlgorithm("Edwards curves (OKP)".into()),
            Some(_) => KeyError::OtherAlgorithm("something else".into()),
            None => malformed("\"kty\" is missing"),
        }),
        ([], []) => Err(malformed("there is no key in it")),
        (several, _) => Err(KeyError::Several(several.len())),
    }
}

fn member(key: &Map<String, Value>, name: &str) -> Result<BigUint, KeyError> {
    let text = match key.get(name) {
        Some(Value::String(text)) => text.trim_end_matches('='),
        Some(_) => return Err(malformed(format!("{name:?} is no text"))),
        None => return Err(malformed(format!("{name:?} is missing"))),
    };
    let bytes = Base64UrlUnpadded::decode_vec(text)
        .map_err(|_| malformed(format!("{name:?} is no base64url")))?;
    Ok(BigUint::from_bytes_be(&bytes))
}
