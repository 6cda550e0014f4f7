//! What the operator counts, in Prometheus' text format.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Counts since the process began.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) looks: AtomicU64,
    pub(crate) looks_failed: AtomicU64,
    look_micros: AtomicU64,
    pub(crate) asks: AtomicU64,
    pub(crate) asks_failed: AtomicU64,
    pub(crate) announcements: AtomicU64,
    pub(crate) watch_errors: AtomicU64,
    pub(crate) leads: AtomicBool,
    pub(crate) jobs: AtomicU64,
    writes: Mutex<BTreeMap<&'static str, u64>>,
}

impl Metrics {
    pub(crate) fn write(&self, call: &'static str) {
        let mut writes = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        *writes.entry(call).or_default() += 1;
    }

    pub(crate) fn look(&self, took: Duration, failed: bool) {
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.looks_failed
            .fetch_add(u64::from(failed), Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.look_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// The page.
    pub(crate) fn page(&self) -> String {
        let get = |value: &AtomicU64| value.load(Ordering::Relaxed);
        let mut page = String::with_capacity(2048);
        let mut metric = |kind, name, help, value: f64| {
            head(&mut page, kind, name, help);
            line(&mut page, name, "", value);
        };
        let leads = u8::from(self.leads.load(Ordering::Relaxed));
        metric(
            "gauge",
            "leader",
            "1 while this operator acts.",
            leads.into(),
        );
        metric(
            "gauge",
            "jobs",
            "RSACrackers watched.",
            get(&self.jobs) as f64,
        );
        for (name, help, value) in [
            ("reconciles_total", "Looks at a job.", &self.looks),
            (
                "reconcile_failures_total",
                "Looks after which something was not as it should be.",
                &self.looks_failed,
            ),
            ("master_asks_total", "Questions to masters.", &self.asks),
            (
                "master_asks_failed_total",
                "Questions that no master answered.",
                &self.asks_failed,
            ),
            (
                "master_announcements_total",
                "Masters that announced themselves.",
                &self.announcements,
            ),
            (
                "watch_errors_total",
                "Watches that broke.",
                &self.watch_errors,
            ),
        ] {
            metric("counter", name, help, get(value) as f64);
        }
        let seconds = get(&self.look_micros) as f64 / 1e6;
        metric(
            "counter",
            "reconcile_seconds_total",
            "Time that looks took.",
            seconds,
        );
        let writes = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        head(
            &mut page,
            "counter",
            "writes_total",
            "Writing calls to the API server.",
        );
        for (call, count) in &*writes {
            line(
                &mut page,
                "writes_total",
                &format!("{{call=\"{call}\"}}"),
                *count as f64,
            );
        }
        page
    }
}

// Writing to a String cannot fail.
fn head(page: &mut String, kind: &str, name: &str, help: &str) {
    let _ = writeln!(page, "# HELP rsac_operator_{name} {help}");
    let _ = writeln!(page, "# TYPE rsac_operator_{name} {kind}");
}

fn line(page: &mut String, name: &str, labels: &str, value: f64) {
    let _ = writeln!(page, "rsac_operator_{name}{labels} {value}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_count_has_its_line() {
        let metrics = Metrics::default();
        metrics.write("apply");
        metrics.write("apply");
        metrics.look(Duration::from_millis(1500), true);
        let page = metrics.page();
        for line in [
            "rsac_operator_writes_total{call=\"apply\"} 2",
            "rsac_operator_reconciles_total 1",
            "rsac_operator_reconcile_failures_total 1",
            "rsac_operator_reconcile_seconds_total 1.5",
            "rsac_operator_leader 0",
            "# TYPE rsac_operator_jobs gauge",
        ] {
            assert!(page.lines().any(|l| l == line), "{line}\n{page}");
        }
    }
}
