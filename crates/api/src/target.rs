//! What a spec is about: the number, and the exponent where a key was given.

use crate::key::{self, KeyError};
use crate::number::{self, NumberError};
use crate::{FieldError, IntOrText, RSACrackerSpec};
use num_bigint::BigUint;

/// The number to factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The number.
    pub number: BigUint,
    /// The public exponent, where a public key was given.
    pub exponent: Option<BigUint>,
}

/// Why a spec has no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Neither a number nor a key.
    #[error("neither numberToFactor nor publicKey is given")]
    Missing,
    /// Both.
    #[error("numberToFactor and publicKey are both given")]
    Both,
    /// The number is none.
    #[error("numberToFactor {0}")]
    Number(NumberError, IntOrText),
    /// The key is none.
    #[error("publicKey {0}")]
    Key(KeyError),
}

impl TargetError {
    /// As a complaint about a field of a manifest.
    pub fn to_field_error(&self) -> FieldError {
        match self {
            Self::Missing => FieldError::without_value(
                "spec",
                "has neither numberToFactor nor publicKey",
                "give one of them",
            ),
            Self::Both => FieldError::without_value(
                "spec",
                "has both numberToFactor and publicKey",
                "give one of them",
            ),
            Self::Number(error, value) => error.at("spec.numberToFactor", &value.to_string()),
            Self::Key(error) => error.at("spec.publicKey"),
        }
    }
}

impl RSACrackerSpec {
    /// What the spec is about.
    ///
    /// # Errors
    /// When that is not one number.
    pub fn target(&self) -> Result<Target, TargetError> {
        match (&self.number_to_factor, &self.public_key) {
            (Some(value), None) => number::parse(&value.to_string())
                .map(|number| Target {
                    number,
                    exponent: None,
                })
                .map_err(|error| TargetError::Number(error, value.clone())),
            (None, Some(text)) => key::parse(text.as_bytes())
                .map(|key| Target {
                    number: key.modulus,
                    exponent: Some(key.exponent),
                })
                .map_err(TargetError::Key),
            (Some(_), Some(_)) => Err(TargetError::Both),
            (None, None) => Err(TargetError::Missing),
        }
    }
}
