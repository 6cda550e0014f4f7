//! The intake of reports.

use super::messages::problem;
use super::{Master, Now, ReceivedReport, Reply, Response, Search};
use rand::RngExt as _;
use rsac_factor::{BadFinding, Collector, Plan, Supply};
use rsac_protocol::{Problem, ProblemCode, Report, ReportAnswer};

/// Of relations, one in so many is recomputed before it is believed, and at least one
/// of every report.
const SAMPLE: usize = 16;

impl Master {
    pub(super) fn report(&mut self, now: Now, received: &ReceivedReport) -> Response {
        let report = received.report();
        self.check_job(&report.job)?;
        super::requests::check_worker(&report.worker)?;
        self.workers.heard(&report.worker, now.elapsed);
        let plan = self.plan_of(report)?;
        self.check_unit(plan, report)
            .and_then(|()| match &self.search {
                Some(search) if search.sequence == plan => {
                    self.report_in_force(now, plan, received)
                }
                _ => self.report_out_of_force(plan, received),
            })
            .inspect_err(|problem| {
                self.counters.reports_refused += 1;
                tracing::warn!(worker = report.worker, %problem, "a report is refused");
            })?;
        let unit = self.ledger.unit(plan, report.unit);
        let holds = unit.is_some_and(|u| u.is_held_by(&report.worker, report.epoch));
        Ok(Reply::Report(self.envelope(ReportAnswer {
            holds,
            sequence: report.sequence,
        })))
    }

    /// The plan of this ledger that the report is of. A new ledger that has no plan in
    /// force yet may come to have the same.
    fn plan_of(&self, report: &Report) -> Result<u64, Problem> {
        let code = if self.search.is_none() && !self.is_done() {
            ProblemCode::Later
        } else {
            ProblemCode::ForeignLedger
        };
        self.ledger.plan_of(&report.plan).ok_or_else(|| {
            problem(
                code,
                format!(
                    "a report of plan {}, which this ledger does not have",
                    report.plan.short()
                ),
            )
        })
    }

    /// The range must lie within its unit, where this opening of the ledger granted it.
    /// (Older units may be unknown: a rebuilt store counts its units anew.)
    fn check_unit(&self, plan: u64, report: &Report) -> Result<(), Problem> {
        let position = self.ledger.position();
        let ours = report.ledger == position.ledger && report.generation == position.generation;
        match self.ledger.unit(plan, report.unit) {
            Some(unit) if ours && (report.from < unit.from || report.to > unit.to) => Err(problem(
                ProblemCode::Malformed,
                format!(
                    "a report of {}..{}, outside of its unit {} ({}..{})",
                    report.from, report.to, report.unit, unit.from, unit.to
                ),
            )),
            _ => Ok(()),
        }
    }

    fn report_in_force(
        &mut self,
        now: Now,
        plan: u64,
        received: &ReceivedReport,
    ) -> Result<(), Problem> {
        let report = received.report();
        let suspect = self.workers.is_suspect(&report.worker);
        let Some(search) = &mut self.search else {
            return Ok(());
        };
        check_end(&search.plan, report)?;
        let checked = search.check(report, suspect, &mut self.rng);
        if let Err(bad) = checked {
            return Err(self.refuse_finding(report, &bad));
        }
        let Some(search) = &mut self.search else {
            return Ok(());
        };
        let mut new_findings = 0;
        for finding in &report.findings {
            new_findings += u64::from(search.collector.insert(finding.index, &finding.data));
        }
        let range = report.from..report.to;
        let covered = self.ledger.covered(plan).count_in(range.clone());
        if new_findings == 0 && covered == report.to - report.from {
            // A unit may have been made of what a report of an older unit had covered.
            search.supply.covered(&mut self.ledger, range, now.unix);
            self.counters.reports_repeated += 1;
            return Ok(());
        }
        let accepted = self
            .ledger
            .accept(plan, received.bytes(), range.clone())
            .map_err(|error| problem(ProblemCode::Internal, error.to_string()))?;
        for new in accepted {
            search.weight += search.plan.weight(new);
        }
        search
            .pace
            .observe(report.to - report.from, report.cpu_micros);
        if let Some(unit) = self.ledger.unit_mut(plan, report.unit)
            && let Some(holder) = unit
                .holders
                .iter_mut()
                .find(|h| h.worker == report.worker && h.epoch == report.epoch)
        {
            holder.reported += report.to - report.from;
        }
        search.supply.covered(&mut self.ledger, range, now.unix);
        let spent = self.ledger.spent_mut();
        spent.cpu_micros = spent.cpu_micros.saturating_add(report.cpu_micros);
        self.counters.reports_accepted += 1;
        self.counters.findings += new_findings;
        Ok(())
    }

    /// A report of a plan that is not in force: kept while the plan may come back into
    /// force, because its composite is not split yet; acknowledged in any case.
    fn report_out_of_force(&mut self, plan: u64, received: &ReceivedReport) -> Result<(), Problem> {
        let report = received.report();
        let known = self.ledger.plans().get(&plan);
        let Some(parsed) = known.and_then(|record| Plan::parse(&record.text).ok()) else {
            return Ok(());
        };
        check_end(&parsed, report)?;
        let open = &self.ledger.state().open;
        if !open.iter().any(|part| part.number == *parsed.number()) {
            self.counters.reports_repeated += 1;
            return Ok(());
        }
        if !report.findings.is_empty() {
            let collector = parsed.collector();
            let mut all = report.findings.iter();
            if let Err(bad) = all.try_for_each(|f| collector.check(f.index, &f.data)) {
                return Err(self.refuse_finding(report, &bad));
            }
        }
        let range = report.from..report.to;
        let covered = self.ledger.covered(plan).count_in(range.clone());
        if report.findings.is_empty() && covered == report.to - report.from {
            self.counters.reports_repeated += 1;
            return Ok(());
        }
        self.ledger
            .accept(plan, received.bytes(), range)
            .map_err(|error| problem(ProblemCode::Internal, error.to_string()))?;
        let spent = self.ledger.spent_mut();
        spent.cpu_micros = spent.cpu_micros.saturating_add(report.cpu_micros);
        self.counters.reports_accepted += 1;
        Ok(())
    }

    fn refuse_finding(&mut self, report: &Report, bad: &BadFinding) -> Problem {
        self.counters.bad_findings += 1;
        self.workers.suspect(&report.worker);
        problem(ProblemCode::Malformed, format!("the report holds {bad}"))
    }
}

/// The range must lie within the plan.
fn check_end(plan: &Plan, report: &Report) -> Result<(), Problem> {
    if plan.supply().end().is_some_and(|end| report.to > end) {
        return Err(problem(
            ProblemCode::Malformed,
            format!(
                "a report of {}..{}, beyond the plan's end",
                report.from, report.to
            ),
        ));
    }
    Ok(())
}

impl Search {
    /// Recomputes findings: all divisors, and a sample of relations.
    fn check(
        &self,
        report: &Report,
        suspect: bool,
        rng: &mut rand::rngs::StdRng,
    ) -> Result<(), BadFinding> {
        let findings = &report.findings;
        let check = |i: usize| match findings.get(i) {
            Some(finding) => self.collector.check(finding.index, &finding.data),
            None => Ok(()),
        };
        if suspect || !matches!(self.plan.supply(), Supply::Goal) {
            return (0..findings.len()).try_for_each(check);
        }
        if findings.is_empty() {
            return Ok(());
        }
        // One of every SAMPLE in a row, at a random place in the row.
        (0..findings.len())
            .step_by(SAMPLE)
            .map(|start| {
                let row = SAMPLE.min(findings.len() - start);
                start + rng.random_range(0..row)
            })
            .try_for_each(check)
    }
}

/// Findings of a plan's replayed reports go into its collector without a check: they
/// were checked when they were accepted, and are checksummed since.
pub(super) fn insert_all(collector: &mut dyn Collector, report: &Report) {
    for finding in &report.findings {
        collector.insert(finding.index, &finding.data);
    }
}
