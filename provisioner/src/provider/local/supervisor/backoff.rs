//! How long to wait before a child that ended is started again. Called by
//! [`super::process`].

use rand::RngExt;
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(60);
/// A child that ran this long was well: the count starts anew.
const WELL: Duration = Duration::from_secs(60);

/// Doubles from a quarter of a second to a minute, with jitter.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// A child ended that should not have, after having run for `ran`: the time until
    /// it may be started again, between half of the step and the whole of it.
    pub(super) fn failed(&mut self, ran: Duration) -> Duration {
        if ran >= WELL {
            self.failures = 0;
        }
        let step = FIRST
            .saturating_mul(1 << self.failures.min(16))
            .min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        step.mul_f64(rand::rng().random_range(0.5..=1.0))
    }

    /// How often it ended since it was well.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_to_a_minute_and_start_anew_after_a_good_run() {
        let mut backoff = Backoff::default();
        let mut step = FIRST;
        for _ in 0..40 {
            let delay = backoff.failed(Duration::from_secs(1));
            assert!(delay >= step / 2 && delay <= step, "{delay:?} for {step:?}");
            step = (step * 2).min(LONGEST);
        }
        assert_eq!(backoff.failures(), 40);
        assert!(backoff.failed(WELL) <= FIRST);
        assert_eq!(backoff.failures(), 1);
    }
}
