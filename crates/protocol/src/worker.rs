//! Registration, acquisition, heartbeat and release: a worker's small requests.

use crate::{Digest, LedgerId, UnitId};
use serde::{Deserialize, Serialize};

/// A ledger and how often it has been opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerPosition {
    /// The ledger's identity.
    pub ledger: LedgerId,
    /// Raised at every open.
    pub generation: u64,
}

/// A worker presents itself. The answer brings the plan in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisterRequest {
    /// [`crate::VERSION`] of the worker.
    pub protocol: u32,
    /// The job it was started for.
    pub job: String,
    /// Its name and a random part: another process is another worker.
    pub worker: String,
    /// Its computing threads; each works on a unit of its own.
    pub lanes: u32,
}

/// A plan as it is stored: the digest is over exactly this text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanText {
    /// SHA-256 over `text`.
    pub digest: Digest,
    /// What `rsac-factor` reads.
    pub text: String,
}

/// The answer to a registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisterAnswer {
    /// The plan in force; none while there is nothing to search: ask again later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanText>,
    /// The longest time to compute without reporting, seconds.
    pub checkpoint_seconds: u64,
}

/// A worker wants units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AcquireRequest {
    /// The worker's id.
    pub worker: String,
    /// The plan it works on.
    pub plan: Digest,
    /// How many units it wants, 1 to 64.
    pub count: u32,
    /// Makes a repeat of this request give the same units: a lost answer leaks none.
    pub request: u64,
}

/// A range of indices that one worker searches, fixed when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// The unit's number.
    pub id: UnitId,
    /// Raised at every grant of this unit.
    pub epoch: u64,
    /// First index to search.
    pub from: u64,
    /// One past the last.
    pub to: u64,
}

/// The answer to an acquisition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum AcquireAnswer {
    /// Work.
    Units {
        /// At least one.
        units: Vec<Unit>,
    },
    /// Nothing to hand out at present.
    Wait {
        /// Ask again after this long.
        seconds: u64,
    },
    /// Another plan is in force: register again.
    PlanChanged,
}

/// A unit that a worker believes it holds, and how far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// The unit.
    pub unit: UnitId,
    /// The epoch it was granted in.
    pub epoch: u64,
    /// The next index to be searched.
    pub at: u64,
}

/// "I am alive, and this is what I hold."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeartbeatRequest {
    /// The worker's id.
    pub worker: String,
    /// The plan it works on.
    pub plan: Digest,
    /// All units it holds, prefetched ones too.
    pub held: Vec<Holding>,
}

/// What a worker is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Go on.
    Continue,
    /// This master does not know the worker, or another plan is in force: register.
    Register,
    /// The search is over: drop what is held, ask again now and then.
    Stop,
}

/// The answer to a heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeartbeatAnswer {
    /// What to do.
    pub command: Command,
    /// Of the units named, those that are no longer the worker's.
    pub not_yours: Vec<UnitId>,
}

/// A unit whose rest is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenBack {
    /// The unit.
    pub unit: UnitId,
    /// The epoch it was granted in.
    pub epoch: u64,
}

/// A worker gives units back: what it searched of them it has reported before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseRequest {
    /// The worker's id.
    pub worker: String,
    /// The plan they belong to.
    pub plan: Digest,
    /// The units.
    pub units: Vec<GivenBack>,
    /// Whether the worker leaves for good.
    pub leaving: bool,
}

/// The answer to a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseAnswer {
    /// How many units went back into the supply.
    pub released: u32,
}
