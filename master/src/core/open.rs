//! Opening a job's ledger, and what a changed job means for it.

use super::messages::Now;
use super::rate::Rate;
use super::supply::Supply;
use super::workers::Workers;
use super::{Counters, JobSpec, Master};
use crate::ledger::disk::Disk;
use crate::ledger::state::{Part, State};
use crate::ledger::{Ledger, LedgerError};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rsac_protocol::{Ending, Stage};

impl Master {
    /// Opens the ledger of the job's number within the folder `data`, or makes it, and
    /// goes on where it stands. Everything random (identity, samples) comes from `seed`.
    ///
    /// A job that ended stays as it ended, save that
    /// - one without a solution goes on when the limit that ended it allows more now,
    /// - one that ended `Infeasible` or in a `Contradiction` goes on when the method
    ///   was changed (`Infeasible` also when more CPU hours are allowed).
    ///
    /// A solution stays the answer whatever the method. A changed method of a job that
    /// is not ended takes the plan out of force, and another one into force.
    ///
    /// # Errors
    /// When the ledger is in use, or the disk refuses.
    pub fn open(data: &dyn Disk, job: JobSpec, now: Now, seed: u64) -> Result<Self, LedgerError> {
        let mut rng = StdRng::seed_from_u64(seed);
        let ledger = Ledger::open(data, &job.decimal, &mut rng)?;
        let mut master = Self {
            job,
            ledger,
            rng,
            search: None,
            prepared: None,
            due: None,
            running: None,
            workers: Workers::default(),
            rate: Rate::default(),
            counters: Counters::default(),
            last_tick: now.elapsed,
            accounted: now.elapsed,
            outage: None,
            stopped: None,
        };
        for note in master.ledger.take_notes() {
            tracing::warn!("{note}");
        }
        master.begin();
        master.reopen();
        master.apply_method(now);
        master.advance(now);
        if master.ledger.is_dirty() {
            master.commit(now);
        }
        Ok(master)
    }

    /// A new ledger begins with its number unclassified.
    fn begin(&mut self) {
        let state = self.ledger.state();
        let fresh = state.unclassified.is_empty()
            && state.primes.is_empty()
            && state.open.is_empty()
            && state.outcome.is_none();
        if fresh {
            let part = Part {
                number: self.job.number.clone(),
                multiplicity: 1,
            };
            self.ledger.change_state(|state| {
                state.stage = Stage::Classify;
                state.unclassified.push(part);
            });
        }
    }

    /// Whether an ended job goes on under the job's settings of now.
    fn reopen(&mut self) {
        let state = self.ledger.state();
        let (Some(outcome), Some(then)) = (&state.outcome, &state.ended_under) else {
            return;
        };
        let spent = self.ledger.spent();
        let other_method = then.method != self.job.method_name();
        let goes_on = match outcome.ending {
            Ending::Factored | Ending::Prime | Ending::Unsuitable => false,
            Ending::Infeasible => other_method || self.job.max_cpu_hours > then.max_cpu_hours,
            Ending::DeadlineExceeded => self
                .job
                .deadline_seconds
                .is_none_or(|deadline| deadline.saturating_mul(1000) > spent.active_millis),
            Ending::CpuHoursExceeded => self.job.max_cpu_micros() > spent.cpu_micros,
            Ending::Contradiction => other_method,
        };
        if goes_on {
            tracing::info!(ending = ?outcome.ending, "the job goes on under its changed settings");
            self.ledger.change_state(|state| {
                state.outcome = None;
                state.ended_under = None;
                state.stage = Stage::Classify;
            });
        }
    }

    /// A changed method takes the plan out of force.
    fn apply_method(&mut self, now: Now) {
        let method = self.job.method_name();
        let state = self.ledger.state();
        if let Some(plan) = state.plan
            && state.outcome.is_none()
            && state.method != method
        {
            tracing::info!("the method was changed: another plan is made");
            Supply::retire(&mut self.ledger, plan, now.unix);
            self.ledger.change_state(|state: &mut State| {
                state.plan = None;
                state.method = method;
                state.stage = Stage::Classify;
            });
        }
    }
}
