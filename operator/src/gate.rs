//! Whether this operator may write. A Lease does not fence: whoever holds it must stop by
//! itself when its time is past, also when it was frozen meanwhile. Every writing call asks
//! here first.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const ALWAYS: u64 = u64::MAX;
const NEVER: u64 = 0;

/// This operator may not write: another one may by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this operator is not the leader")]
pub(crate) struct NotLeader;

/// Open until a moment of the monotonic clock, which goes on while a process is stopped.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    origin: Instant,
    /// Milliseconds after the origin.
    open_until: Arc<AtomicU64>,
}

impl Gate {
    /// For an operator without others.
    pub(crate) fn open() -> Self {
        Self::with(ALWAYS)
    }

    /// For one that has no Lease yet.
    pub(crate) fn closed() -> Self {
        Self::with(NEVER)
    }

    fn with(until: u64) -> Self {
        Self {
            origin: Instant::now(),
            open_until: Arc::new(AtomicU64::new(until)),
        }
    }

    /// The Lease was held at that moment, for so long.
    pub(crate) fn open_for(&self, from: Instant, duration: Duration) {
        let until = (from + duration).saturating_duration_since(self.origin);
        let until = u64::try_from(until.as_millis()).unwrap_or(ALWAYS - 1);
        self.open_until.store(until, Ordering::Release);
    }

    pub(crate) fn close(&self) {
        self.open_until.store(NEVER, Ordering::Release);
    }

    /// # Errors
    /// When it is not open.
    pub(crate) fn check(&self) -> Result<(), NotLeader> {
        let until = self.open_until.load(Ordering::Acquire);
        let now = self.origin.elapsed().as_millis();
        if until == ALWAYS || now < u128::from(until) {
            Ok(())
        } else {
            Err(NotLeader)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_closes_by_itself() {
        let gate = Gate::closed();
        assert_eq!(gate.check(), Err(NotLeader));
        gate.open_for(Instant::now(), Duration::from_secs(3600));
        assert_eq!(gate.check(), Ok(()));
        gate.open_for(Instant::now(), Duration::ZERO);
        assert_eq!(gate.check(), Err(NotLeader));
        gate.open_for(Instant::now(), Duration::from_secs(3600));
        gate.close();
        assert_eq!(gate.check(), Err(NotLeader));
        assert_eq!(Gate::open().check(), Ok(()));
    }
}
