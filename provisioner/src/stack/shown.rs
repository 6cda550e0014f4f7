//! Which results some word has shown: `down` and `delete` print the others before they
//! delete them. A mark is an empty file, so that words that only read need no lock; its
//! name is a digest, so that it tells nothing of the result.

use super::StackError;
use super::files::make_private_folder;
use rsac_protocol::Digest;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// The marks of one stack.
#[derive(Debug, Clone)]
pub struct Shown {
    folder: PathBuf,
}

impl Shown {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// What a result is known by: the resource (its uid where it has one) and its number.
    pub fn key(resource: &str, number: &str) -> String {
        Digest::of(&format!("{resource}\n{number}")).to_string()
    }

    /// Whether the result was shown. What cannot be read counts as not shown: showing a
    /// result twice does no harm.
    pub fn is_marked(&self, key: &str) -> bool {
        self.folder.join(key).exists()
    }

    /// Remembers that the result was shown.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn mark(&self, key: &str) -> Result<(), StackError> {
        let path = make_private_folder(&self.folder)?.join(key);
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| StackError::io(&path, error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_belongs_to_a_resource_and_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let shown = Shown::new(folder.path().join("shown"));
        let key = Shown::key("uid-1", "15");
        assert!(!shown.is_marked(&key));
        shown.mark(&key).unwrap();
        shown.mark(&key).unwrap();
        assert!(shown.is_marked(&key));
        assert!(!shown.is_marked(&Shown::key("uid-1", "21")));
        assert!(!shown.is_marked(&Shown::key("uid-2", "15")));
    }
}
