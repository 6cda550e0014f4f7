//! The disk as the ledger sees it: a few verbs, so that a simulation can stand in for
//! the machine's files and lose what was not synced.
//!
//! [`RealDisk`] is a folder of this machine; [`MemoryDisk`] is a machine of its own.

mod memory;
mod real;

pub use memory::{Machine, MemoryDisk};
pub use real::RealDisk;

use std::fmt::Debug;
use std::io;
use std::sync::Arc;

/// A folder. Names are plain file names, without separators.
pub trait Disk: Debug + Send + Sync {
    /// A folder within this one; made, durably, where it does not exist.
    fn folder(&self, name: &str) -> io::Result<Arc<dyn Disk>>;

    /// The files in this folder, in order of their names.
    fn names(&self) -> io::Result<Vec<String>>;

    /// Opens a file, and makes it where it does not exist. A new name is durable only
    /// after [`Disk::sync`].
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Renames a file over whatever has the new name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes new, changed and removed names durable.
    fn sync(&self) -> io::Result<()>;

    /// Locks the folder for this process until the guard is dropped; none when another
    /// holds it.
    fn lock(&self) -> io::Result<Option<Box<dyn Lock>>>;

    /// Where it is, for messages.
    fn place(&self) -> String;
}

/// Holds a folder's lock.
pub trait Lock: Debug + Send + Sync {}

/// An open file.
pub trait DiskFile: Debug + Send + Sync {
    /// Its length in bytes.
    fn len(&self) -> io::Result<u64>;

    /// Whether it has no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Fills `out` from `offset`; an error when the file is shorter.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// Writes all of `data` at `offset`, growing the file where needed.
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()>;

    /// Cuts the file, or grows it with zeros.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Makes everything written durable.
    fn sync(&self) -> io::Result<()>;
}

/// The whole content of a file.
pub(crate) fn read_all(file: &dyn DiskFile) -> io::Result<Vec<u8>> {
    let length = usize::try_from(file.len()?).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    file.read_at(0, &mut bytes)?;
    Ok(bytes)
}
