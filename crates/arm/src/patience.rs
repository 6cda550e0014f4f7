//! How long is waited, and how often something is tried again. Every wait of the client is
//! computed here, so that tests run without any.

use rand::RngExt;
use std::time::Duration;

/// Bounds of waiting. Every wait is nominal: it is accounted as stated and slept times
/// `scale`, so that a test with scale zero goes through the same decisions at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Patience {
    /// Factor from a nominal wait to the time slept; 1 in use, 0 in tests.
    pub scale: f64,
    /// How often a request is tried again after a broken connection or a 5xx.
    pub retries: u32,
    /// The first wait of the exponential backoff.
    pub base: Duration,
    /// The longest single wait of the backoff. A wait that the service asks for may be longer.
    pub max_delay: Duration,
    /// The longest total wait for one request that is throttled (429).
    pub throttled: Duration,
    /// The longest total wait for one request while another operation is in progress (409).
    pub conflict: Duration,
    /// How often a 404 is taken for eventual consistency after something was created.
    pub settle: u32,
    /// Between polls, where the service does not say.
    pub poll: Duration,
    /// The longest total wait for one operation.
    pub operation: Duration,
    /// The longest time for one request and its answer, and not scaled.
    pub request: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            scale: 1.0,
            retries: 6,
            base: Duration::from_secs(1),
            max_delay: Duration::from_secs(60),
            throttled: Duration::from_secs(15 * 60),
            conflict: Duration::from_secs(20 * 60),
            settle: 8,
            poll: Duration::from_secs(5),
            operation: Duration::from_secs(2 * 60 * 60),
            request: Duration::from_secs(100),
        }
    }
}

impl Patience {
    /// The same bounds without any sleep: for tests, simulators and replays.
    pub fn none() -> Self {
        Patience {
            scale: 0.0,
            ..Patience::default()
        }
    }

    /// The nominal wait before try number `attempt` (from 0): exponential, and jittered
    /// between a half and the whole so that clients throttled together part.
    pub(crate) fn backoff(&self, attempt: u32) -> Duration {
        let whole = self
            .base
            .saturating_mul(1_u32.checked_shl(attempt).unwrap_or(u32::MAX))
            .min(self.max_delay);
        whole.mul_f64(rand::rng().random_range(0.5..=1.0))
    }

    /// Sleeps a nominal wait.
    pub(crate) async fn sleep(&self, nominal: Duration) {
        let scale = if self.scale.is_finite() {
            self.scale.clamp(0.0, 1000.0)
        } else {
            1.0
        };
        let real = nominal.min(LONGEST).mul_f64(scale);
        if real.is_zero() {
            // Other tasks run all the same: a loop without waits would starve them.
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(real).await;
        }
    }
}

/// No answer makes the client sleep longer at once: beyond it the service is asked again.
pub(crate) const LONGEST: Duration = Duration::from_secs(10 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_grows_and_is_capped() {
        let patience = Patience::default();
        for attempt in 0..64 {
            let wait = patience.backoff(attempt);
            assert!(wait <= patience.max_delay, "{attempt}: {wait:?}");
            let whole = 1_u64.checked_shl(attempt).unwrap_or(u64::MAX).min(60);
            assert!(
                wait >= Duration::from_secs(whole) / 2,
                "{attempt}: {wait:?}"
            );
        }
    }
}
