//! What comes next: Classify → PrePass → Search ⇄ Finish → Done, for the number and
//! then for every composite factor of it.

use super::messages::Now;
use super::rate::Pace;
use super::reports::insert_all;
use super::supply::Supply;
use super::task::{Done, PrePass, Prepare, Work};
use super::{Master, Search, Task, TaskResult};
use crate::ledger::state::{Part, State};
use num_bigint::BigUint;
use num_integer::Integer as _;
use num_traits::One as _;
use rsac_factor::{Class, Collector, Finish, Infeasible, Plan, Supply as SupplyEnd, small};
use rsac_protocol::{Ending, Solution, Stage};
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

    fn classified(&mut self, now: Now, parts: Vec<(Part, Class)>) {
        let mut unsuitable = None;
        self.ledger.change_state(|state| {
            state.unclassified.clear();
            for (part, class) in parts {
                let times = part.multiplicity;
                match class {
                    Class::Prime => add(&mut state.primes, part.number, times),
                    Class::Composite => add(&mut state.open, part.number, times),
                    Class::Even { twos, rest } => {
                        add(&mut state.primes, BigUint::from(2u8), twos * times);
                        if !rest.is_one() {
                            add(&mut state.unclassified, rest, times);
                        }
                        state.split_by = Some("classification".into());
                    }
                    Class::Power { root, exponent } => {
                        add(&mut state.unclassified, root, u64::from(exponent) * times);
                        state.split_by = Some("classification".into());
                    }
                    Class::BelowTwo => {
                        unsuitable = Some(
                            "numbers below 2 have no prime factorisation: give a larger one".into(),
                        );
                    }
                    Class::TooLarge { bits } => {
                        unsuitable = Some(format!(
                            "the number has {bits} bits: at most {} are accepted",
                            rsac_factor::classify::MAX_BITS
                        ));
                    }
                }
            }
        });
        if let Some(message) = unsuitable {
            self.end(now, Ending::Unsuitable, message);
        }
    }

    fn planned(
        &mut self,
        now: Now,
        part: Part,
        plan: Result<(Plan, Box<dyn Collector>), Infeasible>,
    ) {
        // A named method makes no pre-pass: it is still to be made, should the method change.
        let auto = self.job.method.is_none();
        match plan {
            Ok((plan, collector)) => {
                let method = plan.method().name();
                let sequence = self.ledger.add_plan(method, plan.text());
                let wanted = self.job.method_name();
                self.ledger.change_state(|state| {
                    state.plan = Some(sequence);
                    state.method = wanted;
                    if auto && !state.pre_passed.contains(&part) {
                        state.pre_passed.push(part);
                    }
                });
                tracing::info!(sequence, method, "a plan is decided");
                self.prepared = Some((sequence, plan, collector));
            }
            Err(infeasible) => {
                let message = format!(
                    "{infeasible} for a number of {} bits, more than the {} CPU hours allowed: \
                     raise maxCpuHours, or give another method",
                    part.number.bits(),
                    self.job.max_cpu_hours
                );
                self.ledger.change_state(|state| {
                    if auto && !state.pre_passed.contains(&part) {
                        state.pre_passed.push(part);
                    }
                });
                self.end(now, Ending::Infeasible, message);
            }
        }
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

    fn finished(&mut self, now: Now, plan: u64, finish: Finish) {
        let Some(search) = self.search.as_mut().filter(|s| s.sequence == plan) else {
            return;
        };
        let method = search.plan.method().name();
        let number = search.plan.number().clone();
        if let Finish::Divisors(divisors) = finish
            && self.split(now, &number, &divisors, method)
        {
            return;
        }
        // More is needed (or the finish was wrong, which is no reason to believe it).
        if let Some(search) = &mut self.search {
            search.collector.raise_goal();
        }
        self.ledger
            .change_state(|state| state.stage = Stage::Search);
    }

    /// Replaces a composite by the factors that `divisors` split it into, after checking
    /// them; false when they split nothing.
    fn split(&mut self, now: Now, number: &BigUint, divisors: &[BigUint], by: &str) -> bool {
        let parts = refine(number, divisors);
        if parts.len() < 2 {
            tracing::error!(by, "an alleged divisor divides nothing: it is not believed");
            return false;
        }
        tracing::info!(by, parts = parts.len(), "a composite is split");
        self.leave_plan(now);
        self.ledger.change_state(|state| {
            let Some(at) = state.open.iter().position(|part| part.number == *number) else {
                return;
            };
            let times = state.open.remove(at).multiplicity;
            state.pre_passed.retain(|part| part.number != *number);
            for part in parts {
                add(&mut state.unclassified, part, times);
            }
            state.split_by = Some(by.to_owned());
            state.stage = Stage::Classify;
        });
        true
    }

    /// Nothing is left to be split.
    fn solved(&mut self, now: Now) {
        let state = self.ledger.state();
        let mut factors: Vec<&Part> = state.primes.iter().collect();
        factors.sort_by(|a, b| a.number.cmp(&b.number));
        let factors: Vec<BigUint> = factors
            .into_iter()
            .flat_map(|part| (0..part.multiplicity).map(|_| part.number.clone()))
            .collect();
        if factors.iter().product::<BigUint>() != self.job.number {
            let message =
                "the factors found do not multiply to the number: a fault of this program";
            self.end(now, Ending::Contradiction, message.into());
            return;
        }
        let by = state
            .split_by
            .clone()
            .unwrap_or_else(|| "classification".into());
        let spent = self.ledger.spent();
        let solution = Solution {
            number: self.job.decimal.clone(),
            factors: factors.iter().map(BigUint::to_string).collect(),
            method: by.clone(),
            weakness: state.weakness.clone(),
            seconds: spent.active_millis as f64 / 1e3,
            cpu_seconds: spent.cpu_micros as f64 / 1e6,
        };
        let (ending, message) = match solution.factors.len() {
            1 => (Ending::Prime, "the number is prime".to_owned()),
            count => (
                Ending::Factored,
                format!("factored into {count} primes by {by}"),
            ),
        };
        self.ledger
            .change_state(|state: &mut State| state.solution = Some(solution));
        self.end(now, ending, message);
    }
}

/// Adds a factor, or raises the multiplicity of one that is there.
fn add(parts: &mut Vec<Part>, number: BigUint, multiplicity: u64) {
    match parts.iter_mut().find(|part| part.number == number) {
        Some(part) => part.multiplicity += multiplicity,
        None => parts.push(Part {
            number,
            multiplicity,
        }),
    }
}

/// The finest factorisation of `number` that the divisors give; just the number where
/// they give none.
fn refine(number: &BigUint, divisors: &[BigUint]) -> Vec<BigUint> {
    let mut parts = vec![number.clone()];
    for divisor in divisors {
        let mut finer = Vec::with_capacity(parts.len() + 1);
        for part in parts {
            let common = part.gcd(divisor);
            if common.is_one() || common == part {
                finer.push(part);
            } else {
                finer.push(&part / &common);
                finer.push(common);
            }
        }
        parts = finer;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divisors_split_a_number_as_far_as_they_can() {
        let n = BigUint::from(3u32 * 5 * 7 * 11);
        let of = |divisors: &[u32]| {
            let divisors: Vec<BigUint> = divisors.iter().map(|d| BigUint::from(*d)).collect();
            let mut parts = refine(&n, &divisors);
            parts.sort();
            let product: BigUint = parts.iter().product();
            assert_eq!(product, n);
            parts
                .iter()
                .map(|p| u32::try_from(p).unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(of(&[15, 35]), [3, 5, 7, 11]);
        assert_eq!(of(&[15]), [15, 77]);
        assert_eq!(of(&[1, 1155, 13]), [1155]);
    }
}
