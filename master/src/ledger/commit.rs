//! Making changes durable: segments first, then everything else in one transaction of
//! the store.

use super::Ledger;
use super::error::{LedgerError, store_error, unavailable};
use super::segments::kind;
use super::store::{self, Changes, StoreError};
use rsac_protocol::UnitId;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

/// What differs between memory and disk.
#[derive(Debug, Default)]
pub(super) struct Dirty {
    pub(super) identity: bool,
    pub(super) state: bool,
    pub(super) spent: bool,
    pub(super) plans: BTreeSet<u64>,
    pub(super) units: BTreeSet<(u64, UnitId)>,
    pub(super) covered: BTreeSet<(u64, u64)>,
    pub(super) uncovered: BTreeSet<u64>,
    pub(super) segments: BTreeSet<u64>,
    pub(super) reports: bool,
}

impl Ledger {
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
