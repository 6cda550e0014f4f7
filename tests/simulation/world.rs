//! The simulated world: a clock, events in order, a network; what a schedule comes to.

use crate::account::Account;
use crate::master::MasterProcess;
use crate::scenario::{Fault, Kind, Scenario};
use crate::worker::{Slot, Worker};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rsac_master::ledger::disk::Machine;
use rsac_master::{JobSpec, TaskResult};
use rsac_protocol::Job;
use rsac_worker::agent::{Reply, Request, RequestId};
use std::collections::BTreeMap;
use std::time::Duration;

/// More slots for workers than are ever wanted at once.
const SLOTS: usize = 5;
/// How long a schedule goes on after its job's end.
const AFTERWARDS: Duration = Duration::from_secs(60);

pub(crate) enum Event {
    Fault(Fault),
    /// Nothing goes wrong from now on.
    Calm,
    DiskSpace,
    StartMaster,
    Tick(usize),
    Commit(usize),
    TaskDone(usize, Box<TaskResult>),
    Arrive(usize, RequestId, Request),
    StartWorker(usize),
    Wake(usize),
    Piece(usize, usize, u64),
    Replied(usize, RequestId, Reply),
}

/// What happened in a schedule, or in many.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tale {
    pub(crate) schedules: u64,
    pub(crate) events: u64,
    pub(crate) reports: u64,
    pub(crate) acknowledged: u64,
    pub(crate) repeated: u64,
    pub(crate) worker_kills: u64,
    pub(crate) drains: u64,
    pub(crate) freezes: u64,
    pub(crate) master_deaths: u64,
    pub(crate) power_losses: u64,
    pub(crate) second_masters: u64,
    pub(crate) fenced: u64,
    pub(crate) full_disks: u64,
    pub(crate) lost_ledgers: u64,
    pub(crate) flipped_bits: u64,
    pub(crate) simulated_seconds: u64,
}

impl Tale {
    /// Every number of it, with its name.
    pub(crate) fn numbers(&self) -> [(&'static str, u64); 16] {
        [
            ("schedules", self.schedules),
            ("events", self.events),
            ("reports", self.reports),
            ("reports acknowledged", self.acknowledged),
            ("indices repeated", self.repeated),
            ("workers killed", self.worker_kills),
            ("workers drained", self.drains),
            ("workers frozen", self.freezes),
            ("masters dead", self.master_deaths),
            ("power losses", self.power_losses),
            ("second masters", self.second_masters),
            ("masters fenced", self.fenced),
            ("full disks", self.full_disks),
            ("ledgers lost", self.lost_ledgers),
            ("bits flipped", self.flipped_bits),
            ("simulated seconds", self.simulated_seconds),
        ]
    }

    pub(crate) fn add(&mut self, other: &Self) {
        let sums = [
            (&mut self.schedules, other.schedules),
            (&mut self.events, other.events),
            (&mut self.reports, other.reports),
            (&mut self.acknowledged, other.acknowledged),
            (&mut self.repeated, other.repeated),
            (&mut self.worker_kills, other.worker_kills),
            (&mut self.drains, other.drains),
            (&mut self.freezes, other.freezes),
            (&mut self.master_deaths, other.master_deaths),
            (&mut self.power_losses, other.power_losses),
            (&mut self.second_masters, other.second_masters),
            (&mut self.fenced, other.fenced),
            (&mut self.full_disks, other.full_disks),
            (&mut self.lost_ledgers, other.lost_ledgers),
            (&mut self.flipped_bits, other.flipped_bits),
            (&mut self.simulated_seconds, other.simulated_seconds),
        ];
        for (sum, number) in sums {
            *sum += number;
        }
    }
}

pub(crate) struct World {
    pub(crate) scenario: Scenario,
    pub(crate) rng: StdRng,
    pub(crate) now: Duration,
    queue: BTreeMap<(Duration, u64), Event>,
    scheduled: u64,
    pub(crate) job: JobSpec,
    pub(crate) machine: Machine,
    pub(crate) masters: Vec<MasterProcess>,
    pub(crate) master_starting: bool,
    pub(crate) workers: Vec<Worker>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) account: Account,
    pub(crate) ended_at: Option<Duration>,
    pub(crate) tale: Tale,
    trace: bool,
}

impl World {
    pub(crate) fn new(scenario: Scenario, trace: bool) -> Self {
        let job = Job {
            name: "sim".into(),
            attempt: String::new(),
            number: scenario.number.value().to_string(),
            public_exponent: None,
            method: Some(scenario.number.method.name().into()),
            checkpoint_seconds: scenario.checkpoint,
            max_cpu_hours: 24.0,
            pre_pass_seconds: 0,
            deadline_seconds: None,
        };
        Self {
            rng: StdRng::seed_from_u64(scenario.seed ^ 0x5eed),
            now: Duration::ZERO,
            queue: BTreeMap::new(),
            scheduled: 0,
            job: JobSpec::parse(&job).expect("the job is sound"),
            machine: Machine::new(),
            masters: Vec::new(),
            master_starting: true,
            workers: Vec::new(),
            slots: (0..SLOTS).map(|_| Slot::default()).collect(),
            account: Account::default(),
            ended_at: None,
            tale: Tale::default(),
            trace,
            scenario,
        }
    }

    pub(crate) fn tell(&self, what: impl FnOnce() -> String) {
        if self.trace {
            println!("{:10.3} {}", self.now.as_secs_f64(), what());
        }
    }

    pub(crate) fn schedule(&mut self, wait: Duration, event: Event) {
        self.scheduled += 1;
        let at = self.now + wait;
        self.queue.insert((at, self.scheduled), event);
    }

    /// Whether things go wrong now.
    pub(crate) fn is_stormy(&self) -> bool {
        self.scenario.kind == Kind::Storm && self.now < self.scenario.calm_from
    }

    /// Plays the schedule to its end.
    pub(crate) fn run(mut self) -> Result<Tale, String> {
        self.tell(|| format!("{:?}", self.scenario));
        self.schedule(Duration::ZERO, Event::StartMaster);
        for (at, fault) in self.scenario.faults.clone() {
            self.schedule(at, Event::Fault(fault));
        }
        self.schedule(self.scenario.calm_from, Event::Calm);
        self.scale(self.scenario.workers)?;
        while let Some(((at, _), event)) = self.queue.pop_first() {
            self.now = at;
            self.tale.events += 1;
            if at > self.scenario.end_by {
                return Err(self.stuck());
            }
            self.happen(event)?;
            let over = self.ended_at.is_some_and(|end| at > end + AFTERWARDS);
            if over && at > self.scenario.calm_from && self.master().is_some() {
                break;
            }
        }
        self.check_end()?;
        self.tale.schedules = 1;
        self.tale.repeated = self.account.repeated();
        self.tale.simulated_seconds = self.now.as_secs();
        Ok(self.tale)
    }

    fn happen(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Fault(fault) => return self.go_wrong(fault),
            Event::Calm => {
                self.machine.set_capacity(None);
                self.unlight();
                let wanted = self.slots.iter().filter(|slot| slot.wanted).count();
                return self.scale(wanted.max(1));
            }
            Event::DiskSpace => self.machine.set_capacity(None),
            Event::StartMaster => {
                self.master_starting = false;
                return self.start_master();
            }
            Event::Tick(master) => return self.tick(master),
            Event::Commit(master) => return self.commit(master),
            Event::TaskDone(master, result) => return self.task_done(master, *result),
            Event::Arrive(worker, id, request) => self.arrive(worker, id, request),
            Event::StartWorker(slot) => self.start_worker(slot),
            Event::Wake(number) | Event::Piece(number, ..) | Event::Replied(number, ..) => {
                match self.admit(number, event) {
                    Some(Event::Piece(_, lane, token)) => {
                        return self.piece_ends(number, lane, token);
                    }
                    Some(Event::Replied(_, id, reply)) => {
                        return self.worker_replied(number, id, reply);
                    }
                    Some(_) => return self.wake_worker(number),
                    None => {}
                }
            }
        }
        Ok(())
    }

    fn go_wrong(&mut self, fault: Fault) -> Result<(), String> {
        self.tell(|| format!("{fault:?}"));
        let running = self.running();
        let victim = match running.len() {
            0 => None,
            count => Some(running[self.rng.random_range(0..count)]),
        };
        match (fault, victim) {
            (Fault::Scale(count), _) => return self.scale(count),
            (Fault::KillWorker { spool }, Some(worker)) => self.kill_worker(worker, spool),
            (Fault::FreezeWorker(length), Some(worker)) => self.freeze_worker(worker, length),
            (Fault::CutOff(length), Some(worker)) => {
                self.workers[worker].cut_off_until = self.now + length;
            }
            (Fault::KillMaster, _) => {
                for number in self.living() {
                    self.tale.master_deaths += 1;
                    self.bury_master(number);
                }
            }
            (Fault::FuseMaster(changes), _) => self.fuse_master(changes),
            (Fault::PowerLoss, _) => self.lose_power(),
            (Fault::SecondMaster, _) => return self.start_second(),
            (Fault::DiskFull(length), _) => {
                self.tale.full_disks += 1;
                let room = self.rng.random_range(0..20_000);
                self.machine.set_capacity(Some(self.machine.used() + room));
                self.schedule(length, Event::DiskSpace);
            }
            (Fault::LoseLedger, _) => self.lose_ledger(),
            (Fault::FlipBit, _) => self.flip_bit(),
            (_, None) => {}
        }
        Ok(())
    }

    /// A message's way: how long it takes, unless it is lost.
    fn way(&mut self, worker: usize) -> Option<Duration> {
        let net = self.scenario.net;
        if self.now < self.workers[worker].cut_off_until {
            return None;
        }
        if !self.is_stormy() {
            return Some(Duration::from_millis(self.rng.random_range(1..50)));
        }
        if self.rng.random_bool(net.loss) {
            return None;
        }
        // Most are quick.
        let slowness: f64 = self.rng.random_range(0.0f64..1.0).powi(4);
        Some(Duration::from_millis(1) + net.slowest.mul_f64(slowness))
    }

    /// A worker sends a request; its time to be answered begins.
    pub(crate) fn transmit(&mut self, worker: usize, id: RequestId, request: Request) {
        let late = Event::Replied(worker, id, Reply::Failed("timed out".into()));
        self.schedule(request.timeout(), late);
        let again = self.is_stormy() && self.rng.random_bool(self.scenario.net.repeat);
        for _ in 0..1 + u8::from(again) {
            if let Some(length) = self.way(worker) {
                self.schedule(length, Event::Arrive(worker, id, request.clone()));
            }
        }
    }

    /// A master sends a reply.
    pub(crate) fn transmit_back(&mut self, worker: usize, id: RequestId, reply: Reply) {
        if let Some(length) = self.way(worker) {
            self.schedule(length, Event::Replied(worker, id, reply));
        }
    }

    fn stuck(&self) -> String {
        let state = self.master().map(|master| {
            let summary = master.summary(self.time());
            (summary.stage, summary.progress, summary.ledger_unavailable)
        });
        format!("not ended by {:?}: {state:?}", self.scenario.end_by)
    }
}
