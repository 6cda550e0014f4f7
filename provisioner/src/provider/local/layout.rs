//! Where the local provider keeps what, below the stack's folder. All of it is in one
//! folder, so that `down` removes one folder and nothing of anybody else's.
//!
//! ```text
//! <stack>/local/
//!   supervisor.lock        held while the supervisor lives, with its process id
//!   supervisor.json        where its socket is
//!   supervisor.sock        the socket, where the path is short enough
//!   supervisor.log         and .1, the older part
//!   versions               resource versions given out so far
//!   jobs/<name>/
//!     resource.json        metadata, spec, status
//!     job.json             what the master is started with
//!     token                of the master's API
//!     address              of the master
//!     solution-<hash>.json the answer to the number with that hash
//!     data/                the master's ledgers
//!     master.lock, .log    worker-0.lock, .log …
//!     worker-0/            its unacknowledged reports …
//! ```

use rsac_protocol::Digest;
use std::path::{Path, PathBuf};

/// The folder of a stack's local provider.
#[derive(Debug, Clone)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// Below the stack's folder.
    pub fn new(stack: &Path) -> Self {
        Self {
            root: stack.join("local"),
        }
    }

    /// The folder that holds everything.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The supervisor's lock.
    pub fn lock(&self) -> PathBuf {
        self.root.join("supervisor.lock")
    }

    /// Where the supervisor says where it listens.
    pub fn record(&self) -> PathBuf {
        self.root.join("supervisor.json")
    }

    /// The supervisor's log.
    pub fn log(&self) -> PathBuf {
        self.root.join("supervisor.log")
    }

    /// The resource versions given out.
    pub fn versions(&self) -> PathBuf {
        self.root.join("versions")
    }

    /// The folder of all jobs.
    pub fn jobs(&self) -> PathBuf {
        self.root.join("jobs")
    }

    /// One job's folder.
    pub fn job(&self, name: &str) -> JobLayout {
        JobLayout {
            root: self.jobs().join(name),
        }
    }

    /// Where a deleted job's folder goes before it is removed. No resource has a name
    /// that starts with a dot.
    pub fn deleted(&self, uid: &str) -> PathBuf {
        self.jobs().join(format!("{DELETED_PREFIX}{uid}"))
    }
}

/// How the folders of deleted jobs start.
pub(crate) const DELETED_PREFIX: &str = ".deleted-";

/// The folder of one job.
#[derive(Debug, Clone)]
pub struct JobLayout {
    root: PathBuf,
}

impl JobLayout {
    /// The job's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The resource.
    pub fn resource(&self) -> PathBuf {
        self.root.join("resource.json")
    }

    /// The master's job file.
    pub fn job_file(&self) -> PathBuf {
        self.root.join("job.json")
    }

    /// The token of the master's API.
    pub fn token(&self) -> PathBuf {
        self.root.join("token")
    }

    /// The master's address.
    pub fn address(&self) -> PathBuf {
        self.root.join("address")
    }

    /// The ledgers.
    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// The answer to a number.
    pub fn solution(&self, number: &str) -> PathBuf {
        let hash = Digest::of(number).to_string();
        self.root.join(format!("solution-{}.json", &hash[..16]))
    }

    /// A child's lock; `component` is `master`, `worker-0` …
    pub fn child_lock(&self, component: &str) -> PathBuf {
        self.root.join(format!("{component}{LOCK_SUFFIX}"))
    }

    /// A child's log.
    pub fn child_log(&self, component: &str) -> PathBuf {
        self.root.join(format!("{component}.log"))
    }

    /// A worker's folder for reports that are not acknowledged.
    pub fn spool(&self, worker: u32) -> PathBuf {
        self.root.join(worker_name(worker))
    }

    /// The components that ever ran, by their locks.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn components(&self) -> std::io::Result<Vec<String>> {
        let mut components = Vec::new();
        for entry in std::fs::read_dir(&self.root)? {
            let name = entry?.file_name();
            if let Some(component) = name.to_str().and_then(|n| n.strip_suffix(LOCK_SUFFIX)) {
                components.push(component.to_owned());
            }
        }
        components.sort();
        Ok(components)
    }
}

const LOCK_SUFFIX: &str = ".lock";

/// The component name of a worker.
pub fn worker_name(index: u32) -> String {
    format!("worker-{index}")
}

/// The component name of the master.
pub const MASTER: &str = "master";
