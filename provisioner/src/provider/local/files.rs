//! Files that survive a crash: whole or not at all. Used by the supervisor's store and
//! by whoever records something in the stack's folder.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// For files and folders that only their owner may read.
pub(crate) const OWNER_FILE: u32 = 0o600;
const OWNER_FOLDER: u32 = 0o700;

/// Replaces a file's content: after a crash at any point the file holds the old
/// content or the new one, never a part. Only the owner may read it.
///
/// # Errors
/// When the folder cannot be written (also for want of space); the old content stays.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    let temporary = path.with_file_name(name);
    let written = write_new(&temporary, content).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // What is left of a failed attempt is of no use, and the next one replaces it.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    sync_folder_of(path)
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(OWNER_FILE)
        .open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Makes a rename, a creation or a removal in the file's folder durable.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    path.parent()
        .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Makes a folder, and those above it, for the owner alone; one that is there already
/// is closed to others.
pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(OWNER_FOLDER)
        .create(path)?;
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(OWNER_FOLDER))?;
    }
    Ok(())
}

/// Removes a file or a folder with all in it; nothing there is fine.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Keeps a log file within `limit` bytes: what it holds moves to `<name>.1`, and
/// whoever has it open for appending goes on at its start. What is written between
/// copy and cut is lost, which a log may.
///
/// # Errors
/// When the files cannot be read or written.
pub(crate) fn bound_log(path: &Path, limit: u64) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(meta) if meta.len() > limit => {}
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    let copied = fs::copy(path, older_log(path));
    // Without space for the copy the bound matters all the more.
    OpenOptions::new().write(true).open(path)?.set_len(0)?;
    copied.map(|_| ())
}

/// Where [`bound_log`] puts the older part of a log.
pub(crate) fn older_log(path: &Path) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(".1");
    name.into()
}

/// Opens a log file for appending, for the owner alone.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn open_log(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(OWNER_FILE)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("resource.json");
        write_atomically(&path, b"one").unwrap();
        write_atomically(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            OWNER_FILE
        );
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "no temporary file stays"
        );
    }

    #[test]
    fn a_failed_write_leaves_the_old_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("resource.json");
        write_atomically(&path, b"one").unwrap();
        // A folder in the place of the temporary file makes the write fail, for root too.
        fs::create_dir(folder.path().join("resource.json.new")).unwrap();
        write_atomically(&path, b"two").unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), b"one");
    }

    #[test]
    fn a_log_is_bounded_while_its_writer_has_it_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("worker-0.log");
        let mut log = open_log(&path).unwrap();
        log.write_all(b"first line\n").unwrap();
        bound_log(&path, 100).unwrap();
        assert_eq!(
            fs::read(&path).unwrap(),
            b"first line\n",
            "within the bound"
        );
        bound_log(&path, 5).unwrap();
        log.write_all(b"second line\n").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second line\n");
        assert_eq!(fs::read(older_log(&path)).unwrap(), b"first line\n");
    }
}
