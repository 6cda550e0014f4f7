//! What the core is asked, and answers.

use rsac_protocol::{
    AcquireAnswer, AcquireRequest, Answer, HeartbeatAnswer, HeartbeatRequest, Problem, ProblemCode,
    RegisterAnswer, RegisterRequest, ReleaseAnswer, ReleaseRequest, Report, ReportAnswer,
    ReportCodecError,
};
use std::time::Duration;

/// The time, as whoever drives the core sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Now {
    /// Since some fixed moment; never goes back.
    pub elapsed: Duration,
    /// Seconds since 1970, for people.
    pub unix: u64,
}

/// A report with the bytes it came in.
#[derive(Debug, Clone)]
pub struct ReceivedReport {
    report: Report,
    bytes: Vec<u8>,
}

impl ReceivedReport {
    /// Decodes a report.
    ///
    /// # Errors
    /// When the bytes are none.
    pub fn decode(bytes: Vec<u8>) -> Result<Self, ReportCodecError> {
        let report = Report::decode(&bytes)?;
        Ok(Self { report, bytes })
    }

    /// The report.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Its encoding.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// A worker's request.
#[derive(Debug, Clone)]
pub enum Request {
    /// It presents itself.
    Register(RegisterRequest),
    /// It wants units.
    Acquire(AcquireRequest),
    /// It is alive.
    Heartbeat(HeartbeatRequest),
    /// It searched a range.
    Report(ReceivedReport),
    /// It gives units back.
    Release(ReleaseRequest),
}

/// What it is answered, unless it is refused.
#[derive(Debug, Clone, PartialEq)]
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
}

/// Reply or refusal.
pub type Response = Result<Reply, Problem>;

/// A refusal.
pub(crate) fn problem(code: ProblemCode, message: impl Into<String>) -> Problem {
    Problem {
        code,
        message: message.into(),
    }
}
