//! What goes into the agent and what comes out of it: requests and replies, orders to
//! lanes and their pieces. The shell ([`crate::run`]) and the simulation carry them.

use crate::WorkerError;
use bytes::Bytes;
use rsac_factor::{Found, Plan};
use rsac_protocol::{
    AcquireAnswer, AcquireRequest, Answer, Digest, HeartbeatAnswer, HeartbeatRequest, Problem,
    RegisterAnswer, RegisterRequest, ReleaseAnswer, ReleaseRequest, Report, ReportAnswer,
};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Time since the worker started. The agent has no clock: whoever drives it tells.
pub type Time = Duration;

/// Matches a [`Reply`] with its [`Request`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Names a report within this process and its spool; in the order of their making.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReportKey(pub u64);

/// A plan in force, read and checked.
#[derive(Debug)]
pub struct LoadedPlan {
    /// Names it.
    pub digest: Digest,
    /// What its indices mean.
    pub plan: Plan,
}

/// A request to the master.
#[derive(Debug, Clone)]
pub enum Request {
    /// To [`rsac_protocol::routes::REGISTER`].
    Register(RegisterRequest),
    /// To [`rsac_protocol::routes::ACQUIRE`].
    Acquire(AcquireRequest),
    /// To [`rsac_protocol::routes::HEARTBEAT`].
    Heartbeat(HeartbeatRequest),
    /// To [`rsac_protocol::routes::REPORT`]; encoded.
    Report(Bytes),
    /// To [`rsac_protocol::routes::RELEASE`].
    Release(ReleaseRequest),
}

impl Request {
    /// How long to wait for the reply before it counts as [`Reply::Failed`].
    pub fn timeout(&self) -> Duration {
        match self {
            Self::Register(_) | Self::Acquire(_) | Self::Release(_) => Duration::from_secs(10),
            Self::Heartbeat(_) => Duration::from_secs(5),
            Self::Report(_) => Duration::from_secs(20),
        }
    }
}

/// What became of a request. Each has exactly one reply; a late one is not delivered.
#[derive(Debug, Clone)]
pub enum Reply {
    /// To [`Request::Register`].
    Register(Answer<RegisterAnswer>),
    /// To [`Request::Acquire`].
    Acquire(Answer<AcquireAnswer>),
    /// To [`Request::Heartbeat`].
    Heartbeat(Answer<HeartbeatAnswer>),
    /// To [`Request::Report`].
    Report(Answer<ReportAnswer>),
    /// To [`Request::Release`].
    Release(Answer<ReleaseAnswer>),
    /// The master refused.
    Refused(Problem),
    /// No answer, or none that a master of rsac gives. It may have been received.
    Failed(String),
}

/// What a lane computed. Each order is answered by one or more pieces, of which the
/// last, and only the last, is `idle`.
#[derive(Debug, Clone)]
pub struct Piece {
    /// The lane.
    pub lane: usize,
    /// What is completely searched; starts where the last piece ended. May be empty.
    pub range: Range<u64>,
    /// What was found there, in order of index.
    pub found: Vec<Found>,
    /// How long it took.
    pub wall: Duration,
    /// The CPU time that it took.
    pub cpu: Duration,
    /// Whether the lane waits for an order now: its range is searched, or it was halted.
    pub idle: bool,
}

/// What the shell is to do, in this order.
#[derive(Debug)]
pub enum Action {
    /// Send a request; its reply goes to [`crate::Agent::replied`].
    Send {
        /// Matches the reply.
        id: RequestId,
        /// What to send.
        request: Request,
    },
    /// Let an idle lane search a range; its pieces go to [`crate::Agent::computed`].
    Compute {
        /// The lane, from 0.
        lane: usize,
        /// The plan.
        plan: Arc<LoadedPlan>,
        /// The range.
        range: Range<u64>,
    },
    /// Let a lane stop at the next index; an `idle` piece follows.
    Halt {
        /// The lane.
        lane: usize,
    },
    /// Keep a report on disk; before the actions that follow.
    Spool {
        /// Names it.
        key: ReportKey,
        /// The encoded report.
        bytes: Bytes,
    },
    /// Delete a report from disk: it is acknowledged, or dropped.
    Unspool {
        /// Names it.
        key: ReportKey,
    },
}

/// What is due now, and when to ask again.
#[derive(Debug)]
pub struct Step {
    /// To be done.
    pub actions: Vec<Action>,
    /// When something is due again, if nothing is told meanwhile.
    pub wake: Option<Time>,
    /// Set once the worker is to end.
    pub end: Option<End>,
}

/// How a worker's work ends.
#[derive(Debug)]
pub enum End {
    /// After a shutdown.
    Drained {
        /// Reports that could not be delivered; they stay in the spool.
        undelivered: usize,
    },
    /// It cannot serve this job.
    Failed(WorkerError),
}

/// A report that an earlier process left in the spool.
#[derive(Debug, Clone)]
pub struct Spooled {
    /// Names it.
    pub key: ReportKey,
    /// The encoded report.
    pub bytes: Bytes,
    /// The same, read.
    pub report: Report,
}
