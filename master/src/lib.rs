//! The master of a factoring job: plans, hands out units, keeps the ledger, finishes
//! the mathematics, serves progress.
//!
//! Three layers, each usable without the next:
//! - [`ledger`]: the durable state of one number, over a small [`ledger::disk::Disk`];
//! - [`core`](crate::core): the master as a deterministic machine over a ledger;
//! - [`run`]: HTTP around the core, for the binary.
//!
//! A simulation drives [`Master`] over a [`ledger::disk::Machine`] instead of a server.

pub mod core;
pub mod ledger;
mod server;

pub use crate::core::{
    Counters, JobSpec, Master, Now, ReceivedReport, Reply, Request, Response, Task, TaskResult,
    UnsuitableJob,
};
pub use crate::server::{MasterError, Options, Secured, Uri, run};
