//! Who is there: registrations, signs of life, trust.

use rsac_protocol::{LOST_SECONDS, UnitId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// After this long without a sign of life, a worker's units go to others.
const LOST: Duration = Duration::from_secs(LOST_SECONDS);
/// A living worker that never names a unit it was granted does not know of it: the
/// answer that granted it was lost.
const UNNAMED: Duration = Duration::from_secs(3 * LOST_SECONDS);

/// A registered worker.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) lanes: u32,
    heard: Duration,
}

/// The workers of this opening of the ledger.
#[derive(Debug, Default)]
pub(crate) struct Workers {
    known: BTreeMap<String, Worker>,
    /// When a held unit was last named by its holder, or granted.
    named: BTreeMap<UnitId, Duration>,
    /// When a holder that has not registered with this opening was last heard from.
    unregistered: BTreeMap<String, Duration>,
    suspects: BTreeSet<String>,
}

impl Workers {
    pub(crate) fn register(&mut self, worker: &str, lanes: u32, now: Duration) {
        self.unregistered.remove(worker);
        self.known
            .insert(worker.to_owned(), Worker { lanes, heard: now });
    }

    pub(crate) fn is_registered(&self, worker: &str) -> bool {
        self.known.contains_key(worker)
    }

    /// A sign of life.
    pub(crate) fn heard(&mut self, worker: &str, now: Duration) {
        if let Some(known) = self.known.get_mut(worker) {
            known.heard = now;
        } else if let Some(heard) = self.unregistered.get_mut(worker) {
            *heard = now;
        }
    }

    /// The holder of a unit named it, or was granted it.
    pub(crate) fn named(&mut self, unit: UnitId, now: Duration) {
        self.named.insert(unit, now);
    }

    /// A unit is held by `worker` since before this opening.
    pub(crate) fn inherited(&mut self, unit: UnitId, worker: &str, now: Duration) {
        self.named(unit, now);
        if !self.known.contains_key(worker) {
            self.unregistered.insert(worker.to_owned(), now);
        }
    }

    /// The units of another plan are of no interest any more.
    pub(crate) fn forget_units(&mut self) {
        self.named.clear();
    }

    pub(crate) fn forget_unit(&mut self, unit: UnitId) {
        self.named.remove(&unit);
    }

    pub(crate) fn leave(&mut self, worker: &str) {
        self.known.remove(worker);
        self.unregistered.remove(worker);
    }

    /// Forgets the workers that were not heard from for too long; answers who.
    pub(crate) fn take_lost(&mut self, now: Duration) -> BTreeSet<String> {
        let silent = |heard: Duration| now.saturating_sub(heard) > LOST;
        let mut lost = BTreeSet::new();
        self.known.retain(|worker, known| {
            let keep = !silent(known.heard);
            if !keep {
                lost.insert(worker.clone());
            }
            keep
        });
        self.unregistered.retain(|worker, heard| {
            let keep = !silent(*heard);
            if !keep {
                lost.insert(worker.clone());
            }
            keep
        });
        lost
    }

    /// Whether a held unit's holder, though alive, does not seem to know of it.
    pub(crate) fn is_unnamed(&self, unit: UnitId, now: Duration) -> bool {
        self.named
            .get(&unit)
            .is_none_or(|named| now.saturating_sub(*named) > UNNAMED)
    }

    /// A worker sent something untrue: all of its findings are checked from now on.
    pub(crate) fn suspect(&mut self, worker: &str) {
        self.suspects.insert(worker.to_owned());
    }

    pub(crate) fn is_suspect(&self, worker: &str) -> bool {
        self.suspects.contains(worker)
    }

    pub(crate) fn live(&self) -> u32 {
        u32::try_from(self.known.len()).unwrap_or(u32::MAX)
    }

    /// Computing threads of all registered workers.
    pub(crate) fn lanes(&self) -> u32 {
        self.known
            .values()
            .fold(0, |sum, worker| sum.saturating_add(worker.lanes))
    }
}
