//! What comes next: Classify → PrePass → Search ⇄ Finish → Done, for the number and
//! then for every composite factor of it.

use super::messages::Now;
use super::rate::Pace;
use super::reports::insert_all;
use super::supply::Supply;
use super::task::{Done, PrePass, Prepare, Work};
use super::{Master, Search, Task, TaskResult};
use crate::ledger::state::Part;
use rsac_factor::{Collector, Plan, Supply as SupplyEnd, small};
use rsac_protocol::{Ending, Stage};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

impl Master {
    /// Takes the result of a task in. It is committed before anything is told of it.
    pub fn task_done(&mut self, now: Now, result: TaskResult) {
        self.running = None;
        if !self.is_done() {
            self.take_result(now, result);
            self.advance(now);
        }
        if self.ledger.is_dirty() {
            self.commit(now);
        }
    }

    fn take_result(&mut self, now: Now, result: TaskResult) {
        match result.0 {
            Done::Classified(parts) => self.classified(now, parts),
            Done::Split(part, Some(divisor)) => {
                self.split(now, &part.number, &[divisor], "in-process");
            }
            Done::Split(part, None) => {
                // Goes through planning instead.
                self.ledger
                    .change_state(|state| state.pre_passed.push(part));
            }
            Done::Weak(part, weak) => {
                let weakness = weak.weakness.to_string();
                tracing::info!(weakness, "the pre-pass has split the number");
                if self.split(now, &part.number, &[weak.divisor], "pre-pass") {
                    self.ledger
                        .change_state(|state| state.weakness = Some(weakness));
                } else {
                    self.ledger
                        .change_state(|state| state.pre_passed.push(part));
                }
            }
            Done::Planned(part, plan) => self.planned(now, part, plan),
            Done::Finished(plan, finish) => self.finished(now, plan, finish),
        }
    }

    /// Decides what is to be done next, and makes the task for it.
    pub(super) fn advance(&mut self, now: Now) {
        while self.running.is_none() && !self.is_done() && self.step(now) {}
    }

    /// One step; false when there is nothing to do but wait.
    fn step(&mut self, now: Now) -> bool {
        let state = self.ledger.state();
        if !state.unclassified.is_empty() {
            let parts = state.unclassified.clone();
            self.start(Work::Classify(parts));
            return false;
        }
        let Some(part) = state.open.first().cloned() else {
            self.solved(now);
            return true;
        };
        if self.search.is_some() {
            return self.step_search(now);
        }
        if let Some((sequence, plan, collector)) = self.prepared.take() {
            return self.enter(now, sequence, plan, collector);
        }
        if let Some(plan) = self.plan_in_force(&part) {
            let collector = plan.1.collector();
            return self.enter(now, plan.0, plan.1, collector);
        }
        self.prepare(part);
        false
    }

    fn start(&mut self, work: Work) {
        let stop = Arc::new(AtomicBool::new(false));
        self.running = Some(Arc::clone(&stop));
        self.due = Some(Task { work, stop });
    }

    /// The state's plan, if it is one for `part` that this build can serve.
    fn plan_in_force(&self, part: &Part) -> Option<(u64, Plan)> {
        let sequence = self.ledger.state().plan?;
        let record = self.ledger.plans().get(&sequence)?;
        match Plan::parse(&record.text) {
            Ok(plan) => (*plan.number() == part.number).then_some((sequence, plan)),
            Err(error) => {
                tracing::warn!(%error, sequence, "a plan of another build is made anew");
                None
            }
        }
    }

    fn prepare(&mut self, part: Part) {
        let auto = self.job.method.is_none();
        let pre_passed = self.ledger.state().pre_passed.contains(&part);
        if auto && !pre_passed && part.number.bits() <= small::MAX_BITS {
            self.start(Work::Split(part));
            return;
        }
        let pre_pass = (auto && !pre_passed).then(|| PrePass {
            seconds: self.job.pre_pass_seconds,
            public_exponent: self.job.public_exponent.clone(),
        });
        if pre_pass.is_some() && self.ledger.state().stage != Stage::PrePass {
            self.ledger
                .change_state(|state| state.stage = Stage::PrePass);
        }
        let spent = self.ledger.spent().cpu_micros;
        let limit = self.job.max_cpu_micros().saturating_sub(spent);
        self.start(Work::Prepare(Prepare {
            part,
            method: self.job.method,
            limit: Duration::from_micros(limit),
            pre_pass,
        }));
    }

    /// Takes a plan into force: its reports are replayed into its collector.
    fn enter(
        &mut self,
        now: Now,
        sequence: u64,
        plan: Plan,
        mut collector: Box<dyn Collector>,
    ) -> bool {
        let replayed = self
            .ledger
            .replay(sequence, |report| insert_all(&mut *collector, report));
        for note in self.ledger.take_notes() {
            tracing::warn!("{note}");
        }
        if let Err(error) = replayed {
            // Tried again with the next tick.
            self.fail(now, &error);
            return false;
        }
        let text = plan.text();
        let end = plan.supply().end();
        let supply = Supply::load(&mut self.ledger, sequence, end, now.unix);
        for (unit, worker) in supply.held(&self.ledger) {
            self.workers.inherited(unit, &worker, now.elapsed);
        }
        let covered = self.ledger.covered(sequence);
        let weight = covered.iter().map(|range| plan.weight(range)).sum();
        self.rate.reset();
        self.search = Some(Search {
            sequence,
            digest: rsac_protocol::Digest::of(&text),
            pace: Pace::new(plan.index_cpu_seconds()),
            plan,
            collector,
            supply,
            weight,
        });
        if self.ledger.state().stage != Stage::Search {
            self.ledger
                .change_state(|state| state.stage = Stage::Search);
        }
        true
    }

    /// Whether the search has enough, or nothing is left of it.
    fn step_search(&mut self, now: Now) -> bool {
        let Some(search) = &self.search else {
            return false;
        };
        if search.collector.ready() {
            let work = Work::Finish {
                plan: search.sequence,
                finisher: search.collector.finisher(),
            };
            self.start(work);
            if self.ledger.state().stage != Stage::Finish {
                self.ledger
                    .change_state(|state| state.stage = Stage::Finish);
            }
            return false;
        }
        if search.supply.is_exhausted() {
            let method = search.plan.method();
            match search.plan.supply() {
                SupplyEnd::Budget { .. } => self.end(
                    now,
                    Ending::Infeasible,
                    format!(
                        "all attempts of {method} were made and found nothing: give another method"
                    ),
                ),
                _ => self.end(
                    now,
                    Ending::Contradiction,
                    format!(
                        "the whole range of {method} was searched and nothing found, though the \
                         number is composite: some worker computed wrongly"
                    ),
                ),
            }
            return true;
        }
        false
    }
}
