//! The master as a deterministic machine: no clock, no threads, no I/O but the disk.
//!
//! Whoever drives it (the server, or a simulation) calls [`Master::handle`] with
//! requests, [`Master::tick`] about once a second, and runs the [`Task`] that
//! [`Master::take_task`] gives, wherever it likes.

mod advance;
mod job;
mod messages;
mod open;
mod rate;
mod reports;
mod supply;
mod task;
mod view;
mod workers;

pub use job::{JobSpec, UnsuitableJob};
pub use messages::{Now, ReceivedReport, Reply, Request, Response};
pub use task::{Task, TaskResult};
pub use view::Counters;

use crate::ledger::state::Limits;
use crate::ledger::{Ledger, LedgerError};
use messages::problem;
use rand::rngs::StdRng;
use rate::{Pace, Rate};
use rsac_factor::{Collector, Plan};
use rsac_protocol::{
    AcquireAnswer, AcquireRequest, Answer, Command, Digest, Ending, HeartbeatAnswer,
    HeartbeatRequest, HoldingEnd, Outcome, PlanText, ProblemCode, RegisterAnswer, RegisterRequest,
    ReleaseAnswer, ReleaseRequest, Stage,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use supply::{Applicant, Supply};
use workers::Workers;

/// About how long a lane works on a unit, seconds.
const UNIT_SECONDS: f64 = 20.0;
/// A unit is not made smaller than this much work, seconds, for the sake of an even end.
const SMALLEST_UNIT_SECONDS: f64 = 0.5;
/// Ask again after this long when there is nothing to hand out.
const WAIT_SECONDS: u64 = 2;
/// Units a worker may ask for at once.
const MAX_UNITS: u32 = 64;
/// Computing threads a worker may have.
const MAX_LANES: u32 = 4096;
/// Bytes that a worker's id may have.
const MAX_ID_BYTES: usize = 200;
/// What the job has used up is written at least this often.
const ACCOUNT_INTERVAL: Duration = Duration::from_secs(10);
/// After a failed commit, the next attempt.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

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

/// A plan in force, with what is kept in memory of it.
struct Search {
    sequence: u64,
    digest: Digest,
    plan: Plan,
    collector: Box<dyn Collector>,
    supply: Supply,
    pace: Pace,
    /// Weight of the covered indices.
    weight: u64,
}

/// The ledger cannot be written now.
struct Outage {
    why: String,
    retry_at: Duration,
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

    /// Why nothing is taken now, if so.
    fn refusal(&self) -> Option<String> {
        if let Some(stopped) = &self.stopped {
            return Some(stopped.to_string());
        }
        self.outage.as_ref().map(|outage| outage.why.clone())
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

    fn commit(&mut self, now: Now) {
        if self.stopped.is_some() {
            return;
        }
        self.counters.commits += 1;
        match self.ledger.commit() {
            Ok(()) => {
                if self.outage.take().is_some() {
                    tracing::info!("the ledger can be written again");
                }
            }
            Err(error) if error.is_passing() => self.fail(now, &error),
            Err(error) => {
                tracing::error!(%error, "the master stops");
                self.stop_task();
                self.stopped = Some(error);
            }
        }
    }

    fn fail(&mut self, now: Now, error: &LedgerError) {
        if self.outage.is_none() {
            tracing::error!(%error, "no reports are taken until the ledger can be written");
        }
        self.outage = Some(Outage {
            why: error.to_string(),
            retry_at: now.elapsed + RETRY_INTERVAL,
        });
    }

    /// After a failed commit: tries again, when it is time.
    fn recover(&mut self, now: Now) {
        let due = self
            .outage
            .as_ref()
            .is_some_and(|o| o.retry_at <= now.elapsed);
        if due {
            self.commit(now);
        }
    }

    fn stop_task(&mut self) {
        self.due = None;
        if let Some(flag) = self.running.take() {
            flag.store(true, Ordering::Relaxed);
        }
    }

    fn register(&mut self, now: Now, request: &RegisterRequest) -> Response {
        if request.protocol != rsac_protocol::VERSION {
            return Err(problem(
                ProblemCode::Version,
                format!(
                    "the worker speaks protocol version {}, this master {}: use one build for both",
                    request.protocol,
                    rsac_protocol::VERSION
                ),
            ));
        }
        self.check_job(&request.job)?;
        check_worker(&request.worker)?;
        if !(1..=MAX_LANES).contains(&request.lanes) {
            return Err(problem(
                ProblemCode::Malformed,
                format!("lanes is {}: use 1 to {MAX_LANES}", request.lanes),
            ));
        }
        self.workers
            .register(&request.worker, request.lanes, now.elapsed);
        let plan = self.search.as_ref().filter(|_| !self.is_done());
        let plan = plan.map(|search| PlanText {
            digest: search.digest,
            text: search.plan.text(),
        });
        Ok(Reply::Register(self.envelope(RegisterAnswer {
            plan,
            checkpoint_seconds: self.job.checkpoint_seconds,
        })))
    }

    fn envelope<T>(&self, body: T) -> Answer<T> {
        Answer::new(self.ledger.position(), body)
    }

    fn check_job(&self, job: &str) -> Result<(), rsac_protocol::Problem> {
        if job == self.job.name {
            return Ok(());
        }
        let job: String = job.chars().take(80).collect();
        Err(problem(
            ProblemCode::Malformed,
            format!("this master serves job {:?}, not {job:?}", self.job.name),
        ))
    }

    fn acquire(&mut self, now: Now, request: &AcquireRequest) -> Response {
        check_worker(&request.worker)?;
        if !(1..=MAX_UNITS).contains(&request.count) {
            return Err(problem(
                ProblemCode::Malformed,
                format!("count is {}: use 1 to {MAX_UNITS}", request.count),
            ));
        }
        self.workers.heard(&request.worker, now.elapsed);
        let wait = AcquireAnswer::Wait {
            seconds: WAIT_SECONDS,
        };
        let body = if self.ledger.state().stage != Stage::Search {
            wait
        } else if !self.workers.is_registered(&request.worker) {
            AcquireAnswer::PlanChanged
        } else {
            match self.search.as_ref().map(|search| search.digest) {
                None => wait,
                Some(digest) if digest != request.plan => AcquireAnswer::PlanChanged,
                Some(_) => {
                    let units = self.grant(now, request);
                    if units.is_empty() {
                        wait
                    } else {
                        AcquireAnswer::Units { units }
                    }
                }
            }
        };
        Ok(Reply::Acquire(self.envelope(body)))
    }

    fn grant(&mut self, now: Now, request: &AcquireRequest) -> Vec<rsac_protocol::Unit> {
        let applicant = Applicant {
            worker: &request.worker,
            request: request.request,
            unix: now.unix,
        };
        let Some(search) = &mut self.search else {
            return Vec::new();
        };
        let repeated = search.supply.repeated(&self.ledger, &applicant);
        let units = repeated.unwrap_or_else(|| {
            let lanes = self.workers.lanes();
            let mut units = Vec::new();
            for _ in 0..request.count {
                let size = search.unit_size(&self.ledger, lanes);
                let unit = search.supply.grant(&mut self.ledger, &applicant, size);
                units.extend(unit);
                if unit.is_none() {
                    break;
                }
            }
            units
        });
        for unit in &units {
            self.workers.named(unit.id, now.elapsed);
        }
        units
    }

    fn heartbeat(&mut self, now: Now, request: &HeartbeatRequest) -> Reply {
        self.workers.heard(&request.worker, now.elapsed);
        let in_force = self.search.as_ref().map(|s| (s.sequence, s.digest));
        let mut not_yours = Vec::new();
        for held in &request.held {
            let unit = in_force
                .filter(|(_, digest)| *digest == request.plan)
                .and_then(|(plan, _)| self.ledger.unit(plan, held.unit));
            if unit.is_some_and(|unit| unit.is_held_by(&request.worker, held.epoch)) {
                self.workers.named(held.unit, now.elapsed);
            } else {
                not_yours.push(held.unit);
            }
        }
        let command = if self.is_done() {
            Command::Stop
        } else if !self.workers.is_registered(&request.worker)
            || in_force.is_some_and(|(_, digest)| digest != request.plan)
        {
            Command::Register
        } else {
            Command::Continue
        };
        Reply::Heartbeat(self.envelope(HeartbeatAnswer { command, not_yours }))
    }

    fn release(&mut self, now: Now, request: &ReleaseRequest) -> Response {
        check_worker(&request.worker)?;
        let mut released = 0;
        if let Some(search) = &mut self.search
            && search.digest == request.plan
        {
            for back in &request.units {
                let unit = self.ledger.unit(search.sequence, back.unit);
                if unit.is_some_and(|unit| unit.is_held_by(&request.worker, back.epoch)) {
                    let end = HoldingEnd::Released;
                    search
                        .supply
                        .give_back(&mut self.ledger, back.unit, end, now.unix);
                    self.workers.forget_unit(back.unit);
                    released += 1;
                }
            }
        }
        if request.leaving {
            self.workers.leave(&request.worker);
        } else {
            self.workers.heard(&request.worker, now.elapsed);
        }
        Ok(Reply::Release(self.envelope(ReleaseAnswer { released })))
    }

    /// Returns the units of workers that were not heard from, and units that their
    /// holders do not know of.
    fn lose_workers(&mut self, now: Now) {
        let lost = self.workers.take_lost(now.elapsed);
        for worker in &lost {
            tracing::warn!(worker, "not heard from in time: its units go to others");
        }
        self.counters.workers_lost += lost.len() as u64;
        let Some(search) = &mut self.search else {
            return;
        };
        for (unit, worker) in search.supply.held(&self.ledger) {
            if lost.contains(&worker) || self.workers.is_unnamed(unit, now.elapsed) {
                let end = HoldingEnd::Lost;
                search
                    .supply
                    .give_back(&mut self.ledger, unit, end, now.unix);
                self.workers.forget_unit(unit);
                self.counters.units_lost += 1;
            }
        }
    }

    fn keep_limits(&mut self, now: Now) {
        if self.is_done() {
            return;
        }
        let spent = self.ledger.spent();
        if let Some(deadline) = self.job.deadline_seconds
            && spent.active_millis >= deadline.saturating_mul(1000)
        {
            let message = format!("not factored within {deadline} seconds of active time");
            self.end(now, Ending::DeadlineExceeded, message);
        } else if spent.cpu_micros >= self.job.max_cpu_micros() {
            let message = format!(
                "not factored within the {} CPU hours allowed",
                self.job.max_cpu_hours
            );
            self.end(now, Ending::CpuHoursExceeded, message);
        }
    }

    /// Ends the job.
    fn end(&mut self, now: Now, ending: Ending, message: String) {
        tracing::info!(?ending, message, "the job has ended");
        self.stop_task();
        self.leave_plan(now);
        let limits = self.limits();
        self.ledger.change_state(|state| {
            state.stage = Stage::Done;
            state.outcome = Some(Outcome {
                ending,
                message,
                finished_at: now.unix,
            });
            state.ended_under = (!ending.is_solved()).then_some(limits);
        });
    }

    fn limits(&self) -> Limits {
        Limits {
            method: self.job.method_name(),
            max_cpu_hours: self.job.max_cpu_hours,
            deadline_seconds: self.job.deadline_seconds,
        }
    }

    /// Takes the plan out of force, if there is one.
    fn leave_plan(&mut self, now: Now) {
        self.prepared = None;
        if let Some(search) = self.search.take() {
            Supply::retire(&mut self.ledger, search.sequence, now.unix);
            self.workers.forget_units();
        }
    }
}

fn check_worker(worker: &str) -> Result<(), rsac_protocol::Problem> {
    if worker.is_empty() || worker.len() > MAX_ID_BYTES {
        return Err(problem(
            ProblemCode::Malformed,
            format!(
                "a worker's id of {} bytes: use 1 to {MAX_ID_BYTES}",
                worker.len()
            ),
        ));
    }
    Ok(())
}

impl Search {
    /// How many indices the next unit should have.
    fn unit_size(&self, ledger: &Ledger, lanes: u32) -> u64 {
        let index_seconds = self.pace.index_seconds();
        let indices = |seconds: f64| (seconds / index_seconds).ceil().max(1.0) as u64;
        let remaining = self.supply.unheld(ledger, self.horizon(ledger));
        let share = remaining / (2 * u64::from(lanes.max(1)));
        indices(UNIT_SECONDS)
            .min(share)
            .max(indices(SMALLEST_UNIT_SECONDS))
    }

    /// One past the index at which the search is expected to end.
    fn horizon(&self, ledger: &Ledger) -> u64 {
        if let Some(end) = self.plan.supply().end() {
            return end;
        }
        let covered = ledger.covered(self.sequence).count();
        let tally = self.collector.tally();
        let planned = self.plan.estimate_cpu_seconds() / self.plan.index_cpu_seconds().max(1e-12);
        let expected = if tally.have > 0 && covered > 0 {
            covered as f64 * tally.need as f64 / tally.have as f64
        } else {
            planned
        };
        let missing = (expected as u64).saturating_sub(covered);
        self.supply.frontier().saturating_add(missing)
    }
}
