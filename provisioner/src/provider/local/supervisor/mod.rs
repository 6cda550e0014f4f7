//! The supervisor: one process a stack, the only writer of its resources. It answers
//! words on a UNIX socket and keeps, for each resource, a master and workers running
//! as child processes of the same executable.
//!
//! | file | what |
//! |---|---|
//! | `server`, `listener`, `watch`, `logs` | what words ask |
//! | `store`, `load`, `merge`, `versions` | the resources, as files |
//! | `keepers`, `keeper` | a reconcile loop a resource: observe, act, say |
//! | `crew` | the children of a job |
//! | `process`, `backoff` | a child that is kept running |
//! | `master_client`, `solutions` | what the master is asked |

mod backoff;
mod crew;
mod keeper;
mod keepers;
mod listener;
mod load;
mod logs;
mod master_client;
mod merge;
mod process;
mod server;
mod solutions;
mod store;
mod versions;
mod watch;

use super::layout::Layout;
use super::socket::{self, Record};
use super::{GRACE, files, lock};
use listener::OwnersListener;
use process::Nursery;
use server::Verbs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio_util::sync::CancellationToken;

pub(super) use logs::last_line;

/// Whoever looks at the lock holds it for an instant.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
const LOG_ROUND: Duration = Duration::from_secs(10);

/// What the supervisor is started with.
#[derive(Debug)]
pub struct Options {
    /// The stack's folder.
    pub stack_dir: PathBuf,
}

/// Why the supervisor ended, or did not start.
#[derive(Debug, thiserror::Error)]
pub enum SupervisorError {
    /// One supervisor a stack.
    #[error("another supervisor of {} runs already", .0.display())]
    RunsAlready(PathBuf),
    /// Its files or its socket.
    #[error("{what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The client for the masters.
    #[error("no HTTP client: {0}")]
    Http(reqwest::Error),
}

fn at(what: &'static str, path: PathBuf) -> impl FnOnce(io::Error) -> SupervisorError {
    move |source| SupervisorError::Io { what, path, source }
}

/// Runs until the shutdown: then all children are ended, the resources stay as they
/// are, and the next supervisor goes on with them.
///
/// # Errors
/// When another one runs, or its files or its socket cannot be used.
pub async fn run(options: Options, shutdown: CancellationToken) -> Result<(), SupervisorError> {
    leave_the_terminal();
    let layout = Layout::new(&options.stack_dir);
    let _lock = lock::take(&layout.lock(), LOCK_PATIENCE)
        .map_err(at("cannot lock", layout.lock()))?
        .ok_or(SupervisorError::RunsAlready(options.stack_dir))?;
    let store = Store::open(layout.clone()).map_err(at("cannot read", layout.root().into()))?;
    let store = Arc::new(store);
    let socket = socket::prepare(&layout).map_err(at("no socket in", layout.root().into()))?;
    let listener = OwnersListener::bind(&socket).map_err(at("cannot listen on", socket.clone()))?;
    let record = Record {
        socket: socket.clone(),
    };
    record
        .write(&layout)
        .map_err(at("cannot write", layout.record()))?;
    tracing::info!(socket = %socket.display(), "the supervisor listens");

    let nursery = Nursery {
        executable: Arc::new(own_executable().map_err(at("cannot find", "this program".into()))?),
        grace: GRACE,
    };
    let http = master_client::http_client().map_err(SupervisorError::Http)?;
    let verbs = Verbs {
        store: store.clone(),
        layout: layout.clone(),
        http: http.clone(),
        shutdown: shutdown.clone(),
    };
    let ((), served, ()) = tokio::join!(
        keepers::keep_all(store, layout.clone(), nursery, http, shutdown.clone()),
        async {
            let served = server::serve(listener, verbs).await;
            // Without its socket it is of no use; the next word starts another.
            shutdown.cancel();
            served
        },
        bound_own_log(&layout, &shutdown),
    );
    tracing::info!("the supervisor ends");
    let removed = files::remove(&layout.record()).and_then(|()| socket::remove(&layout, &socket));
    served.and(removed).map_err(at("cannot serve on", socket))
}

/// A session of its own, so that the terminal it was started from does not take it
/// along. Started by hand, as the leader of a group, it stays with the terminal.
fn leave_the_terminal() {
    if let Err(error) = rustix::process::setsid() {
        tracing::debug!(%error, "no session of its own");
    }
}

/// What children are started from: this very program, even when its file has been
/// replaced by another version meanwhile.
fn own_executable() -> io::Result<PathBuf> {
    let through_kernel = PathBuf::from("/proc/self/exe");
    if cfg!(target_os = "linux") && through_kernel.exists() {
        return Ok(through_kernel);
    }
    std::env::current_exe()
}

async fn bound_own_log(layout: &Layout, shutdown: &CancellationToken) {
    let log = layout.log();
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOG_ROUND) => {}
            () = shutdown.cancelled() => return,
        }
        if let Err(error) = files::bound_log(&log, logs::MAX_LOG_BYTES) {
            tracing::warn!(%error, "the log is not bounded");
        }
    }
}
