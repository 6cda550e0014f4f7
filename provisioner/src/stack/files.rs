//! Files and folders that only their user may read.

use super::StackError;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Makes a folder and those above it, with mode 700 where they are new.
pub(super) fn make_private_folder(path: &Path) -> Result<PathBuf, StackError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| StackError::io(path, error))?;
    Ok(path.to_owned())
}

/// Replaces a file's content as a whole, with mode 600: after a crash the file is the
/// old one or the new one.
///
/// # Errors
/// When it cannot be written and synced.
pub fn write_private(path: &Path, text: &str) -> Result<(), StackError> {
    let error = |error| StackError::io(path, error);
    let next = path.with_extension("next");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&next)
        .map_err(error)?;
    file.write_all(text.as_bytes()).map_err(error)?;
    file.sync_all().map_err(error)?;
    std::fs::rename(&next, path).map_err(error)?;
    sync_folder_of(path).map_err(error)
}

/// Makes a new or renamed file's entry in its folder durable.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// A file's text; none where there is no file.
pub(crate) fn read_optional(path: &Path) -> Result<Option<String>, StackError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StackError::io(path, error)),
    }
}
