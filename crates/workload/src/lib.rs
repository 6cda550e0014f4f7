//! The decisions that the operator and the local supervisor share: a spec becomes a
//! [`Workload`], an [`Observation`] becomes a status. Pure: no client, no I/O, no clock
//! but the one that the observation brings.
//!
//! A controller calls, whenever something changed: [`workload`] and brings master and
//! workers to it; observes; [`status`], and writes that where it differs from what is
//! there; [`expires_at`], and deletes the resource then. The status that is stored is
//! part of the input: a job that has ended stays ended when its master is gone, because
//! the status says so, for as long as it speaks of the same job ([`identity`]).

mod condition;
mod end;
mod identity;
mod observation;
mod rate;
mod status;
mod verdicts;
mod workload;

pub use end::{End, expires_at, finished};
pub use identity::{Identity, identity};
pub use observation::{Observation, Obstacle};
pub use status::status;
pub use workload::{Workload, workload};
