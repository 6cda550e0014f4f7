//! The append-only segments: every accepted report, headed by its plan; and the
//! journal, which holds plans and states in the same format.
//!
//! A segment is written by one opening of the ledger only; the next makes new ones, so
//! that two masters never write to the same file. Bytes are staged here and written,
//! synced, at a commit; the store then commits the length.

use super::disk::{Disk, DiskFile, read_all};
use super::fence::Fence;
use super::record;
use super::store::{JOURNAL, StoreError, encode};
use rsac_protocol::LedgerId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// A segment that is longer than this is closed, and another made.
const FULL_BYTES: u64 = 64 << 20;

/// The kinds of records.
pub(crate) mod kind {
    /// The first record of a segment: [`super::Header`].
    pub(crate) const HEADER: u8 = 1;
    /// An encoded `Report`.
    pub(crate) const REPORT: u8 = 2;
    /// JSON of a `State`.
    pub(crate) const STATE: u8 = 3;
    /// Postcard of `(sequence, PlanRecord)`.
    pub(crate) const PLAN: u8 = 4;
}

/// What heads a segment.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) ledger: LedgerId,
    pub(crate) generation: u64,
    pub(crate) number: String,
    /// Sequence and text of the plan; none for the journal.
    pub(crate) plan: Option<(u64, String)>,
}

/// A segment's file name.
pub(crate) fn file_name(number: u64) -> String {
    format!("segment-{number:08}")
}

/// The segments among `names`, by their numbers.
pub(crate) fn numbers(names: &[String]) -> Vec<u64> {
    names
        .iter()
        .filter_map(|name| name.strip_prefix("segment-")?.parse().ok())
        .collect()
}

/// A segment's bytes with the places of its records.
pub(crate) struct Read {
    bytes: Vec<u8>,
    scan: record::Scan,
}

impl Read {
    /// Reads the segment `number`.
    pub(crate) fn open(disk: &dyn Disk, number: u64) -> io::Result<Self> {
        let bytes = read_all(&*disk.open(&file_name(number))?)?;
        let scan = record::scan(&bytes, 0);
        Ok(Self { bytes, scan })
    }

    /// Records that are staged, and not written yet.
    pub(crate) fn staged(bytes: Vec<u8>) -> Self {
        let scan = record::scan(&bytes, 0);
        Self { bytes, scan }
    }

    /// Kind and body of every intact record from `start` on, in order.
    pub(crate) fn records(&self, start: u64) -> impl Iterator<Item = (u8, &[u8])> {
        self.scan
            .payloads
            .iter()
            .filter(move |payload| payload.start as u64 >= start)
            .filter_map(|payload| self.bytes.get(payload.clone())?.split_first())
            .map(|(kind, body)| (*kind, body))
    }

    /// One past the last intact record.
    pub(crate) fn end(&self) -> u64 {
        self.scan.end as u64
    }

    /// Bytes in the file.
    pub(crate) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Stretches without an intact record below `committed`, where all should be intact.
    pub(crate) fn damaged(&self, committed: u64) -> Vec<Range<u64>> {
        let mut damaged: Vec<_> = self
            .scan
            .damaged
            .iter()
            .map(|r| r.start as u64..r.end as u64)
            .collect();
        if self.end() < committed {
            damaged.push(self.end()..committed);
        }
        damaged
    }
}

/// The segments that this opening of the ledger writes.
#[derive(Debug)]
pub(crate) struct Writer {
    disk: Arc<dyn Disk>,
    fence: Arc<Fence>,
    number: String,
    next: u64,
    open: BTreeMap<u64, Segment>,
}

#[derive(Debug)]
struct Segment {
    number: u64,
    file: Option<Arc<dyn DiskFile>>,
    /// Written, synced and committed to the store.
    committed: u64,
    staged: Vec<u8>,
}

impl Writer {
    /// A writer whose first segment has the number `next`.
    pub(crate) fn new(disk: Arc<dyn Disk>, fence: Arc<Fence>, number: &str, next: u64) -> Self {
        Self {
            disk,
            fence,
            number: number.to_owned(),
            next,
            open: BTreeMap::new(),
        }
    }

    /// Stages a record for the segment of `plan` (its sequence and text), or for the
    /// journal.
    pub(crate) fn stage(
        &mut self,
        plan: Option<(u64, &str)>,
        kind: u8,
        body: &[u8],
    ) -> Result<(), StoreError> {
        let key = plan.map_or(JOURNAL, |(sequence, _)| sequence);
        if !self.open.contains_key(&key) {
            let mark = self.fence.mark();
            let header = Header {
                ledger: mark.ledger,
                generation: mark.generation,
                number: self.number.clone(),
                plan: plan.map(|(sequence, text)| (sequence, text.to_owned())),
            };
            let mut staged = Vec::new();
            record::append(&mut staged, kind::HEADER, &encode(&header)?);
            let segment = Segment {
                number: self.next,
                file: None,
                committed: 0,
                staged,
            };
            self.next += 1;
            self.open.insert(key, segment);
        }
        if let Some(segment) = self.open.get_mut(&key) {
            record::append(&mut segment.staged, kind, body);
        }
        Ok(())
    }

    /// What is staged for `plan`.
    pub(crate) fn staged(&self, plan: u64) -> Read {
        let staged = self.open.get(&plan).map(|s| s.staged.clone());
        Read::staged(staged.unwrap_or_default())
    }

    /// Writes and syncs what is staged. Answers the store's new entries; what is staged
    /// stays so until [`Writer::committed`], because the commit may have to be repeated.
    pub(crate) fn flush(&mut self) -> io::Result<Vec<(u64, (u64, u64))>> {
        let mut lengths = Vec::new();
        let mut new_names = false;
        for (key, segment) in &mut self.open {
            if segment.staged.is_empty() {
                continue;
            }
            self.fence.check()?;
            let file = match &segment.file {
                Some(file) => file,
                None => {
                    new_names = true;
                    let file = self.disk.open(&file_name(segment.number))?;
                    segment.file.insert(file)
                }
            };
            new_names |= segment.committed == 0;
            let written = file
                .write_at(segment.committed, &segment.staged)
                .and_then(|()| file.sync());
            if let Err(error) = written {
                // Gives the space back; if even that fails, the next open cuts the tail.
                let _ = file.set_len(segment.committed);
                return Err(error);
            }
            let length = segment.committed + segment.staged.len() as u64;
            lengths.push((segment.number, (*key, length)));
        }
        if new_names {
            self.disk.sync()?;
        }
        Ok(lengths)
    }

    /// The store has committed what was flushed.
    pub(crate) fn committed(&mut self) {
        for segment in self.open.values_mut() {
            segment.committed += segment.staged.len() as u64;
            segment.staged.clear();
        }
        self.open.retain(|_, s| s.committed < FULL_BYTES);
    }
}
