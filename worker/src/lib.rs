//! A worker: takes units of work from a master, computes, reports, drains.
//!
//! - [`agent`]: its decisions, as a deterministic state machine; the simulation in
//!   `rsac-tests` drives the same one.
//! - [`spool`]: unacknowledged reports on disk.
//! - [`run()`]: the shell around both: HTTP, threads, clock. `rsac-infra worker` calls it.

pub mod agent;
mod error;
mod run;
pub mod spool;

pub use agent::Agent;
pub use error::WorkerError;
pub use run::{MAX_THREADS, MasterAddress, Options, run};
