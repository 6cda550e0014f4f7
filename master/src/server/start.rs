//! Starting a master from its files, and ending it.

use super::engine::{Engine, Handle, now_since};
use super::error::MasterError;
use super::{announce, listen, routes, tls};
use crate::ledger::disk::RealDisk;
use crate::{JobSpec, Master};
use hyper::Uri;
use rsac_protocol::{Job, MAX_JOB_BYTES};
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// How long a master that is told to end still answers its workers, who may have been told
/// at the same moment: the job is deleted, or the node of all of them drained.
const LEAVE: Duration = Duration::from_secs(3);
/// How often it looks whether they are gone.
const LEAVE_TICK: Duration = Duration::from_millis(50);

/// What a master is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder of the ledgers.
    pub data: PathBuf,
    /// A file with a [`Job`] as JSON.
    pub job: PathBuf,
    /// A file with the token that workers and controllers present.
    pub token_file: PathBuf,
    /// Where to listen in plain HTTP.
    pub listen: SocketAddr,
    /// Whether to listen on any other port when that one is taken.
    pub fallback: bool,
    /// A file for the address that was taken, as `host:port`; written at once whole.
    pub address_file: Option<PathBuf>,
    /// For a master that is reached through a network; then `listen` only answers
    /// `/progress`.
    pub secured: Option<Secured>,
}

/// Where a master is reached through a network.
#[derive(Debug, Clone)]
pub struct Secured {
    /// Where to listen in TLS: all routes, each for who has the token.
    pub listen: SocketAddr,
    /// The folder of its certificate, `tls.crt` and `tls.key`; read again when renewed.
    pub certificate: PathBuf,
    /// Where to answer who watches the process, in plain HTTP: health, readiness, metrics.
    pub health: SocketAddr,
    /// An operator's URL, to be told in plain HTTP that the master is there; nothing depends
    /// on it.
    pub announce_to: Option<Uri>,
}

/// Serves a job until `shutdown`, also when it has ended, and then for as long as workers
/// leave, at the most three seconds. On return everything is written.
///
/// # Errors
/// When it cannot start, or the ledger becomes another's: see [`MasterError`].
pub async fn run(options: Options, shutdown: CancellationToken) -> Result<(), MasterError> {
    let start = Instant::now();
    let job = read_job(&options.job)?;
    let token = read_token(&options.token_file)?;
    let listener = listen::bind(options.listen, options.fallback).await?;
    let address = listen::reachable(&listener).map_err(|source| MasterError::Listen {
        address: options.listen,
        source,
    })?;
    // A port or certificate that cannot be had is told before the ledger changes hands.
    let secured = match &options.secured {
        Some(secured) => Some(secured.bind(&shutdown).await?),
        None => None,
    };
    let data = RealDisk::open(&options.data).map_err(file(&options.data))?;
    // A large ledger takes a while to read.
    let opened = move || Master::open(&data, job, now_since(start), rand::random());
    let master = tokio::task::spawn_blocking(opened)
        .await
        .map_err(|_| MasterError::Engine)??;
    // Only now, and not by a master that finds the ledger in use.
    if let Some(path) = &options.address_file {
        write_whole(path, &address.to_string()).map_err(file(path))?;
    }
    let mut engine = Engine::start(master, start).map_err(|_| MasterError::Engine)?;
    tracing::info!(%address, "serving");

    let app = Arc::new(routes::App::new(engine.handle.clone(), &token));
    let close = CancellationToken::new();
    let mut servers = tokio::task::JoinSet::new();
    let mut serve = |listener, tls, router| {
        servers.spawn(listen::serve(listener, tls, router, close.clone()));
    };
    match secured {
        None => serve(listener, None, routes::all(app)),
        Some(bound) => {
            serve(listener, None, routes::progress_alone(Arc::clone(&app)));
            serve(bound.health, None, routes::watched(Arc::clone(&app)));
            serve(bound.tls, Some(bound.acceptor), routes::all_guarded(app));
        }
    }
    if let Some(to) = options.secured.and_then(|secured| secured.announce_to) {
        tokio::spawn(announce::announce(to));
    }
    let ended = tokio::select! {
        ended = &mut engine.ended => Some(ended.unwrap_or(Err(MasterError::Engine))),
        () = told_to_end(&shutdown, &engine.handle) => None,
    };
    close.cancel();
    // Requests that are under way are answered before the ledger closes.
    while let Some(ended) = servers.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a server ended unexpectedly");
        }
    }
    match ended {
        Some(ended) => ended,
        None => tokio::task::spawn_blocking(|| engine.finish())
            .await
            .unwrap_or(Err(MasterError::Engine)),
    }
}

/// Returns when the master may go: those who would report to it have left, or had time to.
async fn told_to_end(shutdown: &CancellationToken, master: &Handle) {
    shutdown.cancelled().await;
    let workers_leave = async {
        // A master that does not answer has no workers to wait for.
        while let Ok(summary) = master.summary().await
            && summary.workers.live > 0
        {
            tokio::time::sleep(LEAVE_TICK).await;
        }
    };
    let _ = tokio::time::timeout(LEAVE, workers_leave).await;
}

struct Bound {
    tls: TcpListener,
    acceptor: TlsAcceptor,
    health: TcpListener,
}

impl Secured {
    async fn bind(&self, shutdown: &CancellationToken) -> Result<Bound, MasterError> {
        Ok(Bound {
            acceptor: tls::acceptor(&self.certificate, shutdown.clone())?,
            tls: listen::bind(self.listen, false).await?,
            health: listen::bind(self.health, false).await?,
        })
    }
}

fn file(path: &Path) -> impl FnOnce(io::Error) -> MasterError + use<> {
    let path = path.to_owned();
    move |source| MasterError::File { path, source }
}

fn read_bounded(path: &Path) -> Result<String, MasterError> {
    let mut text = String::new();
    File::open(path)
        .and_then(|opened| opened.take(MAX_JOB_BYTES + 1).read_to_string(&mut text))
        .map_err(file(path))?;
    if text.len() as u64 > MAX_JOB_BYTES {
        return Err(MasterError::TooLong {
            path: path.to_owned(),
            limit: MAX_JOB_BYTES,
        });
    }
    Ok(text)
}

/// The job. Controllers validate a resource before they write one, so a file that cannot
/// be served is a fault, and whoever started this master shows its words.
fn read_job(path: &Path) -> Result<JobSpec, MasterError> {
    let no_job = |why: String| MasterError::Job {
        path: path.to_owned(),
        why,
    };
    let job: Job = serde_json::from_str(&read_bounded(path)?).map_err(|e| no_job(e.to_string()))?;
    JobSpec::parse(&job).map_err(|e| no_job(e.to_string()))
}

fn read_token(path: &Path) -> Result<String, MasterError> {
    let text = read_bounded(path)?;
    let token = text.trim_end_matches(['\r', '\n']);
    let printable = token.bytes().all(|b| b.is_ascii_graphic());
    if !printable || !(16..=512).contains(&token.len()) {
        return Err(MasterError::Token {
            path: path.to_owned(),
        });
    }
    Ok(token.to_owned())
}

/// Readers see the old content or the new, never a part.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}
