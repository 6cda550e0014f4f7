//! What the master says of itself.

use super::messages::{Now, problem};
use super::{Master, Search};
use crate::ledger::state::UnitRecord;
use rsac_factor::{Plan, Supply};
use rsac_protocol::{
    HolderView, LedgerPosition, PlanSummary, Problem, ProblemCode, Progress, ProgressAnswer,
    Solution, Stage, Summary, SupplyKind, UnitId, UnitView, UnitsPage, WorkersSummary,
};

/// The largest page of units.
const MAX_PAGE: usize = 1000;
/// A worker is worth its start when it has this much to do, seconds.
const WORTHWHILE_SECONDS: f64 = 4.0;
/// No more workers are advised than a resource may ask for.
const MAX_USEFUL: f64 = 1000.0;

/// Counts since this opening of the ledger, for metrics and tests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Reports that brought something new.
    pub reports_accepted: u64,
    /// Reports that brought nothing new, and were acknowledged.
    pub reports_repeated: u64,
    /// Reports that were refused.
    pub reports_refused: u64,
    /// Findings that were kept.
    pub findings: u64,
    /// Reports refused for a finding that is not true.
    pub bad_findings: u64,
    /// Units that were taken from silent workers.
    pub units_lost: u64,
    /// Workers that were not heard from in time.
    pub workers_lost: u64,
    /// Commits tried.
    pub commits: u64,
}

impl Master {
    /// Identity and generation of the ledger.
    pub fn position(&self) -> LedgerPosition {
        self.ledger.position()
    }

    /// Counts since this opening of the ledger.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Everything that a controller needs.
    pub fn summary(&self, now: Now) -> Summary {
        let state = self.ledger.state();
        let spent = self.ledger.spent();
        let position = self.ledger.position();
        Summary {
            protocol: rsac_protocol::VERSION,
            job: self.job.name.clone(),
            attempt: self.job.attempt.clone(),
            number: self.job.decimal.clone(),
            ledger: position.ledger,
            generation: position.generation,
            stage: state.stage,
            plan: self.plan_summary(),
            progress: self.progress(now),
            workers: WorkersSummary {
                live: self.workers.live(),
                lanes: self.workers.lanes(),
                useful: self.useful_workers(),
            },
            active_seconds: spent.active_millis as f64 / 1e3,
            cpu_seconds: spent.cpu_micros as f64 / 1e6,
            ledger_unavailable: self.refusal(),
            outcome: state.outcome.clone(),
        }
    }

    /// The factorisation, once it is complete.
    pub fn solution(&self) -> Option<&Solution> {
        self.ledger.state().solution.as_ref()
    }

    /// The first system's three fields.
    pub fn progress_answer(&self) -> ProgressAnswer {
        let (done, all) = self.counted();
        ProgressAnswer {
            progress_all: all,
            progress_done: done,
            solution: self.solution().and_then(|s| s.factors.first().cloned()),
        }
    }

    /// A page of the units of a plan (of the last one, by default).
    ///
    /// # Errors
    /// When there is no such plan.
    pub fn units(
        &self,
        plan: Option<u64>,
        after: Option<UnitId>,
        limit: usize,
    ) -> Result<UnitsPage, Problem> {
        let plans = self.ledger.plans();
        let last = plans.last_key_value().map(|(sequence, _)| *sequence);
        let sequence = plan.or(self.ledger.state().plan).or(last);
        let Some((sequence, record)) = sequence.and_then(|s| Some((s, plans.get(&s)?))) else {
            return Err(problem(
                ProblemCode::NotFound,
                match plan {
                    Some(plan) => {
                        format!("there is no plan {plan}: this ledger has {}", plans.len())
                    }
                    None => "there is no plan yet: nothing was given to workers".to_owned(),
                },
            ));
        };
        let limit = limit.clamp(1, MAX_PAGE);
        let covered = self.ledger.covered(sequence);
        let mut units: Vec<UnitView> = self
            .ledger
            .units_after(sequence, after)
            .take(limit + 1)
            .map(|(id, unit)| view(id, unit, covered.count_in(unit.from..unit.to)))
            .collect();
        let more = units.len() > limit;
        units.truncate(limit);
        Ok(UnitsPage {
            plan: sequence,
            method: record.method.clone(),
            plans: plans.len() as u64,
            covered: covered.count(),
            end: Plan::parse(&record.text)
                .ok()
                .and_then(|plan| plan.supply().end()),
            next_after: units.last().filter(|_| more).map(|unit| unit.id),
            units,
        })
    }

    fn plan_summary(&self) -> Option<PlanSummary> {
        let sequence = self.ledger.state().plan?;
        let (supply, estimate, digest, method) = match &self.search {
            Some(search) => (
                search.plan.supply(),
                search.plan.estimate_cpu_seconds(),
                search.digest,
                search.plan.method().name().to_owned(),
            ),
            None => {
                let record = self.ledger.plans().get(&sequence)?;
                let plan = Plan::parse(&record.text).ok()?;
                let estimate = plan.estimate_cpu_seconds();
                (
                    plan.supply(),
                    estimate,
                    record.digest,
                    record.method.clone(),
                )
            }
        };
        Some(PlanSummary {
            sequence,
            digest,
            method,
            supply: match supply {
                Supply::Cover { .. } => SupplyKind::Cover,
                Supply::Goal => SupplyKind::Goal,
                Supply::Budget { .. } => SupplyKind::Budget,
            },
            estimate_cpu_seconds: estimate,
        })
    }

    /// Done and all, in the plan's word; steps while there is none.
    pub(super) fn counted(&self) -> (u64, u64) {
        if let Some(search) = &self.search {
            return search.counted();
        }
        match self.last_plan() {
            Some((sequence, plan)) => match plan.supply().end() {
                Some(end) => {
                    let covered = self.ledger.covered(sequence);
                    let done = covered.iter().map(|range| plan.weight(range)).sum();
                    (done, plan.weight(0..end))
                }
                None => (1, 1),
            },
            None => (u64::from(self.solution().is_some()), 1),
        }
    }

    /// What [`Self::counted`] counts.
    fn word(&self) -> &'static str {
        if let Some(search) = &self.search {
            return search.plan.word();
        }
        // Of a search that is over only indices are still counted.
        match self.last_plan() {
            Some((_, plan)) if plan.supply().end().is_some() => plan.word(),
            _ => "steps",
        }
    }

    /// The plan in force, or the last that was, without its search.
    fn last_plan(&self) -> Option<(u64, Plan)> {
        let sequence = self.ledger.state().plan?;
        let record = self.ledger.plans().get(&sequence)?;
        Some((sequence, Plan::parse(&record.text).ok()?))
    }

    fn progress(&self, now: Now) -> Progress {
        let (done, all) = self.counted();
        let rate = self.rate.per_second(now.elapsed, done);
        let left = all.saturating_sub(done) as f64;
        Progress {
            done,
            all,
            word: self.word().to_owned(),
            rate: if self.is_done() { 0.0 } else { rate },
            seconds_left: (rate > 0.0 && !self.is_done()).then_some(left / rate),
        }
    }

    /// More workers than this would wait: there is not enough left for them to do.
    fn useful_workers(&self) -> u32 {
        let Some(search) = &self.search else {
            return 0;
        };
        if self.ledger.state().stage != Stage::Search {
            return 0;
        }
        let (done, all) = search.counted();
        let covered = self.ledger.covered(search.sequence).count();
        let indices = match search.plan.supply().end() {
            Some(end) => end.saturating_sub(covered) as f64,
            None => {
                let horizon = search.horizon(&self.ledger);
                let share = all.saturating_sub(done) as f64 / all.max(1) as f64;
                horizon as f64 * share
            }
        };
        let seconds = indices * search.pace.index_seconds();
        let lanes_each = match self.workers.live() {
            0 => 1.0,
            live => f64::from(self.workers.lanes()) / f64::from(live),
        };
        (seconds / WORTHWHILE_SECONDS / lanes_each)
            .ceil()
            .clamp(1.0, MAX_USEFUL) as u32
    }
}

impl Search {
    fn counted(&self) -> (u64, u64) {
        match self.plan.supply().end() {
            Some(end) => (self.weight, self.plan.weight(0..end)),
            None => {
                let tally = self.collector.tally();
                (tally.have, tally.need.max(tally.have))
            }
        }
    }
}

fn view(id: UnitId, unit: &UnitRecord, covered: u64) -> UnitView {
    UnitView {
        id,
        from: unit.from,
        to: unit.to,
        covered,
        state: unit.state,
        holders: unit
            .holders
            .iter()
            .map(|holder| HolderView {
                worker: holder.worker.clone(),
                epoch: holder.epoch,
                since: holder.since,
                until: holder.until,
                reported: holder.reported,
                end: holder.end,
            })
            .collect(),
    }
}
