//! A disk that kills its process in the middle of its work: at a change that a fuse
//! counts down to, of which a part may have happened.

use rsac_master::ledger::disk::{Disk, DiskFile, Lock, MemoryDisk};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Burns with every change; at zero the process is dead.
#[derive(Debug)]
pub(crate) struct Fuse {
    left: AtomicI64,
    process: MemoryDisk,
}

impl Fuse {
    /// A fuse that does not burn yet.
    pub(crate) fn new(process: MemoryDisk) -> Arc<Self> {
        let left = AtomicI64::new(i64::MAX);
        Arc::new(Self { left, process })
    }

    /// The process dies at its `changes`-th change from now on.
    pub(crate) fn light(&self, changes: i64) {
        self.left.store(changes, Ordering::SeqCst);
    }

    /// kill −9.
    pub(crate) fn blow(&self) {
        self.left.store(-1, Ordering::SeqCst);
        self.process.kill();
    }

    /// Whether the process is dead.
    pub(crate) fn is_blown(&self) -> bool {
        self.left.load(Ordering::SeqCst) < 0
    }

    /// Before each change; false for the one that it is killed in.
    fn burn(&self) -> bool {
        self.left.fetch_sub(1, Ordering::SeqCst) > 0
    }

    fn die<T>(&self) -> io::Result<T> {
        self.blow();
        Err(io::Error::other("killed"))
    }

    /// The disk of the process.
    pub(crate) fn disk(self: &Arc<Self>) -> FusedDisk {
        FusedDisk {
            fuse: Arc::clone(self),
            inner: Arc::new(self.process.clone()),
        }
    }
}

#[derive(Debug)]
pub(crate) struct FusedDisk {
    fuse: Arc<Fuse>,
    inner: Arc<dyn Disk>,
}

impl FusedDisk {
    fn change<T>(&self, change: impl FnOnce(&dyn Disk) -> io::Result<T>) -> io::Result<T> {
        if self.fuse.burn() {
            change(&*self.inner)
        } else {
            self.fuse.die()
        }
    }
}

impl Disk for FusedDisk {
    fn folder(&self, name: &str) -> io::Result<Arc<dyn Disk>> {
        Ok(Arc::new(Self {
            fuse: Arc::clone(&self.fuse),
            inner: self.inner.folder(name)?,
        }))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        self.inner.names()
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let inner = self.change(|disk| disk.open(name))?;
        let fuse = Arc::clone(&self.fuse);
        Ok(Arc::new(FusedFile { fuse, inner }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.change(|disk| disk.rename(from, to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.change(|disk| disk.remove(name))
    }

    fn sync(&self) -> io::Result<()> {
        self.change(|disk| disk.sync())
    }

    fn lock(&self) -> io::Result<Option<Box<dyn Lock>>> {
        self.inner.lock()
    }

    fn place(&self) -> String {
        self.inner.place()
    }
}

#[derive(Debug)]
struct FusedFile {
    fuse: Arc<Fuse>,
    inner: Arc<dyn DiskFile>,
}

impl DiskFile for FusedFile {
    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.inner.read_at(offset, out)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if self.fuse.burn() {
            return self.inner.write_at(offset, data);
        }
        // How much of it gets through is as good as random.
        let part = (offset as usize ^ data.len().wrapping_mul(0x9e37_79b9)) % (data.len() + 1);
        let _ = self.inner.write_at(offset, &data[..part]);
        self.fuse.die()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        if self.fuse.burn() {
            self.inner.set_len(len)
        } else {
            self.fuse.die()
        }
    }

    fn sync(&self) -> io::Result<()> {
        if self.fuse.burn() {
            self.inner.sync()
        } else {
            self.fuse.die()
        }
    }
}
