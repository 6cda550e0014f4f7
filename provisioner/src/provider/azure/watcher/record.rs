//! The record of a subscription's network watchers from before our cluster: what `down
//! --with-network-watcher` decides by. It lives beside the stacks, because it outlives the
//! stack that wrote it, and an open one is never overwritten: what it says is how things
//! stood before the first of ours.

use crate::provider::ProviderError;
use crate::stack::{read_optional, write_private};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The version of the file.
const VERSION: u32 = 1;

/// How network watchers stood before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    version: u32,
    /// The cloud.
    pub(crate) cloud: String,
    /// The subscription's id.
    pub(crate) subscription: String,
    /// The region of the cluster.
    pub(crate) location: String,
    /// The stack that wrote it, by name.
    pub(crate) stack: String,
    /// That stack's run.
    pub(crate) run: String,
    /// In seconds since 1970.
    pub(crate) recorded_at: u64,
    /// The ids of all watchers of the subscription.
    pub(crate) watchers: Vec<String>,
    /// Whether the group that Azure keeps them in was there before the first of ours.
    pub(crate) group_existed: bool,
    /// Whether Azure makes watchers by itself here; none where it did not say.
    pub(crate) made_by_azure: Option<bool>,
}

impl Record {
    /// Whose it is.
    pub(crate) fn place(&self) -> Place<'_> {
        Place {
            cloud: &self.cloud,
            subscription: &self.subscription,
            location: &self.location,
        }
    }
}

/// How things stand, to be recorded.
pub(crate) struct Before {
    pub(crate) watchers: Vec<String>,
    pub(crate) group_existed: bool,
    pub(crate) made_by_azure: Option<bool>,
}

/// Whose record it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) cloud: &'a str,
    pub(crate) subscription: &'a str,
    pub(crate) location: &'a str,
}

/// The records of a state directory.
#[derive(Debug, Clone)]
pub(crate) struct Records {
    folder: PathBuf,
}

impl Records {
    /// Those beside the stacks of a state directory.
    pub(crate) fn beside(state: &Path) -> Self {
        Self {
            folder: state.join("network-watchers"),
        }
    }

    fn path(&self, place: Place<'_>) -> PathBuf {
        self.folder.join(format!(
            "{}_{}_{}.json",
            part(place.cloud),
            part(place.subscription),
            part(place.location)
        ))
    }

    /// The open record of a subscription and region.
    pub(crate) fn open(&self, place: Place<'_>) -> Result<Option<Record>, ProviderError> {
        read(&self.path(place))
    }

    /// All open records; one that cannot be read is an error that names its file.
    pub(crate) fn all(&self) -> Result<Vec<Record>, ProviderError> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(self.failed(source)),
        };
        let mut all = Vec::new();
        for entry in entries {
            let path = entry.map_err(|source| self.failed(source))?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                all.extend(read(&path)?);
            }
        }
        all.sort_by(|a, b| (&a.subscription, &a.location).cmp(&(&b.subscription, &b.location)));
        Ok(all)
    }

    /// Whether an open record of that subscription, of any region, says that the watchers'
    /// group was not there before. One that cannot be read says nothing.
    pub(crate) fn know_no_group(&self, place: Place<'_>) -> bool {
        let all = self.all().unwrap_or_default();
        all.iter().any(|record| {
            record.cloud == place.cloud
                && record.subscription.eq_ignore_ascii_case(place.subscription)
                && !record.group_existed
        })
    }

    /// Writes a record, unless one is open: answers the one that counts. Of two runs at once, of
    /// two stacks in one region, the first to come here.
    pub(crate) fn write_unless_open(
        &self,
        place: Place<'_>,
        (stack, run): (&str, &str),
        before: Before,
    ) -> Result<Record, ProviderError> {
        if let Some(open) = self.open(place)? {
            return Ok(open);
        }
        let record = Record {
            version: VERSION,
            cloud: place.cloud.to_owned(),
            subscription: place.subscription.to_owned(),
            location: place.location.to_owned(),
            stack: stack.to_owned(),
            run: run.to_owned(),
            recorded_at: crate::stack::now(),
            watchers: before.watchers,
            group_existed: before.group_existed,
            made_by_azure: before.made_by_azure,
        };
        std::fs::create_dir_all(&self.folder).map_err(|source| self.failed(source))?;
        let text = serde_json::to_string_pretty(&record)
            .map_err(|error| self.failed(std::io::Error::from(error)))?;
        let (path, mine) = (self.path(place), self.folder.join(format!("{run}.new")));
        write_private(&mine, &text).map_err(|error| ProviderError::Failed(error.to_string()))?;
        let linked = std::fs::hard_link(&mine, &path);
        let _ = std::fs::remove_file(&mine);
        match linked {
            Ok(()) => Ok(record),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let other = self.open(place)?;
                other.ok_or_else(|| self.failed(error))
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Closes a record; the folder goes with the last.
    pub(crate) fn close(&self, place: Place<'_>) -> Result<(), ProviderError> {
        match std::fs::remove_file(self.path(place)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(self.failed(error)),
            _ => {
                // Fails while there are others, and while the state directory has more.
                let _ = std::fs::remove_dir(&self.folder);
                if let Some(state) = self.folder.parent() {
                    let _ = std::fs::remove_dir(state);
                }
                Ok(())
            }
        }
    }

    fn failed(&self, source: std::io::Error) -> ProviderError {
        ProviderError::Io {
            path: self.folder.clone(),
            source,
        }
    }
}

/// A text as a part of a file's name.
pub(super) fn part(text: &str) -> String {
    let plain = |c: char| match c.is_ascii_alphanumeric() || c == '-' {
        true => c,
        false => '_',
    };
    text.to_lowercase().chars().map(plain).collect()
}

fn read(path: &Path) -> Result<Option<Record>, ProviderError> {
    let bad = |why: String| ProviderError::Setting {
        what: format!("the record of network watchers {}: {why}", path.display()),
        remedy: "look at it; without it `down` keeps the watcher and says how to delete it"
            .to_owned(),
    };
    let Some(text) = read_optional(path).map_err(|error| bad(error.to_string()))? else {
        return Ok(None);
    };
    let record: Record = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
    match record.version {
        VERSION => Ok(Some(record)),
        other => Err(bad(format!(
            "it is of version {other}; this build reads {VERSION}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> = Place {
        cloud: "public",
        subscription: "S-1",
        location: "uksouth",
    };

    fn before(watchers: &[&str]) -> Before {
        Before {
            watchers: watchers.iter().map(|&id| id.to_owned()).collect(),
            group_existed: false,
            made_by_azure: None,
        }
    }

    #[test]
    fn an_open_record_is_kept_and_a_closed_one_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let records = Records::beside(&state);
        assert_eq!(records.open(PLACE).unwrap(), None);
        assert_eq!(records.all().unwrap(), []);
        let first = records
            .write_unless_open(PLACE, ("azure", "r1"), before(&[]))
            .unwrap();
        let second = records
            .write_unless_open(PLACE, ("azure", "r2"), before(&["/late"]))
            .unwrap();
        assert_eq!(first, second);
        let other = Place {
            location: "westeurope",
            ..PLACE
        };
        records
            .write_unless_open(other, ("b", "r3"), before(&["/w"]))
            .unwrap();
        assert_eq!(records.all().unwrap().len(), 2);
        // Ids compare without case.
        let upper = Place {
            subscription: "s-1",
            ..PLACE
        };
        assert_eq!(records.open(upper).unwrap(), Some(first));
        records.close(PLACE).unwrap();
        records.close(PLACE).unwrap();
        records.close(other).unwrap();
        assert!(!state.exists());
    }

    #[test]
    fn a_group_that_came_with_our_first_region_was_not_there_for_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::beside(folder.path());
        assert!(!records.know_no_group(PLACE));
        let there = Before {
            group_existed: true,
            ..before(&[])
        };
        let second = Place {
            location: "westeurope",
            ..PLACE
        };
        records
            .write_unless_open(second, ("b", "r2"), there)
            .unwrap();
        assert!(!records.know_no_group(PLACE));
        records
            .write_unless_open(PLACE, ("a", "r1"), before(&[]))
            .unwrap();
        assert!(records.know_no_group(second));
        for other in [
            Place {
                subscription: "S-2",
                ..PLACE
            },
            Place {
                cloud: "china",
                ..PLACE
            },
        ] {
            assert!(!records.know_no_group(other));
        }
        std::fs::write(records.path(second), "{").unwrap();
        assert!(!records.know_no_group(PLACE));
    }

    #[test]
    fn of_many_at_once_one_counts_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::beside(folder.path());
        let start = std::sync::Barrier::new(8);
        let write = |i: usize| {
            start.wait();
            let (run, seen) = (format!("r{i}"), format!("/w{i}"));
            records.write_unless_open(PLACE, ("s", &run), before(&[&seen]))
        };
        let write = &write;
        let all: Vec<Record> = std::thread::scope(|scope| {
            let running: Vec<_> = (0..8).map(|i| scope.spawn(move || write(i))).collect();
            let done = running.into_iter().map(|run| run.join().unwrap().unwrap());
            done.collect()
        });
        assert!(all.iter().all(|record| *record == all[0]), "{all:?}");
        assert_eq!(records.all().unwrap(), all[..1]);
        assert_eq!(std::fs::read_dir(&records.folder).unwrap().count(), 1);
    }

    #[test]
    fn one_that_cannot_be_read_is_named_and_not_taken_for_none() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::beside(folder.path());
        records
            .write_unless_open(PLACE, ("a", "r"), before(&[]))
            .unwrap();
        let path = records.path(PLACE);
        for damaged in ["{", r#"{"version":1}"#] {
            std::fs::write(&path, damaged).unwrap();
            let error = records.open(PLACE).unwrap_err().to_string();
            assert!(error.contains("public_s-1_uksouth.json"), "{error}");
            assert!(
                records
                    .write_unless_open(PLACE, ("a", "r"), before(&[]))
                    .is_err()
            );
        }
    }
}
