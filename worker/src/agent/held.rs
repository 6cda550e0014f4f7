//! The units that the worker holds: queued, in a lane, or computed with reports still
//! unacknowledged.

use super::outbox::UnitName;
use rsac_protocol::{Digest, GivenBack, Holding, LedgerPosition, Unit, UnitId};
use std::collections::{BTreeMap, VecDeque};

/// A unit in hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) unit: Unit,
    /// The ledger that granted it.
    pub(super) granted: LedgerPosition,
    /// The next index to be searched.
    pub(super) at: u64,
}

impl Held {
    /// Whether all of it is computed.
    pub(super) fn is_searched(&self) -> bool {
        self.at == self.unit.to
    }

    /// Its name in reports.
    pub(super) fn name(&self, plan: Digest) -> UnitName {
        UnitName {
            ledger: self.granted.ledger,
            plan,
            unit: self.unit.id,
            epoch: self.unit.epoch,
        }
    }
}

/// All units in hand, of one plan and one ledger.
#[derive(Debug, Default)]
pub(super) struct Units {
    held: BTreeMap<UnitId, Held>,
    queue: VecDeque<UnitId>,
}

impl Units {
    /// Takes a granted unit in. One that is in hand already only gets its new epoch.
    pub(super) fn grant(&mut self, unit: Unit, granted: LedgerPosition) {
        if let Some(held) = self.held.get_mut(&unit.id) {
            held.unit.epoch = held.unit.epoch.max(unit.epoch);
            held.granted = granted;
            return;
        }
        let at = unit.from;
        self.held.insert(unit.id, Held { unit, granted, at });
        self.queue.push_back(unit.id);
    }

    /// How many wait for a lane.
    pub(super) fn queued(&self) -> usize {
        self.queue.len()
    }

    /// The next unit for a lane.
    pub(super) fn next(&mut self) -> Option<Held> {
        while let Some(id) = self.queue.pop_front() {
            if let Some(held) = self.held.get(&id) {
                return Some(*held);
            }
        }
        None
    }

    /// Notes how far a unit is searched.
    pub(super) fn advance(&mut self, id: UnitId, at: u64) {
        if let Some(held) = self.held.get_mut(&id) {
            held.at = held.at.max(at);
        }
    }

    /// A unit in hand.
    pub(super) fn get(&self, id: UnitId) -> Option<&Held> {
        self.held.get(&id)
    }

    /// Lets go of a unit if it is held in this epoch.
    pub(super) fn let_go(&mut self, id: UnitId, epoch: u64) -> Option<Held> {
        if self.held.get(&id)?.unit.epoch != epoch {
            return None;
        }
        self.queue.retain(|&queued| queued != id);
        self.held.remove(&id)
    }

    /// Lets go of all.
    pub(super) fn clear(&mut self) {
        self.held.clear();
        self.queue.clear();
    }

    /// All of them, for a heartbeat.
    pub(super) fn holdings(&self) -> Vec<Holding> {
        self.held
            .values()
            .map(|held| Holding {
                unit: held.unit.id,
                epoch: held.unit.epoch,
                at: held.at,
            })
            .collect()
    }

    /// All of them, for a release.
    pub(super) fn give_back(&self) -> Vec<GivenBack> {
        self.held
            .values()
            .map(|held| GivenBack {
                unit: held.unit.id,
                epoch: held.unit.epoch,
            })
            .collect()
    }
}
