//! The heavy computations of the master: taken from the core, run anywhere, handed back.

use crate::ledger::state::Part;
use num_bigint::BigUint;
use rsac_factor::pre_pass::{self, WeakKey};
use rsac_factor::{Class, Collector, Finish, Finisher, Infeasible, Method, Plan};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// The pre-pass costs at most this share of the estimate, and never more than a minute.
const PRE_PASS_SHARE: f64 = 0.01;
const PRE_PASS_SECONDS: f64 = 60.0;

/// A computation that takes too long for the thread that answers requests. There is at
/// most one at a time.
pub struct Task {
    pub(crate) work: Work,
    pub(crate) stop: Arc<AtomicBool>,
}

pub(crate) enum Work {
    Classify(Vec<Part>),
    Split(Part),
    Prepare(Prepare),
    Finish { plan: u64, finisher: Finisher },
}

pub(crate) struct Prepare {
    pub(crate) part: Part,
    pub(crate) method: Option<Method>,
    /// CPU time that the job has left.
    pub(crate) limit: Duration,
    /// Settings of the pre-pass; none where there is to be none.
    pub(crate) pre_pass: Option<PrePass>,
}

pub(crate) struct PrePass {
    pub(crate) seconds: u64,
    pub(crate) public_exponent: Option<BigUint>,
}

/// What a task came to, for [`crate::Master::task_done`].
pub struct TaskResult(pub(crate) Done);

pub(crate) enum Done {
    Classified(Vec<(Part, Class)>),
    Split(Part, Option<BigUint>),
    Weak(Part, WeakKey),
    Planned(Part, Result<(Plan, Box<dyn Collector>), Infeasible>),
    Finished(u64, Finish),
}

impl fmt::Debug for Task {
    /// Without any number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Task({})", self.name())
    }
}

impl fmt::Debug for TaskResult {
    /// Without any number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaskResult")
    }
}

impl Task {
    /// What it does, for the log.
    pub fn name(&self) -> &'static str {
        match &self.work {
            Work::Classify(_) => "classification",
            Work::Split(_) => "in-process split",
            Work::Prepare(p) if p.pre_pass.is_some() => "planning and pre-pass",
            Work::Prepare(_) => "planning",
            Work::Finish { .. } => "finish",
        }
    }

    /// Set it to make [`Task::run`] return early.
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// Computes. Depends on nothing but the task (and the time that the pre-pass has).
    pub fn run(self) -> TaskResult {
        let stop = &*self.stop;
        TaskResult(match self.work {
            Work::Classify(parts) => Done::Classified(
                parts
                    .into_iter()
                    .map(|part| {
                        let class = rsac_factor::classify(&part.number);
                        (part, class)
                    })
                    .collect(),
            ),
            Work::Split(part) => {
                let divisor = rsac_factor::small::split(&part.number, stop);
                Done::Split(part, divisor)
            }
            Work::Prepare(prepare) => prepare.run(stop),
            Work::Finish { plan, finisher } => Done::Finished(plan, finisher(stop)),
        })
    }
}

impl Prepare {
    fn run(self, stop: &AtomicBool) -> Done {
        let number = &self.part.number;
        let plan = rsac_factor::choose(number, self.method, self.limit);
        if let Some(settings) = self.pre_pass {
            let estimate = match &plan {
                Ok(plan) => plan.estimate_cpu_seconds(),
                Err(infeasible) => infeasible.estimate_cpu_seconds,
            };
            let seconds = (estimate * PRE_PASS_SHARE)
                .min(settings.seconds as f64)
                .clamp(0.0, PRE_PASS_SECONDS);
            let options = pre_pass::Options {
                budget: Duration::from_secs_f64(seconds),
                public_exponent: settings.public_exponent,
            };
            if let Some(weak) = pre_pass::run(number, &options, stop) {
                return Done::Weak(self.part, weak);
            }
        }
        let plan = plan.map(|plan| {
            let collector = plan.collector();
            (plan, collector)
        });
        Done::Planned(self.part, plan)
    }
}
