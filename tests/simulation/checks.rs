//! The checks that every schedule is put to, beside the ledger's books
//! ([`crate::account`]).

use crate::scenario::Kind;
use crate::worker::{Lane, PIECE};
use crate::world::World;
use rsac_factor::Method;
use rsac_protocol::{Ending, Report};
use std::time::Duration;

impl World {
    /// The answer is right; a Cover in which nothing is found was searched completely.
    pub(crate) fn check_end(&self) -> Result<(), String> {
        let Some(master) = self.master() else {
            return Err("there is no master in the end".into());
        };
        self.account.check(master, self.time())?;
        self.check_rest()?;
        let summary = master.summary(self.time());
        let ending = summary.outcome.map(|outcome| outcome.ending);
        if self.scenario.blind {
            let page = master.units(None, None, 1).map_err(|e| e.to_string())?;
            if ending != Some(Ending::Contradiction) || Some(page.covered) != page.end {
                return Err(format!("blind, it ended {ending:?} with {page:?}"));
            }
        } else {
            let factors = self.scenario.number.factors.iter();
            let factors: Vec<_> = factors.map(ToString::to_string).collect();
            let solution = master.solution().map(|solution| solution.factors.clone());
            if ending != Some(Ending::Factored) || solution != Some(factors) {
                return Err(format!("it ended {ending:?} with {solution:?}"));
            }
        }
        self.check_repeated()
    }

    fn check_repeated(&self) -> Result<(), String> {
        let interval = Duration::from_secs(self.scenario.checkpoint);
        let indices = interval.as_secs_f64() / self.scenario.index.as_secs_f64() + 2.0;
        let per_kill = indices.ceil() as u64 * self.scenario.lanes as u64;
        let most = match self.scenario.kind {
            Kind::Drains => 0,
            Kind::Kills => per_kill * self.tale.worker_kills,
            Kind::Storm => return Ok(()),
        };
        let repeated = self.account.repeated();
        // A sieve's indices beyond the goal are searched by whoever comes first.
        if repeated > most && self.scenario.number.method == Method::TrialDivision {
            return Err(format!("{repeated} indices searched again, {most} allowed"));
        }
        Ok(())
    }

    /// A report says what was computed, and comes before a crash can cost more than it
    /// may.
    pub(crate) fn check_report(&mut self, number: usize, report: &Report) -> Result<(), String> {
        let range = report.from..report.to;
        let named = format!("worker {number} reports {range:?}");
        if !self.account.is_computed(report.plan, range.clone()) {
            return Err(format!("{named}, not all of it computed"));
        }
        self.tale.reports += 1;
        let mut left = range.end - range.start;
        for lane in &mut self.workers[number].lanes {
            lane.unreported.retain(|(plan, piece, _)| {
                let is_in =
                    *plan == report.plan && range.start <= piece.start && piece.end <= range.end;
                left -= u64::from(is_in) * (piece.end - piece.start).min(left);
                !is_in
            });
        }
        if left > 0 {
            return Err(format!(
                "{named}, {left} of them not its own, or reported before"
            ));
        }
        Ok(())
    }

    /// What kill −9 would cost now is one checkpoint interval at the most, or, where a
    /// single index takes long, three quarters of it and one index.
    pub(crate) fn check_loss(&self, number: usize, lane: usize) -> Result<(), String> {
        let worker = &self.workers[number];
        let Some((_, _, began)) = worker.lanes[lane].unreported.front() else {
            return Ok(());
        };
        let interval = Duration::from_secs(self.scenario.checkpoint);
        let most = interval.max(interval * 3 / 4 + worker.index.max(PIECE));
        let loss = self.now - *began;
        if worker.was_frozen || loss <= most + Duration::from_millis(1) {
            return Ok(());
        }
        Err(format!(
            "a crash of worker {number} would cost {loss:?} of work"
        ))
    }

    /// After the end of a job nobody computes any more.
    pub(crate) fn check_rest(&self) -> Result<(), String> {
        for number in self.running() {
            let worker = &self.workers[number];
            let back = worker.frozen_until.max(worker.cut_off_until);
            let busy = |lane: &Lane| lane.order.is_some();
            if back + Duration::from_secs(60) > self.now {
                continue;
            }
            if self.workers[number].lanes.iter().any(busy) {
                return Err(format!(
                    "worker {number} computes though the search is over"
                ));
            }
        }
        Ok(())
    }
}
