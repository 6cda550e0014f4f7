//! The answer to a job.

use serde::{Deserialize, Serialize};

/// The complete prime factorisation of a job's number. Secret: it goes to whoever
/// holds the job's token, and never into logs, events or status.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Solution {
    /// The number, decimal.
    pub number: String,
    /// Its prime factors with multiplicity, decimal, ascending; `[number]` for a prime.
    pub factors: Vec<String>,
    /// How it was found: the name of the method that split it last, or of the step
    /// (`classification`, `pre-pass`, `in-process`) that made a search unnecessary.
    pub method: String,
    /// The weakness that gave it away, in words, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weakness: Option<String>,
    /// Seconds that the job was active.
    pub seconds: f64,
    /// CPU seconds of master and workers together.
    pub cpu_seconds: f64,
}

impl std::fmt::Debug for Solution {
    /// Without the factors: a debug print must not leak them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Solution")
            .field("method", &self.method)
            .field("factors", &format_args!("{} hidden", self.factors.len()))
            .finish_non_exhaustive()
    }
}
