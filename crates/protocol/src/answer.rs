//! The envelope of the master's answers to workers, and its refusals.

use crate::{LedgerId, LedgerPosition};
use serde::{Deserialize, Serialize};

/// Every answer to a worker says which ledger, opened for which time, gave it: a
/// worker that saw a higher generation of the same ledger refuses a lower one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer<T> {
    /// The ledger's identity.
    pub ledger: LedgerId,
    /// Raised at every open of the ledger.
    pub generation: u64,
    /// The answer itself.
    pub body: T,
}

impl<T> Answer<T> {
    /// Wraps an answer.
    pub fn new(position: LedgerPosition, body: T) -> Self {
        Self {
            ledger: position.ledger,
            generation: position.generation,
            body,
        }
    }

    /// Which ledger, at which generation, gave this answer.
    pub fn position(&self) -> LedgerPosition {
        LedgerPosition {
            ledger: self.ledger,
            generation: self.generation,
        }
    }
}

/// Why the master refused a request: the body of every answer that is no 2xx.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// For programs.
    pub code: ProblemCode,
    /// For people.
    pub message: String,
}

/// The kinds of refusal, with the HTTP status each is sent with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemCode {
    /// 400: the request is malformed, or contradicts the plan.
    Malformed,
    /// 401: no token, or a wrong one.
    Unauthorized,
    /// 404: no such thing.
    NotFound,
    /// 409: the worker speaks another protocol version or is of another build.
    Version,
    /// 409: the report is of another ledger and another plan.
    ForeignLedger,
    /// 413: larger than the limit.
    TooLarge,
    /// 503: the queue is full, or the ledger cannot be written now; try again.
    Later,
    /// 500: a fault of the master's own.
    Internal,
}

impl ProblemCode {
    /// The HTTP status that goes with this refusal.
    pub fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Unauthorized => 401,
            Self::NotFound => 404,
            Self::Version | Self::ForeignLedger => 409,
            Self::TooLarge => 413,
            Self::Later => 503,
            Self::Internal => 500,
        }
    }
}
