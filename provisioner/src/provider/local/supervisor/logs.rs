//! The log lines of a job's children: the last ones, and those that come.

use crate::access::{LogLine, LogQuery};
use crate::provider::local::files;
use crate::provider::local::layout::JobLayout;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;

/// How large a child's log may grow before its older part is set apart (once).
pub(crate) const MAX_LOG_BYTES: u64 = 4 << 20;
/// A longer line is cut into such parts.
const MAX_LINE_BYTES: usize = 16 << 10;
const POLL: Duration = Duration::from_millis(300);
const SUFFIX: &str = ".log";

/// The last line of a log that says anything, shortened to what fits a status.
pub(in crate::provider::local) fn last_line(path: &Path) -> Option<String> {
    const WINDOW: u64 = 4096;
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(WINDOW)))
        .ok()?;
    let mut bytes = Vec::new();
    file.take(WINDOW).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
    Some(line.trim().chars().take(300).collect())
}

/// Sends the lines asked for; ends when all are sent, and with `follow` when `ended` (the
/// job has, and its workers too), or when the receiver or the job's folder is gone. The
/// master outlives its job, to answer `/progress`, but has nothing more to tell.
pub(super) fn stream(
    job: JobLayout,
    query: LogQuery,
    ended: impl Fn() -> bool + Send + 'static,
) -> mpsc::Receiver<LogLine> {
    let (sender, receiver) = mpsc::channel(64);
    tokio::spawn(async move {
        let mut reader = Reader {
            job,
            query,
            tails: BTreeMap::new(),
            first: true,
        };
        loop {
            // Asked before the look: what was written until then is read.
            let last = !reader.query.follow || ended();
            let read = tokio::task::spawn_blocking(move || {
                let lines = reader.read();
                (reader, lines)
            });
            let Ok((back, Ok(lines))) = read.await else {
                return;
            };
            reader = back;
            for line in lines {
                if sender.send(line).await.is_err() {
                    return;
                }
            }
            if last || sender.is_closed() {
                return;
            }
            tokio::time::sleep(POLL).await;
        }
    });
    receiver
}

struct Reader {
    job: JobLayout,
    query: LogQuery,
    tails: BTreeMap<String, Tail>,
    first: bool,
}

impl Reader {
    /// What is new in all logs, log by log. A log that appears later is read from its
    /// start.
    fn read(&mut self) -> io::Result<Vec<LogLine>> {
        let mut lines = Vec::new();
        for component in self.components()? {
            let first = self.first.then_some(self.query.tail);
            let path = self.job.child_log(&component);
            let tail = self
                .tails
                .entry(component.clone())
                .or_insert_with(|| Tail::new(path));
            let texts = match first {
                Some(last) => tail.start(last)?,
                None => tail.more()?,
            };
            lines.extend(texts.into_iter().map(|text| LogLine {
                component: component.clone(),
                text,
            }));
        }
        self.first = false;
        Ok(lines)
    }

    fn components(&self) -> io::Result<Vec<String>> {
        let mut components = Vec::new();
        for entry in std::fs::read_dir(self.job.root())? {
            let name = entry?.file_name();
            let component = name.to_str().and_then(|name| name.strip_suffix(SUFFIX));
            let wanted = self.query.component.as_deref();
            components.extend(
                component
                    .filter(|c| wanted.is_none_or(|wanted| wanted == *c))
                    .map(str::to_owned),
            );
        }
        components.sort();
        Ok(components)
    }
}

/// Reads a log that is appended to, and cut now and then by [`files::bound_log`].
struct Tail {
    path: PathBuf,
    at: u64,
    /// The beginning of a line whose end is not written yet.
    partial: Vec<u8>,
}

impl Tail {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            at: 0,
            partial: Vec::new(),
        }
    }

    /// All lines, the older part's too, or the last ones.
    fn start(&mut self, last: Option<usize>) -> io::Result<Vec<String>> {
        let mut lines = match std::fs::read(files::older_log(&self.path)) {
            Ok(older) => String::from_utf8_lossy(&older)
                .lines()
                .map(str::to_owned)
                .collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        lines.extend(self.more()?);
        if let Some(last) = last {
            lines.drain(..lines.len().saturating_sub(last));
        }
        Ok(lines)
    }

    /// The lines completed since.
    fn more(&mut self) -> io::Result<Vec<String>> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        if file.metadata()?.len() < self.at {
            self.at = 0;
        }
        file.seek(SeekFrom::Start(self.at))?;
        let mut bytes = std::mem::take(&mut self.partial);
        self.at += file.take(2 * MAX_LOG_BYTES).read_to_end(&mut bytes)? as u64;
        let mut lines = Vec::new();
        let mut rest = bytes.as_slice();
        while let Some(end) = rest.iter().position(|b| *b == b'\n') {
            let line = rest[..end].chunks(MAX_LINE_BYTES);
            lines.extend(line.map(|part| String::from_utf8_lossy(part).into_owned()));
            rest = &rest[end + 1..];
        }
        self.partial = rest[..rest.len().min(MAX_LINE_BYTES)].to_vec();
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::local::layout::Layout;
    use std::io::Write;

    fn job(folder: &Path) -> JobLayout {
        let job = Layout::new(folder).job("j");
        files::make_private_folder(job.root()).unwrap();
        job
    }

    #[tokio::test]
    async fn the_last_lines_then_those_that_come() {
        let folder = tempfile::tempdir().unwrap();
        let job = job(folder.path());
        let path = job.child_log("worker-0");
        let mut log = files::open_log(&path).unwrap();
        log.write_all(b"one\ntwo\nthree\nfo").unwrap();
        let query = LogQuery {
            component: Some("worker-0".into()),
            tail: Some(2),
            follow: true,
        };
        let mut lines = stream(job.clone(), query, || false);
        assert_eq!(lines.recv().await.unwrap().text, "two");
        assert_eq!(lines.recv().await.unwrap().text, "three");
        log.write_all(b"ur\n").unwrap();
        assert_eq!(lines.recv().await.unwrap().text, "four");
        files::bound_log(&path, 1).unwrap();
        log.write_all(b"five\n").unwrap();
        assert_eq!(lines.recv().await.unwrap().text, "five");
        std::fs::remove_dir_all(job.root()).unwrap();
        assert!(lines.recv().await.is_none(), "ends with the job");
    }

    #[tokio::test]
    async fn following_ends_with_the_job_and_its_last_line() {
        use std::sync::Arc;
        use std::sync::atomic::{AtomicBool, Ordering};
        let folder = tempfile::tempdir().unwrap();
        let job = job(folder.path());
        let mut log = files::open_log(&job.child_log("master")).unwrap();
        log.write_all(b"one\n").unwrap();
        let ended = Arc::new(AtomicBool::new(false));
        let asked = ended.clone();
        let query = LogQuery {
            follow: true,
            ..LogQuery::default()
        };
        let mut lines = stream(job, query, move || asked.load(Ordering::Relaxed));
        assert_eq!(lines.recv().await.unwrap().text, "one");
        log.write_all(b"factored\n").unwrap();
        ended.store(true, Ordering::Relaxed);
        assert_eq!(lines.recv().await.unwrap().text, "factored");
        assert!(lines.recv().await.is_none());
    }

    #[tokio::test]
    async fn all_components_with_their_older_parts() {
        let folder = tempfile::tempdir().unwrap();
        let job = job(folder.path());
        std::fs::write(job.child_log("master"), "m\n").unwrap();
        std::fs::write(job.child_log("worker-0"), "new\n").unwrap();
        std::fs::write(files::older_log(&job.child_log("worker-0")), "old\n").unwrap();
        assert_eq!(last_line(&job.child_log("worker-0")).unwrap(), "new");
        let mut lines = stream(job, LogQuery::default(), || false);
        let mut found = Vec::new();
        while let Some(line) = lines.recv().await {
            found.push(format!("{} {}", line.component, line.text));
        }
        assert_eq!(found, ["master m", "worker-0 old", "worker-0 new"]);
    }
}
