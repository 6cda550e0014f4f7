//! A simulated machine: files in memory, of which a loss of power keeps only what was
//! synced, and an arbitrary part of what was not. For tests and the simulation.

mod change;
mod process;
#[cfg(test)]
mod tests;

pub use process::MemoryDisk;

use change::{Change, NameChange};
use process::MemoryLock;
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
