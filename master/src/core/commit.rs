//! Commits, and what happens when the disk refuses one: nothing is taken until another
//! attempt succeeds.

use super::Master;
use super::messages::Now;
use crate::ledger::LedgerError;
use std::time::Duration;

/// After a failed commit, the next attempt.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// The ledger cannot be written now.
pub(super) struct Outage {
    why: String,
    retry_at: Duration,
}

impl Master {
    /// Why nothing is taken now, if so.
    pub(super) fn refusal(&self) -> Option<String> {
        if let Some(stopped) = &self.stopped {
            return Some(stopped.to_string());
        }
        self.outage.as_ref().map(|outage| outage.why.clone())
    }

    pub(super) fn commit(&mut self, now: Now) {
        if self.stopped.is_some() {
            return;
        }
        self.counters.commits += 1;
        match self.ledger.commit() {
            Ok(()) => {
                if self.outage.take().is_some() {
                    tracing::info!("the ledger can be written again");
                }
            }
            Err(error) if error.is_passing() => self.fail(now, &error),
            Err(error) => {
                tracing::error!(%error, "the master stops");
                self.stop_task();
                self.stopped = Some(error);
            }
        }
    }

    pub(super) fn fail(&mut self, now: Now, error: &LedgerError) {
        if self.outage.is_none() {
            tracing::error!(%error, "no reports are taken until the ledger can be written");
        }
        self.outage = Some(Outage {
            why: error.to_string(),
            retry_at: now.elapsed + RETRY_INTERVAL,
        });
    }

    /// After a failed commit: tries again, when it is time.
    pub(super) fn recover(&mut self, now: Now) {
        let due = self
            .outage
            .as_ref()
            .is_some_and(|o| o.retry_at <= now.elapsed);
        if due {
            self.commit(now);
        }
    }
}
