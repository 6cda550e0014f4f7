//! The seam of the user's words: what `apply`, `list`, `scale`, `result` … need from
//! wherever the stack runs. Words call it; each provider has one implementation.

mod kubernetes;
mod supervisor;

pub use kubernetes::KubernetesAccess;
pub use supervisor::SupervisorAccess;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use rsac_api::RSACracker;
use rsac_protocol::{Solution, UnitsPage};
use serde::{Deserialize, Serialize};

/// The resources of one stack, wherever they are.
#[async_trait]
pub trait Access: Send + Sync {
    /// All resources, by name.
    async fn list(&self) -> Result<Vec<RSACracker>, AccessError>;
    /// One resource.
    async fn get(&self, name: &str) -> Result<RSACracker, AccessError>;
    /// Makes a resource that must not exist yet.
    async fn create(&self, cracker: &RSACracker) -> Result<RSACracker, AccessError>;
    /// Creates the resource, or brings the one that exists to what the manifest says.
    /// Everywhere by one rule, whoever wrote before: a field that the manifest has is as
    /// it says, one that it leaves out stays as it is. Number and key are one choice: a
    /// manifest with one takes back the other. Maps merge key by key, lists are replaced.
    async fn apply(&self, cracker: &RSACracker) -> Result<(RSACracker, Applied), AccessError>;
    /// A JSON merge patch (RFC 7396) of the spec. With `resource_version`, only while
    /// the resource is still at that version.
    async fn patch(
        &self,
        name: &str,
        patch: &serde_json::Value,
        resource_version: Option<&str>,
    ) -> Result<RSACracker, AccessError>;
    /// Sets `spec.workerCount`.
    async fn scale(&self, name: &str, workers: u32) -> Result<RSACracker, AccessError>;
    /// Deletes a resource and all that belongs to it; returns when it is gone.
    async fn delete(&self, name: &str) -> Result<(), AccessError>;
    /// The resource (or all) as it is, then every change of it.
    async fn watch(
        &self,
        name: Option<&str>,
    ) -> Result<BoxStream<'static, Result<WatchEvent, AccessError>>, AccessError>;
    /// The factors, once there are any.
    async fn solution(&self, name: &str) -> Result<Option<Solution>, AccessError>;
    /// A page of the units of one plan (default: the one in force).
    async fn units(
        &self,
        name: &str,
        plan: Option<u64>,
        after: Option<u64>,
    ) -> Result<UnitsPage, AccessError>;
    /// The master's `/progress` answer, as it is.
    async fn progress(&self, name: &str) -> Result<String, AccessError>;
    /// Log lines of master and workers.
    async fn logs(
        &self,
        name: &str,
        query: &LogQuery,
    ) -> Result<BoxStream<'static, Result<LogLine, AccessError>>, AccessError>;
    /// Whether the stack made the resource: in a place that it shares with others, `down`
    /// deletes no other.
    fn is_own(&self, _cracker: &RSACracker) -> bool {
        true
    }
}

/// What [`Access::apply`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Applied {
    /// It was not there.
    Created,
    /// It was there, and differed.
    Changed,
    /// It was there just so.
    Unchanged,
}

/// A change seen by [`Access::watch`].
#[derive(Debug, Clone)]
pub enum WatchEvent {
    /// The resource was there when the watch began, was made, or changed.
    Now(Box<RSACracker>),
    /// It is gone.
    Gone(Box<RSACracker>),
}

/// Which log lines.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogQuery {
    /// `master`, `worker-0` …; none for all.
    pub component: Option<String>,
    /// Only the last so many lines of each.
    pub tail: Option<usize>,
    /// Go on with what comes.
    #[serde(default)]
    pub follow: bool,
}

/// One log line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Who wrote it: `master`, `worker-0` …
    pub component: String,
    /// The line.
    pub text: String,
}

/// Why an access failed. A local supervisor sends it as JSON.
#[derive(Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum AccessError {
    /// No resource of that name.
    #[error("there is no RSACracker {0:?}")]
    NotFound(String),
    /// `create` of one that exists.
    #[error("there is an RSACracker {0:?} already")]
    AlreadyExists(String),
    /// Somebody else changed it meanwhile.
    #[error("RSACracker {0:?} was changed by somebody else meanwhile")]
    Conflict(String),
    /// The resource's rules refuse it: each with field, value and remedy.
    #[error("{}", .0.join("\n"))]
    Invalid(Vec<String>),
    /// The master does not answer now (suspended, starting, or ended).
    #[error("the master of {name:?} does not answer now: {why}")]
    NoMaster {
        /// The resource.
        name: String,
        /// In words.
        why: String,
    },
    /// The stack does not answer.
    #[error("the stack does not answer: {0}")]
    Unreachable(String),
    /// Anything else that the other side said.
    #[error("{0}")]
    Other(String),
}
