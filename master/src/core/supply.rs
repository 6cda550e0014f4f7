//! The supply of units of one plan: grants, returns, re-splits.
//!
//! Every index below the frontier is covered or in exactly one live (open or held)
//! unit; indices above it were never handed out. Units are made when they are wanted,
//! so that their size fits the workers of the moment.

use crate::ledger::Ledger;
use rsac_protocol::{HoldingEnd, Unit, UnitId, UnitState};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use crate::ledger::state::Holder;

/// Who asks for units.
pub(crate) struct Applicant<'a> {
    pub(crate) worker: &'a str,
    pub(crate) request: u64,
    pub(crate) unix: u64,
}

/// The live units of a plan, and where the next new one starts.
#[derive(Debug)]
pub(crate) struct Supply {
    plan: u64,
    /// One past the last index; of an open supply, what 64 bits can count.
    end: u64,
    frontier: u64,
    /// First index → unit; open and held ones.
    live: BTreeMap<u64, UnitId>,
    /// First index → unit; open ones.
    open: BTreeMap<u64, UnitId>,
    /// What every request was given.
    granted: HashMap<(String, u64), Vec<UnitId>>,
}

impl Supply {
    /// Takes up the units that the ledger has of `plan`, and makes open ones of whatever
    /// is neither covered nor in a unit.
    pub(crate) fn load(ledger: &mut Ledger, plan: u64, end: Option<u64>, unix: u64) -> Self {
        let mut supply = Self {
            plan,
            end: end.unwrap_or(u64::MAX),
            frontier: ledger.covered(plan).end(),
            live: BTreeMap::new(),
            open: BTreeMap::new(),
            granted: HashMap::new(),
        };
        let mut known = Vec::new();
        for (id, unit) in ledger.units_after(plan, None) {
            supply.frontier = supply.frontier.max(unit.to);
            for holder in &unit.holders {
                supply.remember(&holder.worker, holder.request, id);
            }
            known.push((id, unit.from..unit.to, unit.state));
        }
        let mut unowned = ledger.covered(plan).clone();
        for (id, range, state) in known {
            match state {
                UnitState::Open | UnitState::Held => unowned.insert(range.clone()),
                // A damaged report took back what made it done: others will do the rest.
                UnitState::Done if !ledger.covered(plan).gaps(range.clone()).is_empty() => {
                    if let Some(unit) = ledger.unit_mut(plan, id) {
                        unit.state = UnitState::Split;
                    }
                    continue;
                }
                UnitState::Done | UnitState::Split | UnitState::Dropped => continue,
            };
            supply.live.insert(range.start, id);
            if state == UnitState::Open {
                supply.open.insert(range.start, id);
            }
        }
        for gap in unowned.gaps(0..supply.frontier) {
            supply.make_open(ledger, gap);
        }
        let all: Vec<u64> = supply.live.keys().copied().collect();
        for from in all {
            supply.close_if_covered(ledger, from, unix);
        }
        supply
    }

    fn remember(&mut self, worker: &str, request: u64, id: UnitId) {
        self.granted
            .entry((worker.to_owned(), request))
            .or_default()
            .push(id);
    }

    fn make_open(&mut self, ledger: &mut Ledger, range: Range<u64>) -> UnitId {
        let id = ledger.new_unit(self.plan, range.clone());
        self.live.insert(range.start, id);
        self.open.insert(range.start, id);
        id
    }

    /// Indices that nobody holds: in open units, or never handed out. For an open
    /// supply the latter are counted as far as `horizon`.
    pub(crate) fn unheld(&self, ledger: &Ledger, horizon: u64) -> u64 {
        let open: u64 = self
            .open
            .values()
            .filter_map(|id| ledger.unit(self.plan, *id))
            .map(|unit| unit.to - unit.from)
            .sum();
        let end = self.end.min(horizon);
        open.saturating_add(end.saturating_sub(self.frontier))
    }

    /// Where the next new unit starts.
    pub(crate) fn frontier(&self) -> u64 {
        self.frontier
    }

    /// Whether every index is covered.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.frontier >= self.end && self.live.is_empty()
    }

    /// What a repeated request was given and still holds; none when it is a new one.
    pub(crate) fn repeated(&self, ledger: &Ledger, who: &Applicant<'_>) -> Option<Vec<Unit>> {
        let ids = self.granted.get(&(who.worker.to_owned(), who.request))?;
        let held = ids.iter().filter_map(|id| {
            let unit = ledger.unit(self.plan, *id)?;
            let holder = unit.current()?;
            let same = holder.worker == who.worker && holder.request == who.request;
            same.then_some(Unit {
                id: *id,
                epoch: unit.epoch,
                from: unit.from,
                to: unit.to,
            })
        });
        Some(held.collect())
    }

    /// Grants one unit of about `size` indices: a returned one first.
    pub(crate) fn grant(
        &mut self,
        ledger: &mut Ledger,
        who: &Applicant<'_>,
        size: u64,
    ) -> Option<Unit> {
        let size = size.max(1);
        let id = match self.open.pop_first() {
            Some((from, id)) => self.shrink(ledger, from, id, size),
            None => {
                let to = self.frontier.saturating_add(size).min(self.end);
                if to <= self.frontier {
                    return None;
                }
                let id = ledger.new_unit(self.plan, self.frontier..to);
                self.live.insert(self.frontier, id);
                self.frontier = to;
                id
            }
        };
        self.remember(who.worker, who.request, id);
        let unit = ledger.unit_mut(self.plan, id)?;
        unit.epoch += 1;
        unit.state = UnitState::Held;
        unit.holders.push(Holder {
            worker: who.worker.to_owned(),
            epoch: unit.epoch,
            request: who.request,
            since: who.unix,
            until: None,
            reported: 0,
            end: None,
        });
        Some(Unit {
            id,
            epoch: unit.epoch,
            from: unit.from,
            to: unit.to,
        })
    }

    /// An open unit of more than twice the size wanted is split in two, so that the end
    /// of the search stays even; answers the unit to grant.
    fn shrink(&mut self, ledger: &mut Ledger, from: u64, id: UnitId, size: u64) -> UnitId {
        let Some(to) = ledger.unit(self.plan, id).map(|unit| unit.to) else {
            return id;
        };
        if (to - from) / 2 <= size {
            return id;
        }
        if let Some(unit) = ledger.unit_mut(self.plan, id) {
            unit.state = UnitState::Split;
        }
        let first = self.make_open(ledger, from..from + size);
        self.open.remove(&from);
        self.make_open(ledger, from + size..to);
        first
    }

    /// Ends the holding of a unit. What is not covered of it goes back: as the same unit
    /// when that is all of it, else in new ones.
    pub(crate) fn give_back(
        &mut self,
        ledger: &mut Ledger,
        id: UnitId,
        end: HoldingEnd,
        unix: u64,
    ) {
        let Some(range) = ledger.unit(self.plan, id).map(|u| u.from..u.to) else {
            return;
        };
        let gaps = ledger.covered(self.plan).gaps(range.clone());
        let whole = gaps.first() == Some(&range);
        if let Some(unit) = ledger.unit_mut(self.plan, id) {
            unit.end_holding(end, unix);
            unit.state = if whole {
                UnitState::Open
            } else {
                UnitState::Split
            };
        }
        if whole {
            self.open.insert(range.start, id);
            return;
        }
        self.live.remove(&range.start);
        for gap in gaps {
            self.make_open(ledger, gap);
        }
    }

    /// `range` is covered now: closes the units that it completes.
    pub(crate) fn covered(&mut self, ledger: &mut Ledger, range: Range<u64>, unix: u64) {
        let before = self.live.range(..range.start).next_back();
        let touched: Vec<u64> = before
            .into_iter()
            .chain(self.live.range(range))
            .map(|(from, _)| *from)
            .collect();
        for from in touched {
            self.close_if_covered(ledger, from, unix);
        }
    }

    fn close_if_covered(&mut self, ledger: &mut Ledger, from: u64, unix: u64) {
        let Some(id) = self.live.get(&from).copied() else {
            return;
        };
        let Some(range) = ledger.unit(self.plan, id).map(|u| u.from..u.to) else {
            return;
        };
        if !ledger.covered(self.plan).gaps(range).is_empty() {
            return;
        }
        if let Some(unit) = ledger.unit_mut(self.plan, id) {
            unit.end_holding(HoldingEnd::Done, unix);
            unit.state = UnitState::Done;
        }
        self.live.remove(&from);
        self.open.remove(&from);
    }

    /// The units that are held now.
    pub(crate) fn held(&self, ledger: &Ledger) -> Vec<(UnitId, String)> {
        self.live
            .values()
            .filter_map(|id| {
                let holder = ledger.unit(self.plan, *id)?.current()?;
                Some((*id, holder.worker.clone()))
            })
            .collect()
    }

    /// The search is over: what is live is dropped.
    pub(crate) fn retire(ledger: &mut Ledger, plan: u64, unix: u64) {
        let live: Vec<UnitId> = ledger
            .units_after(plan, None)
            .filter(|(_, u)| matches!(u.state, UnitState::Open | UnitState::Held))
            .map(|(id, _)| id)
            .collect();
        for id in live {
            if let Some(unit) = ledger.unit_mut(plan, id) {
                unit.end_holding(HoldingEnd::Over, unix);
                unit.state = UnitState::Dropped;
            }
        }
    }
}
