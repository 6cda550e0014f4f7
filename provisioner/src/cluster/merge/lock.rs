//! A file held against other programs, as kubectl holds it: by another file of its name
//! with `.lock`. Ours is also locked by the system, which a crash ends: so what a crash of
//! ours leaves is told from what another program holds.

use super::MergeError;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

/// How long another program may hold the file, in steps.
const PATIENCE: u32 = 100;
const STEP: Duration = Duration::from_millis(50);

/// What ours begin with. kubectl's are empty.
const OURS: &str = "rsac-infra";

/// Held until it is dropped.
pub(super) struct Lock {
    path: PathBuf,
    #[expect(dead_code, reason = "open, and so locked")]
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // One that stays is taken over by the next of us.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Lock {
    /// Of a file, in a folder that is there.
    ///
    /// # Errors
    /// When another program holds it for seconds.
    pub(super) fn take(of: &Path) -> Result<Self, MergeError> {
        let path = beside(of, ".lock");
        for _ in 0..PATIENCE {
            let taken = match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => make_ours(file).map(Some),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => left_by_us(&path),
                Err(error) => Err(error),
            };
            match taken {
                Ok(Some(file)) => return Ok(Self { path, file }),
                Ok(None) => sleep(STEP),
                Err(error) => return Err(MergeError::io(of, &error)),
            }
        }
        Err(MergeError::file(
            of,
            format!("another program changes it: {} is there", path.display()),
            "let that program finish; if none is running, remove that file",
        ))
    }
}

/// Locked before it says that it is ours: whoever reads that finds it locked.
fn make_ours(mut file: File) -> io::Result<File> {
    // A file system without locks: there a lock that a crash leaves has to be removed by hand.
    if file.try_lock().is_ok() {
        writeln!(file, "{OURS} {}", std::process::id())?;
    }
    Ok(file)
}

/// The lock that is there, if it is ours and nobody's any more.
fn left_by_us(path: &Path) -> io::Result<Option<File>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    let is_ours = file.read_to_string(&mut text).is_ok() && text.starts_with(OURS);
    if !is_ours || file.try_lock().is_err() {
        return Ok(None);
    }
    // It may have been removed, and made anew by another, before it was locked here.
    let (here, there) = (file.metadata()?, std::fs::symlink_metadata(path));
    let is_same = there.is_ok_and(|it| (it.dev(), it.ino()) == (here.dev(), here.ino()));
    Ok(is_same.then_some(file))
}

/// The path with more to its name.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
