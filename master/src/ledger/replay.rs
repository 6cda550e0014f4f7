//! Reading a plan's reports again, and uncovering what damaged ones covered.

use super::error::{LedgerError, unavailable};
use super::segments::{self, kind};
use super::{Ledger, RangeSet};
use rsac_protocol::Report;
use std::ops::Range;

impl Ledger {
    /// Gives `each` every intact report of a plan, in the order of acceptance, and makes
    /// the covered ranges what these reports cover: what a damaged record covered is
    /// uncovered again. Damage is named in the notes.
    ///
    /// # Errors
    /// When a segment cannot be read.
    pub fn replay(&mut self, plan: u64, mut each: impl FnMut(&Report)) -> Result<(), LedgerError> {
        let Some(digest) = self.plans.get(&plan).map(|p| p.digest) else {
            return Ok(());
        };
        let mut intact = RangeSet::default();
        let mut take = |read: &segments::Read| {
            for (_, body) in read.records(0).filter(|(k, _)| *k == kind::REPORT) {
                if let Ok(report) = Report::decode(body)
                    && report.plan == digest
                {
                    intact.insert(report.from..report.to);
                    each(&report);
                }
            }
        };
        let mut damage = Vec::new();
        for (number, (_, committed)) in self.segments.iter().filter(|(_, s)| s.0 == plan) {
            let read = segments::Read::open(&*self.disk, *number)
                .map_err(|source| unavailable(&*self.disk, source))?;
            for bytes in read.damaged(*committed) {
                damage.push(format!(
                    "{}: bytes {}..{} hold no intact record",
                    segments::file_name(*number),
                    bytes.start,
                    bytes.end
                ));
            }
            take(&read);
        }
        take(&self.writer.staged(plan));
        let lost: Vec<Range<u64>> = self
            .covered(plan)
            .iter()
            .flat_map(|range| intact.gaps(range))
            .collect();
        self.notes.append(&mut damage);
        for range in lost {
            self.notes.push(format!(
                "the indices {}..{} of plan {plan} are uncovered again",
                range.start, range.end
            ));
        }
        if *self.covered(plan) != intact {
            self.dirty.uncovered.insert(plan);
            self.dirty
                .covered
                .extend(intact.iter().map(|range| (plan, range.start)));
            self.covered.insert(plan, intact);
        }
        Ok(())
    }
}
