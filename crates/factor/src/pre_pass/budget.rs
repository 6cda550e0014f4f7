//! The time that a search may take.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// An end on the clock, and a flag that ends it earlier.
#[derive(Debug, Clone)]
pub(super) struct Budget<'a> {
    end: Instant,
    stop: &'a AtomicBool,
}

impl<'a> Budget<'a> {
    /// So much from now on.
    pub(super) fn new(time: Duration, stop: &'a AtomicBool) -> Self {
        // A year is as good as any longer time, and is always representable.
        let time = time.min(Duration::from_secs(365 * 86_400));
        Self {
            end: Instant::now() + time,
            stop,
        }
    }

    /// What is left; nothing once the flag is set.
    pub(super) fn left(&self) -> Duration {
        if self.stop.load(Ordering::Relaxed) {
            return Duration::ZERO;
        }
        self.end.saturating_duration_since(Instant::now())
    }

    /// Whether it is used up. Costs a look at the clock: some 30 ns.
    pub(super) fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// A part, between 0 and 1, of what is left now.
    pub(super) fn share(&self, part: f64) -> Self {
        Self::new(self.left().mul_f64(part), self.stop)
    }

    /// The flag.
    pub(super) fn stop(&self) -> &'a AtomicBool {
        self.stop
    }
}
