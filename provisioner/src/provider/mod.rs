//! Providers: where a stack can live. A provider is observe, steps, undo, access.
//!
//! `up` observes, makes a plan of the steps that are missing, journals each before and
//! after, and performs it; `down` undoes the journaled ones in reverse. Every step can
//! be repeated: performing one that is done already, or undoing one that never was,
//! succeeds without a change.

pub mod azure;
pub mod kubeconfig;
mod kubernetes;
pub mod local;
pub mod minikube;

pub use kubernetes::DEFAULT_NAMESPACE;

use crate::access::Access;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A step of a provider's plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Names the step in the journal; unique within the provider.
    pub id: String,
    /// What it does, for the plan that people read: "start the supervisor".
    pub title: String,
    /// Whether what it makes is there already.
    pub done: bool,
}

/// What came of undoing a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// What the step made is gone.
    Gone,
    /// Nothing was taken away: it stays, or goes with a step that is undone later.
    Left,
    /// Its deletion goes on, and nobody waits: a later `down` confirms the end.
    Going,
}

/// Takes progress text for people.
pub type Say<'a> = &'a (dyn for<'text> Fn(&'text str) + Sync);

/// A place to compute. The provider knows its stack's folder and settings.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Looks at what exists, changes nothing, and answers all steps in order, each
    /// marked as done or not.
    async fn observe(&self) -> Result<Vec<Step>, ProviderError>;
    /// Performs a step; `say` takes progress text for people.
    async fn perform(&self, step: &str, say: Say<'_>) -> Result<(), ProviderError>;
    /// Undoes a step, and answers whether anything was taken away.
    async fn undo(&self, step: &str, say: Say<'_>) -> Result<Undone, ProviderError>;
    /// The way to the stack's resources, once its steps are done.
    async fn access(&self) -> Result<Box<dyn Access>, ProviderError>;
    /// What is left of the stack after everything was undone, for the closing check of
    /// `down`; empty when it is surely gone.
    async fn leftovers(&self) -> Result<Vec<String>, ProviderError>;
    /// What was left there on purpose, because others use it: a line each.
    fn kept(&self) -> Vec<String> {
        Vec::new()
    }
    /// Whether a step makes the cluster, rather than something within it: `up --only
    /// cluster` performs these alone.
    fn is_of_cluster(&self, _step: &str) -> bool {
        false
    }
    /// What is to be seen to before the first step is performed, a line each for people;
    /// an error where the missing steps cannot be performed.
    async fn check(&self, _steps: &[Step]) -> Result<Vec<String>, ProviderError> {
        Ok(Vec::new())
    }
    /// What is asked before the missing steps are performed, where somebody is there to answer
    /// yes or no; a yes is told by [`Provider::agree`]. Without an answer, `check` refuses.
    async fn question(&self) -> Result<Option<String>, ProviderError> {
        Ok(None)
    }
    /// The user said yes to the question.
    fn agree(&self) {}
    /// What the place itself says about the missing steps, for `plan`: advice, a line each.
    async fn forecast(&self) -> Result<Vec<String>, ProviderError> {
        Ok(Vec::new())
    }
    /// What `down` deletes, a line each for who is asked; an error where it may not.
    async fn going(&self) -> Result<Vec<String>, ProviderError> {
        Ok(Vec::new())
    }
    /// What `down` deleted, a line each for its report; empty where the steps say it all.
    fn removed(&self) -> Vec<String> {
        Vec::new()
    }
    /// Whether deletion goes on that nobody waited for: the stack is remembered until a
    /// later `down` confirms its end.
    fn is_going(&self) -> bool {
        false
    }
    /// Whether the place is taken down although its jobs cannot be asked for results: where
    /// it costs money, it does not wait for a cluster that does not answer.
    fn may_be_silent(&self) -> bool {
        false
    }
    /// Whether the place is surely gone, with all jobs that it had.
    async fn is_gone(&self) -> Result<bool, ProviderError> {
        Ok(false)
    }
}

/// Why a provider's work failed.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The machine lacks something, or a setting is wrong: what, and the remedy.
    #[error("{what}\n{remedy}")]
    Setting {
        /// What is wrong, with the value.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// It is there with another content, or another's: what, and the remedy.
    #[error("{what}\n{remedy}")]
    Conflict {
        /// What is otherwise, or whose it is.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// A file or folder of the stack.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The image of operator, masters and workers.
    #[error(transparent)]
    Image(#[from] crate::image::ImageError),
    /// Anything else, in words.
    #[error("{0}")]
    Failed(String),
}
