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

pub mod disk;
mod fence;
mod open;
mod ranges;
mod record;
mod segments;
pub mod state;
mod store;

pub use open::folder_name;
pub use ranges::RangeSet;

use crate::ledger::disk::{Disk, Lock};
use crate::ledger::state::{PlanRecord, Spent, State, UnitRecord};
use fence::Fence;
use rsac_protocol::{Digest, LedgerPosition, Report, UnitId, UnitState};
use segments::kind;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::sync::Arc;
use store::{Changes, Store, StoreError};

/// Why a ledger cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Another process has it open.
    #[error("the ledger in {place} is in use by another master: stop that one first")]
    Locked {
        /// The folder.
        place: String,
    },
    /// Another master opened it meanwhile. This one must stop.
    #[error("the ledger in {place} was opened by another master meanwhile: this one stops")]
    Foreign {
        /// The folder.
        place: String,
    },
    /// The disk refuses, for lack of space say; worth another attempt.
    #[error("the ledger in {place} cannot be written: {source}")]
    Unavailable {
        /// The folder.
        place: String,
        /// What the system says.
        source: io::Error,
    },
    /// The store's bytes changed behind the master's back; opening it again rebuilds it.
    #[error("the store in {place} is damaged ({why}): start the master again to rebuild it")]
    Damaged {
        /// The folder.
        place: String,
        /// What was found.
        why: String,
    },
    /// The folder holds another number's ledger.
    #[error("the ledger in {place} belongs to another number: move that folder away")]
    OtherNumber {
        /// The folder.
        place: String,
    },
}

impl LedgerError {
    /// Whether the same call may succeed later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

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

/// What differs between memory and disk.
#[derive(Debug, Default)]
struct Dirty {
    identity: bool,
    state: bool,
    spent: bool,
    plans: BTreeSet<u64>,
    units: BTreeSet<(u64, UnitId)>,
    covered: BTreeSet<(u64, u64)>,
    uncovered: BTreeSet<u64>,
    segments: BTreeSet<u64>,
    reports: bool,
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

    /// Gives `each` every intact report of a plan, in the order of acceptance, and makes
    /// the covered ranges what these reports cover: what a damaged record covered is
    /// uncovered again. Damage is named in the notes.
    ///
    /// # Errors
    /// When a segment cannot be read.
    pub fn replay(&mut self, plan: u64, mut each: impl FnMut(&Report)) -> Result<(), LedgerError> {
        let Some(digest) = self.plans.get(&plan).map(|p| p.digest) else {
            return Ok(());
        };
        let mut intact = RangeSet::default();
        let mut take = |read: &segments::Read| {
            for (_, body) in read.records(0).filter(|(k, _)| *k == kind::REPORT) {
                if let Ok(report) = Report::decode(body)
                    && report.plan == digest
                {
                    intact.insert(report.from..report.to);
                    each(&report);
                }
            }
        };
        let mut damage = Vec::new();
        for (number, (_, committed)) in self.segments.iter().filter(|(_, s)| s.0 == plan) {
            let read = segments::Read::open(&*self.disk, *number)
                .map_err(|source| unavailable(&*self.disk, source))?;
            for bytes in read.damaged(*committed) {
                damage.push(format!(
                    "{}: bytes {}..{} hold no intact record",
                    segments::file_name(*number),
                    bytes.start,
                    bytes.end
                ));
            }
            take(&read);
        }
        take(&self.writer.staged(plan));
        let lost: Vec<Range<u64>> = self
            .covered(plan)
            .iter()
            .flat_map(|range| intact.gaps(range))
            .collect();
        self.notes.append(&mut damage);
        for range in lost {
            self.notes.push(format!(
                "the indices {}..{} of plan {plan} are uncovered again",
                range.start, range.end
            ));
        }
        if *self.covered(plan) != intact {
            self.dirty.uncovered.insert(plan);
            self.dirty
                .covered
                .extend(intact.iter().map(|range| (plan, range.start)));
            self.covered.insert(plan, intact);
        }
        Ok(())
    }

    /// Whether anything waits for a commit that somebody may rely on.
    pub fn is_dirty(&self) -> bool {
        let d = &self.dirty;
        d.identity
            || d.state
            || d.reports
            || !(d.plans.is_empty()
                && d.units.is_empty()
                && d.covered.is_empty()
                && d.uncovered.is_empty()
                && d.segments.is_empty())
    }

    /// Makes all changes durable; only then may anybody be told of them.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`]: nothing is lost, call again later. Others are final.
    pub fn commit(&mut self) -> Result<(), LedgerError> {
        match self.try_commit() {
            Ok(()) => Ok(()),
            Err(_) if self.fence.is_foreign() => Err(LedgerError::Foreign {
                place: self.disk.place(),
            }),
            Err(error) => Err(error),
        }
    }

    fn try_commit(&mut self) -> Result<(), LedgerError> {
        let disk = Arc::clone(&self.disk);
        let unavailable = |source| unavailable(&*disk, source);
        let store_error = |error| store_error(&*disk, error);
        self.fence.check().map_err(unavailable)?;
        if !self.is_dirty() && !self.dirty.spent {
            return Ok(());
        }
        self.stage_journal().map_err(store_error)?;
        let lengths = self.writer.flush().map_err(unavailable)?;
        let changes = self.changes(&lengths).map_err(store_error)?;
        self.store.write(&changes).map_err(store_error)?;
        self.writer.committed();
        self.segments.extend(lengths);
        self.dirty = Dirty::default();
        // Whoever raised the fence while this commit was under way may have read the
        // store before it: then nothing of it may be acknowledged.
        self.fence.check().map_err(unavailable)
    }

    fn stage_journal(&mut self) -> Result<(), StoreError> {
        if !self.dirty.state || self.journaled == self.state.revision {
            return Ok(());
        }
        for sequence in &self.dirty.plans {
            if let Some(plan) = self.plans.get(sequence) {
                let body = store::encode(&(sequence, plan))?;
                self.writer.stage(None, kind::PLAN, &body)?;
            }
        }
        let state = serde_json::to_vec(&self.state).map_err(io::Error::other)?;
        self.writer.stage(None, kind::STATE, &state)?;
        self.journaled = self.state.revision;
        Ok(())
    }

    fn changes(&self, lengths: &[(u64, (u64, u64))]) -> Result<Changes, StoreError> {
        let position = self.position();
        let dirty = &self.dirty;
        let state = serde_json::to_vec(&self.state).map_err(io::Error::other)?;
        let mut changes = Changes {
            identity: dirty
                .identity
                .then(|| (position.ledger, position.generation, self.number.clone())),
            state: dirty.state.then_some(state),
            spent: Some(self.spent),
            uncovered: dirty.uncovered.iter().copied().collect(),
            segments: lengths.to_vec(),
            ..Changes::default()
        };
        for sequence in &dirty.plans {
            if let Some(plan) = self.plans.get(sequence) {
                changes.plans.push((*sequence, store::encode(plan)?));
            }
        }
        for key in &dirty.units {
            if let Some(unit) = self.units.get(key) {
                changes.units.push((*key, store::encode(unit)?));
            }
        }
        for (plan, start) in &dirty.covered {
            let end = self.covered(*plan).end_of(*start);
            changes.covered.push(((*plan, *start), end));
        }
        for number in &dirty.segments {
            if let Some(segment) = self.segments.get(number) {
                changes.segments.push((*number, *segment));
            }
        }
        Ok(changes)
    }
}

fn unavailable(disk: &dyn Disk, source: io::Error) -> LedgerError {
    LedgerError::Unavailable {
        place: disk.place(),
        source,
    }
}

fn store_error(disk: &dyn Disk, error: StoreError) -> LedgerError {
    match error {
        StoreError::Io(source) => unavailable(disk, source),
        StoreError::Damaged(why) => LedgerError::Damaged {
            place: disk.place(),
            why,
        },
    }
}
