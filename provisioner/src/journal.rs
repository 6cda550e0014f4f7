//! A stack's journal: what was begun and what was done, a line of JSON each, on disk
//! before the request that it announces. `up` resumes from it, `down` undoes what it
//! names. Lines are only ever appended; one that is damaged is named and passed over,
//! which is safe because every step can be repeated and every undo too.

use rsac_protocol::Digest;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "what",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Entry {
    /// `up` begins.
    Up,
    /// `up` performed all steps.
    UpDone,
    /// `down` begins.
    Down,
    /// A step is going to be performed.
    Begin {
        /// The step.
        step: String,
        /// For people.
        title: String,
    },
    /// It was performed.
    Done {
        /// The step.
        step: String,
    },
    /// It failed.
    Failed {
        /// The step.
        step: String,
        /// Why.
        why: String,
    },
    /// A step is going to be undone.
    Undo {
        /// The step.
        step: String,
    },
    /// It was undone.
    Undone {
        /// The step.
        step: String,
    },
}

/// A line: the record, and the first 32 bits of SHA-256 over its text.
#[derive(Serialize, Deserialize)]
struct Line {
    sum: String,
    record: Record,
}

/// An entry with its circumstances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The run that began this journal: what it creates carries it.
    pub run: String,
    /// In seconds since 1970.
    pub at: u64,
    /// The process that wrote it.
    pub pid: u32,
    /// What happened.
    pub entry: Entry,
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the journal {path}: {source}")]
pub struct JournalError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// A journal, read as far as it is good, to be appended to.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: Option<File>,
    ends_in_line: bool,
    run: String,
    /// The good records, in order.
    pub records: Vec<Record>,
    /// The numbers, from 1, of the lines that are damaged.
    pub damaged: Vec<usize>,
}

impl Journal {
    /// Reads the journal; an absent one is empty.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
        match read {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => {
                let path = path.to_owned();
                return Err(JournalError { path, source });
            }
        }
        let mut records = Vec::new();
        let mut damaged = Vec::new();
        for (i, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
            match parse(line) {
                Some(record) => records.push(record),
                None if line.is_empty() => {}
                None => damaged.push(i + 1),
            }
        }
        let run = match records.first() {
            Some(first) => first.run.clone(),
            None => crate::stack::random_id(),
        };
        Ok(Self {
            path: path.to_owned(),
            file: None,
            ends_in_line: bytes.last().is_none_or(|&byte| byte == b'\n'),
            run,
            records,
            damaged,
        })
    }

    /// The run that began this journal.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// Appends an entry; it is on disk when this returns.
    ///
    /// # Errors
    /// When it cannot be written and synced: then what it announces must not be done.
    pub fn append(&mut self, entry: Entry) -> Result<(), JournalError> {
        let record = Record {
            run: self.run.clone(),
            at: crate::stack::now(),
            pid: std::process::id(),
            entry,
        };
        self.write(&record).map_err(|source| JournalError {
            path: self.path.clone(),
            source,
        })?;
        self.records.push(record);
        Ok(())
    }

    fn write(&mut self, record: &Record) -> io::Result<()> {
        let is_new = self.file.is_none() && self.records.is_empty();
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(
                OpenOptions::new()
                    .append(true)
                    .create(true)
                    .mode(0o600)
                    .open(&self.path)?,
            ),
        };
        let mut text = String::new();
        if !self.ends_in_line {
            // A line that a crash cut short stays as it is, and stays one line.
            text.push('\n');
        }
        text.push_str(&serde_json::to_string(&Line {
            sum: sum(record)?,
            record: record.clone(),
        })?);
        text.push('\n');
        self.ends_in_line = false;
        file.write_all(text.as_bytes())?;
        self.ends_in_line = true;
        file.sync_data()?;
        if is_new && let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    /// The steps that were begun and not undone since, in the order in which they were
    /// first begun: what `down` has to undo, whatever became of them.
    pub fn begun(&self) -> Vec<&str> {
        let mut begun: Vec<&str> = Vec::new();
        for record in &self.records {
            match &record.entry {
                Entry::Begin { step, .. } if !begun.contains(&step.as_str()) => begun.push(step),
                Entry::Undone { step } => begun.retain(|other| other != step),
                _ => {}
            }
        }
        begun
    }

    /// The titles of the steps that were done and not undone since: what is there.
    pub fn done(&self) -> Vec<&str> {
        let mut titles: Vec<(&str, &str)> = Vec::new();
        let mut done: Vec<&str> = Vec::new();
        for record in &self.records {
            match &record.entry {
                Entry::Begin { step, title } => titles.push((step, title)),
                Entry::Done { step } if !done.contains(&step.as_str()) => done.push(step),
                Entry::Undone { step } => done.retain(|other| other != step),
                _ => {}
            }
        }
        let title = |step: &&str| {
            let mut named = titles.iter().rev().filter(|(id, _)| id == step);
            named.next().map(|(_, title)| *title)
        };
        done.iter().filter_map(title).collect()
    }

    /// The beginning or end of a word that was recorded last.
    fn last_word(&self) -> Option<&Entry> {
        let entries = self.records.iter().rev().map(|record| &record.entry);
        let mut words =
            entries.filter(|entry| matches!(entry, Entry::Up | Entry::UpDone | Entry::Down));
        words.next()
    }

    /// Whether the last `up` came to its end, and no `down` began since.
    pub fn is_complete(&self) -> bool {
        self.last_word() == Some(&Entry::UpDone)
    }

    /// Whether a `down` began, and has not come to its end: else there would be no journal.
    pub fn is_going(&self) -> bool {
        self.last_word() == Some(&Entry::Down)
    }
}

fn sum(record: &Record) -> serde_json::Result<String> {
    Ok(Digest::of(&serde_json::to_string(record)?).short())
}

fn parse(line: &[u8]) -> Option<Record> {
    let line: Line = serde_json::from_slice(line).ok()?;
    (sum(&line.record).ok()? == line.sum).then_some(line.record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn begin(step: &str) -> Entry {
        Entry::Begin {
            step: step.into(),
            title: format!("make {step}"),
        }
    }

    fn undone(step: &str) -> Entry {
        Entry::Undone { step: step.into() }
    }

    fn written() -> (tempfile::TempDir, PathBuf, Vec<Record>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut journal = Journal::open(&path).unwrap();
        for entry in [Entry::Up, begin("a"), begin("b"), Entry::Down, undone("b")] {
            journal.append(entry).unwrap();
        }
        let records = journal.records.clone();
        (folder, path, records)
    }

    #[test]
    fn what_is_done_is_told_by_its_title_until_it_is_undone() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(&folder.path().join("journal")).unwrap();
        for step in ["group", "cluster"] {
            journal.append(begin(step)).unwrap();
        }
        assert_eq!(journal.done(), Vec::<&str>::new());
        for step in ["group", "cluster", "group"] {
            let step = step.to_owned();
            journal.append(Entry::Done { step }).unwrap();
        }
        assert_eq!(journal.done().len(), 2);
        let step = "cluster".to_owned();
        journal.append(Entry::Undone { step }).unwrap();
        assert_eq!(journal.done().len(), 1);
    }

    #[test]
    fn what_was_written_is_read_and_keeps_its_run() {
        let (_folder, path, records) = written();
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.records, records);
        assert_eq!(journal.run(), records[0].run);
        assert_eq!(journal.begun(), ["a"]);
        assert!(journal.damaged.is_empty());
        assert!(!journal.is_complete() && journal.is_going());
    }

    #[test]
    fn a_torn_tail_leaves_the_good_part_and_the_next_line_whole() {
        let (_folder, path, records) = written();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 7]).unwrap();
        let mut journal = Journal::open(&path).unwrap();
        assert_eq!(journal.records, records[..4]);
        assert_eq!(journal.damaged, [5]);
        assert_eq!(journal.begun(), ["a", "b"]);
        journal.append(Entry::UpDone).unwrap();
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.records.len(), 5);
        assert!(journal.is_complete() && !journal.is_going());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever byte is damaged, no record is read that was not written, and at most
        /// two lines (where the byte was their newline) are lost.
        #[test]
        fn a_flipped_bit_costs_its_line_at_the_most(position in any::<prop::sample::Index>(), bit in 0u8..8) {
            let (_folder, path, records) = written();
            let mut bytes = std::fs::read(&path).unwrap();
            let at = position.index(bytes.len());
            bytes[at] ^= 1 << bit;
            std::fs::write(&path, &bytes).unwrap();
            let journal = Journal::open(&path).unwrap();
            prop_assert!(journal.records.iter().all(|record| records.contains(record)));
            prop_assert!(journal.records.len() + 2 >= records.len());
        }
    }
}
