//! PEM (RFC 7468), read with indulgence for line lengths and indentation, because keys
//! come out of manifests, mails and terminals.

use super::{KeyError, PublicKey, asn1};
use base64ct::{Base64, Encoding};

/// Reads the first public key of a text that holds PEM blocks. A private key in any of
/// the blocks is refused, so that none travels by mistake.
pub(super) fn parse(text: &str) -> Result<PublicKey, KeyError> {
    let blocks = blocks(text)?;
    if let Some(block) = blocks.iter().find(|b| b.label.ends_with("PRIVATE KEY")) {
        return Err(KeyError::Private(block.label.to_owned()));
    }
    let block = blocks.first().ok_or(KeyError::Unknown)?;
    match block.label {
        "RSA PUBLIC KEY" => asn1::parse_pkcs1(&block.decode(super::Format::Pkcs1)?),
        "PUBLIC KEY" => asn1::parse_spki(&block.decode(super::Format::Spki)?),
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
            asn1::parse_certificate(&block.decode(super::Format::Certificate)?)
        }
        "EC PARAMETERS" => Err(KeyError::OtherAlgorithm(
            "elliptic curves (ECDSA, ECDH)".into(),
        )),
        label => Err(KeyError::OtherPem(label.chars().take(40).collect())),
    }
}

struct Block<'a> {
    label: &'a str,
    body: &'a str,
}

impl Block<'_> {
    fn decode(&self, format: super::Format) -> Result<Vec<u8>, KeyError> {
        let base64: String = self.body.split_whitespace().collect();
        Base64::decode_vec(&base64).map_err(|_| KeyError::Malformed {
            format,
            why: "the lines between BEGIN and END are no base64".into(),
        })
    }
}

fn blocks(mut text: &str) -> Result<Vec<Block<'_>>, KeyError> {
    let mut blocks = Vec::new();
    while let Some((_, rest)) = text.split_once("-----BEGIN ") {
        let label = rest.split(['-', '\n', '\r']).next().unwrap_or_default();
        let truncated = || KeyError::Truncated(label.chars().take(40).collect());
        // A private key's label counts even where the rest is missing.
        if label.ends_with("PRIVATE KEY") {
            return Err(KeyError::Private(label.to_owned()));
        }
        let (_, rest) = rest.split_once("-----").ok_or_else(truncated)?;
        let end = format!("-----END {label}-----");
        let (body, after) = rest.split_once(end.as_str()).ok_or_else(truncated)?;
        blocks.push(Block { label, body });
        text = after;
    }
    Ok(blocks)
}
