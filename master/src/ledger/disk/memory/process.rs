//! A process' view of the machine's disk, until it is killed.

use super::change::{Change, NameChange};
use super::{Files, Machine, Node};
use crate::ledger::disk::{Disk, DiskFile, Lock};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard};

/// A process' view of a folder of a [`Machine`].
#[derive(Debug, Clone)]
pub struct MemoryDisk {
    pub(super) machine: Machine,
    pub(super) alive: Arc<AtomicBool>,
    pub(super) prefix: String,
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
pub(super) struct MemoryLock {
    alive: Arc<AtomicBool>,
    held: Arc<AtomicBool>,
}

impl MemoryLock {
    pub(super) fn is_held(&self) -> bool {
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
