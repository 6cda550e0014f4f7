//! The shell around the agent: a clock, HTTP requests, computing threads, the spool.

mod address;
mod client;
mod lane;

pub use address::MasterAddress;

use crate::agent::{Action, Agent, Config, End, Reply, RequestId, Step};
use crate::error::WorkerError;
use crate::spool::{Spool, SpoolError};
use client::Client;
use lane::{Lanes, Said};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The most computing threads of one worker: the units for twice as many fit into
/// three requests.
pub const MAX_THREADS: usize = 96;

/// How long a drain may take. Kubernetes kills 30 s after SIGTERM.
const GRACE: Duration = Duration::from_secs(25);

/// What a worker is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The job's name.
    pub job: String,
    /// The worker's name; a random part is added, so that another process is another
    /// worker to the master.
    pub name: String,
    /// Where the master is.
    pub master: MasterAddress,
    /// The file with the job's token; read again when the master refuses it.
    pub token_file: PathBuf,
    /// The certificate of the authority that signed the master's, as PEM; none where the
    /// master speaks plain HTTP on this machine.
    pub ca_file: Option<PathBuf>,
    /// The folder for unacknowledged reports; this worker's alone.
    pub spool: PathBuf,
    /// Computing threads, 1 to [`MAX_THREADS`].
    pub threads: usize,
}

/// Works for a job until `shutdown` is cancelled, then drains: at the most 25 seconds.
/// What time can mend (the master away, a full disk, a token not there yet) is waited
/// for.
///
/// # Errors
/// When it cannot serve the job at all, or not on this machine.
pub async fn run(options: Options, shutdown: CancellationToken) -> Result<(), WorkerError> {
    if !(1..=MAX_THREADS).contains(&options.threads) {
        return Err(WorkerError::Threads(options.threads));
    }
    let stamp = format!("{:016x}", rand::random::<u64>());
    let (spool, left) = Spool::open(&options.spool, &stamp)?;
    if !left.is_empty() {
        tracing::info!(
            reports = left.len(),
            "an earlier process left reports to be sent"
        );
    }
    let client = Client::new(
        options.master,
        options.token_file,
        options.ca_file.as_deref(),
    )?;
    let (said, hears) = mpsc::unbounded_channel();
    let lanes = Lanes::start(options.threads, &said)?;
    let config = Config {
        job: options.job,
        worker: format!("{}-{stamp}", options.name),
        lanes: options.threads,
        seed: rand::random(),
    };
    tracing::info!(
        worker = config.worker,
        threads = options.threads,
        "worker starts"
    );
    Shell {
        agent: Agent::new(config, left),
        started: Instant::now(),
        spool: Some(spool),
        client,
        lanes,
        hears,
        replied: mpsc::unbounded_channel(),
    }
    .run(shutdown)
    .await
}

type Replied = (RequestId, Reply);

struct Shell {
    agent: Agent,
    started: Instant,
    /// Away only while a blocking task uses it.
    spool: Option<Spool>,
    client: Client,
    lanes: Lanes,
    hears: mpsc::UnboundedReceiver<Said>,
    replied: (
        mpsc::UnboundedSender<Replied>,
        mpsc::UnboundedReceiver<Replied>,
    ),
}

impl Shell {
    async fn run(mut self, shutdown: CancellationToken) -> Result<(), WorkerError> {
        let mut draining = false;
        loop {
            let Step { actions, wake, end } = self.agent.advance(self.started.elapsed());
            self.perform(actions).await?;
            match end {
                Some(End::Drained { .. }) => return Ok(()),
                Some(End::Failed(error)) => return Err(error),
                None => {}
            }
            // A time far away stands for none.
            let wake = self.started + wake.unwrap_or(Duration::from_secs(1 << 30));
            tokio::select! {
                Some((id, reply)) = self.replied.1.recv() => {
                    self.agent.replied(self.started.elapsed(), id, reply);
                }
                Some(said) = self.hears.recv() => self.hear(said)?,
                () = shutdown.cancelled(), if !draining => {
                    draining = true;
                    self.agent.shut_down(self.started.elapsed(), GRACE);
                }
                () = tokio::time::sleep_until(wake.into()) => {}
            }
        }
    }

    fn hear(&mut self, said: Said) -> Result<(), WorkerError> {
        match said {
            Said::Piece(piece) => {
                self.agent.computed(self.started.elapsed(), piece);
                Ok(())
            }
            Said::Broken { lane } => Err(WorkerError::Lane {
                lane,
                why: "it broke down; see its message above".into(),
            }),
        }
    }

    async fn perform(&mut self, actions: Vec<Action>) -> Result<(), WorkerError> {
        for action in actions {
            match action {
                Action::Send { id, request } => {
                    let client = self.client.clone();
                    let replied = self.replied.0.clone();
                    tokio::spawn(async move {
                        // Nobody listens any more once the worker ends.
                        let _ = replied.send((id, client.ask(request).await));
                    });
                }
                Action::Compute { lane, plan, range } => self.lanes.compute(lane, plan, range)?,
                Action::Halt { lane } => self.lanes.halt(lane),
                Action::Spool { key, bytes } => {
                    let written = self.with_spool(move |s| s.write(key, &bytes)).await;
                    if let Some(Err(error)) = written {
                        tracing::warn!(%error, "cannot spool a report; it is kept in memory");
                    }
                }
                Action::Unspool { key } => {
                    self.with_spool(move |spool| {
                        spool.delete(key);
                        Ok(())
                    })
                    .await;
                }
            }
        }
        Ok(())
    }

    /// Files may block: they are touched where it does not matter.
    async fn with_spool(
        &mut self,
        task: impl FnOnce(&mut Spool) -> Result<(), SpoolError> + Send + 'static,
    ) -> Option<Result<(), SpoolError>> {
        let mut spool = self.spool.take()?;
        let done = tokio::task::spawn_blocking(move || {
            let result = task(&mut spool);
            (spool, result)
        });
        let (spool, result) = done.await.ok()?;
        self.spool = Some(spool);
        Some(result)
    }
}
