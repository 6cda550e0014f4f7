//! Starting the supervisor, detached from whoever starts it, and connecting to it.
//! Every word does: two that start it at once start one.

use super::files;
use super::layout::Layout;
use super::lock;
use super::socket::Record;
use super::wire::{self, Greeting};
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long a supervisor may take until it answers, also after one that is just ending.
const PATIENCE: Duration = Duration::from_secs(super::SUPERVISOR_GRACE.as_secs() + 20);
/// How often it is started before that is given up.
const STARTS: u32 = 3;
const POLL: Duration = Duration::from_millis(25);
const HELLO_TIMEOUT: Duration = Duration::from_secs(5);

/// Why there is no supervisor to talk to.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The stack is not up.
    #[error(
        "there is no local stack in {}; bring it up with `rsac-infra up --provider local`",
        .0.display()
    )]
    NotUp(PathBuf),
    /// Another build's supervisor runs.
    #[error(
        "the supervisor that runs (process {pid}) is of rsac-infra {theirs}, and this is {ours}; \
         use that version, or end it with `kill {pid}`: the next word starts this version's, and \
         the jobs go on from their ledgers; `rsac-infra down` takes the stack down in any case"
    )]
    OtherBuild {
        /// Its process.
        pid: u32,
        /// Its version.
        theirs: String,
        /// This executable's.
        ours: String,
    },
    /// It cannot be executed, or its files cannot be read or written.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// It was started and does not answer.
    #[error("the supervisor does not answer; {0}")]
    Silent(String),
}

/// Knows how to start a stack's supervisor.
#[derive(Debug, Clone)]
pub struct Starter {
    stack: PathBuf,
    executable: PathBuf,
}

impl Starter {
    /// For the stack in this folder, by this executable (with the role `supervisor`).
    pub fn new(stack: PathBuf, executable: PathBuf) -> Self {
        Self { stack, executable }
    }

    /// The stack's folder, laid out.
    pub fn layout(&self) -> Layout {
        Layout::new(&self.stack)
    }

    /// Starts the supervisor if it does not run, waits until it answers, and connects.
    ///
    /// # Errors
    /// When the stack is not up, or the supervisor cannot be started, does not answer,
    /// or is of another build.
    pub async fn ensure_running(&self) -> Result<reqwest::Client, StartError> {
        let layout = self.layout();
        if !layout.root().is_dir() {
            return Err(StartError::NotUp(self.stack.clone()));
        }
        if let Some((client, greeting)) = hello(&layout).await {
            return fitting(client, greeting);
        }
        let mut started = None;
        let mut starts = 0;
        let begin = Instant::now();
        loop {
            if let Some((client, greeting)) = hello(&layout).await {
                return fitting(client, greeting);
            }
            if !layout.root().is_dir() {
                return Err(StartError::NotUp(self.stack.clone()));
            }
            if begin.elapsed() > PATIENCE {
                return Err(StartError::Silent(self.last_words()));
            }
            // Started again only after one that ended: an older supervisor may have been
            // about to end, holding the lock that ours wanted. One that ends by itself
            // each time says why.
            if !is_running(&mut started)? && !is_locked(&layout)? {
                if starts == STARTS {
                    return Err(StartError::Silent(self.last_words()));
                }
                started = Some(self.start()?);
                starts += 1;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn start(&self) -> Result<std::process::Child, StartError> {
        let layout = self.layout();
        let failed = |what: &str, source| StartError::Io {
            what: format!("{what} {}", self.executable.display()),
            source,
        };
        let log = files::open_log(&layout.log()).map_err(|source| StartError::Io {
            what: layout.log().display().to_string(),
            source,
        })?;
        let errors = log.try_clone().map_err(|e| failed("cannot start", e))?;
        Command::new(&self.executable)
            .arg("supervisor")
            .arg("--stack-dir")
            .arg(&self.stack)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(|source| failed("cannot start", source))
    }

    fn last_words(&self) -> String {
        let log = self.layout().log();
        match super::supervisor::last_line(&log) {
            Some(line) => format!("the last line of {}: {line}", log.display()),
            None => format!("{} is empty", log.display()),
        }
    }
}

/// Whether a process that this one started still runs; one that ended is waited for.
fn is_running(started: &mut Option<std::process::Child>) -> Result<bool, StartError> {
    let Some(child) = started else {
        return Ok(false);
    };
    let ended = child.try_wait().map_err(|source| StartError::Io {
        what: "the supervisor cannot be waited for".into(),
        source,
    })?;
    Ok(ended.is_none())
}

fn is_locked(layout: &Layout) -> Result<bool, StartError> {
    let holder = lock::holder(&layout.lock()).map_err(|source| StartError::Io {
        what: layout.lock().display().to_string(),
        source,
    })?;
    Ok(holder.is_some())
}

fn fitting(client: reqwest::Client, greeting: Greeting) -> Result<reqwest::Client, StartError> {
    if greeting.fits() {
        return Ok(client);
    }
    Err(StartError::OtherBuild {
        pid: greeting.pid,
        theirs: greeting.version(),
        ours: Greeting::own().version(),
    })
}

/// Asks the supervisor that listens, if one does.
pub(crate) async fn hello(layout: &Layout) -> Option<(reqwest::Client, Greeting)> {
    let client = connect(layout).ok()?;
    let url = format!("http://supervisor{}", wire::HELLO);
    let answer = client.get(url).timeout(HELLO_TIMEOUT).send().await.ok()?;
    let greeting = answer.json().await.ok()?;
    Some((client, greeting))
}

/// A client whose every connection is the supervisor's socket.
fn connect(layout: &Layout) -> Result<reqwest::Client, StartError> {
    let record = Record::read(layout).map_err(|source| StartError::Io {
        what: layout.record().display().to_string(),
        source,
    })?;
    rsac_master_client::http::plain()
        .unix_socket(record.socket)
        // A connection kept from a supervisor that died would fail in the middle of a
        // request; a new one tells at once.
        .pool_max_idle_per_host(0)
        .build()
        .map_err(|error| StartError::Silent(error.to_string()))
}
