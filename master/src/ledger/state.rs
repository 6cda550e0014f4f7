//! What the ledger remembers of its number, beside units and ranges.

use num_bigint::BigUint;
use rsac_protocol::{Digest, HoldingEnd, Outcome, Solution, Stage, UnitState};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How far the factorisation is. Written whole at every change, both into the store and
/// as a record of the journal; the one with the highest revision counts.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Counts the changes.
    pub revision: u64,
    /// Where the job stands.
    pub stage: Stage,
    /// The method wanted when the plan in force was decided; none is `auto`.
    pub method: Option<String>,
    /// Factors of which it is not known yet what they are.
    pub unclassified: Vec<Part>,
    /// Prime factors found.
    pub primes: Vec<Part>,
    /// Odd composite factors, no perfect powers, to be split; the first is worked on.
    pub open: Vec<Part>,
    /// The composites that went through the pre-pass without success.
    pub pre_passed: Vec<Part>,
    /// The plan in force, or the last that was.
    pub plan: Option<u64>,
    /// The method or step that split a number last.
    pub split_by: Option<String>,
    /// The weakness that gave the number away.
    pub weakness: Option<String>,
    /// How the job ended, once it has.
    pub outcome: Option<Outcome>,
    /// The factorisation, once it is complete.
    pub solution: Option<Solution>,
    /// The limits under which it ended without a solution.
    pub ended_under: Option<Limits>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            revision: 0,
            stage: Stage::Classify,
            method: None,
            unclassified: Vec::new(),
            primes: Vec::new(),
            open: Vec::new(),
            pre_passed: Vec::new(),
            plan: None,
            split_by: None,
            weakness: None,
            outcome: None,
            solution: None,
            ended_under: None,
        }
    }
}

impl fmt::Debug for State {
    /// Without any number: a debug print must not leak factors.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("revision", &self.revision)
            .field("stage", &self.stage)
            .field("plan", &self.plan)
            .field("outcome", &self.outcome.as_ref().map(|o| o.ending))
            .finish_non_exhaustive()
    }
}

/// A factor of the job's number, and how often it divides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The factor.
    #[serde(with = "decimal")]
    pub number: BigUint,
    /// How often.
    pub multiplicity: u64,
}

/// The settings that can end a job without a solution, and reopen it when they change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// The method wanted; none is `auto`.
    pub method: Option<String>,
    /// CPU hours allowed.
    pub max_cpu_hours: f64,
    /// Seconds of active time allowed.
    pub deadline_seconds: Option<u64>,
}

/// A plan of this ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRecord {
    /// SHA-256 over `text`.
    pub digest: Digest,
    /// The method's name.
    pub method: String,
    /// What `rsac-factor` reads.
    pub text: String,
}

/// A unit with its history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitRecord {
    /// First index.
    pub from: u64,
    /// One past the last.
    pub to: u64,
    /// Where it stands.
    pub state: UnitState,
    /// Raised at every grant; 0 before the first.
    pub epoch: u64,
    /// Who holds or held it, in order.
    pub holders: Vec<Holder>,
}

/// One worker's holding of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The worker's id.
    pub worker: String,
    /// The epoch.
    pub epoch: u64,
    /// The worker's request that it was granted to: a repeat gets the same unit.
    pub request: u64,
    /// Since when, seconds since 1970.
    pub since: u64,
    /// Until when; none while it holds.
    pub until: Option<u64>,
    /// Indices reported in this holding.
    pub reported: u64,
    /// How it ended; none while it holds.
    pub end: Option<HoldingEnd>,
}

impl UnitRecord {
    /// The holding that lasts, if any.
    pub fn current(&self) -> Option<&Holder> {
        self.holders.last().filter(|h| h.end.is_none())
    }

    /// Whether `worker` holds it now, in `epoch`.
    pub fn is_held_by(&self, worker: &str, epoch: u64) -> bool {
        self.current()
            .is_some_and(|h| h.worker == worker && h.epoch == epoch)
    }

    /// Ends the holding that lasts, if any.
    pub fn end_holding(&mut self, end: HoldingEnd, at: u64) {
        if let Some(holder) = self.holders.last_mut().filter(|h| h.end.is_none()) {
            holder.end = Some(end);
            holder.until = Some(at);
        }
    }
}

/// What a job has used up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Milliseconds that the job was active.
    pub active_millis: u64,
    /// CPU time of master and workers together, microseconds.
    pub cpu_micros: u64,
}

mod decimal {
    use num_bigint::BigUint;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(number: &BigUint, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(number)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BigUint, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
