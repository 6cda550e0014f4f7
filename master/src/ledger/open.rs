//! Opening a ledger: lock, fence, store, segments, in this order; and rebuilding the
//! store where it is lost or damaged.

use super::commit::Dirty;
use super::disk::{Disk, Lock};
use super::error::{store_error, unavailable};
use super::fence::{FENCE_FILE, Fence, Mark};
use super::segments::{self, Header, Read, kind};
use super::state::{PlanRecord, State};
use super::store::{Content, JOURNAL, Store, StoreError};
use super::{Ledger, LedgerError, RangeSet};
use rand::RngExt as _;
use rand::rngs::StdRng;
use rsac_protocol::{Digest, LedgerId, Report};
use std::io;
use std::sync::Arc;

const STORE_FILE: &str = "store.redb";
/// Where a damaged store is kept, for whoever wants to look at it.
const DAMAGED_FILE: &str = "store.damaged";

/// The folder of a number's ledger within the data folder: by digest, because a number
/// may have 1234 digits.
pub fn folder_name(number: &str) -> String {
    let mut digest = Digest::of(number).to_string();
    digest.truncate(32);
    format!("number-{digest}")
}

impl Ledger {
    /// Opens the ledger of `number` (decimal) within the folder `data`; makes it where
    /// there is none. Raises its generation, synced.
    ///
    /// # Errors
    /// When another master has it open, or the disk refuses.
    pub fn open(data: &dyn Disk, number: &str, rng: &mut StdRng) -> Result<Self, LedgerError> {
        let disk = data
            .folder(&folder_name(number))
            .map_err(|e| unavailable(data, e))?;
        let lock = disk.lock().map_err(|e| unavailable(&*disk, e))?;
        let lock = lock.ok_or_else(|| LedgerError::Locked {
            place: disk.place(),
        })?;
        Opening::new(disk, rng).open(number, lock)
    }
}

struct Opening<'a> {
    disk: Arc<dyn Disk>,
    rng: &'a mut StdRng,
    notes: Vec<String>,
    /// The highest revision of the state seen in the journal.
    journal: Option<State>,
    /// Identity and generation that the segments tell of.
    headers: Option<(LedgerId, u64, String)>,
}

impl<'a> Opening<'a> {
    fn new(disk: Arc<dyn Disk>, rng: &'a mut StdRng) -> Self {
        Self {
            disk,
            rng,
            notes: Vec::new(),
            journal: None,
            headers: None,
        }
    }

    fn open(mut self, number: &str, lock: Box<dyn Lock>) -> Result<Ledger, LedgerError> {
        let disk = Arc::clone(&self.disk);
        let unavailable = |error| unavailable(&*disk, error);
        // The fence first: from here on, an older master's writes are refused.
        let fence_file = disk.open(FENCE_FILE).map_err(unavailable)?;
        let old = Fence::read(&*fence_file).map_err(unavailable)?;
        let fallback = LedgerId(self.rng.random());
        let (id, generation) = old.map_or((fallback, 1), |m| (m.ledger, m.generation + 1));
        let mark = Mark::new(id, generation, self.rng);
        let fence = Fence::raise(Arc::clone(&fence_file), mark).map_err(unavailable)?;
        disk.sync().map_err(unavailable)?;
        let mut fence = Arc::new(fence);

        let (mut store, mut content, rebuilt) = self.open_store(&fence)?;
        let mut dirty = Dirty {
            identity: true,
            ..Dirty::default()
        };
        self.read_segments(&mut content, rebuilt, &mut dirty)
            .map_err(unavailable)?;

        let known = match (content.ledger, content.number.take()) {
            (Some(ledger), Some(number)) => Some((ledger, content.generation, number)),
            _ => self.headers.take(),
        };
        if let Some((ledger, generation, of)) = known {
            if of != number {
                return Err(LedgerError::OtherNumber {
                    place: disk.place(),
                });
            }
            if ledger != id || generation >= fence.mark().generation {
                // The fence file was lost or is older: the store knows better.
                let generation = fence.mark().generation.max(generation + 1);
                let mark = Mark::new(ledger, generation, self.rng);
                drop(store);
                let raised = Fence::raise(fence_file, mark).map_err(unavailable)?;
                fence = Arc::new(raised);
                let file = disk.open(STORE_FILE).map_err(unavailable)?;
                (store, _) = Store::open(file, Arc::clone(&fence))
                    .map_err(|error| store_error(&*disk, error))?;
            }
        }
        let mut state = content.state.unwrap_or_default();
        if let Some(journal) = self.journal.take()
            && (journal.revision > state.revision || rebuilt)
        {
            state = journal;
            dirty.state = true;
        }
        let next = content.segments.last_key_value().map_or(0, |(n, _)| n + 1);
        let mut ledger = Ledger {
            store,
            writer: segments::Writer::new(Arc::clone(&disk), Arc::clone(&fence), number, next),
            fence,
            number: number.to_owned(),
            journaled: state.revision,
            state,
            spent: content.spent,
            plans: content.plans,
            units: content.units,
            covered: content.covered,
            segments: content.segments,
            dirty,
            notes: self.notes,
            disk,
            _lock: lock,
        };
        ledger.commit()?;
        Ok(ledger)
    }

    /// The store and its content; a damaged one is set aside, and an empty one made.
    /// True when the content must come from the segments.
    fn open_store(&mut self, fence: &Arc<Fence>) -> Result<(Store, Content, bool), LedgerError> {
        let disk = Arc::clone(&self.disk);
        let open =
            || -> Result<_, StoreError> { Store::open(disk.open(STORE_FILE)?, Arc::clone(fence)) };
        match open() {
            Ok((store, content)) => {
                let rebuilt = content.ledger.is_none();
                Ok((store, content, rebuilt))
            }
            Err(StoreError::Damaged(why)) => {
                self.notes.push(format!(
                    "the store is damaged ({why}): it is kept as {DAMAGED_FILE}, and rebuilt \
                     from the segments; the units' history is lost"
                ));
                disk.rename(STORE_FILE, DAMAGED_FILE)
                    .and_then(|()| disk.sync())
                    .map_err(|e| unavailable(&*disk, e))?;
                let (store, content) = open().map_err(|e| store_error(&*disk, e))?;
                Ok((store, content, true))
            }
            Err(error) => Err(store_error(&*disk, error)),
        }
    }

    /// Reads what the store does not know: the journal; what was synced into segments
    /// and not committed, which is as good as a report that was not acknowledged; and
    /// everything, when the store was lost. Cuts torn tails.
    fn read_segments(
        &mut self,
        content: &mut Content,
        rebuilt: bool,
        dirty: &mut Dirty,
    ) -> io::Result<()> {
        let names = self.disk.names()?;
        let numbers = segments::numbers(&names);
        for missing in content.segments.keys().filter(|n| !numbers.contains(n)) {
            let name = segments::file_name(*missing);
            self.notes.push(format!("{name} is missing"));
        }
        if rebuilt && !numbers.is_empty() {
            self.notes
                .push(format!("reading {} segments", numbers.len()));
        }
        for number in numbers {
            let file = self.disk.open(&segments::file_name(number))?;
            let (plan, committed) = content.segments.get(&number).copied().unzip();
            let committed = committed.unwrap_or(0);
            if plan.is_some_and(|plan| plan != JOURNAL) && file.len()? <= committed {
                continue;
            }
            let read = Read::open(&*self.disk, number)?;
            let plan = self.take_records(&read, plan, committed, content, dirty);
            let end = read.end().max(committed);
            if read.len() > end {
                self.notes.push(format!(
                    "{}: a torn tail of {} bytes is cut",
                    segments::file_name(number),
                    read.len() - end
                ));
                file.set_len(end)?;
            }
            if read.len() > end || end > committed {
                // Whoever wrote what is taken in here may have died before it was synced.
                file.sync()?;
            }
            if rebuilt {
                for bytes in read.damaged(end) {
                    self.notes.push(format!(
                        "{}: bytes {}..{} hold no intact record",
                        segments::file_name(number),
                        bytes.start,
                        bytes.end
                    ));
                }
            }
            if content.segments.insert(number, (plan, end)) != Some((plan, end)) {
                dirty.segments.insert(number);
            }
        }
        Ok(())
    }

    /// Takes a segment's records beyond `committed` into `content`; of the journal, the
    /// states of the committed part too. Answers the segment's plan.
    fn take_records(
        &mut self,
        read: &Read,
        plan: Option<u64>,
        committed: u64,
        content: &mut Content,
        dirty: &mut Dirty,
    ) -> u64 {
        let mut plan = plan;
        let start = if plan == Some(JOURNAL) { 0 } else { committed };
        for (record, body) in read.records(start) {
            match record {
                kind::HEADER => {
                    if let Ok(header) = postcard::from_bytes::<Header>(body) {
                        plan.get_or_insert(header.plan.as_ref().map_or(JOURNAL, |p| p.0));
                        self.take_header(header, content, dirty);
                    }
                }
                kind::STATE => {
                    if let Ok(state) = serde_json::from_slice::<State>(body)
                        && self
                            .journal
                            .as_ref()
                            .is_none_or(|seen| seen.revision <= state.revision)
                    {
                        self.journal = Some(state);
                    }
                }
                kind::PLAN => {
                    if let Ok((sequence, record)) = postcard::from_bytes::<(u64, PlanRecord)>(body)
                        && !content.plans.contains_key(&sequence)
                    {
                        content.plans.insert(sequence, record);
                        dirty.plans.insert(sequence);
                    }
                }
                kind::REPORT => {
                    if let Ok(report) = Report::decode(body) {
                        let known = content.plans.iter().find(|(_, p)| p.digest == report.plan);
                        if let Some((sequence, _)) = known {
                            plan.get_or_insert(*sequence);
                            content.spent.cpu_micros += report.cpu_micros;
                            let set = content.covered.entry(*sequence).or_default();
                            cover(set, *sequence, &report, dirty);
                        }
                    }
                }
                _ => {}
            }
        }
        plan.unwrap_or(JOURNAL)
    }

    fn take_header(&mut self, header: Header, content: &mut Content, dirty: &mut Dirty) {
        let newer = self
            .headers
            .as_ref()
            .is_none_or(|(_, generation, _)| *generation < header.generation);
        if newer {
            self.headers = Some((header.ledger, header.generation, header.number));
        }
        if let Some((sequence, text)) = header.plan
            && !content.plans.contains_key(&sequence)
            && let Ok(plan) = rsac_factor::Plan::parse(&text)
        {
            let record = PlanRecord {
                digest: Digest::of(&text),
                method: plan.method().name().to_owned(),
                text,
            };
            content.plans.insert(sequence, record);
            dirty.plans.insert(sequence);
        }
    }
}

fn cover(set: &mut RangeSet, plan: u64, report: &Report, dirty: &mut Dirty) {
    let range = report.from..report.to;
    dirty
        .covered
        .extend(set.touching(range.clone()).iter().map(|s| (plan, *s)));
    set.insert(range.clone());
    dirty
        .covered
        .extend(set.touching(range).iter().map(|s| (plan, *s)));
}
