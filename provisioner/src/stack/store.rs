//! The state directory: finds, makes, adopts and forgets stacks. The words' context has one.

use super::files::{make_private_folder, read_optional};
use super::record::{RECORD, Record, STACK_VERSION, Version};
use super::{Once, Place, Stack, StackError, StackLock, check_name, now, random_id};
use std::io;
use std::path::{Path, PathBuf};

/// The state directory.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
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
