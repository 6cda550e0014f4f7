//! How a job ends, by its limits or by an answer, and what of its plan is left then.

use super::Master;
use super::messages::Now;
use super::supply::Supply;
use crate::ledger::state::Limits;
use rsac_protocol::{Ending, Outcome, Stage};
use std::sync::atomic::Ordering;

impl Master {
    pub(super) fn keep_limits(&mut self, now: Now) {
        if self.is_done() {
            return;
        }
        let spent = self.ledger.spent();
        if let Some(deadline) = self.job.deadline_seconds
            && spent.active_millis >= deadline.saturating_mul(1000)
        {
            let message = format!("not factored within {deadline} seconds of active time");
            self.end(now, Ending::DeadlineExceeded, message);
        } else if spent.cpu_micros >= self.job.max_cpu_micros() {
            let message = format!(
                "not factored within the {} CPU hours allowed",
                self.job.max_cpu_hours
            );
            self.end(now, Ending::CpuHoursExceeded, message);
        }
    }

    /// Ends the job.
    pub(super) fn end(&mut self, now: Now, ending: Ending, message: String) {
        tracing::info!(?ending, how = message, "the job has ended");
        self.stop_task();
        self.leave_plan(now);
        let limits = self.limits();
        self.ledger.change_state(|state| {
            state.stage = Stage::Done;
            state.outcome = Some(Outcome {
                ending,
                message,
                finished_at: now.unix,
            });
            state.ended_under = (!ending.is_solved()).then_some(limits);
        });
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            method: self.job.method_name(),
            max_cpu_hours: self.job.max_cpu_hours,
            deadline_seconds: self.job.deadline_seconds,
        }
    }

    /// Takes the plan out of force, if there is one.
    pub(super) fn leave_plan(&mut self, now: Now) {
        self.prepared = None;
        if let Some(search) = self.search.take() {
            Supply::retire(&mut self.ledger, search.sequence, now.unix);
            self.workers.forget_units();
        }
    }
    pub(super) fn stop_task(&mut self) {
        self.due = None;
        if let Some(flag) = self.running.take() {
            flag.store(true, Ordering::Relaxed);
        }
    }
}
