//! The ledger: the durable state of one number.
//!
//! `<data>/<folder of the number>/` holds
//! - `lock`, locked while a master has the ledger open,
//! - `fence`, the mark of whoever opened it last,
//! - `segment-…`, append-only: every accepted report under its plan, and a journal of
//!   plans and states,
//! - `store.redb`, the embedded store: units, covered ranges, plans, state, and the
//!   committed length of every segment.
//!
//! The core changes the ledger in memory and then calls [`Ledger::commit`], which
//! writes the segments, syncs them, and commits everything else in one transaction of
//! the store. A commit that fails may be repeated: nothing is lost in memory, nothing
//! is half-written on the disk.

mod commit;
pub mod disk;
mod error;
mod fence;
mod open;
mod ranges;
mod record;
mod replay;
mod segments;
pub mod state;
mod store;

pub use error::LedgerError;
pub use open::folder_name;
pub use ranges::RangeSet;

use crate::ledger::disk::{Disk, Lock};
use crate::ledger::state::{PlanRecord, Spent, State, UnitRecord};
use commit::Dirty;
use error::store_error;
use fence::Fence;
use rsac_protocol::{Digest, LedgerPosition, UnitId, UnitState};
use segments::kind;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use store::Store;

/// The open ledger of one number.
#[derive(Debug)]
pub struct Ledger {
    // Dropped in this order: the store closes before the lock is free.
    store: Store,
    writer: segments::Writer,
    fence: Arc<Fence>,
    disk: Arc<dyn Disk>,
    number: String,
    state: State,
    spent: Spent,
    plans: BTreeMap<u64, PlanRecord>,
    units: BTreeMap<(u64, UnitId), UnitRecord>,
    covered: BTreeMap<u64, RangeSet>,
    /// Number → (plan, committed length).
    segments: BTreeMap<u64, (u64, u64)>,
    dirty: Dirty,
    journaled: u64,
    notes: Vec<String>,
    _lock: Box<dyn Lock>,
}

impl Ledger {
    /// Identity and generation.
    pub fn position(&self) -> LedgerPosition {
        let mark = self.fence.mark();
        LedgerPosition {
            ledger: mark.ledger,
            generation: mark.generation,
        }
    }

    /// What was found damaged, cut or rebuilt at the opening, and at every entering of
    /// a plan: for the log.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// How far the factorisation is.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Changes the state.
    pub fn change_state(&mut self, change: impl FnOnce(&mut State)) {
        change(&mut self.state);
        self.state.revision += 1;
        self.dirty.state = true;
    }

    /// What the job has used up.
    pub fn spent(&self) -> Spent {
        self.spent
    }

    /// Changes what the job has used up. Alone it causes no commit.
    pub fn spent_mut(&mut self) -> &mut Spent {
        self.dirty.spent = true;
        &mut self.spent
    }

    /// All plans, by their sequence.
    pub fn plans(&self) -> &BTreeMap<u64, PlanRecord> {
        &self.plans
    }

    /// The sequence of the plan with this digest.
    pub fn plan_of(&self, digest: &Digest) -> Option<u64> {
        let found = self.plans.iter().find(|(_, plan)| plan.digest == *digest);
        found.map(|(sequence, _)| *sequence)
    }

    /// Adds a plan, or finds the one with the same text.
    pub fn add_plan(&mut self, method: &str, text: String) -> u64 {
        let digest = Digest::of(&text);
        if let Some(sequence) = self.plan_of(&digest) {
            return sequence;
        }
        let sequence = self.plans.last_key_value().map_or(0, |(last, _)| last + 1);
        let plan = PlanRecord {
            digest,
            method: method.to_owned(),
            text,
        };
        self.plans.insert(sequence, plan);
        self.dirty.plans.insert(sequence);
        sequence
    }

    /// The units of a plan, in order of their numbers, from the one after `after`.
    pub fn units_after(
        &self,
        plan: u64,
        after: Option<UnitId>,
    ) -> impl Iterator<Item = (UnitId, &UnitRecord)> {
        let first = after.map_or(Some(0), |after| after.checked_add(1));
        first
            .into_iter()
            .flat_map(move |first| self.units.range((plan, first)..=(plan, u64::MAX)))
            .map(|((_, id), unit)| (*id, unit))
    }

    /// One unit.
    pub fn unit(&self, plan: u64, id: UnitId) -> Option<&UnitRecord> {
        self.units.get(&(plan, id))
    }

    /// One unit, to be changed.
    pub fn unit_mut(&mut self, plan: u64, id: UnitId) -> Option<&mut UnitRecord> {
        let unit = self.units.get_mut(&(plan, id))?;
        self.dirty.units.insert((plan, id));
        Some(unit)
    }

    /// Makes an open unit.
    pub fn new_unit(&mut self, plan: u64, range: Range<u64>) -> UnitId {
        let last = self.units.range((plan, 0)..=(plan, u64::MAX)).next_back();
        let id = last.map_or(0, |((_, last), _)| last + 1);
        let unit = UnitRecord {
            from: range.start,
            to: range.end,
            state: UnitState::Open,
            epoch: 0,
            holders: Vec::new(),
        };
        self.units.insert((plan, id), unit);
        self.dirty.units.insert((plan, id));
        id
    }

    /// What of a plan is covered.
    pub fn covered(&self, plan: u64) -> &RangeSet {
        static NOTHING: std::sync::LazyLock<RangeSet> = std::sync::LazyLock::new(RangeSet::default);
        self.covered.get(&plan).unwrap_or(&NOTHING)
    }

    /// Takes a report's bytes into the plan's segment, and its range into the covered
    /// ones. Answers what of the range was not covered before.
    ///
    /// # Errors
    /// When the segment's head cannot be encoded, which no input causes.
    pub fn accept(
        &mut self,
        plan: u64,
        report: &[u8],
        range: Range<u64>,
    ) -> Result<Vec<Range<u64>>, LedgerError> {
        let text = self.plans.get(&plan).map_or("", |p| p.text.as_str());
        self.writer
            .stage(Some((plan, text)), kind::REPORT, report)
            .map_err(|error| store_error(&*self.disk, error))?;
        self.dirty.reports = true;
        Ok(self.cover(plan, range))
    }

    fn cover(&mut self, plan: u64, range: Range<u64>) -> Vec<Range<u64>> {
        let set = self.covered.entry(plan).or_default();
        let before = set.touching(range.clone());
        let new = set.insert(range.clone());
        let after = set.touching(range);
        let touched = before.into_iter().chain(after);
        self.dirty
            .covered
            .extend(touched.map(|start| (plan, start)));
        new
    }
}
