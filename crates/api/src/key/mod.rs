//! Public keys as users have them, to the modulus that is to be factored; and back,
//! from the factors to the private key.
//!
//! `rsac-infra crack` reads files with it, [`crate::RSACrackerSpec::target`] reads
//! `spec.publicKey`, and `rsac-infra result` writes the private key.

mod asn1;
mod jwk;
mod openssh;
mod pem;
mod private;

pub use private::{PrivateKeyError, PrivateKeyPem, private_key_pem};

use crate::{FieldError, number::MAX_BITS};
use num_bigint::BigUint;
use std::fmt;

/// The longest key text that is read.
pub const MAX_BYTES: usize = 16 * 1024;

/// An RSA public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// The number to factor.
    pub modulus: BigUint,
    /// The public exponent.
    pub exponent: BigUint,
    /// How it was written.
    pub format: Format,
}

/// How a public key was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `RSA PUBLIC KEY`, RFC 8017.
    Pkcs1,
    /// `PUBLIC KEY`, RFC 5280's SubjectPublicKeyInfo.
    Spki,
    /// `CERTIFICATE`, RFC 5280.
    Certificate,
    /// `ssh-rsa AAAA…`, RFC 4253.
    OpenSsh,
    /// RFC 7517.
    Jwk,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pkcs1 => "PKCS#1 key",
            Self::Spki => "X.509 public key",
            Self::Certificate => "X.509 certificate",
            Self::OpenSsh => "OpenSSH key",
            Self::Jwk => "JWK",
        })
    }
}

/// Why a text is no RSA public key that can be worked on. Never holds any of the text,
/// which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// Over [`MAX_BYTES`].
    #[error("has {0} bytes, over 16384")]
    TooLong(usize),
    /// A private key, in the format named.
    #[error(
        "is a private key ({0}) already: there is nothing to crack, and nothing of it was used"
    )]
    Private(String),
    /// A key of another algorithm.
    #[error("is a key for {0}, not for RSA")]
    OtherAlgorithm(String),
    /// Something else in PEM's clothes.
    #[error("is a PEM block {0:?}, which holds no public key that is read here")]
    OtherPem(String),
    /// An SSH certificate, or a file of another SSH program.
    #[error("is {0}, which is not read here")]
    OtherSsh(&'static str),
    /// A PEM block without an end.
    #[error("begins a PEM block {0:?} that does not end")]
    Truncated(String),
    /// The shape is right, what is in it is not.
    #[error("is no well-formed {format}: {why}")]
    Malformed {
        /// What it seemed to be.
        format: Format,
        /// What is wrong with it.
        why: String,
    },
    /// None of the formats.
    #[error("is in no format that is read here")]
    Unknown,
    /// More keys than one.
    #[error("holds {0} RSA keys")]
    Several(usize),
    /// The modulus is 0, or the exponent.
    #[error("has a {0} of zero")]
    Zero(&'static str),
    /// Over [`MAX_BITS`].
    #[error("has a modulus of {0} bits, over 4096")]
    TooLarge(u64),
}

impl KeyError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Empty | Self::Unknown => {
                "give an RSA public key as PEM (PUBLIC KEY, RSA PUBLIC KEY, CERTIFICATE), as an OpenSSH \
                 line (ssh-rsa AAAA…) or as a JWK"
            }
            Self::TooLong(_) => "give one public key alone",
            Self::Private(_) => {
                "keep it secret and out of manifests; give the public key when it is to be tested"
            }
            Self::OtherAlgorithm(_) => "give an RSA key: only RSA rests on factoring",
            Self::OtherPem(_) => "give a PUBLIC KEY, an RSA PUBLIC KEY or a CERTIFICATE",
            Self::OtherSsh(_) => {
                "convert it: ssh-keygen -e -m PKCS8 -f FILE (add -i for files of other programs)"
            }
            Self::Truncated(_) => "copy the key once more, down to its END line",
            Self::Malformed { .. } => "copy the key once more, or export it again",
            Self::Several(_) => "give one of them",
            Self::Zero(_) => "export the key again",
            Self::TooLarge(_) => "give a key of at most 4096 bits",
        }
    }

    /// As a complaint about a field; its value is not shown.
    pub fn at(&self, field: &str) -> FieldError {
        FieldError::without_value(field, self.to_string(), self.remedy())
    }
}

/// Reads a public key: text in any of the formats, or DER as it is.
///
/// # Errors
/// When it is none, or none that can be worked on. No message holds any of the input.
pub fn parse(input: &[u8]) -> Result<PublicKey, KeyError> {
    if input.len() > MAX_BYTES {
        return Err(KeyError::TooLong(input.len()));
    }
    let key = match std::str::from_utf8(input).map(str::trim) {
        Ok("") => Err(KeyError::Empty),
        Ok(text) if text.contains("-----BEGIN ") => pem::parse(text),
        Ok(text) if text.starts_with(['{', '[']) => jwk::parse(text),
        Ok(text) => openssh::parse(text).or_else(|error| match error {
            KeyError::Unknown => asn1::parse_any(input),
            other => Err(other),
        }),
        Err(_) => asn1::parse_any(input),
    }?;
    check(key)
}

fn check(key: PublicKey) -> Result<PublicKey, KeyError> {
    let zero = BigUint::default();
    if key.modulus == zero {
        Err(KeyError::Zero("modulus"))
    } else if key.exponent == zero {
        Err(KeyError::Zero("public exponent"))
    } else if key.modulus.bits() > MAX_BITS {
        Err(KeyError::TooLarge(key.modulus.bits()))
    } else {
        Ok(key)
    }
}

#[cfg(test)]
mod tests;
