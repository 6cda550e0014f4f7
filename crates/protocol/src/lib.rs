//! What master, worker and whoever asks the master say to each other.
//!
//! The master serves these messages over HTTP; workers call the routes under
//! [`routes::WORKER_API`], the local supervisor and the operator ask for the
//! [`Summary`], people ask for `/progress` and the view of units. Everything is JSON
//! save the [`Report`], which is postcard, because it carries the bulk.
//!
//! This crate depends on no other room: numbers are decimal strings, methods are
//! names, findings are bytes, and only `rsac-factor` knows what they mean.

mod answer;
mod ids;
mod job;
mod report;
pub mod routes;
mod solution;
mod summary;
mod units;
mod worker;

pub use answer::{Answer, Problem, ProblemCode};
pub use ids::{Digest, LedgerId, ParseIdError, UnitId};
pub use job::{Job, MAX_JOB_BYTES};
pub use report::{Finding, MAX_REPORT_BYTES, Report, ReportAnswer, ReportCodecError};
pub use solution::Solution;
pub use summary::{
    Ending, Outcome, PlanSummary, Progress, ProgressAnswer, Stage, Summary, SupplyKind,
    WorkersSummary,
};
pub use units::{HolderView, HoldingEnd, UnitState, UnitView, UnitsPage};
pub use worker::{
    AcquireAnswer, AcquireRequest, Command, GivenBack, HeartbeatAnswer, HeartbeatRequest, Holding,
    LedgerPosition, PlanText, RegisterAnswer, RegisterRequest, ReleaseAnswer, ReleaseRequest, Unit,
};

/// The version of this protocol. Master and workers of a job are of one build, so a
/// difference is refused at registration rather than negotiated.
pub const VERSION: u32 = 1;

/// How often a worker sends a heartbeat.
pub const HEARTBEAT_SECONDS: u64 = 5;

/// After this long without a heartbeat or a report, a worker's units go to others.
pub const LOST_SECONDS: u64 = 30;

/// What a worker keeps unacknowledged, in memory and on disk together, before it pauses.
pub const MAX_UNACKNOWLEDGED_BYTES: usize = 16 << 20;
