//! Reports that are made and not yet acknowledged: in memory here, and in the spool.

use super::backoff::{Backoff, Jitter};
use super::{ReportKey, Spooled, Time};
use bytes::Bytes;
use rsac_protocol::{Digest, LedgerId, Report, UnitId};
use std::collections::BTreeMap;

/// How many reports are on their way at once: enough to fill a group commit.
const MAX_IN_FLIGHT: usize = 4;

/// A unit as a report names it: unit numbers repeat in other plans and other ledgers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnitName {
    pub(super) ledger: LedgerId,
    pub(super) plan: Digest,
    pub(super) unit: UnitId,
    pub(super) epoch: u64,
}

impl UnitName {
    /// The unit of a report.
    pub(super) fn of(report: &Report) -> Self {
        Self {
            ledger: report.ledger,
            plan: report.plan,
            unit: report.unit,
            epoch: report.epoch,
        }
    }

    /// Whether both name the same unit, be it in other epochs.
    pub(super) fn is_same_unit(self, other: Self) -> bool {
        (self.ledger, self.plan, self.unit) == (other.ledger, other.plan, other.unit)
    }
}

/// A report on its way.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) bytes: Bytes,
    pub(super) of: UnitName,
    /// The report's own number, which the acknowledgement repeats.
    pub(super) sequence: u64,
    in_flight: bool,
}

/// All of them, in the order of their making.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    pending: BTreeMap<ReportKey, Pending>,
    bytes: usize,
    in_flight: usize,
    backoff: Backoff,
    next_key: u64,
}

impl Outbox {
    /// Takes over what an earlier process left; before anything else.
    pub(super) fn restore(&mut self, spooled: Spooled) {
        self.next_key = self.next_key.max(spooled.key.0 + 1);
        self.keep(spooled.key, spooled.bytes, &spooled.report);
    }

    /// The name, and sequence number, of the next report to be made.
    pub(super) fn next_key(&mut self) -> ReportKey {
        let key = ReportKey(self.next_key);
        self.next_key += 1;
        key
    }

    /// Adds a report.
    pub(super) fn keep(&mut self, key: ReportKey, bytes: Bytes, report: &Report) {
        self.bytes += bytes.len();
        let pending = Pending {
            bytes,
            of: UnitName::of(report),
            sequence: report.sequence,
            in_flight: false,
        };
        self.pending.insert(key, pending);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// How many reports.
    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    /// Bytes of all of them.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether reports of this unit, from any epoch, are not acknowledged yet.
    pub(super) fn has_any_of(&self, of: UnitName) -> bool {
        self.pending
            .values()
            .any(|pending| pending.of.is_same_unit(of))
    }

    /// The next report to send, if one may be sent: the caller sends it.
    pub(super) fn start_next(&mut self, now: Time) -> Option<(ReportKey, Bytes)> {
        if self.in_flight >= MAX_IN_FLIGHT || now < self.backoff.until() {
            return None;
        }
        let (key, pending) = self.pending.iter_mut().find(|(_, p)| !p.in_flight)?;
        pending.in_flight = true;
        self.in_flight += 1;
        Some((*key, pending.bytes.clone()))
    }

    /// When to try again, where only a failure is in the way.
    pub(super) fn retry_at(&self) -> Option<Time> {
        let waiting = self.pending.len() > self.in_flight && self.in_flight < MAX_IN_FLIGHT;
        waiting.then_some(self.backoff.until())
    }

    /// It is acknowledged, or refused for good.
    pub(super) fn remove(&mut self, key: ReportKey) -> Option<Pending> {
        let pending = self.pending.remove(&key)?;
        self.bytes -= pending.bytes.len();
        self.in_flight -= usize::from(pending.in_flight);
        Some(pending)
    }

    /// The master takes reports.
    pub(super) fn accepted(&mut self) {
        self.backoff.succeeded();
    }

    /// It is to be sent again at once: the failure was the network's, which has a wait
    /// of its own.
    pub(super) fn lost(&mut self, key: ReportKey) {
        if let Some(pending) = self.pending.get_mut(&key) {
            self.in_flight -= usize::from(pending.in_flight);
            pending.in_flight = false;
        }
    }

    /// The master cannot take reports now.
    pub(super) fn later(&mut self, key: ReportKey, now: Time, jitter: &mut Jitter) {
        self.lost(key);
        // Of several that were on their way together, one counts.
        if now >= self.backoff.until() {
            self.backoff.failed(now, jitter);
        }
    }

    /// Which report a key names.
    pub(super) fn get(&self, key: ReportKey) -> Option<&Pending> {
        self.pending.get(&key)
    }
}
