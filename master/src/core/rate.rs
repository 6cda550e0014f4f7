//! How fast the search goes.

use std::collections::VecDeque;
use std::time::Duration;

/// Over how long the rate is taken.
const WINDOW: Duration = Duration::from_secs(30);
/// Samples are at least this far apart.
const STEP: Duration = Duration::from_millis(500);

/// Progress of the last half minute.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    samples: VecDeque<(Duration, u64)>,
}

impl Rate {
    /// Takes note of how much is done.
    pub(crate) fn sample(&mut self, now: Duration, done: u64) {
        if let Some((last, _)) = self.samples.back()
            && now.saturating_sub(*last) < STEP
        {
            return;
        }
        self.samples.push_back((now, done));
        while self.samples.len() > 2
            && let Some((second, _)) = self.samples.get(1)
            && now.saturating_sub(*second) >= WINDOW
        {
            self.samples.pop_front();
        }
    }

    /// Forgets everything: another thing is counted from now on.
    pub(crate) fn reset(&mut self) {
        self.samples.clear();
    }

    /// How much is done a second.
    pub(crate) fn per_second(&self, now: Duration, done: u64) -> f64 {
        let Some((since, before)) = self.samples.front() else {
            return 0.0;
        };
        let seconds = now.saturating_sub(*since).as_secs_f64();
        if seconds < STEP.as_secs_f64() {
            return 0.0;
        }
        done.saturating_sub(*before) as f64 / seconds
    }
}

/// CPU seconds that one index takes, from the plan at first and from reports later.
#[derive(Debug)]
pub(crate) struct Pace {
    planned: f64,
    seconds: f64,
    indices: f64,
}

impl Pace {
    pub(crate) fn new(planned: f64) -> Self {
        Self {
            planned: planned.max(1e-12),
            seconds: 0.0,
            indices: 0.0,
        }
    }

    /// Takes a report's cost into account; older ones fade.
    pub(crate) fn observe(&mut self, indices: u64, cpu_micros: u64) {
        self.indices += indices as f64;
        self.seconds += cpu_micros as f64 / 1e6;
        if self.seconds > 600.0 {
            self.seconds /= 2.0;
            self.indices /= 2.0;
        }
    }

    pub(crate) fn index_seconds(&self) -> f64 {
        // The plan's word weighs as much as half a second of observation.
        let weight = 0.5 / self.planned;
        (0.5 + self.seconds) / (weight + self.indices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_half_minute() {
        let mut rate = Rate::default();
        assert_eq!(rate.per_second(Duration::ZERO, 0), 0.0);
        for second in 0..100 {
            let done = if second < 50 { 0 } else { (second - 50) * 7 };
            rate.sample(Duration::from_secs(second), done);
        }
        let now = rate.per_second(Duration::from_secs(99), 49 * 7);
        assert!((now - 7.0).abs() < 0.01, "{now}");
    }

    #[test]
    fn the_pace_moves_from_plan_to_observation() {
        let mut pace = Pace::new(0.001);
        assert!((pace.index_seconds() - 0.001).abs() < 1e-9);
        for _ in 0..100 {
            pace.observe(1000, 2_000_000);
        }
        assert!((pace.index_seconds() - 0.002).abs() < 1e-5);
    }
}
