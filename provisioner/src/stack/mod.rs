//! Stacks as they are remembered: a folder each under the state directory, with a
//! description (`stack.json`), a journal, a lock, and marks of the results that were
//! shown. What a provider keeps in the folder is its own.

mod azure;
mod error;
mod files;
mod lock;
mod name;
mod place;
mod shown;

pub use azure::AzurePlace;
pub use error::StackError;
pub use files::write_private;
pub use lock::{Holder, StackLock};
pub use name::check as check_name;
pub use place::{MinikubePlace, Once, Place, Removal};
pub use shown::Shown;

use crate::journal::{Journal, JournalError};
use files::make_private_folder;
pub(crate) use files::read_optional;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The version of a stack's folder that this build makes, and the only one it serves.
pub const STACK_VERSION: u32 = 1;

const RECORD: &str = "stack.json";
const JOURNAL: &str = "journal.jsonl";

/// What `stack.json` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Record {
    /// [`STACK_VERSION`] of whoever made it.
    pub version: u32,
    /// The version of rsac-infra that made it.
    pub made_by: String,
    /// The stack's name: its folder's too.
    pub name: String,
    /// Random: what was created for this stack carries it.
    pub id: String,
    /// Its provider.
    pub provider: String,
    /// In seconds since 1970.
    pub created_at: u64,
    /// What its provider was told; older stacks have none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub place: Place,
}

fn is_default(place: &Place) -> bool {
    *place == Place::default()
}

/// Enough of a record to tell whose it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    version: u32,
    #[serde(default)]
    made_by: String,
}

/// The state directory.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

/// A stack that is remembered.
#[derive(Debug, Clone)]
pub struct Stack {
    /// What is known of it.
    pub record: Record,
    /// Its folder.
    pub folder: PathBuf,
    /// What holds for this run only.
    pub once: Once,
}

impl Store {
    /// A store in `root`, which need not exist.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The state directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn stacks(&self) -> PathBuf {
        self.root.join("stacks")
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.stacks().join(name)
    }

    /// The names of all stacks, in order; readable or not.
    ///
    /// # Errors
    /// When the state directory is there and cannot be read.
    pub fn names(&self) -> Result<Vec<String>, StackError> {
        let folder = self.stacks();
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StackError::io(&folder, error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| StackError::io(&folder, error))?;
            // A folder without a record is one whose removal was cut short, or whose
            // making was: `up` of that name takes it over, the others need not know.
            if entry.path().join(RECORD).exists() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// The stack of that name.
    ///
    /// # Errors
    /// When there is none, or it is not one that this build serves.
    pub fn open(&self, name: &str) -> Result<Stack, StackError> {
        let name = check_name(name)?;
        let folder = self.folder(name);
        let path = folder.join(RECORD);
        let Some(text) = read_optional(&path)? else {
            let (name, known) = (name.to_owned(), self.names()?);
            return Err(StackError::Unknown { name, known });
        };
        let damaged = |error: serde_json::Error| StackError::Damaged {
            path: path.clone(),
            why: error.to_string(),
        };
        let version: Version = serde_json::from_str(&text).map_err(damaged)?;
        if version.version != STACK_VERSION {
            return Err(StackError::OtherVersion {
                name: name.to_owned(),
                found: version.version,
                made_by: version.made_by,
            });
        }
        let record = serde_json::from_str(&text).map_err(damaged)?;
        Ok(Stack {
            record,
            folder,
            once: Once::default(),
        })
    }

    /// The stack that is named, or the only one.
    ///
    /// # Errors
    /// When none is named and there is not exactly one, or that one is not usable.
    pub fn resolve(&self, named: Option<&str>) -> Result<Stack, StackError> {
        if let Some(name) = named {
            return self.open(name);
        }
        let names = self.names()?;
        match names.as_slice() {
            [] => Err(StackError::None(self.root.clone())),
            [name] => self.open(name),
            _ => Err(StackError::Several(names)),
        }
    }

    /// Takes the lock of the stack of that name, making its folder where there is none.
    ///
    /// # Errors
    /// When another process has it, or the state directory cannot be written.
    pub fn lock(&self, name: &str, command: &str) -> Result<StackLock, StackError> {
        let name = check_name(name)?;
        StackLock::take(name, || make_private_folder(&self.folder(name)), command)
    }

    /// The stack of that name, made with a new id where there is none. Whoever calls
    /// holds its lock.
    ///
    /// # Errors
    /// When it cannot be written, or the one there is not one that this build serves.
    pub fn open_or_make(&self, lock: &StackLock, provider: &str) -> Result<Stack, StackError> {
        match self.open(lock.name()) {
            Err(StackError::Unknown { .. }) => {}
            other => return other,
        }
        let stack = self.imagined(lock.name(), provider)?;
        stack.save()?;
        Ok(stack)
    }

    /// A stack that is remembered nowhere, with a new id: what `up` would make.
    ///
    /// # Errors
    /// When the name is none.
    pub fn imagined(&self, name: &str, provider: &str) -> Result<Stack, StackError> {
        let name = check_name(name)?;
        let record = Record {
            version: STACK_VERSION,
            made_by: env!("CARGO_PKG_VERSION").to_owned(),
            name: name.to_owned(),
            id: random_id(),
            provider: provider.to_owned(),
            created_at: now(),
            place: Place::default(),
        };
        Ok(Stack {
            record,
            folder: self.folder(name),
            once: Once::default(),
        })
    }

    /// A stack that another state directory made, remembered here under its own id. Whoever
    /// calls holds the lock of its name.
    ///
    /// # Errors
    /// When there is another of that name, or it cannot be written.
    pub fn adopt(
        &self,
        lock: &StackLock,
        (id, provider): (&str, &str),
        place: Place,
    ) -> Result<Stack, StackError> {
        match self.open(lock.name()) {
            Err(StackError::Unknown { .. }) => {}
            Ok(stack) if stack.record.id == id => return Ok(stack),
            Ok(stack) => return Err(StackError::Taken(stack.record.name)),
            Err(error) => return Err(error),
        }
        let mut stack = self.imagined(lock.name(), provider)?;
        id.clone_into(&mut stack.record.id);
        stack.record.place = place;
        stack.save()?;
        Ok(stack)
    }

    /// Removes a stack's folder, and the state directory with its last one: nothing is
    /// left. The record goes first, so that a removal that is cut short is no stack.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn remove(&self, stack: &Stack, lock: StackLock) -> Result<(), StackError> {
        let record = stack.folder.join(RECORD);
        std::fs::remove_file(&record).map_err(|error| StackError::io(&record, error))?;
        std::fs::remove_dir_all(&stack.folder)
            .map_err(|error| StackError::io(&stack.folder, error))?;
        drop(lock);
        // Both fail as long as there is something else in them, as they should.
        let _ = std::fs::remove_dir(self.stacks());
        let _ = std::fs::remove_dir(&self.root);
        Ok(())
    }
}

impl Stack {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.record.name
    }

    /// Keeps what its provider is told. Whoever calls holds the stack's lock.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn settle(&mut self, place: Place) -> Result<(), StackError> {
        if place == self.record.place {
            return Ok(());
        }
        self.record.place = place;
        self.save()
    }

    fn save(&self) -> Result<(), StackError> {
        let path = self.folder.join(RECORD);
        let text = serde_json::to_string_pretty(&self.record)
            .map_err(|error| StackError::io(&path, error.into()))?;
        write_private(&path, &text)
    }

    /// Its journal.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn journal(&self) -> Result<Journal, JournalError> {
        Journal::open(&self.folder.join(JOURNAL))
    }

    /// The marks of results that were shown.
    pub fn shown(&self) -> Shown {
        Shown::new(self.folder.join("shown"))
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}

/// 64 random bits, hexadecimal: ids of stacks and runs.
pub fn random_id() -> String {
    format!("{:016x}", rand::random::<u64>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::{Exit, Failure};
    use std::os::unix::fs::PermissionsExt;

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("state"));
        (folder, store)
    }

    fn make(store: &Store, name: &str) -> (StackLock, Stack) {
        let lock = store.lock(name, "up").unwrap();
        let stack = store.open_or_make(&lock, "local").unwrap();
        (lock, stack)
    }

    #[test]
    fn a_stack_is_made_once_found_again_and_removed_without_a_trace() {
        let (folder, store) = store();
        let (lock, stack) = make(&store, "local");
        assert_eq!(
            store.open_or_make(&lock, "local").unwrap().record,
            stack.record
        );
        assert_eq!(store.resolve(None).unwrap().record, stack.record);
        stack.shown().mark("key").unwrap();
        store.remove(&stack, lock).unwrap();
        assert!(matches!(store.resolve(None), Err(StackError::None(_))));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn only_the_user_can_read_it() {
        let (folder, store) = store();
        let (_lock, stack) = make(&store, "local");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.path().join("state")), 0o700);
        assert_eq!(mode(&stack.folder), 0o700);
        assert_eq!(mode(&stack.folder.join(RECORD)), 0o600);
        assert_eq!(mode(&stack.folder.join("lock")), 0o600);
    }

    #[test]
    fn what_its_provider_was_told_is_kept_and_a_stack_without_opens() {
        let (_folder, store) = store();
        let (_lock, mut stack) = make(&store, "local");
        let path = stack.folder.join(RECORD);
        assert!(!std::fs::read_to_string(&path).unwrap().contains("place"));
        assert_eq!(store.open("local").unwrap().record.place, Place::default());
        let place = Place {
            context: Some("c".to_owned()),
            ..Place::default()
        };
        stack.settle(place.clone()).unwrap();
        assert_eq!(store.open("local").unwrap().record.place, place);
    }

    #[test]
    fn without_a_name_there_must_be_exactly_one() {
        let (_folder, store) = store();
        let _one = make(&store, "a");
        let _two = make(&store, "b");
        let error = store.resolve(None).unwrap_err();
        assert_eq!(error.to_string(), "there are 2 stacks (a, b): which one?");
        assert_eq!(store.resolve(Some("b")).unwrap().name(), "b");
        let failure = Failure::from(store.resolve(Some("bb")).unwrap_err());
        assert_eq!(failure.message, "there is no stack \"bb\"; there is a, b");
        assert_eq!(failure.exit, Exit::NotFound);
    }

    #[test]
    fn another_versions_stack_is_refused_with_the_remedy() {
        let (_folder, store) = store();
        let (_lock, stack) = make(&store, "local");
        let path = stack.folder.join(RECORD);
        std::fs::write(&path, r#"{"version":2,"madeBy":"0.9.0","new":"field"}"#).unwrap();
        let failure = Failure::from(store.open("local").unwrap_err());
        assert_eq!(failure.exit, Exit::State);
        assert_eq!(
            failure.message,
            "stack \"local\" is of version 2, made by rsac-infra 0.9.0; \
             this build of 0.1.0 serves version 1"
        );
        assert_eq!(
            failure.remedies,
            ["take it down with rsac-infra 0.9.0, or use another --stack"]
        );
        std::fs::write(&path, r#"{"version":2,"madeBy":"0.1.0"}"#).unwrap();
        let failure = Failure::from(store.open("local").unwrap_err());
        assert!(
            failure
                .message
                .contains("by another build of rsac-infra 0.1.0"),
            "{}",
            failure.message
        );
        std::fs::write(&path, r#"{"version":1,"#).unwrap();
        assert!(matches!(
            store.open("local"),
            Err(StackError::Damaged { .. })
        ));
    }

    #[test]
    fn a_state_directory_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let store = Store::new(file.join("state"));
        let failure = Failure::from(store.lock("local", "up").unwrap_err());
        assert_eq!(failure.exit, Exit::State);
        assert!(failure.message.contains("file/state"), "{failure}");
        assert!(failure.remedies[0].contains("--state-dir"));
    }
}
