//! The user's kubeconfig as a file: held against other programs while it is changed, and
//! replaced as a whole.

use super::MergeError;
use super::lock::{Lock, beside};
use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// The file, while it is ours alone. Dropping it lets others in again.
pub(super) struct Held {
    path: PathBuf,
    #[expect(dead_code, reason = "held, not read")]
    lock: Lock,
    /// Of the file that is there.
    metadata: Option<Metadata>,
    /// Its text; none where there is no file.
    pub(super) text: Option<String>,
}

impl Held {
    /// Takes the file as kubectl does, by making a file of its name with `.lock`. Its
    /// folder is made where it is missing.
    ///
    /// # Errors
    /// When it is a symbolic link or no file, is held by another program for seconds, or
    /// cannot be read.
    pub(super) fn take(path: &Path) -> Result<Self, MergeError> {
        if let Some(folder) = folder_of(path) {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|error| MergeError::io(path, &error))?;
        }
        let mut held = Self {
            path: path.to_owned(),
            lock: Lock::take(path)?,
            metadata: None,
            text: None,
        };
        match std::fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_symlink() => {
                return Err(MergeError::file(
                    path,
                    "it is a symbolic link".to_owned(),
                    "name the file itself: --kubeconfig FILE",
                ));
            }
            Ok(metadata) if metadata.is_file() => held.metadata = Some(metadata),
            Ok(_) => {
                return Err(MergeError::file(
                    path,
                    "it is no file".to_owned(),
                    "name a file: --kubeconfig FILE",
                ));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(held),
            Err(error) => return Err(MergeError::io(path, &error)),
        }
        let text = std::fs::read_to_string(path);
        held.text = Some(text.map_err(|error| MergeError::io(path, &error))?);
        Ok(held)
    }

    /// Replaces the text: after a crash the file is the old one or the new one. Mode and
    /// owner stay; a new file is its user's alone.
    pub(super) fn replace(&self, text: &str) -> Result<(), MergeError> {
        self.try_replace(text)
            .map_err(|error| MergeError::io(&self.path, &error))
    }

    fn try_replace(&self, text: &str) -> io::Result<()> {
        // One name, which the lock makes ours: what a crash leaves there goes next time.
        let next = beside(&self.path, ".rsac-next");
        match std::fs::remove_file(&next) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let written = self
            .write(&next, text)
            .and_then(|()| std::fs::rename(&next, &self.path));
        if written.is_err() {
            let _ = std::fs::remove_file(&next);
        }
        written?;
        let folder = folder_of(&self.path).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }

    fn write(&self, next: &Path, text: &str) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(next)?;
        file.write_all(text.as_bytes())?;
        if let Some(metadata) = &self.metadata {
            let ours = file.metadata()?;
            if (ours.uid(), ours.gid()) != (metadata.uid(), metadata.gid()) {
                fchown(&file, Some(metadata.uid()), Some(metadata.gid()))?;
            }
            file.set_permissions(Permissions::from_mode(metadata.mode() & 0o7777))?;
        }
        file.sync_all()
    }

    /// Removes the file.
    pub(super) fn remove(&self) -> Result<(), MergeError> {
        std::fs::remove_file(&self.path).map_err(|error| MergeError::io(&self.path, &error))
    }
}

/// None where the path has none: the current one.
fn folder_of(path: &Path) -> Option<&Path> {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
}
