//! The master as a deterministic machine: no clock, no threads, no I/O but the disk.
//!
//! Whoever drives it (the server, or a simulation) calls [`Master::handle`] with
//! requests, [`Master::tick`] about once a second, and runs the [`Task`] that
//! [`Master::take_task`] gives, wherever it likes.

mod advance;
mod commit;
mod end;
mod job;
mod messages;
mod open;
mod rate;
mod reports;
mod requests;
mod results;
mod search;
mod supply;
mod task;
mod view;
mod workers;

pub use job::{JobSpec, UnsuitableJob};
pub use messages::{Now, ReceivedReport, Reply, Request, Response};
pub use task::{Task, TaskResult};
pub use view::Counters;

use crate::ledger::{Ledger, LedgerError};
use commit::Outage;
use messages::problem;
use rand::rngs::StdRng;
use rate::Rate;
use rsac_factor::{Collector, Plan};
use rsac_protocol::ProblemCode;
use search::Search;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use workers::Workers;

/// What the job has used up is written at least this often.
const ACCOUNT_INTERVAL: Duration = Duration::from_secs(10);

/// The master of one job.
pub struct Master {
    job: JobSpec,
    ledger: Ledger,
    rng: StdRng,
    /// The plan in force.
    search: Option<Search>,
    /// A plan that was just decided, before it is entered.
    prepared: Option<(u64, Plan, Box<dyn Collector>)>,
    /// Waits for [`Master::take_task`].
    due: Option<Task>,
    /// The flag of the computation that is due or under way.
    running: Option<Arc<AtomicBool>>,
    workers: Workers,
    rate: Rate,
    counters: Counters,
    last_tick: Duration,
    accounted: Duration,
    outage: Option<Outage>,
    stopped: Option<LedgerError>,
}

impl Master {
    /// The job that it serves.
    pub fn job(&self) -> &JobSpec {
        &self.job
    }

    /// Why this master must stop at once, once it must: its ledger is another's now, or
    /// its store was damaged under it. It answers [`ProblemCode::Later`] from then on.
    pub fn stopped(&self) -> Option<&LedgerError> {
        self.stopped.as_ref()
    }

    /// Takes that reason, to hand it on.
    pub(crate) fn take_stopped(&mut self) -> Option<LedgerError> {
        self.stopped.take()
    }

    /// Answers one request; see [`Master::handle_all`].
    pub fn handle(&mut self, now: Now, request: Request) -> Response {
        let mut responses = self.handle_all(now, vec![request]);
        responses.pop().unwrap_or_else(|| {
            Err(problem(
                ProblemCode::Internal,
                "the request was not answered",
            ))
        })
    }

    /// Answers requests in order, with one commit for all of them: when this returns,
    /// what the answers say is on the disk. Where the disk refuses, what needs it is
    /// answered with [`ProblemCode::Later`].
    pub fn handle_all(&mut self, now: Now, requests: Vec<Request>) -> Vec<Response> {
        self.recover(now);
        let mut responses: Vec<(bool, Response)> = requests
            .into_iter()
            .map(|request| {
                let durable = !matches!(request, Request::Heartbeat(_) | Request::Register(_));
                (durable, self.answer(now, durable, request))
            })
            .collect();
        self.advance(now);
        if self.ledger.is_dirty() {
            self.commit(now);
        }
        if let Some(why) = self.refusal() {
            for (durable, response) in &mut responses {
                if *durable && response.is_ok() {
                    *response = Err(problem(ProblemCode::Later, why.clone()));
                }
            }
        }
        responses
            .into_iter()
            .map(|(_, response)| response)
            .collect()
    }

    fn answer(&mut self, now: Now, durable: bool, request: Request) -> Response {
        if durable && let Some(why) = self.refusal() {
            return Err(problem(ProblemCode::Later, why));
        }
        match request {
            Request::Register(request) => self.register(now, &request),
            Request::Acquire(request) => self.acquire(now, &request),
            Request::Heartbeat(request) => Ok(self.heartbeat(now, &request)),
            Request::Report(report) => self.report(now, &report),
            Request::Release(request) => self.release(now, &request),
        }
    }

    /// Lets time pass: loses silent workers, keeps the limits, writes the account, and
    /// tries again where the disk refused.
    pub fn tick(&mut self, now: Now) {
        self.recover(now);
        self.pass_time(now);
        self.lose_workers(now);
        self.keep_limits(now);
        self.advance(now);
        let (done, _) = self.counted();
        self.rate.sample(now.elapsed, done);
        let account_due = now.elapsed.saturating_sub(self.accounted) >= ACCOUNT_INTERVAL;
        if self.ledger.is_dirty() || (account_due && !self.is_done()) {
            self.accounted = now.elapsed;
            self.commit(now);
        }
    }

    /// Writes what is left to write. The last call before the master is dropped.
    pub fn close(&mut self, now: Now) {
        self.pass_time(now);
        self.stop_task();
        self.commit(now);
    }

    /// CPU time that the master itself used since the last call, to be accounted.
    pub fn charge(&mut self, cpu: Duration) {
        if !self.is_done() {
            let micros = u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX);
            let spent = self.ledger.spent_mut();
            spent.cpu_micros = spent.cpu_micros.saturating_add(micros);
        }
    }

    /// The computation to run now, if one is due.
    pub fn take_task(&mut self) -> Option<Task> {
        self.due.take()
    }

    fn is_done(&self) -> bool {
        self.ledger.state().outcome.is_some()
    }

    fn pass_time(&mut self, now: Now) {
        let passed = now.elapsed.saturating_sub(self.last_tick);
        self.last_tick = self.last_tick.max(now.elapsed);
        if !self.is_done() && !passed.is_zero() {
            let millis = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
            self.ledger.spent_mut().active_millis += millis;
        }
    }
}
