//! The view of units: who holds or held which range, how far, with what outcome.

use crate::UnitId;
use serde::{Deserialize, Serialize};

/// Where a unit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitState {
    /// Nobody holds it.
    Open,
    /// A worker holds it.
    Held,
    /// All its indices are covered.
    Done,
    /// Its uncovered rest went into new units.
    Split,
    /// The search ended before it was covered.
    Dropped,
}

/// How a worker's holding of a unit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldingEnd {
    /// It covered the unit.
    Done,
    /// It gave the rest back (drain).
    Released,
    /// It was not heard from in time.
    Lost,
    /// The search ended.
    Over,
}

/// One worker's holding of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HolderView {
    /// The worker's id.
    pub worker: String,
    /// The epoch it held the unit in.
    pub epoch: u64,
    /// Since when, in seconds since 1970.
    pub since: u64,
    /// Until when; none while it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// Indices it reported in this holding.
    pub reported: u64,
    /// How it ended; none while it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<HoldingEnd>,
}

/// One unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitView {
    /// The unit's number within its plan.
    pub id: UnitId,
    /// First index.
    pub from: u64,
    /// One past the last index.
    pub to: u64,
    /// How many of its indices are covered.
    pub covered: u64,
    /// Where it stands.
    pub state: UnitState,
    /// Who holds or held it, in order.
    pub holders: Vec<HolderView>,
}

/// A page of units, in order of their numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitsPage {
    /// The plan's number within its ledger.
    pub plan: u64,
    /// The plan's method.
    pub method: String,
    /// How many plans the ledger has.
    pub plans: u64,
    /// Indices covered in the plan, all units together.
    pub covered: u64,
    /// How many indices the plan has; none for an open supply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<u64>,
    /// The units.
    pub units: Vec<UnitView>,
    /// Where the next page starts after; none on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_after: Option<UnitId>,
}
