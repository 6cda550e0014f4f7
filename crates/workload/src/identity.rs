//! Which job a status speaks of.

use rsac_api::{RSACrackerSpec, TargetError};
use rsac_protocol::Digest;

/// Digests over what a spec asks for, kept as `status.job` and `status.attempt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Over number, exponent and method: with any other, it is another job, and what
    /// was found for this one does not answer it.
    pub question: String,
    /// Over the question and the limits (`maxCpuHours`, `deadlineSeconds`): a job that
    /// ended without factors under these limits may do better under others. The master
    /// is started with it and repeats it in every summary.
    pub attempt: String,
}

/// Which job a spec asks for.
///
/// # Errors
/// When it does not ask for one number.
pub fn identity(spec: &RSACrackerSpec) -> Result<Identity, TargetError> {
    let target = spec.target()?;
    let exponent = target.exponent.map(|e| e.to_string()).unwrap_or_default();
    let question = format!("{} {exponent} {}", target.number, spec.method().name());
    let attempt = format!(
        "{question} {} {:?}",
        spec.max_cpu_hours(),
        spec.deadline_seconds
    );
    Ok(Identity {
        question: Digest::of(&question).to_string(),
        attempt: Digest::of(&attempt).to_string(),
    })
}
