//! Worker processes in the simulated world: the real agent, and lanes whose work takes
//! simulated time.

use crate::oracle;
use crate::scenario::Kind;
use crate::world::{Event, World};
use bytes::Bytes;
use rand::RngExt as _;
use rsac_protocol::{Digest, Report};
use rsac_worker::Agent;
use rsac_worker::agent::{
    Action, Config, End, LoadedPlan, Piece, Reply, ReportKey, RequestId, Spooled, Step,
};
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// How long a drain may take.
const GRACE: Duration = Duration::from_secs(25);
/// About how long a piece takes.
pub(crate) const PIECE: Duration = Duration::from_millis(250);

/// Where a worker runs: what its successor finds.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    pub(crate) wanted: bool,
    running: Option<usize>,
    spool: Vec<Bytes>,
}

pub(crate) struct Worker {
    pub(crate) slot: usize,
    pub(crate) agent: Agent,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) spool: BTreeMap<ReportKey, Bytes>,
    pub(crate) dead: bool,
    pub(crate) draining: bool,
    pub(crate) frozen_until: Duration,
    pub(crate) cut_off_until: Duration,
    /// Its clock and its work do not agree any more.
    pub(crate) was_frozen: bool,
    pub(crate) index: Duration,
    /// When it wants to be woken.
    pub(crate) wake: Option<Duration>,
}

#[derive(Default)]
pub(crate) struct Lane {
    pub(crate) order: Option<Order>,
    /// Distinguishes the piece in work from those that were cut.
    token: u64,
    /// Computed and in no report yet, with the time at which the work on it began.
    pub(crate) unreported: VecDeque<(Digest, Range<u64>, Duration)>,
}

pub(crate) struct Order {
    plan: Arc<LoadedPlan>,
    end: u64,
    piece: Range<u64>,
    began: Duration,
    halted: bool,
}

impl World {
    /// Starts a worker where one is wanted and none runs.
    pub(crate) fn start_worker(&mut self, slot: usize) {
        let place = &mut self.slots[slot];
        if !place.wanted || place.running.is_some() {
            return;
        }
        let number = self.workers.len();
        let spool: BTreeMap<_, _> = (0u64..)
            .map(ReportKey)
            .zip(std::mem::take(&mut place.spool))
            .collect();
        let left = spool.iter().map(|(key, bytes)| Spooled {
            key: *key,
            bytes: bytes.clone(),
            report: Report::decode(bytes).expect("a spooled report is one"),
        });
        let config = Config {
            job: self.job.name.clone(),
            worker: format!("worker-{slot}-{number}"),
            lanes: self.scenario.lanes,
            seed: self.rng.random(),
        };
        let agent = Agent::new(config, left.collect());
        let slowness = self.rng.random_range(1.0..2.0);
        place.running = Some(number);
        self.workers.push(Worker {
            slot,
            agent,
            lanes: (0..self.scenario.lanes).map(|_| Lane::default()).collect(),
            spool,
            dead: false,
            draining: false,
            frozen_until: Duration::ZERO,
            cut_off_until: Duration::ZERO,
            was_frozen: false,
            index: self.scenario.index.mul_f64(slowness),
            wake: Some(self.now),
        });
        self.tell(|| format!("worker {number} starts in slot {slot}"));
        self.schedule(Duration::ZERO, Event::Wake(number));
    }

    /// The workers that run.
    pub(crate) fn running(&self) -> Vec<usize> {
        let running = self.slots.iter().filter_map(|slot| slot.running);
        running.collect()
    }

    pub(crate) fn scale(&mut self, count: usize) -> Result<(), String> {
        for slot in 0..self.slots.len() {
            self.slots[slot].wanted = slot < count;
            match self.slots[slot].running {
                None => self.start_worker(slot),
                Some(number) if slot >= count && !self.workers[number].draining => {
                    self.tell(|| format!("worker {number} drains"));
                    self.tale.drains += 1;
                    self.workers[number].draining = true;
                    let now = self.now;
                    self.workers[number].agent.shut_down(now, GRACE);
                    self.step_worker(number)?;
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// kill −9.
    pub(crate) fn kill_worker(&mut self, number: usize, spool: bool) {
        self.tell(|| format!("worker {number} is killed; its spool survives: {spool}"));
        self.tale.worker_kills += 1;
        if !spool {
            self.workers[number].spool.clear();
        }
        self.bury_worker(number);
    }

    fn bury_worker(&mut self, number: usize) {
        let worker = &mut self.workers[number];
        worker.dead = true;
        let place = &mut self.slots[worker.slot];
        place.running = None;
        place.spool = std::mem::take(&mut worker.spool).into_values().collect();
        let slot = worker.slot;
        let pause = Duration::from_millis(self.rng.random_range(500..5000));
        self.schedule(pause, Event::StartWorker(slot));
    }

    pub(crate) fn freeze_worker(&mut self, number: usize, length: Duration) {
        self.tell(|| format!("worker {number} is frozen for {length:?}"));
        self.tale.freezes += 1;
        self.workers[number].frozen_until = self.now + length;
        self.workers[number].was_frozen = true;
    }

    /// Lets an event pass to a worker that is alive; one for a frozen worker comes later.
    pub(crate) fn admit(&mut self, number: usize, event: Event) -> Option<Event> {
        let worker = &self.workers[number];
        if worker.dead {
            return None;
        }
        let frozen = worker.frozen_until.saturating_sub(self.now);
        if frozen.is_zero() {
            return Some(event);
        }
        self.schedule(frozen, event);
        None
    }

    pub(crate) fn worker_replied(
        &mut self,
        number: usize,
        id: RequestId,
        reply: Reply,
    ) -> Result<(), String> {
        self.workers[number].agent.replied(self.now, id, reply);
        self.step_worker(number)
    }

    pub(crate) fn step_worker(&mut self, number: usize) -> Result<(), String> {
        let Step { actions, wake, end } = self.workers[number].agent.advance(self.now);
        for action in actions {
            self.perform(number, action)?;
        }
        match end {
            Some(End::Failed(error)) => return Err(format!("worker {number} gave up: {error}")),
            Some(End::Drained { undelivered }) => {
                self.tell(|| format!("worker {number} has drained, {undelivered} undelivered"));
                if self.scenario.kind != Kind::Storm && undelivered > 0 {
                    return Err(format!("worker {number} drained without delivering"));
                }
                self.bury_worker(number);
                return Ok(());
            }
            None => {}
        }
        if wake.is_some_and(|wake| wake <= self.now) {
            return Err(format!("worker {number} is busy waiting"));
        }
        if let Some(wake) = wake
            && self.workers[number].wake != Some(wake)
        {
            self.schedule(wake - self.now, Event::Wake(number));
        }
        self.workers[number].wake = wake;
        Ok(())
    }

    /// The worker's time has come, unless it named another since.
    pub(crate) fn wake_worker(&mut self, number: usize) -> Result<(), String> {
        let due = |wake: Duration| wake <= self.now;
        if !self.workers[number].wake.is_some_and(due) {
            return Ok(());
        }
        self.workers[number].wake = None;
        self.step_worker(number)
    }

    fn perform(&mut self, number: usize, action: Action) -> Result<(), String> {
        match action {
            Action::Send { id, request } => self.transmit(number, id, request),
            Action::Compute { lane, plan, range } => {
                let worker = &mut self.workers[number];
                if worker.lanes[lane].order.is_some() {
                    return Err(format!("worker {number} gave lane {lane} two orders"));
                }
                worker.lanes[lane].order = Some(Order {
                    plan,
                    end: range.end,
                    piece: range.start..range.start,
                    began: self.now,
                    halted: false,
                });
                self.begin_piece(number, lane);
            }
            Action::Halt { lane } => self.halt(number, lane),
            Action::Spool { key, bytes } => {
                let report = Report::decode(&bytes).map_err(|error| error.to_string())?;
                self.check_report(number, &report)?;
                self.workers[number].spool.insert(key, bytes);
            }
            Action::Unspool { key } => {
                self.workers[number].spool.remove(&key);
            }
        }
        Ok(())
    }

    fn begin_piece(&mut self, number: usize, lane: usize) {
        let worker = &mut self.workers[number];
        let index = worker.index;
        let lane_state = &mut worker.lanes[lane];
        let Some(order) = &mut lane_state.order else {
            return;
        };
        let wanted = (PIECE.as_secs_f64() / index.as_secs_f64()) as u64;
        let from = order.piece.end;
        let to = order.end.min(from + wanted.max(1));
        order.piece = from..to;
        order.began = self.now;
        lane_state.token += 1;
        let token = lane_state.token;
        let length = index * u32::try_from(to - from).unwrap_or(u32::MAX);
        self.schedule(length, Event::Piece(number, lane, token));
    }

    /// The piece in work ends with the index in work.
    fn halt(&mut self, number: usize, lane: usize) {
        let worker = &mut self.workers[number];
        let index = worker.index;
        let lane_state = &mut worker.lanes[lane];
        let Some(order) = &mut lane_state.order else {
            return;
        };
        order.halted = true;
        let passed = self.now - order.began;
        let done = (passed.as_secs_f64() / index.as_secs_f64()).ceil() as u64;
        let from = order.piece.start;
        let to = order.piece.end.min(from + done);
        order.piece = from..to;
        lane_state.token += 1;
        let token = lane_state.token;
        let end = order.began + index * u32::try_from(to - from).unwrap_or(u32::MAX);
        let rest = end.saturating_sub(self.now);
        self.schedule(rest, Event::Piece(number, lane, token));
    }

    pub(crate) fn piece_ends(
        &mut self,
        number: usize,
        lane: usize,
        token: u64,
    ) -> Result<(), String> {
        let worker = &mut self.workers[number];
        let lane_state = &mut worker.lanes[lane];
        let Some(order) = lane_state
            .order
            .as_ref()
            .filter(|_| lane_state.token == token)
        else {
            return Ok(());
        };
        let (range, began) = (order.piece.clone(), order.began);
        let plan = Arc::clone(&order.plan);
        let idle = order.halted || range.end == order.end;
        if idle {
            lane_state.order = None;
        }
        let unreported = (plan.digest, range.clone(), began);
        if !range.is_empty() {
            lane_state.unreported.push_back(unreported);
        }
        self.account.computed(plan.digest, range.clone());
        self.check_loss(number, lane)?;
        let found = match self.scenario.blind {
            true => Vec::new(),
            false => oracle::search(&plan, range.clone()),
        };
        let wall = self.now - began;
        let piece = Piece {
            lane,
            range,
            found,
            wall,
            cpu: wall,
            idle,
        };
        self.workers[number].agent.computed(self.now, piece);
        self.step_worker(number)?;
        // Halted meanwhile, it has a piece already: an empty one, which is idle.
        let lane_state = &self.workers[number].lanes[lane];
        if !idle && lane_state.token == token {
            self.begin_piece(number, lane);
        }
        Ok(())
    }
}
