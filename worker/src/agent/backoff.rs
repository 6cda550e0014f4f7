//! Waiting between tries: a little longer each time, bounded, with jitter, so that the workers
//! that a master lost together do not return together.

use super::Time;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use std::time::Duration;

/// The source of jitter; seeded, so that an agent is deterministic.
#[derive(Debug)]
pub(super) struct Jitter(StdRng);

impl Jitter {
    pub(super) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// Between a half and all of `length`.
    pub(super) fn shorten(&mut self, length: Duration) -> Duration {
        length.mul_f64(self.0.random_range(0.5..=1.0))
    }
}

/// When something that failed, or had nothing to offer yet, may be tried again.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    until: Time,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(200);
    /// Not twice as long: a worker comes up beside its master, and would sleep through as much
    /// time again as that needs to answer.
    const GROWTH: f64 = 1.25;
    /// As many as reach the longest wait.
    const GROWING: u32 = 17;
    /// Well below [`rsac_protocol::LOST_SECONDS`]: a master that returns hears from its
    /// workers before it gives their units away.
    const LONGEST: Duration = Duration::from_secs(8);
    const SLOW: Duration = Duration::from_secs(20);

    /// Not before this time.
    pub(super) fn until(&self) -> Time {
        self.until
    }

    /// It failed: wait a quarter longer than the last time.
    pub(super) fn failed(&mut self, now: Time, jitter: &mut Jitter) {
        let length = (0..self.failures.min(Self::GROWING))
            .fold(Self::FIRST, |length, _| length.mul_f64(Self::GROWTH));
        self.failures = self.failures.saturating_add(1);
        self.until = now + jitter.shorten(length.min(Self::LONGEST));
    }

    /// It failed in a way that only a person can mend: wait long.
    pub(super) fn slow(&mut self, now: Time, jitter: &mut Jitter) {
        self.failures = self.failures.saturating_add(1);
        self.until = now + jitter.shorten(Self::SLOW);
    }

    /// It succeeded: nothing to wait for.
    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_end_with_success() {
        let mut jitter = Jitter::new(1);
        let mut backoff = Backoff::default();
        let now = Duration::from_secs(100);
        let mut waits = Vec::new();
        for _ in 0..20 {
            backoff.failed(now, &mut jitter);
            waits.push(backoff.until() - now);
        }
        assert!(waits[0] <= Backoff::FIRST && waits[0] >= Backoff::FIRST / 2);
        assert!(waits[19] <= Backoff::LONGEST && waits[19] >= Backoff::LONGEST / 2);
        // Whenever the other side is there again, no more is slept through than half of what
        // had passed, and the first wait.
        let mut passed = Duration::ZERO;
        for &wait in &waits {
            assert!(
                wait <= Backoff::FIRST + passed / 2,
                "{wait:?} after {passed:?}"
            );
            passed += wait;
        }
        backoff.succeeded();
        assert_eq!(backoff.until(), Duration::ZERO);
    }
}
