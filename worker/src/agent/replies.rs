//! What the master's answers mean.

use super::position::Standing;
use super::{Action, Agent, End, InFlight, LoadedPlan, Reply, ReportKey, RequestId, Time};
use crate::WorkerError;
use rsac_factor::Plan;
use rsac_protocol::{
    AcquireAnswer, Command, Digest, HeartbeatAnswer, Holding, LedgerPosition, PlanText, Problem,
    ProblemCode, RegisterAnswer, ReportAnswer, Unit,
};
use std::sync::Arc;
use std::time::Duration;

impl Agent {
    /// A request has its reply. One that is not waited for (any more) is ignored.
    pub fn replied(&mut self, now: Time, id: RequestId, reply: Reply) {
        let Some(sent) = self.in_flight.remove(&id) else {
            return;
        };
        match (sent, reply) {
            (sent, Reply::Failed(why)) => self.failed(now, sent, &why),
            (sent, Reply::Refused(problem)) => self.refused(now, sent, &problem),
            (InFlight::Register, Reply::Register(answer)) => {
                self.registered(now, answer.position(), answer.body);
            }
            (sent @ InFlight::Acquire, Reply::Acquire(answer)) => {
                let position = answer.position();
                if self.believe(now, sent, position).is_some() {
                    self.acquired(now, position, answer.body);
                }
            }
            (sent @ InFlight::Heartbeat { .. }, Reply::Heartbeat(answer)) => {
                if let Some(InFlight::Heartbeat { held }) =
                    self.believe(now, sent, answer.position())
                {
                    self.beaten(now, &held, &answer.body);
                }
            }
            (sent @ InFlight::Report(_), Reply::Report(answer)) => {
                if let Some(InFlight::Report(key)) = self.believe(now, sent, answer.position()) {
                    self.acknowledged(now, key, answer.body);
                }
            }
            (sent @ InFlight::Release { .. }, Reply::Release(answer)) => {
                let sent = self.believe(now, sent, answer.position());
                if let (Some(InFlight::Release { leaving: true, .. }), Some(drain)) =
                    (sent, &mut self.drain)
                {
                    drain.released = true;
                }
            }
            (sent, _) => self.failed(now, sent, "an answer to another question"),
        }
    }

    /// Whether an answer counts; gives the request back if so.
    fn believe(&mut self, now: Time, sent: InFlight, position: LedgerPosition) -> Option<InFlight> {
        match self.positions.judge(position) {
            Standing::Current => {
                self.link.succeeded();
                Some(sent)
            }
            Standing::Stale { seen } => {
                let generation = position.generation;
                let why = format!("an answer of generation {generation}, but {seen} was seen");
                self.failed(now, sent, &why);
                None
            }
            Standing::Other => {
                // Nothing is concluded from it, least of all that a report is safe in
                // the ledger in use: the registration decides.
                self.link.succeeded();
                self.restore(sent);
                self.register_again(now);
                None
            }
        }
    }

    /// No answer that counts: the request is made again after a wait.
    fn failed(&mut self, now: Time, sent: InFlight, why: &str) {
        tracing::debug!(why, "no answer from the master");
        // Of several requests that failed together, one lengthens the wait.
        if now >= self.link.until() {
            self.link.failed(now, &mut self.jitter);
        }
        self.restore(sent);
    }

    /// Makes a request due again.
    fn restore(&mut self, sent: InFlight) {
        match sent {
            InFlight::Report(key) => self.outbox.lost(key),
            InFlight::Heartbeat { .. } => self.heartbeat_at = Time::ZERO,
            InFlight::Release {
                units,
                leaving: false,
            } => self.give_back.extend(units),
            // Still wanted as they were: `acquiring`, `registered` and the drain say so.
            InFlight::Register | InFlight::Acquire | InFlight::Release { .. } => {}
        }
    }

    fn register_again(&mut self, now: Time) {
        self.registered = false;
        self.register_at = now;
    }

    fn refused(&mut self, now: Time, sent: InFlight, problem: &Problem) {
        self.link.succeeded();
        if let InFlight::Report(key) = sent {
            return self.report_refused(now, key, problem);
        }
        tracing::warn!(code = ?problem.code, %problem, "the master refuses a request");
        match (&sent, problem.code) {
            (InFlight::Register, ProblemCode::Version) => {
                let error = WorkerError::Version(problem.message.clone());
                self.end = Some(End::Failed(error));
            }
            (_, ProblemCode::Later | ProblemCode::Internal) => {
                self.restore(sent);
                self.control.failed(now, &mut self.jitter);
            }
            (InFlight::Release { leaving: true, .. }, _) => {
                if let Some(drain) = &mut self.drain {
                    drain.released = true;
                }
            }
            // The token may be exchanged, the job's master may come up at this address.
            (_, ProblemCode::Unauthorized) | (InFlight::Register, _) => {
                self.restore(sent);
                self.control.slow(now, &mut self.jitter);
            }
            // Worker and master do not mean the same plan or ledger.
            (_, _) => {
                self.acquiring = None;
                self.control.failed(now, &mut self.jitter);
                self.register_again(now);
            }
        }
    }

    fn report_refused(&mut self, now: Time, key: ReportKey, problem: &Problem) {
        match problem.code {
            ProblemCode::Later | ProblemCode::Internal | ProblemCode::Unauthorized => {
                tracing::debug!(code = ?problem.code, %problem, "the master takes no report now");
                self.outbox.later(key, now, &mut self.jitter);
            }
            ProblemCode::Version => {
                self.outbox.later(key, now, &mut self.jitter);
                self.register_again(now);
            }
            ProblemCode::Malformed
            | ProblemCode::NotFound
            | ProblemCode::ForeignLedger
            | ProblemCode::TooLarge => {
                tracing::error!(code = ?problem.code, %problem, "the master refuses a report; it is dropped");
                self.actions.push(Action::Unspool { key });
                if let Some(pending) = self.outbox.remove(key) {
                    self.give_up(pending.of);
                }
                if problem.code == ProblemCode::ForeignLedger {
                    self.register_again(now);
                }
            }
        }
    }

    fn registered(&mut self, now: Time, position: LedgerPosition, answer: RegisterAnswer) {
        match self.positions.judge(position) {
            Standing::Stale { .. } => {
                return self.failed(now, InFlight::Register, "a master that was replaced");
            }
            Standing::Other => {
                if self.positions.current().is_some() {
                    tracing::warn!(ledger = %position.ledger, "the master has another ledger");
                }
                self.drop_units();
                self.positions.adopt(position);
            }
            Standing::Current => {}
        }
        self.link.succeeded();
        self.control.succeeded();
        self.registered = true;
        self.met = true;
        self.checkpoint = Duration::from_secs(answer.checkpoint_seconds.max(1));
        match answer.plan {
            Some(text) => self.serve(now, &text),
            None => self.nothing_to_search(now),
        }
    }

    /// Asks again, soon at first: a master that has just begun is about to have a plan.
    fn nothing_to_search(&mut self, now: Time) {
        self.forget_plan();
        self.idle.failed(now, &mut self.jitter);
        self.register_at = self.idle.until();
    }

    fn forget_plan(&mut self) {
        if self.plan.is_some() {
            self.drop_units();
            self.plan = None;
        }
    }

    /// Works on this plan from now on.
    fn serve(&mut self, now: Time, text: &PlanText) {
        self.heartbeat_at = now;
        self.acquire_at = now;
        self.idle.succeeded();
        let is_served = |plan: &Arc<LoadedPlan>| plan.digest == text.digest;
        if self.plan.as_ref().is_some_and(is_served) {
            return;
        }
        self.forget_plan();
        let computed = Digest::of(&text.text);
        if computed != text.digest {
            self.end = Some(End::Failed(WorkerError::PlanDigest {
                announced: text.digest,
                computed,
            }));
            return;
        }
        let digest = text.digest;
        match Plan::parse(&text.text) {
            Ok(plan) => {
                tracing::info!(plan = digest.short(), method = %plan.method(), "working on a plan");
                self.plan = Some(Arc::new(LoadedPlan { digest, plan }));
                self.begun = now;
            }
            Err(source) => {
                self.end = Some(End::Failed(WorkerError::Plan { digest, source }));
            }
        }
    }

    fn acquired(&mut self, now: Time, position: LedgerPosition, answer: AcquireAnswer) {
        self.control.succeeded();
        // Dropped meanwhile, with the plan it was for.
        let Some(asked) = self.acquiring.take() else {
            return;
        };
        match answer {
            AcquireAnswer::Units { units } => {
                for unit in units.into_iter().filter(|unit| unit.from < unit.to) {
                    self.units.grant(unit, position);
                }
            }
            AcquireAnswer::Wait { seconds } => {
                let wait = Duration::from_secs(seconds.clamp(1, 60));
                self.acquire_at = now + self.jitter.shorten(wait);
            }
            // Asked again under the same number if the plan turns out to be the same:
            // an answer that was lost may have granted units.
            AcquireAnswer::PlanChanged => {
                self.acquiring = Some(asked);
                self.register_again(now);
            }
        }
    }

    fn beaten(&mut self, now: Time, held: &[Holding], answer: &HeartbeatAnswer) {
        self.control.succeeded();
        for &unit in &answer.not_yours {
            // Granted again since the heartbeat was sent, it is held in a later epoch.
            if let Some(holding) = held.iter().find(|holding| holding.unit == unit) {
                self.taken(unit, holding.epoch);
            }
        }
        match answer.command {
            Command::Continue => {}
            Command::Register => self.register_again(now),
            Command::Stop => {
                tracing::info!("the search is over");
                self.nothing_to_search(now);
            }
        }
    }

    fn taken(&mut self, unit: u64, epoch: u64) {
        if self.units.let_go(unit, epoch).is_some() {
            tracing::info!(unit, epoch, "a unit went to somebody else");
        }
    }

    fn acknowledged(&mut self, now: Time, key: ReportKey, answer: ReportAnswer) {
        let sequence = self.outbox.get(key).map(|pending| pending.sequence);
        if sequence != Some(answer.sequence) {
            let why = "the acknowledgement of another report";
            return self.failed(now, InFlight::Report(key), why);
        }
        self.outbox.accepted();
        self.actions.push(Action::Unspool { key });
        let Some(pending) = self.outbox.remove(key) else {
            return;
        };
        let name = pending.of;
        if !self.holds(name) {
            return;
        }
        if !answer.holds {
            return self.taken(name.unit, name.epoch);
        }
        if let Some(unit) = self.units.get(name.unit).filter(|held| held.is_searched())
            && !self.outbox.has_any_of(name)
        {
            let Unit { id, epoch, .. } = unit.unit;
            self.units.let_go(id, epoch);
        }
    }
}
