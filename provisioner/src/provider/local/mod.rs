//! This machine, without Kubernetes: a supervisor, one process a stack and the only
//! writer of its resources, runs masters and workers as child processes.
//!
//! | file | what |
//! |---|---|
//! | [`layout`] | where everything is |
//! | [`lock`] | who is alive |
//! | `socket`, `wire` | how words and supervisor talk |
//! | [`start`], `stop` | from no supervisor to one, and to nothing |
//! | [`supervisor`] | the process itself |

mod files;
pub mod layout;
pub mod lock;
pub(crate) mod signal;
mod socket;
pub mod start;
mod stop;
pub mod supervisor;
pub(crate) mod wire;

use super::{Provider, ProviderError, Say, Step, Undone};
use crate::access::{Access, SupervisorAccess};
use async_trait::async_trait;
use layout::Layout;
use start::Starter;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a child may take to drain before it is killed. It is also what a child
/// takes at the most after its supervisor has died.
pub const GRACE: Duration = Duration::from_secs(30);

/// How long the supervisor may take: workers drain, then masters.
pub const SUPERVISOR_GRACE: Duration = Duration::from_secs(2 * GRACE.as_secs() + 5);

const FOLDERS: &str = "folders";
const SUPERVISOR: &str = "supervisor";

/// The local provider of one stack.
#[derive(Debug)]
pub struct Local {
    layout: Layout,
    starter: Starter,
}

impl Local {
    /// For the stack in this folder. `executable` is this program: the supervisor, and
    /// through it master and workers, are started from it.
    pub fn new(stack_dir: PathBuf, executable: PathBuf) -> Self {
        Self {
            layout: Layout::new(&stack_dir),
            starter: Starter::new(stack_dir, executable),
        }
    }

    fn io(&self, source: io::Error) -> ProviderError {
        io_error(self.layout.root(), source)
    }
}

fn io_error(path: &Path, source: io::Error) -> ProviderError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ProviderError::Setting {
                what: format!("{}: {source}", path.display()),
                remedy: "choose a folder that you may write to, with --state-dir or \
                         RSAC_STATE_DIR"
                    .into(),
            }
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ProviderError::Setting {
            what: format!("{}: {source}", path.display()),
            remedy: "free some space, or choose another place with --state-dir".into(),
        },
        _ => ProviderError::Io { path, source },
    }
}

fn unknown(step: &str) -> ProviderError {
    ProviderError::Failed(format!("the local provider has no step {step:?}"))
}

#[async_trait]
impl Provider for Local {
    async fn observe(&self) -> Result<Vec<Step>, ProviderError> {
        let running = lock::holder(&self.layout.lock()).map_err(|e| self.io(e))?;
        Ok(vec![
            Step {
                id: FOLDERS.into(),
                title: "make the stack's folder".to_owned(),
                done: self.layout.jobs().is_dir(),
            },
            Step {
                id: SUPERVISOR.into(),
                title: "start the supervisor".into(),
                done: running.is_some() && start::hello(&self.layout).await.is_some(),
            },
        ])
    }

    async fn perform(&self, step: &str, say: Say<'_>) -> Result<(), ProviderError> {
        match step {
            FOLDERS => make_folders(&self.layout),
            SUPERVISOR => {
                self.starter
                    .ensure_running()
                    .await
                    .map_err(|error| ProviderError::Failed(error.to_string()))?;
                say(&format!("its log is {}", self.layout.log().display()));
                Ok(())
            }
            other => Err(unknown(other)),
        }
    }

    async fn undo(&self, step: &str, say: Say<'_>) -> Result<Undone, ProviderError> {
        let ended = match step {
            FOLDERS | SUPERVISOR => stop::end_all(&self.layout, say).await,
            other => return Err(unknown(other)),
        };
        let lock = ended.map_err(|e| self.io(e))?;
        match lock {
            Some(lock) if step == FOLDERS => {
                stop::remove_files(&self.layout, &lock).map_err(|e| self.io(e))?;
            }
            _ => {}
        }
        Ok(Undone::Gone)
    }

    async fn access(&self) -> Result<Box<dyn Access>, ProviderError> {
        let access = SupervisorAccess::open(self.starter.clone())
            .await
            .map_err(|error| ProviderError::Failed(error.to_string()))?;
        Ok(Box::new(access))
    }

    async fn leftovers(&self) -> Result<Vec<String>, ProviderError> {
        stop::leftovers(&self.layout).map_err(|e| self.io(e))
    }
}

fn make_folders(layout: &Layout) -> Result<(), ProviderError> {
    for folder in [layout.root(), &layout.jobs()] {
        files::make_private_folder(folder).map_err(|e| io_error(folder, e))?;
    }
    // Better to find a full disk or a read-only mount now than in the first job.
    let probe = layout.root().join("probe");
    files::write_atomically(&probe, b"can this be written?")
        .and_then(|()| files::remove(&probe))
        .map_err(|e| io_error(layout.root(), e))
}
