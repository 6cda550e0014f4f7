//! The children of one job: a master, and workers `worker-0` … `worker-(n−1)`.

use super::process::{Kept, Launch, Nursery, Seen, lock_freed};
use crate::provider::local::files;
use crate::provider::local::layout::{JobLayout, MASTER, worker_name};
use rand::Rng;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::sync::Arc;
use tokio::sync::Notify;

/// Where a master listens first; another port where this one is taken.
const LISTEN: &str = "127.0.0.1:8080";

/// The children that a job is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The master, with this text as its job file.
    pub(super) master: Option<String>,
    /// So many workers.
    pub(super) workers: u32,
    /// Computing threads of each worker.
    pub(super) threads: u32,
}

/// The children of one job.
#[derive(Debug)]
pub(super) struct Crew {
    name: String,
    job: JobLayout,
    nursery: Nursery,
    changed: Arc<Notify>,
    master: Kept,
    workers: BTreeMap<u32, Kept>,
}

impl Crew {
    /// Nobody yet. `changed` is notified when a child starts or ends.
    pub(super) fn new(name: &str, job: JobLayout, nursery: Nursery, changed: Arc<Notify>) -> Self {
        Self {
            name: name.to_owned(),
            job,
            master: Kept::new(nursery.clone(), changed.clone()),
            nursery,
            changed,
            workers: BTreeMap::new(),
        }
    }

    /// Starts and stops children towards what is wanted, without waiting for them.
    ///
    /// # Errors
    /// When the files that children are started with cannot be written.
    pub(super) fn steer(&mut self, wanted: &Wanted) -> io::Result<()> {
        self.workers
            .retain(|index, kept| *index < wanted.workers || kept.seen() != Seen::Stopped);
        match &wanted.master {
            Some(job_file) => {
                self.write_files(job_file)?;
                self.master.want(Some(self.master_launch(job_file)));
            }
            // Workers that drain report to it: they end first.
            None if self.workers.is_empty() => self.master.want(None),
            None => {}
        }
        for (index, kept) in &self.workers {
            if *index >= wanted.workers {
                kept.want(None);
            }
        }
        for index in 0..wanted.workers {
            let launch = self.worker_launch(index, wanted.threads);
            self.workers
                .entry(index)
                .or_insert_with(|| Kept::new(self.nursery.clone(), self.changed.clone()))
                .want(Some(launch));
        }
        Ok(())
    }

    /// What the master does.
    pub(super) fn master(&self) -> Seen {
        self.master.seen()
    }

    /// What the workers do, in order.
    pub(super) fn workers(&self) -> impl Iterator<Item = (u32, Seen)> {
        self.workers
            .iter()
            .map(|(index, kept)| (*index, kept.seen()))
    }

    /// Ends all children, the workers first, and those of a supervisor that died.
    ///
    /// # Errors
    /// When it cannot be found out who is left.
    pub(super) async fn end(self) -> io::Result<()> {
        // Told at once, waited for one after the other.
        for kept in self.workers.values() {
            kept.want(None);
        }
        for kept in self.workers.into_values() {
            kept.stop().await;
        }
        self.master.stop().await;
        for component in self.job.components()? {
            lock_freed(&self.job.child_lock(&component), self.nursery.grace).await;
        }
        Ok(())
    }

    /// Keeps the children's logs within their bound.
    pub(super) fn bound_logs(&self) {
        let workers = self.workers.keys().map(|index| worker_name(*index));
        for component in workers.chain([MASTER.to_owned()]) {
            let log = self.job.child_log(&component);
            if let Err(error) = files::bound_log(&log, super::logs::MAX_LOG_BYTES) {
                tracing::warn!(log = %log.display(), %error, "the log is not bounded");
            }
        }
    }

    fn write_files(&self, job_file: &str) -> io::Result<()> {
        let path = self.job.job_file();
        if !std::fs::read(&path).is_ok_and(|text| text == job_file.as_bytes()) {
            files::write_atomically(&path, job_file.as_bytes())?;
        }
        if !std::fs::metadata(self.job.token()).is_ok_and(|meta| meta.len() > 0) {
            files::write_atomically(&self.job.token(), random_token().as_bytes())?;
        }
        files::make_private_folder(&self.job.data())
    }

    fn master_launch(&self, job_file: &str) -> Launch {
        let own = [
            ("--data", self.job.data().into()),
            ("--job", self.job.job_file().into()),
            ("--listen", LISTEN.into()),
            ("--address-file", self.job.address().into()),
        ];
        let mut launch = self.launch(MASTER, "master", own);
        launch.arguments.push("--fallback".into());
        launch.revision = job_file.to_owned();
        launch
    }

    fn worker_launch(&self, index: u32, threads: u32) -> Launch {
        let own = [
            ("--job", self.name.clone().into()),
            ("--name", worker_name(index).into()),
            ("--address-file", self.job.address().into()),
            ("--spool", self.job.spool(index).into()),
            ("--threads", threads.to_string().into()),
        ];
        self.launch(&worker_name(index), "worker", own)
    }

    fn launch<const N: usize>(
        &self,
        component: &str,
        role: &str,
        own: [(&str, OsString); N],
    ) -> Launch {
        let lock = self.job.child_lock(component);
        let common = [
            ("--token-file", self.job.token().into()),
            ("--lock", lock.clone().into()),
        ];
        let mut arguments = vec![OsString::from(role), "--end-with-stdin".into()];
        for (flag, value) in own.into_iter().chain(common) {
            arguments.extend([flag.into(), value]);
        }
        Launch {
            arguments,
            lock,
            log: self.job.child_log(component),
            revision: String::new(),
        }
    }
}

fn random_token() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
