//! The CPU time that a search may take.

use rustix::time::{ClockId, clock_gettime};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// An end, in CPU time of the thread that made it, and a flag that ends it earlier. It
/// stays on its thread.
#[derive(Debug, Clone)]
pub(super) struct Budget<'a> {
    /// CPU time of this thread at the end.
    end: Duration,
    /// It cannot be over before: a thread has no more CPU time than passes on the clock.
    not_before: Cell<Instant>,
    stop: &'a AtomicBool,
}

/// CPU time of this thread so far.
pub(super) fn cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

impl<'a> Budget<'a> {
    /// So much from now on.
    pub(super) fn new(time: Duration, stop: &'a AtomicBool) -> Self {
        // A year is as good as any longer time, and is always representable.
        let time = time.min(Duration::from_secs(365 * 86_400));
        Self {
            end: cpu_time() + time,
            not_before: Cell::new(Instant::now() + time),
            stop,
        }
    }

    /// What is left; nothing once the flag is set.
    pub(super) fn left(&self) -> Duration {
        if self.stop.load(Ordering::Relaxed) {
            return Duration::ZERO;
        }
        self.end.saturating_sub(cpu_time())
    }

    /// Whether it is used up. Costs a look at the clock, some 30 ns; the CPU time, which
    /// the kernel has to be asked for, is looked at only when the clock says that it may
    /// be up.
    pub(super) fn is_over(&self) -> bool {
        if self.stop.load(Ordering::Relaxed) {
            return true;
        }
        let now = Instant::now();
        if now < self.not_before.get() {
            return false;
        }
        let left = self.left();
        self.not_before.set(now + left);
        left.is_zero()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_uses_nothing_up_and_working_does() {
        let flag = AtomicBool::new(false);
        let budget = Budget::new(Duration::from_millis(40), &flag);
        std::thread::sleep(Duration::from_millis(120));
        assert!(!budget.is_over());
        let before = cpu_time();
        while !budget.is_over() {}
        let used = cpu_time() - before;
        assert!(used > Duration::from_millis(5), "{used:?}");
        assert!(budget.left().is_zero());
        assert!(Budget::new(Duration::ZERO, &flag).is_over());
    }

    #[test]
    fn a_set_flag_ends_it() {
        let flag = AtomicBool::new(false);
        let budget = Budget::new(Duration::from_secs(3600), &flag);
        let share = budget.share(0.5);
        assert!(!share.is_over());
        flag.store(true, Ordering::Relaxed);
        assert!(budget.is_over() && share.is_over() && share.left().is_zero());
    }
}
