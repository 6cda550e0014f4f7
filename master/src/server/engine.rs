//! The thread that owns the master: takes what is queued, commits once, answers all.

use crate::server::error::MasterError;
use crate::{Counters, Master, Now, Request, Response, Task, TaskResult};
use rsac_protocol::{Problem, ProblemCode, ProgressAnswer, Solution, Summary, UnitId, UnitsPage};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::oneshot;

/// Requests that may wait; more are answered with "later".
const QUEUE: usize = 512;
/// What is queued is taken into one commit for no longer than this.
const GROUP: Duration = Duration::from_millis(100);
/// How often time passes for the master.
const TICK: Duration = Duration::from_secs(1);

type ViewOf<T> = oneshot::Sender<T>;

/// What the engine is asked.
enum Message {
    Worker(Request, oneshot::Sender<Response>),
    Summary(ViewOf<Summary>),
    Solution(ViewOf<Option<Solution>>),
    Progress(ViewOf<ProgressAnswer>),
    Units(UnitsQuery, ViewOf<Result<UnitsPage, Problem>>),
    Metrics(ViewOf<(Summary, Counters)>),
    TaskDone(TaskResult, Duration),
    /// The computation panicked: it will never be done.
    TaskFailed,
}

/// Which page of units.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnitsQuery {
    pub(super) plan: Option<u64>,
    pub(super) after: Option<UnitId>,
    pub(super) limit: usize,
}

/// Asks the engine; cheap to clone.
#[derive(Clone)]
pub(super) struct Handle {
    queue: SyncSender<Message>,
}

impl Handle {
    /// A worker's request, answered when what it says is on the disk.
    pub(super) async fn worker(&self, request: Request) -> Response {
        self.ask(|answer| Message::Worker(request, answer)).await?
    }

    /// How the job stands.
    pub(super) async fn summary(&self) -> Result<Summary, Problem> {
        self.ask(Message::Summary).await
    }

    /// The factors, if there are any.
    pub(super) async fn solution(&self) -> Result<Option<Solution>, Problem> {
        self.ask(Message::Solution).await
    }

    /// The first system's three fields.
    pub(super) async fn progress(&self) -> Result<ProgressAnswer, Problem> {
        self.ask(Message::Progress).await
    }

    /// A page of units.
    pub(super) async fn units(&self, query: UnitsQuery) -> Result<UnitsPage, Problem> {
        self.ask(|answer| Message::Units(query, answer)).await?
    }

    /// For the metrics page.
    pub(super) async fn metrics(&self) -> Result<(Summary, Counters), Problem> {
        self.ask(Message::Metrics).await
    }

    async fn ask<T>(
        &self,
        message: impl FnOnce(oneshot::Sender<T>) -> Message,
    ) -> Result<T, Problem> {
        let later = |why: &str| Problem {
            code: ProblemCode::Later,
            message: why.to_owned(),
        };
        let (answer, answered) = oneshot::channel();
        self.queue
            .try_send(message(answer))
            .map_err(|error| match error {
                TrySendError::Full(_) => later("the master's queue is full: try again"),
                TrySendError::Disconnected(_) => later("the master is ending"),
            })?;
        answered
            .await
            .map_err(|_| later("the master ended before it could answer"))
    }
}

/// The running engine. It ends after the commit under way when this is dropped, so that
/// a master that cannot start leaves no ledger locked.
pub(super) struct Engine {
    /// Asks it.
    pub(super) handle: Handle,
    /// Fires when it ended by itself, with the reason.
    pub(super) ended: oneshot::Receiver<Result<(), MasterError>>,
    stop: StopOnDrop,
    thread: std::thread::JoinHandle<()>,
}

struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Engine {
    /// Starts the thread; `elapsed` time is counted from `start`.
    pub(super) fn start(master: Master, start: Instant) -> std::io::Result<Self> {
        let (queue, messages) = sync_channel(QUEUE);
        let (end, ended) = oneshot::channel();
        let stop = Arc::new(AtomicBool::new(false));
        let looper = Loop {
            master,
            start,
            next_tick: Instant::now(),
            queue: queue.clone(),
            stop: Arc::clone(&stop),
            failed: false,
        };
        let thread = std::thread::Builder::new()
            .name("ledger".into())
            .spawn(move || {
                // Nobody may listen any more, which is no failure.
                let _ = end.send(looper.run(&messages));
            })?;
        Ok(Self {
            handle: Handle { queue },
            ended,
            stop: StopOnDrop(stop),
            thread,
        })
    }

    /// Ends it after the commit under way, with everything written.
    pub(super) fn finish(self) -> Result<(), MasterError> {
        drop(self.stop);
        let mut ended = self.ended;
        self.thread.join().map_err(|_| MasterError::Engine)?;
        ended.try_recv().unwrap_or(Ok(()))
    }
}

/// The time now, for the core.
pub(super) fn now_since(start: Instant) -> Now {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH);
    Now {
        elapsed: start.elapsed(),
        unix: unix.map_or(0, |since| since.as_secs()),
    }
}

struct Loop {
    master: Master,
    start: Instant,
    next_tick: Instant,
    queue: SyncSender<Message>,
    stop: Arc<AtomicBool>,
    /// A computation could not be run: without it the job would wait for ever.
    failed: bool,
}

impl Loop {
    fn run(mut self, messages: &Receiver<Message>) -> Result<(), MasterError> {
        while !self.failed && !self.stop.load(Ordering::Relaxed) {
            let wait = self.next_tick.saturating_duration_since(Instant::now());
            match messages.recv_timeout(wait.min(GROUP)) {
                Ok(first) => self.serve(first, messages),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if Instant::now() >= self.next_tick {
                self.master.tick(self.now());
                self.next_tick = Instant::now() + TICK;
            }
            self.start_task();
            if let Some(error) = self.master.take_stopped() {
                return Err(error.into());
            }
        }
        let now = self.now();
        self.master.close(now);
        match self.master.take_stopped() {
            Some(error) => Err(error.into()),
            None if self.failed => Err(MasterError::Computation),
            None => Ok(()),
        }
    }

    /// Everything that is queued, in one commit; views are answered after it.
    fn serve(&mut self, first: Message, messages: &Receiver<Message>) {
        let (mut requests, mut answers, mut views) = (Vec::new(), Vec::new(), Vec::new());
        let begun = Instant::now();
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Worker(request, answer) => {
                    requests.push(request);
                    answers.push(answer);
                }
                Message::TaskDone(result, cpu) => {
                    self.master.charge(cpu);
                    self.master.task_done(self.now(), result);
                }
                Message::TaskFailed => self.failed = true,
                view => views.push(view),
            }
            let more = requests.len() < QUEUE && begun.elapsed() < GROUP;
            next = more.then(|| messages.try_recv().ok()).flatten();
        }
        if !requests.is_empty() {
            let responses = self.master.handle_all(self.now(), requests);
            for (answer, response) in answers.into_iter().zip(responses) {
                // Whoever asked may have gone: what was written counts all the same.
                let _ = answer.send(response);
            }
        }
        for view in views {
            self.show(view);
        }
    }

    fn show(&self, view: Message) {
        let (master, now) = (&self.master, self.now());
        // As above: an answer that nobody waits for is dropped.
        match view {
            Message::Summary(answer) => drop(answer.send(master.summary(now))),
            Message::Solution(answer) => drop(answer.send(master.solution().cloned())),
            Message::Progress(answer) => drop(answer.send(master.progress_answer())),
            Message::Units(query, answer) => {
                drop(answer.send(master.units(query.plan, query.after, query.limit)));
            }
            Message::Metrics(answer) => {
                drop(answer.send((master.summary(now), master.counters())));
            }
            Message::Worker(..) | Message::TaskDone(..) | Message::TaskFailed => {}
        }
    }

    /// Runs the computation that is due, if any, on a thread of its own.
    fn start_task(&mut self) {
        let Some(task) = self.master.take_task() else {
            return;
        };
        tracing::info!(task = task.name(), "computing");
        let queue = self.queue.clone();
        let spawned = std::thread::Builder::new()
            .name("computation".into())
            .spawn(move || {
                let done = catch_unwind(AssertUnwindSafe(|| timed(task)));
                // The master may have ended meanwhile: it will compute this again.
                let _ = queue.send(match done {
                    Ok((result, cpu)) => Message::TaskDone(result, cpu),
                    Err(_) => Message::TaskFailed,
                });
            });
        if let Err(error) = spawned {
            tracing::error!(%error, "a computation cannot be started");
            self.failed = true;
        }
    }

    fn now(&self) -> Now {
        now_since(self.start)
    }
}

/// Runs a task, and measures the CPU time of its thread.
fn timed(task: Task) -> (TaskResult, Duration) {
    let before = thread_cpu_time();
    let result = task.run();
    (result, thread_cpu_time().saturating_sub(before))
}

fn thread_cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
