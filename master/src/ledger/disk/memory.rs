//! A simulated machine: files in memory, of which a loss of power keeps only what was
//! synced, and an arbitrary part of what was not. For tests and the simulation.

use super::{Disk, DiskFile, Lock};
use rand::RngExt as _;
use rand::rngs::StdRng;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Writes tear at multiples of this many bytes.
const SECTOR: usize = 512;

/// One simulated machine: its disk, and which processes hold which locks.
#[derive(Debug, Clone, Default)]
pub struct Machine(Arc<Mutex<Files>>);

#[derive(Debug, Default)]
struct Files {
    nodes: HashMap<u64, Node>,
    next_node: u64,
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    name_changes: Vec<NameChange>,
    locks: HashMap<String, MemoryLock>,
    locks_broken: bool,
    capacity: Option<u64>,
    processes: Vec<Arc<AtomicBool>>,
}

#[derive(Debug, Default)]
struct Node {
    bytes: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

#[derive(Debug, Clone)]
enum NameChange {
    Set(String, u64),
    Moved(String, String),
    Gone(String),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(offset, data) => {
                let end = offset + data.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[*offset..end].copy_from_slice(data);
            }
            Self::Length(length) => bytes.resize(*length, 0),
        }
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, u64>) {
        match self {
            Self::Set(name, node) => {
                names.insert(name.clone(), *node);
            }
            Self::Moved(from, to) => {
                if let Some(node) = names.remove(from) {
                    names.insert(to.clone(), node);
                }
            }
            Self::Gone(name) => {
                names.remove(name);
            }
        }
    }
}

impl Machine {
    /// A machine with an empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A process on this machine, with its view of the disk's root folder.
    pub fn process(&self) -> MemoryDisk {
        let alive = Arc::new(AtomicBool::new(true));
        self.files().processes.push(Arc::clone(&alive));
        MemoryDisk {
            machine: self.clone(),
            alive,
            prefix: String::new(),
        }
    }

    /// The machine loses power: all processes end, and of what was not synced each
    /// write is kept, lost or torn as `rng` decides.
    pub fn power_loss(&self, rng: &mut StdRng) {
        let mut files = self.files();
        for alive in files.processes.drain(..) {
            alive.store(false, Ordering::SeqCst);
        }
        files.locks.clear();
        let kept_names = rng.random_range(0..=files.name_changes.len());
        let mut names = std::mem::take(&mut files.durable_names);
        for change in files.name_changes.drain(..).take(kept_names) {
            change.apply(&mut names);
        }
        files.durable_names = names.clone();
        files.names = names;
        let mut order: Vec<u64> = files.nodes.keys().copied().collect();
        order.sort_unstable();
        for id in order {
            let Some(node) = files.nodes.get_mut(&id) else {
                continue;
            };
            for change in std::mem::take(&mut node.unsynced) {
                match (rng.random_range(0..3u8), change) {
                    (0, _) => {}
                    (1, Change::Write(offset, data)) => {
                        let kept = rng.random_range(0..=data.len() / SECTOR) * SECTOR;
                        Change::Write(offset, data[..kept].to_vec()).apply(&mut node.durable);
                    }
                    (_, change) => change.apply(&mut node.durable),
                }
            }
            node.bytes.clone_from(&node.durable);
        }
    }

    /// How many bytes all files together may have; none is no limit.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.files().capacity = bytes;
    }

    /// Bytes of all files together.
    pub fn used(&self) -> u64 {
        self.files().used()
    }

    /// Makes locks be granted to anyone, as some network storage does.
    pub fn break_locks(&self) {
        self.files().locks_broken = true;
    }

    /// All files, by their paths from the root.
    pub fn paths(&self) -> Vec<String> {
        self.files().names.keys().cloned().collect()
    }

    /// Changes a file's bytes behind everybody's back, durably: for flipped bits and
    /// truncation. False when there is no such file.
    pub fn damage(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) -> bool {
        let mut files = self.files();
        let Some(id) = files.names.get(path).copied() else {
            return false;
        };
        let Some(node) = files.nodes.get_mut(&id) else {
            return false;
        };
        change(&mut node.bytes);
        node.durable.clone_from(&node.bytes);
        node.unsynced.clear();
        true
    }
}

impl Files {
    fn used(&self) -> u64 {
        self.names
            .values()
            .filter_map(|id| self.nodes.get(id))
            .map(|node| node.bytes.len() as u64)
            .sum()
    }

    fn change(&mut self, id: u64, change: Change) -> io::Result<()> {
        let used = self.used();
        let node = self
            .nodes
            .get_mut(&id)
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let end = match &change {
            Change::Write(offset, data) => offset + data.len(),
            Change::Length(length) => *length,
        };
        let growth = end.saturating_sub(node.bytes.len()) as u64;
        if growth > 0
            && self
                .capacity
                .is_some_and(|capacity| used + growth > capacity)
        {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        change.apply(&mut node.bytes);
        node.unsynced.push(change);
        Ok(())
    }
}

/// A process' view of a folder of a [`Machine`].
#[derive(Debug, Clone)]
pub struct MemoryDisk {
    machine: Machine,
    alive: Arc<AtomicBool>,
    prefix: String,
}

impl MemoryDisk {
    /// Ends the process, as kill −9 does: what it wrote is still there, its locks are
    /// free, and whatever it still tries through its handles fails.
    pub fn kill(&self) {
        self.alive.store(false, Ordering::SeqCst);
    }

    fn files(&self) -> io::Result<MutexGuard<'_, Files>> {
        living(&self.alive)?;
        Ok(self.machine.files())
    }

    fn path(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

fn living(alive: &AtomicBool) -> io::Result<()> {
    if alive.load(Ordering::SeqCst) {
        Ok(())
    } else {
        Err(io::Error::other("the simulated process has ended"))
    }
}

impl Disk for MemoryDisk {
    fn folder(&self, name: &str) -> io::Result<Arc<dyn Disk>> {
        living(&self.alive)?;
        Ok(Arc::new(Self {
            prefix: format!("{}{name}/", self.prefix),
            ..self.clone()
        }))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self
            .files()?
            .names
            .keys()
            .filter_map(|path| path.strip_prefix(&self.prefix))
            .filter(|name| !name.contains('/'))
            .map(str::to_owned)
            .collect())
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let path = self.path(name);
        let mut files = self.files()?;
        let node = match files.names.get(&path) {
            Some(node) => *node,
            None => {
                let node = files.next_node;
                files.next_node += 1;
                files.nodes.insert(node, Node::default());
                files.names.insert(path.clone(), node);
                files.name_changes.push(NameChange::Set(path, node));
                node
            }
        };
        Ok(Arc::new(MemoryFile {
            disk: self.clone(),
            node,
        }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let change = NameChange::Moved(self.path(from), self.path(to));
        let mut files = self.files()?;
        if !files.names.contains_key(&self.path(from)) {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        change.apply(&mut files.names);
        files.name_changes.push(change);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let change = NameChange::Gone(self.path(name));
        let mut files = self.files()?;
        change.apply(&mut files.names);
        files.name_changes.push(change);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut files = self.files()?;
        files.name_changes.clear();
        files.durable_names = files.names.clone();
        Ok(())
    }

    fn lock(&self) -> io::Result<Option<Box<dyn Lock>>> {
        let mut files = self.files()?;
        let taken = files
            .locks
            .get(&self.prefix)
            .is_some_and(MemoryLock::is_held);
        if taken && !files.locks_broken {
            return Ok(None);
        }
        let lock = MemoryLock {
            alive: Arc::clone(&self.alive),
            held: Arc::new(AtomicBool::new(true)),
        };
        files.locks.insert(self.prefix.clone(), lock.clone());
        Ok(Some(Box::new(HeldLock(lock))))
    }

    fn place(&self) -> String {
        format!("memory:/{}", self.prefix)
    }
}

#[derive(Debug, Clone)]
struct MemoryLock {
    alive: Arc<AtomicBool>,
    held: Arc<AtomicBool>,
}

impl MemoryLock {
    fn is_held(&self) -> bool {
        self.alive.load(Ordering::SeqCst) && self.held.load(Ordering::SeqCst)
    }
}

#[derive(Debug)]
struct HeldLock(MemoryLock);

impl Lock for HeldLock {}

impl Drop for HeldLock {
    fn drop(&mut self) {
        self.0.held.store(false, Ordering::SeqCst);
    }
}

#[derive(Debug)]
struct MemoryFile {
    disk: MemoryDisk,
    node: u64,
}

impl MemoryFile {
    fn with<T>(&self, look: impl FnOnce(&Node) -> io::Result<T>) -> io::Result<T> {
        let files = self.disk.files()?;
        let node = files.nodes.get(&self.node);
        look(node.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?)
    }
}

impl DiskFile for MemoryFile {
    fn len(&self) -> io::Result<u64> {
        self.with(|node| Ok(node.bytes.len() as u64))
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let start = position(offset)?;
        self.with(|node| {
            let bytes = node
                .bytes
                .get(start..start + out.len())
                .ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
            out.copy_from_slice(bytes);
            Ok(())
        })
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let change = Change::Write(position(offset)?, data.to_vec());
        self.disk.files()?.change(self.node, change)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let change = Change::Length(position(len)?);
        self.disk.files()?.change(self.node, change)
    }

    fn sync(&self) -> io::Result<()> {
        let mut files = self.disk.files()?;
        if let Some(node) = files.nodes.get_mut(&self.node) {
            for change in node.unsynced.drain(..) {
                change.apply(&mut node.durable);
            }
        }
        Ok(())
    }
}

fn position(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;

    #[test]
    fn power_loss_keeps_what_was_synced_and_only_sectors_of_the_rest() {
        for seed in 0..50 {
            let machine = Machine::new();
            let disk = machine.process();
            let file = disk.open("a").unwrap();
            file.write_at(0, &[1; 1024]).unwrap();
            file.sync().unwrap();
            disk.sync().unwrap();
            file.write_at(0, &[2; 2048]).unwrap();
            disk.open("b").unwrap();
            machine.power_loss(&mut StdRng::seed_from_u64(seed));
            assert!(file.len().is_err(), "handles die with the process");

            let disk = machine.process();
            let bytes = super::super::read_all(&*disk.open("a").unwrap()).unwrap();
            assert!(bytes.len() >= 1024, "seed {seed}");
            for sector in bytes.chunks(SECTOR) {
                assert!(sector.iter().all(|b| *b == sector[0]), "seed {seed}");
            }
            assert!(bytes[..1024].iter().all(|b| *b == 1 || *b == 2));
        }
    }

    #[test]
    fn a_lock_ends_with_its_guard_or_its_process() {
        let machine = Machine::new();
        let (first, second) = (machine.process(), machine.process());
        let guard = first.lock().unwrap();
        assert!(guard.is_some());
        assert!(second.lock().unwrap().is_none());
        drop(guard);
        let guard = second.lock().unwrap();
        assert!(guard.is_some());
        second.kill();
        assert!(first.lock().unwrap().is_some());
    }

    #[test]
    fn a_full_disk_refuses_growth_but_not_overwriting() {
        let machine = Machine::new();
        machine.set_capacity(Some(100));
        let disk = machine.process();
        let file = disk.open("a").unwrap();
        file.write_at(0, &[1; 100]).unwrap();
        let error = file.write_at(1, &[2; 100]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        file.write_at(0, &[3; 100]).unwrap();
    }
}
