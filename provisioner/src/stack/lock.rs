//! The lock of a stack: `up` and `down` hold it, the kernel releases it with the
//! process, and who is refused learns who holds it.

use super::StackError;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Who holds a lock, as its file says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// The word it runs.
    pub command: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pid == 0 {
            // Between its lock and its first byte.
            f.write_str("another rsac-infra has just begun to work on it")
        } else {
            let Self { pid, command } = self;
            write!(f, "process {pid} runs `rsac-infra {command}`")
        }
    }
}

/// A stack's lock, held until it is dropped.
#[derive(Debug)]
pub struct StackLock {
    name: String,
    _file: File,
}

impl StackLock {
    /// Takes the lock in the folder that `folder` makes. A `down` may remove folder and
    /// lock file between our opening and locking it: then the lock is on a file that
    /// nobody else will ever find, and we begin again.
    pub(super) fn take(
        name: &str,
        folder: impl Fn() -> Result<PathBuf, StackError>,
        command: &str,
    ) -> Result<Self, StackError> {
        loop {
            let path = folder()?.join("lock");
            let error = |error| StackError::io(&path, error);
            let opened = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path);
            let mut file = match opened {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(error(source)),
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(StackError::Busy {
                        name: name.to_owned(),
                        holder: read_holder(&mut file),
                    });
                }
                Err(TryLockError::Error(source)) => return Err(error(source)),
            }
            if !is_file_at(&file, &path).map_err(error)? {
                continue;
            }
            let holder = Holder {
                pid: std::process::id(),
                command: command.to_owned(),
            };
            write_holder(&mut file, &holder).map_err(error)?;
            return Ok(Self {
                name: name.to_owned(),
                _file: file,
            });
        }
    }

    /// The stack.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Whether the path still leads to this file.
fn is_file_at(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(theirs) => Ok((ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn write_holder(file: &mut File, holder: &Holder) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(serde_json::to_string(holder)?.as_bytes())
}

fn read_holder(file: &mut File) -> Holder {
    let mut text = String::new();
    match file.read_to_string(&mut text) {
        Ok(_) => serde_json::from_str(&text).unwrap_or_default(),
        Err(_) => Holder::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(folder: &Path, command: &str) -> Result<StackLock, StackError> {
        let make = || {
            std::fs::create_dir_all(folder).unwrap();
            Ok(folder.to_owned())
        };
        StackLock::take("local", make, command)
    }

    #[test]
    fn the_second_learns_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let first = take(folder.path(), "up").unwrap();
        let error = take(folder.path(), "down").unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "stack \"local\" is in use: process {} runs `rsac-infra up`",
                std::process::id()
            )
        );
        drop(first);
        assert!(take(folder.path(), "down").is_ok());
    }

    #[test]
    fn a_lock_on_a_removed_file_counts_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("stack");
        let removed = take(&inner, "down").unwrap();
        std::fs::remove_dir_all(&inner).unwrap();
        let fresh = take(&inner, "up").unwrap();
        assert!(take(&inner, "up").is_err());
        drop((removed, fresh));
    }
}
