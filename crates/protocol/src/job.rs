//! The job that a controller gives to a master.

use serde::{Deserialize, Serialize};

/// The longest job file that a master reads: a number of 4096 bits has 1234 digits.
pub const MAX_JOB_BYTES: u64 = 64 * 1024;

/// What a master is to do: the content of the file it is started with. A controller
/// (the local supervisor or the operator) writes it from a resource's spec; a change
/// of any field is a new file and a restart of the master.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Job {
    /// The resource's name.
    pub name: String,
    /// What the controller calls this job under these limits: any text, repeated in the
    /// [`crate::Summary`], so that the word of a master that was started for something
    /// else is told from news.
    #[serde(default)]
    pub attempt: String,
    /// The number to factor, decimal.
    pub number: String,
    /// The public exponent, decimal, where a public key was given: it enables the
    /// search for a small private exponent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_exponent: Option<String>,
    /// The method wanted, by the name that `rsac-factor` knows it by; none is `auto`:
    /// the master chooses, and only then pre-pass and in-process answers are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The longest time that a worker computes without reporting, seconds.
    pub checkpoint_seconds: u64,
    /// CPU hours that the whole job may cost; more is `Infeasible` beforehand and
    /// `CpuHoursExceeded` afterwards.
    pub max_cpu_hours: f64,
    /// CPU seconds that the weak-key pre-pass may take at the most.
    pub pre_pass_seconds: u64,
    /// Seconds that the job may be active, time suspended aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_seconds: Option<u64>,
}
