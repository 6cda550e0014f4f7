//! What workers ask for: registration, units, a word on what they hold, and giving units
//! back. A worker that is silent for long gives its units back too.

use super::messages::{Now, problem};
use super::supply::Applicant;
use super::{Master, Reply, Response};
use rsac_protocol::{
    AcquireAnswer, AcquireRequest, Answer, Command, HeartbeatAnswer, HeartbeatRequest, HoldingEnd,
    PlanText, Problem, ProblemCode, RegisterAnswer, RegisterRequest, ReleaseAnswer, ReleaseRequest,
    Stage,
};

/// Ask again after this long when there is nothing to hand out.
const WAIT_SECONDS: u64 = 2;
/// Units a worker may ask for at once.
const MAX_UNITS: u32 = 64;
/// Computing threads a worker may have.
const MAX_LANES: u32 = 4096;
/// Bytes that a worker's id may have.
const MAX_ID_BYTES: usize = 200;

impl Master {
    pub(super) fn register(&mut self, now: Now, request: &RegisterRequest) -> Response {
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

    pub(super) fn envelope<T>(&self, body: T) -> Answer<T> {
        Answer::new(self.ledger.position(), body)
    }

    pub(super) fn check_job(&self, job: &str) -> Result<(), Problem> {
        if job == self.job.name {
            return Ok(());
        }
        let job: String = job.chars().take(80).collect();
        Err(problem(
            ProblemCode::Malformed,
            format!("this master serves job {:?}, not {job:?}", self.job.name),
        ))
    }

    pub(super) fn acquire(&mut self, now: Now, request: &AcquireRequest) -> Response {
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

    pub(super) fn grant(&mut self, now: Now, request: &AcquireRequest) -> Vec<rsac_protocol::Unit> {
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

    pub(super) fn heartbeat(&mut self, now: Now, request: &HeartbeatRequest) -> Reply {
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

    pub(super) fn release(&mut self, now: Now, request: &ReleaseRequest) -> Response {
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
    pub(super) fn lose_workers(&mut self, now: Now) {
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
}

pub(super) fn check_worker(worker: &str) -> Result<(), Problem> {
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
