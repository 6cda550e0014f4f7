//! A child process that is kept running: started, started again with a growing delay
//! when it ends unasked, and stopped with a grace. The keeper of a job says what it
//! wants and looks at what is; it never waits for a child.
//!
//! The supervisor holds the other end of the child's standard input. When the
//! supervisor dies, however it dies, the child reads end-of-file there and ends itself.

use super::backoff::Backoff;
use crate::provider::local::{files, lock, signal};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{Notify, watch};

/// How a child is started. Another value is another child: the old one is stopped first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Launch {
    /// The executable's arguments.
    pub(super) arguments: Vec<OsString>,
    /// The lock that the child holds for its life.
    pub(super) lock: PathBuf,
    /// Where its output goes.
    pub(super) log: PathBuf,
    /// Changes where the same arguments mean something new (a rewritten job file).
    pub(super) revision: String,
}

/// What a child does at present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    /// Nothing runs, and nothing is wanted.
    Stopped,
    /// It is about to be started, or is being stopped.
    Changing,
    /// It runs; `failures` counts how often it ended before, since it was well.
    Running {
        /// See above.
        failures: u32,
    },
    /// It ended unasked and is started again after a while.
    Failed {
        /// How often since it was well.
        failures: u32,
        /// How it ended.
        reason: String,
    },
}

/// One child, kept. Dropping it stops the child.
#[derive(Debug)]
pub(super) struct Kept {
    wanted: watch::Sender<Option<Launch>>,
    seen: watch::Receiver<Seen>,
}

/// What all children of a supervisor share.
#[derive(Debug, Clone)]
pub(super) struct Nursery {
    /// What is executed.
    pub(super) executable: Arc<PathBuf>,
    /// How long a child may take to end before it is killed.
    pub(super) grace: Duration,
}

impl Kept {
    /// Nothing runs until it is [`Self::want`]ed. `changed` is notified at every change.
    pub(super) fn new(nursery: Nursery, changed: Arc<Notify>) -> Self {
        let (wanted, wanted_receiver) = watch::channel(None);
        let (seen_sender, seen) = watch::channel(Seen::Stopped);
        tokio::spawn(async move {
            let mut keeping = Keeping {
                nursery,
                wanted: wanted_receiver,
                seen: seen_sender,
                changed,
                backoff: Backoff::default(),
            };
            keeping.run().await;
        });
        Self { wanted, seen }
    }

    /// Runs this launch, or nothing.
    pub(super) fn want(&self, launch: Option<Launch>) {
        self.wanted.send_if_modified(|wanted| {
            let differs = *wanted != launch;
            *wanted = launch;
            differs
        });
    }

    /// What it does.
    pub(super) fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// Returns when the child has ended and been waited for.
    pub(super) async fn stop(mut self) {
        self.want(None);
        // The task that keeps it never ends before this handle does.
        let _ = self.seen.wait_for(|s| *s == Seen::Stopped).await;
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.want(None);
    }
}

struct Keeping {
    nursery: Nursery,
    wanted: watch::Receiver<Option<Launch>>,
    seen: watch::Sender<Seen>,
    changed: Arc<Notify>,
    backoff: Backoff,
}

impl Keeping {
    async fn run(&mut self) {
        loop {
            let launch = self.wanted.borrow_and_update().clone();
            let Some(launch) = launch else {
                self.show(Seen::Stopped);
                self.backoff = Backoff::default();
                if self.wanted.changed().await.is_err() {
                    return;
                }
                continue;
            };
            if !matches!(*self.seen.borrow(), Seen::Failed { .. }) {
                self.show(Seen::Changing);
            }
            if !self.predecessor_ended(&launch.lock).await {
                continue;
            }
            let started = Instant::now();
            let end = match start(&self.nursery.executable, &launch) {
                Ok(child) => self.attend(child, &launch).await,
                Err(error) => Some(format!("cannot be started: {error}")),
            };
            match end {
                Some(reason) => self.wait_after(reason, started.elapsed()).await,
                None => self.backoff = Backoff::default(),
            }
        }
    }

    /// Waits for a child of a supervisor that died to end itself, and ends it after a
    /// grace. False when something else is wanted meanwhile.
    async fn predecessor_ended(&mut self, path: &Path) -> bool {
        tokio::select! {
            () = lock_freed(path, self.nursery.grace) => true,
            _ = self.wanted.changed() => false,
        }
    }

    /// Runs with the child until it ends unasked (how) or because it was not wanted
    /// any more (none).
    async fn attend(&mut self, mut child: Child, launch: &Launch) -> Option<String> {
        self.show(Seen::Running {
            failures: self.backoff.failures(),
        });
        // A wait closes the child's standard input, unless it is held here.
        let lifeline = child.stdin.take();
        tokio::select! {
            ended = child.wait() => Some(describe_end(ended, &launch.log)),
            _ = self.wanted.changed() => {
                self.show(Seen::Changing);
                end(&mut child, lifeline, self.nursery.grace).await;
                None
            }
        }
    }

    async fn wait_after(&mut self, reason: String, ran: Duration) {
        let delay = self.backoff.failed(ran);
        let failures = self.backoff.failures();
        tracing::warn!(
            reason,
            failures,
            "a child ended; it is started again in {delay:.1?}"
        );
        self.show(Seen::Failed { failures, reason });
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            _ = self.wanted.changed() => {}
        }
    }

    fn show(&self, seen: Seen) {
        self.seen.send_replace(seen);
        self.changed.notify_one();
    }
}

fn start(executable: &Path, launch: &Launch) -> std::io::Result<Child> {
    let output = files::open_log(&launch.log)?;
    let errors = output.try_clone()?;
    Command::new(executable)
        // The executable is a path through the kernel, which tells a reader of `ps` nothing.
        .arg0("rsac-infra")
        .args(&launch.arguments)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(output)
        .stderr(errors)
        // Not in the supervisor's group: a signal to that group is the supervisor's.
        .process_group(0)
        .spawn()
}

/// Asks a child to end, waits for the grace, then kills it.
async fn end(child: &mut Child, lifeline: Option<ChildStdin>, grace: Duration) {
    if let Some(pid) = child.id() {
        signal::terminate(pid);
    }
    drop(lifeline);
    if tokio::time::timeout(grace, child.wait()).await.is_err() {
        tracing::warn!(
            pid = child.id(),
            "a child did not end in time and is killed"
        );
        // Fails only for a child that has ended, which the wait then finds.
        let _ = child.start_kill();
        let _ = child.wait().await;
    }
}

/// Returns when nobody holds a child's lock any more; its holder is killed after `grace`.
pub(super) async fn lock_freed(path: &Path, grace: Duration) {
    let start = Instant::now();
    loop {
        match lock::holder(path) {
            Ok(None) => return,
            Ok(Some(holder)) if start.elapsed() > grace => {
                if let Some(pid) = holder.pid {
                    tracing::warn!(pid, lock = %path.display(), "killed a child left by a supervisor that died");
                    signal::kill(pid);
                }
            }
            Ok(Some(_)) => {}
            Err(error) => {
                tracing::warn!(lock = %path.display(), %error, "a child's lock cannot be read");
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn describe_end(ended: std::io::Result<std::process::ExitStatus>, log: &Path) -> String {
    use std::os::unix::process::ExitStatusExt;
    let how = match ended {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => format!("ended with exit code {code}"),
            (_, Some(signal)) => format!("was killed by signal {signal}"),
            _ => "ended".to_owned(),
        },
        Err(error) => return format!("cannot be waited for: {error}"),
    };
    match super::logs::last_line(log) {
        Some(line) => format!("{how}; its last line: {line}"),
        None => how,
    }
}

#[cfg(test)]
mod tests;
