//! The one error of this crate.

use crate::fault::{ArmFault, Class};

/// Why a call came to nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ArmError {
    /// The service answered with an error, unreadably, or not at all.
    #[error("{0}")]
    Fault(Box<ArmFault>),
    /// No token: what each credential answered, and what to do.
    #[error("{0}")]
    Credential(String),
    /// What the client was given does not do: a field, its value, and the remedy.
    #[error("{0}")]
    Setup(String),
}

impl ArmError {
    /// What kind of trouble it is.
    pub fn class(&self) -> Class {
        match self {
            ArmError::Fault(fault) => fault.class,
            ArmError::Credential(_) => Class::Credential,
            ArmError::Setup(_) => Class::Invalid,
        }
    }

    /// What the service said, if it was the service.
    pub fn fault(&self) -> Option<&ArmFault> {
        match self {
            ArmError::Fault(fault) => Some(fault),
            _ => None,
        }
    }

    /// The service's code, or empty.
    pub fn code(&self) -> &str {
        self.fault().map_or("", |fault| &fault.code)
    }

    /// Whether the resource, or its parent, is not there.
    pub fn is_not_found(&self) -> bool {
        self.class() == Class::NotFound
    }
}

impl From<ArmFault> for ArmError {
    fn from(fault: ArmFault) -> Self {
        ArmError::Fault(Box::new(fault))
    }
}
