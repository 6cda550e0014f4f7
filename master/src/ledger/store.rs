//! The embedded store: redb over a [`DiskFile`], behind the fence.
//!
//! It holds units, covered ranges, plans, the state and how long the committed part of
//! every segment is. Findings are not in it: they stay in the segments. It is small, so
//! every open checks all of its checksums; a store that fails is rebuilt from the
//! segments by the ledger.

use super::disk::DiskFile;
use super::fence::Fence;
use super::ranges::RangeSet;
use super::state::{PlanRecord, Spent, State, UnitRecord};
use redb::{
    Builder, Database, ReadableDatabase, ReadableTable, StorageBackend, StorageError,
    TableDefinition, TableError,
};
use rsac_protocol::{LedgerId, UnitId};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
const PLANS: TableDefinition<u64, &[u8]> = TableDefinition::new("plans");
const UNITS: TableDefinition<(u64, u64), &[u8]> = TableDefinition::new("units");
const COVERED: TableDefinition<(u64, u64), u64> = TableDefinition::new("covered");
/// Number → (plan, committed length); the journal has [`JOURNAL`] for a plan.
const SEGMENTS: TableDefinition<u64, (u64, u64)> = TableDefinition::new("segments");

/// Stands for "no plan" in the segments' table.
pub(crate) const JOURNAL: u64 = u64::MAX;

const FORMAT: u64 = 1;

/// Enough for the working set of a large job's units.
const CACHE_BYTES: usize = 16 << 20;

/// Why the store cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The disk refused; a later attempt may succeed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Its bytes are not what was written.
    #[error("{0}")]
    Damaged(String),
}

/// Everything that a store holds.
#[derive(Debug, Default)]
pub(crate) struct Content {
    pub(crate) ledger: Option<LedgerId>,
    pub(crate) generation: u64,
    pub(crate) number: Option<String>,
    pub(crate) state: Option<State>,
    pub(crate) spent: Spent,
    pub(crate) plans: BTreeMap<u64, PlanRecord>,
    pub(crate) units: BTreeMap<(u64, UnitId), UnitRecord>,
    pub(crate) covered: BTreeMap<u64, RangeSet>,
    pub(crate) segments: BTreeMap<u64, (u64, u64)>,
}

/// What one commit changes; absolute values, so that it can be repeated.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) identity: Option<(LedgerId, u64, String)>,
    pub(crate) state: Option<Vec<u8>>,
    pub(crate) spent: Option<Spent>,
    pub(crate) plans: Vec<(u64, Vec<u8>)>,
    pub(crate) units: Vec<((u64, UnitId), Vec<u8>)>,
    /// Range starts of a plan: with their end, or none where they are merged away.
    pub(crate) covered: Vec<((u64, u64), Option<u64>)>,
    /// Plans whose covered ranges are all replaced (by those in `covered`).
    pub(crate) uncovered: Vec<u64>,
    pub(crate) segments: Vec<(u64, (u64, u64))>,
}

/// The open store. After a failed write it closes itself; the next one opens it anew,
/// because redb refuses all work after a failed request to the disk.
#[derive(Debug)]
pub(crate) struct Store {
    file: Arc<dyn DiskFile>,
    fence: Arc<Fence>,
    db: Option<Database>,
}

impl Store {
    /// Opens the store in `file` (an empty one is a new store) and checks all of it.
    pub(crate) fn open(
        file: Arc<dyn DiskFile>,
        fence: Arc<Fence>,
    ) -> Result<(Self, Content), StoreError> {
        let db = open_checked(&file, &fence)?;
        let content = read(&db)?;
        let store = Self {
            file,
            fence,
            db: Some(db),
        };
        Ok((store, content))
    }

    /// Makes `changes` durable, all or none of them.
    pub(crate) fn write(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let db = match self.db.take() {
            Some(db) => db,
            None => open_checked(&self.file, &self.fence)?,
        };
        write(&db, changes)?;
        self.db = Some(db);
        Ok(())
    }
}

fn open_checked(file: &Arc<dyn DiskFile>, fence: &Arc<Fence>) -> Result<Database, StoreError> {
    let backend = Backend {
        file: Arc::clone(file),
        fence: Arc::clone(fence),
    };
    Builder::new()
        .set_cache_size(CACHE_BYTES)
        .set_check_integrity_on_open(true)
        .create_with_backend(backend)
        .map_err(|error| classify(error.into()))
}

fn read(db: &Database) -> Result<Content, StoreError> {
    let transaction = db.begin_read().map_err(|e| classify(e.into()))?;
    let mut content = Content::default();
    let Some(meta) = present(transaction.open_table(META))? else {
        return Ok(content);
    };
    let get = |key: &str| meta.get(key).map(|v| v.map(|v| v.value().to_vec()));
    if let Some(bytes) = get("format")? {
        let format: u64 = decode("format", &bytes)?;
        if format != FORMAT {
            return Err(StoreError::Damaged(format!(
                "its format is {format}, this build reads {FORMAT}"
            )));
        }
    }
    if let Some(bytes) = get("identity")? {
        let (ledger, generation, number) = decode("identity", &bytes)?;
        content.ledger = Some(ledger);
        content.generation = generation;
        content.number = Some(number);
    }
    if let Some(bytes) = get("state")? {
        let state = serde_json::from_slice(&bytes);
        content.state = Some(state.map_err(|_| unreadable("state"))?);
    }
    if let Some(bytes) = get("spent")? {
        content.spent = decode("spent", &bytes)?;
    }
    if let Some(table) = present(transaction.open_table(PLANS))? {
        for entry in table.iter()? {
            let (key, value) = entry?;
            let plan = decode("plan", value.value())?;
            content.plans.insert(key.value(), plan);
        }
    }
    if let Some(table) = present(transaction.open_table(UNITS))? {
        for entry in table.iter()? {
            let (key, value) = entry?;
            let unit = decode("unit", value.value())?;
            content.units.insert(key.value(), unit);
        }
    }
    if let Some(table) = present(transaction.open_table(COVERED))? {
        for entry in table.iter()? {
            let (key, value) = entry?;
            let (plan, from) = key.value();
            let set = content.covered.entry(plan).or_default();
            set.insert(from..value.value());
        }
    }
    if let Some(table) = present(transaction.open_table(SEGMENTS))? {
        for entry in table.iter()? {
            let (key, value) = entry?;
            content.segments.insert(key.value(), value.value());
        }
    }
    Ok(content)
}

fn write(db: &Database, changes: &Changes) -> Result<(), StoreError> {
    let transaction = db.begin_write().map_err(|e| classify(e.into()))?;
    {
        let mut meta = transaction.open_table(META).map_err(table_error)?;
        if let Some(identity) = &changes.identity {
            meta.insert("format", encode(&FORMAT)?.as_slice())?;
            meta.insert("identity", encode(identity)?.as_slice())?;
        }
        if let Some(state) = &changes.state {
            meta.insert("state", state.as_slice())?;
        }
        if let Some(spent) = &changes.spent {
            meta.insert("spent", encode(spent)?.as_slice())?;
        }
        let mut plans = transaction.open_table(PLANS).map_err(table_error)?;
        for (sequence, plan) in &changes.plans {
            plans.insert(sequence, plan.as_slice())?;
        }
        let mut units = transaction.open_table(UNITS).map_err(table_error)?;
        for (key, unit) in &changes.units {
            units.insert(key, unit.as_slice())?;
        }
        let mut covered = transaction.open_table(COVERED).map_err(table_error)?;
        for plan in &changes.uncovered {
            covered.retain_in((*plan, 0)..=(*plan, u64::MAX), |_, _| false)?;
        }
        for (key, end) in &changes.covered {
            match end {
                Some(end) => covered.insert(key, end)?,
                None => covered.remove(key)?,
            };
        }
        let mut segments = transaction.open_table(SEGMENTS).map_err(table_error)?;
        for (number, segment) in &changes.segments {
            segments.insert(number, segment)?;
        }
    }
    transaction.commit().map_err(|e| classify(e.into()))
}

/// The bytes of a stored value.
pub(crate) fn encode<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_stdvec(value).map_err(|e| StoreError::Io(io::Error::other(e)))
}

fn decode<T: serde::de::DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T, StoreError> {
    postcard::from_bytes(bytes).map_err(|_| unreadable(what))
}

fn unreadable(what: &str) -> StoreError {
    StoreError::Damaged(format!("its {what} cannot be read"))
}

/// A table, or none where nothing was ever written into it.
fn present<T>(table: Result<T, TableError>) -> Result<Option<T>, StoreError> {
    match table {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(table_error(error)),
    }
}

fn table_error(error: TableError) -> StoreError {
    classify(error.into())
}

impl From<StorageError> for StoreError {
    fn from(error: StorageError) -> Self {
        classify(error.into())
    }
}

fn classify(error: redb::Error) -> StoreError {
    match error {
        // redb's own words for bytes that are no database, or end too early: what a
        // process leaves that dies while it makes the file.
        redb::Error::Io(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
            ) =>
        {
            StoreError::Damaged(error.to_string())
        }
        redb::Error::Io(error) => StoreError::Io(error),
        redb::Error::PreviousIo | redb::Error::DatabaseClosed => {
            StoreError::Io(io::Error::other(error))
        }
        error => StoreError::Damaged(error.to_string()),
    }
}

/// redb's view of the file. Every write looks at the fence first, also those that redb
/// makes on its own when it is closed.
#[derive(Debug)]
struct Backend {
    file: Arc<dyn DiskFile>,
    fence: Arc<Fence>,
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read_at(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.fence.check()?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.fence.check()?;
        self.file.write_at(offset, data)
    }
}
