//! Unacknowledged reports as files in a folder, so that a crash of the process loses
//! nothing that was computed and made into a report. Used by [`crate::run`].
//!
//! Every report is written when it is made, before it is sent, and deleted when it is
//! acknowledged. Nothing is synced: the page cache outlives the process, and the folder
//! (an emptyDir in Kubernetes) need not outlive the machine; a file that a crash of the
//! machine tears is told by its checksum. So a report costs a few system calls every
//! few seconds, and `kill -9` repeats less than one checkpoint interval.

mod file;

use crate::agent::{ReportKey, Spooled};
use bytes::Bytes;
use rsac_protocol::MAX_REPORT_BYTES;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

const LOCK: &str = "lock";
const REPORT: &str = "report";
const UNFINISHED: &str = "tmp";

/// Why the spool cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// A file or the folder.
    #[error("spool {path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Two workers were given the same folder, or an earlier one still runs.
    #[error("spool {0}: another worker uses this folder; give each worker its own")]
    Busy(PathBuf),
}

/// The folder, locked for this process.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    /// Tells the files of this process from those of earlier ones.
    stamp: String,
    files: BTreeMap<ReportKey, PathBuf>,
    _lock: File,
}

impl Spool {
    /// Makes or opens the folder, and reads the reports that an earlier process left
    /// there. A file that is no whole report is named in the log and deleted. `stamp`
    /// must be new for each process, and fit for a file name.
    ///
    /// # Errors
    /// When the folder cannot be used, or another process uses it.
    pub fn open(folder: &Path, stamp: &str) -> Result<(Self, Vec<Spooled>), SpoolError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| SpoolError::Io { path, source }
        };
        fs::create_dir_all(folder).map_err(at(folder))?;
        let lock_path = folder.join(LOCK);
        let lock = File::create(&lock_path).map_err(at(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(SpoolError::Busy(folder.to_owned())),
            Err(fs::TryLockError::Error(source)) => return Err(at(&lock_path)(source)),
        }
        let mut spool = Self {
            folder: folder.to_owned(),
            stamp: stamp.to_owned(),
            files: BTreeMap::new(),
            _lock: lock,
        };
        let mut paths = fs::read_dir(folder)
            .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
            .map_err(at(folder))?;
        let left = spool.read_all(&mut paths);
        Ok((spool, left))
    }

    fn read_all(&mut self, paths: &mut Vec<PathBuf>) -> Vec<Spooled> {
        paths.sort();
        let mut left = Vec::new();
        for path in paths.drain(..) {
            match path.extension().and_then(|extension| extension.to_str()) {
                Some(REPORT) => match read(&path) {
                    Ok((bytes, report)) => {
                        let key = ReportKey(left.len() as u64);
                        left.push(Spooled { key, bytes, report });
                        self.files.insert(key, path);
                    }
                    Err(error) => {
                        tracing::error!(path = %path.display(), %error, "a spooled report is damaged and dropped; its range will be searched again");
                        remove(&path);
                    }
                },
                Some(UNFINISHED) => remove(&path),
                _ => {}
            }
        }
        left
    }

    /// Writes a report: whole under its name, or not at all.
    ///
    /// # Errors
    /// When it cannot be written (a full disk, say).
    pub fn write(&mut self, key: ReportKey, report: &[u8]) -> Result<(), SpoolError> {
        let name = format!("{}-{:08}", self.stamp, key.0);
        let path = self.folder.join(format!("{name}.{REPORT}"));
        let unfinished = self.folder.join(format!("{name}.{UNFINISHED}"));
        let written = fs::write(&unfinished, file::encode(report))
            .and_then(|()| fs::rename(&unfinished, &path));
        match written {
            Ok(()) => {
                self.files.insert(key, path);
                Ok(())
            }
            Err(source) => {
                remove(&unfinished);
                Err(SpoolError::Io { path, source })
            }
        }
    }

    /// Deletes a report; one that could not be written is not missed.
    pub fn delete(&mut self, key: ReportKey) {
        if let Some(path) = self.files.remove(&key) {
            remove(&path);
        }
    }
}

fn read(path: &Path) -> Result<(Bytes, rsac_protocol::Report), file::Damage> {
    let limit = (file::HEAD_BYTES + MAX_REPORT_BYTES + 1) as u64;
    let mut bytes = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    file::decode(&bytes)
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "cannot delete a spooled report");
    }
}

#[cfg(test)]
mod tests;
