//! What the results of tasks mean for the factorisation: classes, plans, splits, and the
//! solution at the end.

use super::Master;
use super::messages::Now;
use crate::ledger::state::{Part, State};
use num_bigint::BigUint;
use num_integer::Integer as _;
use num_traits::One as _;
use rsac_factor::{Class, Collector, Finish, Infeasible, Plan};
use rsac_protocol::{Ending, Solution, Stage};

impl Master {
    pub(super) fn classified(&mut self, now: Now, parts: Vec<(Part, Class)>) {
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

    pub(super) fn planned(
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
                let mut message = format!(
                    "{infeasible} for a number of {} bits, more than the {} CPU hours allowed: \
                     raise maxCpuHours, or give another method",
                    part.number.bits(),
                    self.job.max_cpu_hours
                );
                if let Some(hint) = infeasible.hint() {
                    message = format!("{message}; {hint}");
                }
                self.ledger.change_state(|state| {
                    if auto && !state.pre_passed.contains(&part) {
                        state.pre_passed.push(part);
                    }
                });
                self.end(now, Ending::Infeasible, message);
            }
        }
    }

    pub(super) fn finished(&mut self, now: Now, plan: u64, finish: Finish) {
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
    pub(super) fn split(
        &mut self,
        now: Now,
        number: &BigUint,
        divisors: &[BigUint],
        by: &str,
    ) -> bool {
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
    pub(super) fn solved(&mut self, now: Now) {
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
