//! The plan in force, with what is kept in memory of it.

use super::rate::Pace;
use super::supply::Supply;
use crate::ledger::Ledger;
use rsac_factor::{Collector, Plan};
use rsac_protocol::Digest;

/// About how long a lane works on a unit, seconds.
const UNIT_SECONDS: f64 = 20.0;
/// A unit is not made smaller than this much work, seconds, for the sake of an even end.
const SMALLEST_UNIT_SECONDS: f64 = 0.5;

/// A plan in force, with what is kept in memory of it.
pub(super) struct Search {
    pub(super) sequence: u64,
    pub(super) digest: Digest,
    pub(super) plan: Plan,
    pub(super) collector: Box<dyn Collector>,
    pub(super) supply: Supply,
    pub(super) pace: Pace,
    /// Weight of the covered indices.
    pub(super) weight: u64,
}

impl Search {
    /// How many indices the next unit should have.
    pub(super) fn unit_size(&self, ledger: &Ledger, lanes: u32) -> u64 {
        let index_seconds = self.pace.index_seconds();
        let indices = |seconds: f64| (seconds / index_seconds).ceil().max(1.0) as u64;
        let remaining = self.supply.unheld(ledger, self.horizon(ledger));
        let share = remaining / (2 * u64::from(lanes.max(1)));
        indices(UNIT_SECONDS)
            .min(share)
            .max(indices(SMALLEST_UNIT_SECONDS))
    }

    /// One past the index at which the search is expected to end.
    pub(super) fn horizon(&self, ledger: &Ledger) -> u64 {
        if let Some(end) = self.plan.supply().end() {
            return end;
        }
        let covered = ledger.covered(self.sequence).count();
        let tally = self.collector.tally();
        let planned = self.plan.estimate_cpu_seconds() / self.plan.index_cpu_seconds().max(1e-12);
        let expected = if tally.have > 0 && covered > 0 {
            covered as f64 * tally.need as f64 / tally.have as f64
        } else {
            planned
        };
        let missing = (expected as u64).saturating_sub(covered);
        self.supply.frontier().saturating_add(missing)
    }
}
