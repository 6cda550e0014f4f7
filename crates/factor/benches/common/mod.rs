//! The stopwatch of the benchmarks.

use rustix::time::{ClockId, clock_gettime};

/// CPU seconds of this thread.
fn thread_cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Counts the CPU time of this thread.
pub(crate) struct Stopwatch(f64);

impl Stopwatch {
    /// From now on.
    pub(crate) fn start() -> Self {
        Self(thread_cpu_seconds())
    }

    /// Since the start.
    pub(crate) fn seconds(&self) -> f64 {
        thread_cpu_seconds() - self.0
    }
}
