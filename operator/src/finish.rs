//! The end of a look at a job: what went wrong is sorted, the status is said, and when to
//! look again is decided.

use crate::children::Trouble;
use crate::memory::{Memory, backoff, scattered};
use crate::reconcile::Look;
use crate::say::Way;
use crate::writer::CallError;
use crate::{pods, say};
use k8s_openapi::jiff::Timestamp;
use kube::runtime::controller::Action;
use rsac_protocol::Stage;
use std::time::{Duration, Instant};

/// A master that just started is asked often: a small number is answered in an instant.
const YOUNG_TICK: Duration = Duration::from_millis(100);
const YOUNG: Duration = Duration::from_secs(15);
/// A search is asked about often at first, then as often as people look.
const SEARCH_TICK: Duration = Duration::from_secs(1);
const LONG_TICK: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_secs(60);
/// A pod that does not run is looked at again after this.
const DOUBT: Duration = Duration::from_secs(4);
/// A status that came too late is decided anew after this.
pub(crate) const AGAIN: Duration = Duration::from_millis(100);

impl Look<'_> {
    /// Says the status, and when to look again.
    pub(crate) async fn finish(
        mut self,
        memory: &mut Memory,
        now: Timestamp,
    ) -> Result<(Action, bool), CallError> {
        let mut wait = scattered(self.context.options.resync);
        let mut failed = false;
        let mut passing = false;
        for trouble in std::mem::take(&mut self.troubles) {
            match trouble {
                Trouble::Obstacle(obstacle) => {
                    failed = true;
                    if !self.observation.obstacles.contains(&obstacle) {
                        self.observation.obstacles.push(obstacle);
                    }
                }
                Trouble::Passing(why) => {
                    tracing::debug!(job = self.parent.name, "{why}");
                    passing = true;
                }
                Trouble::Call(CallError::NotLeader(error)) => return Err(error.into()),
                // That is told once for all jobs.
                Trouble::Call(CallError::Later(_)) => failed = true,
                Trouble::Call(error) => {
                    tracing::warn!(job = self.parent.name, "{error}");
                    failed = true;
                }
            }
        }
        if self.seen.master_pod.is_none()
            && let Some(obstacle) = self.observation.obstacles.first()
        {
            let message = obstacle.message.clone();
            self.observation.master_problem.get_or_insert(message);
        }
        if !self.missed {
            match self.say(memory).await {
                Ok(()) => {}
                Err(CallError::NotLeader(error)) => return Err(error.into()),
                Err(CallError::Later(_)) => failed = true,
                Err(error) if matches!(error.code(), Some(404 | 409)) => wait = wait.min(AGAIN),
                Err(error) => {
                    tracing::warn!(job = self.parent.name, "the status: {error}");
                    failed = true;
                }
            }
        }
        memory.failures = if failed || passing {
            memory.failures.saturating_add(1)
        } else {
            0
        };
        if failed || passing {
            let options = &self.context.options;
            wait = wait.min(backoff(
                memory.failures,
                options.retry_base,
                options.retry_cap,
            ));
        }
        wait = wait.min(self.next(memory, now));
        if let Some(rest) = self.context.writer.rest() {
            wait = wait.max(rest);
        }
        Ok((Action::requeue(wait), failed))
    }

    async fn say(&self, memory: &mut Memory) -> Result<(), CallError> {
        let status = rsac_workload::status(self.cracker, &self.observation);
        say::say(self.context, self.cracker, memory, status, Way::Apply).await
    }

    /// When something is to be looked at that no watch tells of.
    fn next(&self, memory: &Memory, now: Timestamp) -> Duration {
        let until = |then: Timestamp| {
            let left = then.duration_since(now);
            Duration::try_from(left).unwrap_or(Duration::ZERO)
        };
        let stored = say::with_newest_status(self.cracker, memory);
        let expiry = rsac_workload::expires_at(&stored).map(|end| until(end.0));
        let renewal = memory.secrets.renew_after.map(until);
        let retry = memory
            .children
            .retry_at()
            .map(|at| at.saturating_duration_since(Instant::now()));
        let pod = self.seen.master_pod.as_ref();
        let lost = pod.and_then(pods::lost_from).map(until);
        let lost = lost.filter(|wait| !wait.is_zero());
        [
            expiry,
            renewal,
            retry,
            lost,
            self.next_doubt(),
            self.next_leave(),
            self.next_question(memory),
        ]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(Duration::MAX)
        .max(Duration::from_millis(10))
    }

    /// A master that does not run yet: why, is said when it has taken too long.
    fn next_doubt(&self) -> Option<Duration> {
        let wanted = self.seen.master.as_ref()?.spec.as_ref()?.replicas != Some(0);
        let runs = self.seen.master_pod.as_ref().is_some_and(pods::runs);
        (wanted && !runs).then_some(match self.observation.master_problem {
            None => DOUBT,
            Some(_) => LONG,
        })
    }

    /// A master that waits for workers which end: their pods tell when they have, unless
    /// they are on a node that does not answer.
    fn next_leave(&self) -> Option<Duration> {
        let waits = self.seen.is_reported_to(self.parent, &self.observation.now);
        (waits && self.cracker.spec.suspended()).then_some(DOUBT)
    }

    /// When to ask the master again.
    fn next_question(&self, memory: &Memory) -> Option<Duration> {
        self.seen.running_master()?;
        if self.cracker.spec.suspended() {
            return None;
        }
        let master = memory.master.as_ref()?;
        let young = master.since.elapsed() < YOUNG;
        let Some(summary) = &self.observation.summary else {
            return Some(if young { YOUNG_TICK } else { LONG_TICK });
        };
        if self.is_finished() {
            return None;
        }
        let in_stage = memory.stage.map_or(Duration::ZERO, |(_, at)| at.elapsed());
        Some(match summary.stage {
            Stage::Done => SEARCH_TICK,
            _ if in_stage < YOUNG => YOUNG_TICK,
            Stage::Search if in_stage > LONG => LONG_TICK,
            _ => SEARCH_TICK,
        })
    }
}
