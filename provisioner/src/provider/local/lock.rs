//! Who is alive: a process of the stack holds an OS lock on a file of its own for its
//! whole life, with its id inside. The kernel lets go of the lock when the process
//! ends, however it ends, so a held lock is a living process and the id in it is its.

use super::files::OWNER_FILE;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(50);

/// A lock that this process holds until it drops this or ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Another process that holds a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// Its process id; none in the instant before it has written it.
    pub pid: Option<u32>,
}

/// Takes a lock if nobody holds it, trying for `patience`: whoever only looks at a lock
/// ([`holder`]) holds it for an instant.
///
/// # Errors
/// When the file cannot be made or locked. `Ok(None)` when another process holds it.
pub fn take(path: &Path, patience: Duration) -> io::Result<Option<Lock>> {
    let start = Instant::now();
    loop {
        if let Some(lock) = try_take(path)? {
            return Ok(Some(lock));
        }
        if start.elapsed() >= patience {
            return Ok(None);
        }
        std::thread::sleep(POLL);
    }
}

fn try_take(path: &Path) -> io::Result<Option<Lock>> {
    loop {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(OWNER_FILE)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // A file that was removed meanwhile locks nothing: another may be in its place.
        if !std::fs::metadata(path).is_ok_and(|m| m.ino() == file.metadata().map_or(0, |f| f.ino()))
        {
            continue;
        }
        file.set_len(0)?;
        file.rewind()?;
        write!(file, "{}", std::process::id())?;
        return Ok(Some(Lock { _file: file }));
    }
}

/// Who holds the lock, if anybody.
///
/// # Errors
/// When the file is there but cannot be read.
pub fn holder(path: &Path) -> io::Result<Option<Holder>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            // Another looker's shared lock does not block; only the holder does.
            file.read_to_string(&mut text)?;
            Ok(Some(Holder {
                pid: text.trim().parse().ok(),
            }))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_names_its_holder_and_ends_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.lock");
        assert_eq!(holder(&path).unwrap(), None);
        let lock = take(&path, Duration::ZERO).unwrap().unwrap();
        let pid = Some(std::process::id());
        assert_eq!(holder(&path).unwrap(), Some(Holder { pid }));
        assert!(take(&path, Duration::ZERO).unwrap().is_none());
        drop(lock);
        assert_eq!(holder(&path).unwrap(), None);
        assert!(take(&path, Duration::ZERO).unwrap().is_some());
    }

    #[test]
    fn a_removed_file_locks_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("supervisor.lock");
        let _old = take(&path, Duration::ZERO).unwrap().unwrap();
        std::fs::remove_file(&path).unwrap();
        let _new = take(&path, Duration::ZERO).unwrap().unwrap();
        assert!(take(&path, Duration::ZERO).unwrap().is_none());
    }
}
