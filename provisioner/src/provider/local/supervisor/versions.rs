//! The resource versions of a stack: numbers that only rise, across restarts of the
//! supervisor too. They are reserved in blocks, so that giving one out needs no write.

use crate::provider::local::files;
use std::io;
use std::path::PathBuf;

const BLOCK: u64 = 1000;

/// Gives out resource versions.
#[derive(Debug)]
pub(super) struct Versions {
    path: PathBuf,
    last: u64,
    reserved: u64,
}

impl Versions {
    /// Goes on after all that was ever reserved, and after `highest`, the highest of
    /// the resources there are (should the file be lost).
    pub(super) fn open(path: PathBuf, highest: u64) -> io::Result<Self> {
        let recorded = match std::fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().unwrap_or_else(|_| {
                tracing::warn!(path = %path.display(), "unreadable; versions go on after the resources'");
                highest.saturating_add(BLOCK)
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        let last = recorded.max(highest);
        Ok(Self {
            path,
            last,
            reserved: last,
        })
    }

    /// The next version.
    ///
    /// # Errors
    /// When a block cannot be reserved.
    pub(super) fn next(&mut self) -> io::Result<u64> {
        if self.last == self.reserved {
            let reserved = self.reserved + BLOCK;
            files::write_atomically(&self.path, reserved.to_string().as_bytes())?;
            self.reserved = reserved;
        }
        self.last += 1;
        Ok(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_rise_across_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("versions");
        let mut last = 0;
        for _ in 0..3 {
            let mut versions = Versions::open(path.clone(), last).unwrap();
            for _ in 0..BLOCK + 1 {
                let next = versions.next().unwrap();
                assert!(next > last);
                last = next;
            }
        }
        std::fs::write(&path, "garbage").unwrap();
        assert!(Versions::open(path, last).unwrap().next().unwrap() > last);
    }
}
