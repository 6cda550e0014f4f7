//! The worker's decisions, as a deterministic state machine without I/O and without a
//! clock: what to ask the master, what each lane computes, what is reported when.
//!
//! The shell ([`crate::run`]) and the simulation drive it in the same way: they tell it
//! what happened ([`Agent::replied`], [`Agent::computed`], [`Agent::shut_down`]), then
//! call [`Agent::advance`], do what it answers, and come back at the time it names.
//!
//! - `due`: what is to be done now.
//! - `replies`: what the master's answers mean.
//! - [`position`]: which ledger is served, and which answers are believed.
//! - [`held`]: the units in hand. [`gather`]: searched and not reported.
//!   [`outbox`]: reported and not acknowledged. [`backoff`]: waiting after failures.

mod backoff;
mod due;
mod gather;
mod held;
mod io;
mod outbox;
mod position;
mod replies;
#[cfg(test)]
mod tests;

pub use io::{
    Action, End, LoadedPlan, Piece, Reply, ReportKey, Request, RequestId, Spooled, Step, Time,
};

use backoff::{Backoff, Jitter};
use gather::Gathered;
use held::{Held, Units};
use outbox::{Outbox, UnitName};
use position::Positions;
use rsac_protocol::{AcquireRequest, GivenBack, Holding, MAX_UNACKNOWLEDGED_BYTES, Report};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Lanes are halted from here on: what they still find before they stop at the next
/// index fits into the rest of [`MAX_UNACKNOWLEDGED_BYTES`].
const PAUSE_BYTES: usize = MAX_UNACKNOWLEDGED_BYTES / 4 * 3;

/// Who the worker is.
#[derive(Debug, Clone)]
pub struct Config {
    /// The job's name.
    pub job: String,
    /// The worker's id: its name and a random part.
    pub worker: String,
    /// Computing threads.
    pub lanes: usize,
    /// Seeds the jitter of waits.
    pub seed: u64,
}

/// See the [module](self).
#[derive(Debug)]
pub struct Agent {
    config: Config,
    jitter: Jitter,
    positions: Positions,
    plan: Option<Arc<LoadedPlan>>,
    /// When work on the plan began here.
    begun: Time,
    checkpoint: Duration,
    /// The master knows the worker, and the plan is the one in force.
    registered: bool,
    /// A master of this version answered once: reports may be sent.
    met: bool,
    register_at: Time,
    heartbeat_at: Time,
    acquire_at: Time,
    /// Repeated until it is answered, so that a lost answer leaks no units.
    acquiring: Option<AcquireRequest>,
    acquired: u64,
    /// After requests that got no answer.
    link: Backoff,
    /// After refusals of anything but reports.
    control: Backoff,
    /// After answers that there is nothing to search.
    idle: Backoff,
    units: Units,
    lanes: Vec<Lane>,
    outbox: Outbox,
    /// Units of the plan that are given up though nobody took them away.
    give_back: Vec<GivenBack>,
    in_flight: BTreeMap<RequestId, InFlight>,
    next_id: u64,
    actions: Vec<Action>,
    drain: Option<Drain>,
    end: Option<End>,
}

/// A computing thread, as the agent sees it.
#[derive(Debug, Default)]
struct Lane {
    /// It has an order, and its idle piece has not come yet.
    running: bool,
    /// It was told to stop.
    halting: bool,
    work: Option<Work>,
}

/// What a lane works on.
#[derive(Debug)]
struct Work {
    held: Held,
    plan: Arc<LoadedPlan>,
    gathered: Gathered,
}

/// A request that waits for its reply.
#[derive(Debug)]
enum InFlight {
    Register,
    Acquire,
    Heartbeat {
        held: Vec<Holding>,
    },
    Report(ReportKey),
    Release {
        units: Vec<GivenBack>,
        leaving: bool,
    },
}

/// A shutdown under way.
#[derive(Debug)]
struct Drain {
    /// Ends then, whatever is left.
    deadline: Time,
    /// When everything was delivered: from then on only the release is missing.
    delivered: Option<Time>,
    /// The master knows that the worker leaves.
    released: bool,
}

impl Agent {
    /// A worker that has done nothing yet. `spooled` are the reports that an earlier
    /// process left behind: they are sent first.
    pub fn new(config: Config, spooled: Vec<Spooled>) -> Self {
        let mut outbox = Outbox::default();
        for report in spooled {
            outbox.restore(report);
        }
        Self {
            jitter: Jitter::new(config.seed),
            positions: Positions::default(),
            plan: None,
            begun: Time::ZERO,
            checkpoint: Duration::from_secs(1),
            registered: false,
            met: false,
            register_at: Time::ZERO,
            heartbeat_at: Time::ZERO,
            acquire_at: Time::ZERO,
            acquiring: None,
            acquired: 0,
            link: Backoff::default(),
            control: Backoff::default(),
            idle: Backoff::default(),
            units: Units::default(),
            lanes: (0..config.lanes).map(|_| Lane::default()).collect(),
            outbox,
            give_back: Vec::new(),
            in_flight: BTreeMap::new(),
            next_id: 0,
            actions: Vec::new(),
            drain: None,
            end: None,
            config,
        }
    }

    /// A lane computed something.
    pub fn computed(&mut self, now: Time, piece: Piece) {
        let number = piece.lane;
        let Some(lane) = self.lanes.get_mut(number) else {
            return;
        };
        if piece.idle {
            lane.running = false;
            lane.halting = false;
        }
        let Some(work) = &mut lane.work else { return };
        work.gathered.add(now, piece);
        let (id, at) = (work.held.unit.id, work.gathered.to());
        let searched = at == work.held.unit.to;
        let idle = !lane.running;
        let mine = self.is_mine(number);
        if mine {
            self.units.advance(id, at);
        }
        // The end of a unit, or of what is wanted of it, is reported at once.
        if idle && (searched || !mine || self.drain.is_some()) {
            self.report(number);
            if let Some(lane) = self.lanes.get_mut(number) {
                lane.work = None;
            }
        }
    }

    /// The worker is to end: lanes stop at the next index, what is computed is reported,
    /// the rest given back, and after `grace` it ends whatever is left.
    pub fn shut_down(&mut self, now: Time, grace: Duration) {
        if self.drain.is_none() {
            tracing::info!("draining: computing stops, what is computed is reported");
            self.drain = Some(Drain {
                deadline: now + grace,
                delivered: None,
                released: false,
            });
        }
    }

    /// Bytes computed and not acknowledged, at the most.
    pub fn unacknowledged_bytes(&self) -> usize {
        let gathered = self.lanes.iter().filter_map(|lane| lane.work.as_ref());
        self.outbox.bytes() + gathered.map(|work| work.gathered.bytes()).sum::<usize>()
    }

    /// Whether what a lane works on is still wanted from this worker.
    fn is_mine(&self, lane: usize) -> bool {
        let work = self.lanes.get(lane).and_then(|lane| lane.work.as_ref());
        work.is_some_and(|work| self.holds(work.held.name(work.plan.digest)))
    }

    /// Whether a unit is in hand, in whatever epoch.
    fn holds(&self, name: UnitName) -> bool {
        self.plan.as_ref().is_some_and(|plan| {
            self.units
                .get(name.unit)
                .is_some_and(|held| held.name(plan.digest).is_same_unit(name))
        })
    }

    /// Makes reports of what a lane gathered.
    fn report(&mut self, lane: usize) {
        let Some(work) = self.lanes.get_mut(lane).and_then(|l| l.work.as_mut()) else {
            return;
        };
        let name = work.held.name(work.plan.digest);
        let generation = work.held.granted.generation;
        for part in work.gathered.take() {
            let key = self.outbox.next_key();
            let report = Report {
                job: self.config.job.clone(),
                plan: name.plan,
                ledger: name.ledger,
                generation,
                worker: self.config.worker.clone(),
                unit: name.unit,
                epoch: name.epoch,
                from: part.from,
                to: part.to,
                findings: part.findings,
                sequence: key.0,
                cpu_micros: u64::try_from(part.cpu.as_micros()).unwrap_or(u64::MAX),
            };
            match report.encode() {
                Ok(bytes) => {
                    let bytes = bytes::Bytes::from(bytes);
                    self.outbox.keep(key, bytes.clone(), &report);
                    self.actions.push(Action::Spool { key, bytes });
                }
                Err(error) => {
                    tracing::error!(unit = name.unit, %error, "cannot encode a report; its unit is given back");
                    self.give_up(name);
                }
            }
        }
    }

    /// Lets go of a unit that nobody took away: the master is told.
    fn give_up(&mut self, name: UnitName) {
        if self.holds(name) && self.units.let_go(name.unit, name.epoch).is_some() {
            self.give_back.push(GivenBack {
                unit: name.unit,
                epoch: name.epoch,
            });
        }
    }

    /// Lets go of everything in hand: lanes stop, and report what they computed.
    fn drop_units(&mut self) {
        self.units.clear();
        self.give_back.clear();
        self.acquiring = None;
        for lane in 0..self.lanes.len() {
            if self.lanes.get(lane).is_some_and(|lane| !lane.running) {
                self.report(lane);
                if let Some(lane) = self.lanes.get_mut(lane) {
                    lane.work = None;
                }
            }
        }
    }

    /// Sends a request.
    fn send(&mut self, request: Request, sent: InFlight) {
        let id = RequestId(self.next_id);
        self.next_id += 1;
        self.in_flight.insert(id, sent);
        self.actions.push(Action::Send { id, request });
    }
}
