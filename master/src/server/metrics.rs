//! Metrics in Prometheus' text format.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use crate::Counters;
use rsac_protocol::{Stage, Summary};
use std::fmt::{Display, Write};

pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

const STAGES: [Stage; 5] = [
    Stage::Classify,
    Stage::PrePass,
    Stage::Search,
    Stage::Finish,
    Stage::Done,
];

/// The page. Holds neither the number nor a factor.
pub(super) fn page(summary: &Summary, counters: &Counters) -> String {
    let mut page = Page(String::with_capacity(4096));
    let mut gauge = |name, help, value: f64| page.metric("gauge", name, help, value);
    gauge(
        "progress_done",
        "Searched or found, in the method's word.",
        summary.progress.done as f64,
    );
    gauge(
        "progress_all",
        "To be searched or needed.",
        summary.progress.all as f64,
    );
    gauge(
        "progress_rate",
        "Searched or found a second, in the last half minute.",
        summary.progress.rate,
    );
    gauge(
        "workers_live",
        "Workers heard from in time.",
        summary.workers.live.into(),
    );
    gauge(
        "lanes_live",
        "Their computing threads.",
        summary.workers.lanes.into(),
    );
    gauge(
        "workers_useful",
        "Workers that the job can use.",
        summary.workers.useful.into(),
    );
    gauge(
        "ledger_generation",
        "How often the ledger was opened.",
        summary.generation as f64,
    );
    let unavailable = u8::from(summary.ledger_unavailable.is_some());
    gauge(
        "ledger_unavailable",
        "1 while no reports are taken.",
        unavailable.into(),
    );
    let mut count = |name, help, value: f64| page.metric("counter", name, help, value);
    count(
        "active_seconds_total",
        "Time that the job was active.",
        summary.active_seconds,
    );
    count(
        "cpu_seconds_total",
        "CPU time of master and workers.",
        summary.cpu_seconds,
    );
    count(
        "reports_accepted_total",
        "Reports that brought something new.",
        counters.reports_accepted as f64,
    );
    count(
        "reports_repeated_total",
        "Reports that brought nothing new.",
        counters.reports_repeated as f64,
    );
    count(
        "reports_refused_total",
        "Reports that were refused.",
        counters.reports_refused as f64,
    );
    count(
        "findings_total",
        "Findings that were kept.",
        counters.findings as f64,
    );
    count(
        "bad_findings_total",
        "Reports refused for an untrue finding.",
        counters.bad_findings as f64,
    );
    count(
        "units_lost_total",
        "Units taken from silent workers.",
        counters.units_lost as f64,
    );
    count(
        "workers_lost_total",
        "Workers not heard from in time.",
        counters.workers_lost as f64,
    );
    count("commits_total", "Commits tried.", counters.commits as f64);
    page.stages(summary.stage);
    page.0
}

struct Page(String);

impl Page {
    fn metric(&mut self, kind: &str, name: &str, help: &str, value: impl Display) {
        self.head(kind, name, help);
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "rsac_master_{name} {value}");
    }

    fn head(&mut self, kind: &str, name: &str, help: &str) {
        let _ = writeln!(
            self.0,
            "# HELP rsac_master_{name} {help}\n# TYPE rsac_master_{name} {kind}"
        );
    }

    fn stages(&mut self, now: Stage) {
        self.head("gauge", "stage", "1 for the stage that the job is in.");
        for stage in STAGES {
            let _ = writeln!(
                self.0,
                "rsac_master_stage{{stage=\"{stage:?}\"}} {}",
                u8::from(stage == now)
            );
        }
    }
}
