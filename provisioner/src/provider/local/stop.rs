//! Taking everything down: the supervisor, children that outlived it, files.

use super::layout::Layout;
use super::lock::{self, Holder, Lock};
use super::socket::{self, Record};
use super::{files, signal};
use crate::provider::Say;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The supervisor ends itself by force when its grace is over.
const PATIENCE: Duration = Duration::from_secs(super::SUPERVISOR_GRACE.as_secs() + 5);
const POLL: Duration = Duration::from_millis(50);

/// Ends the supervisor, which ends its children, and then whatever child is left of
/// one that died. Returns with the supervisor's lock: while it is held, no supervisor
/// can start. None when the folder is not there.
///
/// # Errors
/// When a lock cannot be read, or a process does not go away.
pub(crate) async fn end_all(layout: &Layout, say: Say<'_>) -> io::Result<Option<Lock>> {
    if !layout.root().is_dir() {
        return Ok(None);
    }
    let lock = loop {
        end(&layout.lock(), PATIENCE, "the supervisor", say).await?;
        // A word may have started another in this instant.
        if let Some(lock) = lock::take(&layout.lock(), Duration::from_millis(200))? {
            break lock;
        }
    };
    for (path, component) in child_locks(layout)? {
        // Their supervisor is dead, so they are ending themselves.
        end(&path, super::GRACE, &component, say).await?;
    }
    Ok(Some(lock))
}

/// Asks the holder of a lock to end, and kills it when it has not after `patience`.
async fn end(path: &Path, patience: Duration, what: &str, say: Say<'_>) -> io::Result<()> {
    /// What a killed process may take to disappear.
    const LAST: Duration = Duration::from_secs(10);
    let start = Instant::now();
    let (mut asked, mut killed) = (None, None);
    while let Some(holder) = lock::holder(path)? {
        if asked != Some(holder) {
            say(&format!("ending {what}{}", in_words(holder)));
            holder.pid.inspect(|pid| signal::terminate(*pid));
            asked = Some(holder);
        }
        if start.elapsed() > patience && killed != Some(holder) {
            say(&format!("killing {what}{}", in_words(holder)));
            holder.pid.inspect(|pid| signal::kill(*pid));
            killed = Some(holder);
        }
        if start.elapsed() > patience + LAST {
            return Err(io::Error::other(format!(
                "{what}{} does not end; end it, then try again",
                in_words(holder)
            )));
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

fn in_words(holder: Holder) -> String {
    holder
        .pid
        .map_or_else(String::new, |pid| format!(" (process {pid})"))
}

/// Removes all files of the stack's local provider. The caller holds the lock.
///
/// # Errors
/// When something cannot be removed.
pub(crate) fn remove_files(layout: &Layout, _lock: &Lock) -> io::Result<()> {
    match Record::read(layout) {
        Ok(record) => socket::remove(layout, &record.socket)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        // Unreadable: the socket is where it would be put today.
        Err(_) => socket::remove(layout, &socket::prepare(layout)?)?,
    }
    files::remove(layout.root())
}

/// What is still there of the stack, in words.
///
/// # Errors
/// When the folder cannot be read.
pub(crate) fn leftovers(layout: &Layout) -> io::Result<Vec<String>> {
    if !layout.root().exists() {
        return Ok(Vec::new());
    }
    let mut left = Vec::new();
    if let Some(holder) = lock::holder(&layout.lock())? {
        left.push(format!("the supervisor{}", in_words(holder)));
    }
    for (path, component) in child_locks(layout)? {
        if let Some(holder) = lock::holder(&path)? {
            left.push(format!("{component}{}", in_words(holder)));
        }
    }
    left.push(layout.root().display().to_string());
    Ok(left)
}

/// The locks of all children that ever ran, with what to call each.
fn child_locks(layout: &Layout) -> io::Result<Vec<(PathBuf, String)>> {
    let mut locks = Vec::new();
    let jobs = match std::fs::read_dir(layout.jobs()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(locks),
        jobs => jobs?,
    };
    for job in jobs {
        let name = job?.file_name();
        let Some(name) = name.to_str() else { continue };
        let job = layout.job(name);
        if !job.root().is_dir() {
            continue;
        }
        for component in job.components()? {
            let path = job.child_lock(&component);
            locks.push((path, format!("{component} of job {name}")));
        }
    }
    Ok(locks)
}
