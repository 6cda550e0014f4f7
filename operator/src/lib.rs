//! The controller of RSACracker: makes master and workers for each, asks the master how
//! the job stands, says so in the status, keeps the result.
//!
//! One look at a job goes observe → validate → build → apply → status, a file a step:
//! `observe` with `ask`, `validate`, `build/` (a file a child), `bring` with `children` and `secrets`,
//! `say`. `reconcile` strings them together, and `finish` ends them. Decisions are `rsac-workload`'s, which the
//! local supervisor shares.
//!
//! `rsac-infra operator` runs it, in a pod or from outside with a kubeconfig; templates of
//! its roles are rendered from [`rights`].

mod announced;
mod ask;
mod bring;
mod build;
mod children;
mod cluster;
mod compare;
mod context;
mod controller;
mod definition;
mod events;
mod finish;
mod gate;
mod leader;
mod memories;
mod memory;
mod metrics;
mod observe;
mod options;
mod pace;
mod pods;
mod reconcile;
pub mod rights;
mod run;
mod say;
mod secrets;
mod server;
mod undecodable;
mod validate;
mod watch;
mod writer;

pub use options::{Access, LeaderElection, OperatorError, Options, PullSecret};
pub use run::run;
