//! What was computed and what was promised, index by index, counted apart from master
//! and workers.

use rsac_master::{Master, Now};
use rsac_protocol::{Digest, LedgerId, UnitState};
use std::collections::HashMap;
use std::ops::Range;

/// Every check of a schedule's books is made against this.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// How often each index of a plan was searched.
    computed: HashMap<Digest, Vec<u32>>,
    /// The indices that a ledger acknowledged.
    acknowledged: HashMap<(LedgerId, Digest), Vec<bool>>,
}

fn span<T: Clone + Default>(all: &mut Vec<T>, range: Range<u64>) -> &mut [T] {
    let (from, to) = (range.start as usize, range.end as usize);
    if all.len() < to {
        all.resize(to, T::default());
    }
    &mut all[from..to]
}

fn count<T>(all: &[T], range: Range<u64>, is: impl Fn(&T) -> bool) -> u64 {
    let to = (range.end as usize).min(all.len());
    let from = (range.start as usize).min(to);
    all[from..to].iter().filter(|item| is(item)).count() as u64
}

impl Account {
    /// A lane searched these indices to their end.
    pub(crate) fn computed(&mut self, plan: Digest, range: Range<u64>) {
        for times in span(self.computed.entry(plan).or_default(), range) {
            *times += 1;
        }
    }

    /// A master says that these are safe in its ledger.
    pub(crate) fn acknowledged(&mut self, ledger: LedgerId, plan: Digest, range: Range<u64>) {
        let promised = self.acknowledged.entry((ledger, plan)).or_default();
        span(promised, range).fill(true);
    }

    /// A disk was damaged: what was promised before may be lost.
    pub(crate) fn forgive(&mut self) {
        self.acknowledged.clear();
    }

    /// Whether all of these were searched at least once.
    pub(crate) fn is_computed(&self, plan: Digest, range: Range<u64>) -> bool {
        let all = self.computed.get(&plan).map_or(&[][..], Vec::as_slice);
        count(all, range.clone(), |times| *times > 0) == range.end - range.start
    }

    /// How many searches were not the first of their index.
    pub(crate) fn repeated(&self) -> u64 {
        let all = self.computed.values().flatten();
        all.map(|times| u64::from(times.saturating_sub(1))).sum()
    }

    /// The ledger covers what it promised and nothing that was never computed; its units
    /// agree with its total.
    pub(crate) fn check(&self, master: &Master, now: Now) -> Result<(), String> {
        let summary = master.summary(now);
        if summary.progress.done > summary.progress.all {
            return Err(format!("progress beyond its end: {:?}", summary.progress));
        }
        let Some(plan) = summary.plan else {
            return Ok(());
        };
        let none = Vec::new();
        let computed = self.computed.get(&plan.digest).unwrap_or(&none);
        let none = Vec::new();
        let promised = self
            .acknowledged
            .get(&(summary.ledger, plan.digest))
            .unwrap_or(&none);
        let bounds = |range: Range<u64>| {
            let least = count(promised, range.clone(), |yes| *yes);
            least..=count(computed, range, |times| *times > 0)
        };
        let mut after = None;
        loop {
            let page = master
                .units(Some(plan.sequence), after, 1000)
                .map_err(|problem| problem.to_string())?;
            let all = bounds(0..u64::MAX);
            if !all.contains(&page.covered) {
                return Err(format!("{} indices covered, not {all:?}", page.covered));
            }
            for unit in &page.units {
                let bounds = bounds(unit.from..unit.to);
                if !bounds.contains(&unit.covered) {
                    return Err(format!("a unit covers not {bounds:?}: {unit:?}"));
                }
                if unit.state == UnitState::Done && unit.covered != unit.to - unit.from {
                    return Err(format!("done, and not covered: {unit:?}"));
                }
            }
            after = page.next_after;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}
