//! Master processes in the simulated world: the real core, on a disk of the simulated
//! machine, that can die at any moment.

use crate::fuse::Fuse;
use crate::world::{Event, World};
use rand::RngExt as _;
use rsac_master::ledger::disk::Machine;
use rsac_master::{Master, Now, ReceivedReport, Response};
use rsac_protocol::{Problem, ProblemCode, Stage};
use rsac_worker::agent::{Reply, Request, RequestId};
use std::sync::Arc;
use std::time::Duration;

pub(crate) struct MasterProcess {
    master: Option<Master>,
    /// Whether it ever came to open the ledger: one that did not has promised nothing.
    opened: bool,
    fuse: Arc<Fuse>,
    inbox: Vec<(usize, RequestId, rsac_master::Request)>,
    committing: bool,
}

impl World {
    pub(crate) fn time(&self) -> Now {
        Now {
            elapsed: self.now,
            unix: 1_700_000_000 + self.now.as_secs(),
        }
    }

    /// The masters that run; more than one only where the second was started on purpose.
    pub(crate) fn living(&self) -> Vec<usize> {
        let all = self.masters.iter().enumerate();
        all.filter(|(_, process)| process.master.is_some())
            .map(|(number, _)| number)
            .collect()
    }

    /// The master that opened the ledger last.
    pub(crate) fn master(&self) -> Option<&Master> {
        self.masters.iter().rev().find_map(|p| p.master.as_ref())
    }

    pub(crate) fn start_master(&mut self) -> Result<(), String> {
        let number = self.masters.len();
        let process = self.machine.process();
        let fuse = Fuse::new(process);
        if self.is_stormy() && self.rng.random_bool(0.15) {
            fuse.light(self.rng.random_range(0..60));
        }
        let seed = self.rng.random();
        let opened = Master::open(&fuse.disk(), self.job.clone(), self.time(), seed);
        let mut process = MasterProcess {
            master: None,
            opened: false,
            fuse,
            inbox: Vec::new(),
            committing: false,
        };
        match opened {
            Ok(master) => {
                let position = master.position();
                self.tell(|| format!("master {number} opens {position:?}"));
                process.master = Some(master);
                process.opened = true;
            }
            Err(error) => {
                self.tell(|| format!("master {number} cannot open: {error}"));
                process.fuse.blow();
            }
        }
        if let Some(master) = &process.master {
            self.account.check(master, self.time())?;
        }
        self.masters.push(process);
        self.schedule(Duration::from_secs(1), Event::Tick(number));
        self.after(number)
    }

    /// Ends a master's process, as kill −9 does.
    pub(crate) fn bury_master(&mut self, number: usize) {
        let process = &mut self.masters[number];
        process.fuse.blow();
        process.master = None;
        for (worker, id, _) in std::mem::take(&mut process.inbox) {
            let reply = Reply::Failed("connection reset".into());
            self.schedule(Duration::from_millis(5), Event::Replied(worker, id, reply));
        }
        if self.living().is_empty() && !self.master_starting {
            self.master_starting = true;
            let pause = self.rng.random_range(0.5f64..4.0).powi(2);
            self.schedule(Duration::from_secs_f64(pause), Event::StartMaster);
        }
    }

    /// After anything that a master did: it may be dead, have ended, have work to do.
    fn after(&mut self, number: usize) -> Result<(), String> {
        let now = self.time();
        // One whose ledger was taken over cannot know what its successor promised.
        let is_last = self.masters[number + 1..].iter().all(|later| !later.opened);
        let process = &mut self.masters[number];
        let stopped = process.master.as_ref().and_then(|master| master.stopped());
        if let Some(error) = stopped {
            let error = error.to_string();
            self.tale.fenced += u64::from(error.contains("another master"));
            self.tell(|| format!("master {number} stops: {error}"));
            self.bury_master(number);
            return Ok(());
        }
        if process.fuse.is_blown() {
            self.tell(|| format!("master {number} is dead"));
            self.tale.master_deaths += 1;
            self.bury_master(number);
            return Ok(());
        }
        let Some(master) = &mut process.master else {
            return Ok(());
        };
        // Now and then; and always after an opening, and at the end.
        if is_last && self.tale.events.is_multiple_of(16) {
            self.account.check(master, now)?;
        }
        if let Some(task) = master.take_task() {
            let name = task.name();
            let result = task.run();
            self.tell(|| format!("master {number} runs: {name}"));
            let length = Duration::from_millis(self.rng.random_range(1..2000));
            self.schedule(length, Event::TaskDone(number, Box::new(result)));
        }
        if self.ended_at.is_some() || !is_last {
            return Ok(());
        }
        let summary = self.masters[number].master.as_ref().map(|m| m.summary(now));
        if let Some(summary) = summary
            && summary.ledger_unavailable.is_none()
            && let Some(outcome) = summary.outcome
        {
            self.tell(|| format!("master {number}: the job ends, {:?}", outcome.ending));
            self.ended_at = Some(self.now);
        }
        Ok(())
    }

    pub(crate) fn tick(&mut self, number: usize) -> Result<(), String> {
        let now = self.time();
        let Some(master) = &mut self.masters[number].master else {
            return Ok(());
        };
        master.tick(now);
        self.schedule(Duration::from_secs(1), Event::Tick(number));
        self.after(number)
    }

    pub(crate) fn task_done(
        &mut self,
        number: usize,
        result: rsac_master::TaskResult,
    ) -> Result<(), String> {
        let now = self.time();
        let Some(master) = &mut self.masters[number].master else {
            return Ok(());
        };
        master.task_done(now, result);
        self.after(number)
    }

    /// A request comes in at whichever master the network leads to.
    pub(crate) fn arrive(&mut self, worker: usize, id: RequestId, request: Request) {
        let living = self.living();
        if living.is_empty() {
            let reply = Reply::Failed("connection refused".into());
            self.schedule(Duration::from_millis(1), Event::Replied(worker, id, reply));
            return;
        }
        if self.is_stormy() && self.rng.random_bool(self.scenario.net.later) {
            let problem = Problem {
                code: ProblemCode::Later,
                message: "the queue is full".into(),
            };
            self.transmit_back(worker, id, Reply::Refused(problem));
            return;
        }
        let number = living[self.rng.random_range(0..living.len())];
        let request = match request {
            Request::Register(request) => rsac_master::Request::Register(request),
            Request::Acquire(request) => rsac_master::Request::Acquire(request),
            Request::Heartbeat(request) => rsac_master::Request::Heartbeat(request),
            Request::Release(request) => rsac_master::Request::Release(request),
            Request::Report(bytes) => match ReceivedReport::decode(bytes.to_vec()) {
                Ok(report) => rsac_master::Request::Report(report),
                Err(error) => unreachable!("a worker sent no report: {error}"),
            },
        };
        let process = &mut self.masters[number];
        process.inbox.push((worker, id, request));
        if !process.committing {
            process.committing = true;
            let wait = Duration::from_millis(self.rng.random_range(0..100));
            self.schedule(wait, Event::Commit(number));
        }
    }

    /// A group commit: what it answers is a promise.
    pub(crate) fn commit(&mut self, number: usize) -> Result<(), String> {
        let now = self.time();
        let process = &mut self.masters[number];
        process.committing = false;
        let Some(master) = &mut process.master else {
            return Ok(());
        };
        let inbox = std::mem::take(&mut process.inbox);
        let (from, requests): (Vec<_>, Vec<_>) =
            inbox.into_iter().map(|(w, id, r)| ((w, id), r)).unzip();
        let reports: Vec<_> = requests
            .iter()
            .map(|request| match request {
                rsac_master::Request::Report(report) => {
                    let report = report.report();
                    Some((report.plan, report.from..report.to))
                }
                _ => None,
            })
            .collect();
        // What comes for a plan that has done its duty is acknowledged, and not kept.
        let summary = master.summary(now);
        let searching = matches!(summary.stage, Stage::Search | Stage::Finish);
        let in_force = summary.plan.filter(|_| searching).map(|plan| plan.digest);
        let responses = master.handle_all(now, requests);
        let ledger = master.position().ledger;
        if process.fuse.is_blown() {
            // It died before it could answer anything.
            return self.after(number);
        }
        for (((worker, id), response), report) in from.into_iter().zip(responses).zip(reports) {
            match (&response, report) {
                (Ok(_), Some((plan, range))) => {
                    self.tale.acknowledged += 1;
                    if in_force == Some(plan) {
                        self.account.acknowledged(ledger, plan, range);
                    }
                }
                (Err(problem), Some((plan, range))) if self.is_final(problem.code) => {
                    let plan = plan.short();
                    return Err(format!("{range:?} of plan {plan} is refused: {problem}"));
                }
                _ => {}
            }
            self.transmit_back(worker, id, reply(response));
        }
        self.after(number)
    }

    /// What a worker computed, a master may not refuse for good, save when it begins
    /// again with an empty ledger, or one whose plan was damaged.
    fn is_final(&self, code: ProblemCode) -> bool {
        match code {
            ProblemCode::Later | ProblemCode::Internal => false,
            ProblemCode::ForeignLedger => self.tale.lost_ledgers + self.tale.flipped_bits == 0,
            _ => true,
        }
    }

    /// The machine loses power: every master on it dies, unsynced writes are lost.
    pub(crate) fn lose_power(&mut self) {
        self.tell(|| "the machine of the ledger loses power".into());
        self.tale.power_losses += 1;
        self.machine.power_loss(&mut self.rng);
        for number in self.living() {
            self.bury_master(number);
        }
    }

    /// The ledger is gone for good; the job begins again.
    pub(crate) fn lose_ledger(&mut self) {
        self.tell(|| "the ledger is lost".into());
        self.tale.lost_ledgers += 1;
        for number in self.living() {
            self.bury_master(number);
        }
        self.machine = Machine::new();
        self.ended_at = None;
    }

    /// The master dies, and a bit of its ledger turns before the next one. What was
    /// promised may be lost then, and must be searched again; nothing may be invented.
    pub(crate) fn flip_bit(&mut self) {
        for number in self.living() {
            self.bury_master(number);
        }
        let paths = self.machine.paths();
        if paths.is_empty() {
            return;
        }
        let path = &paths[self.rng.random_range(0..paths.len())];
        let rng = &mut self.rng;
        let mut flipped = None;
        self.machine.damage(path, |bytes| {
            if !bytes.is_empty() {
                let at = rng.random_range(0..bytes.len());
                bytes[at] ^= 1 << rng.random_range(0..8u8);
                flipped = Some(at);
            }
        });
        if let Some(at) = flipped {
            self.tell(|| format!("a bit of byte {at} of {path} turns"));
            self.tale.flipped_bits += 1;
            self.account.forgive();
            self.ended_at = None;
        }
    }

    pub(crate) fn start_second(&mut self) -> Result<(), String> {
        if self.living().len() != 1 {
            return Ok(());
        }
        self.tell(|| "a second master is started".into());
        self.tale.second_masters += 1;
        self.machine.break_locks();
        self.start_master()
    }

    pub(crate) fn fuse_master(&mut self, changes: i64) {
        if let Some(number) = self.living().last() {
            self.masters[*number].fuse.light(changes);
        }
    }

    pub(crate) fn unlight(&mut self) {
        for number in self.living() {
            self.masters[number].fuse.light(i64::MAX);
        }
    }
}

fn reply(response: Response) -> Reply {
    match response {
        Ok(rsac_master::Reply::Register(answer)) => Reply::Register(answer),
        Ok(rsac_master::Reply::Acquire(answer)) => Reply::Acquire(answer),
        Ok(rsac_master::Reply::Heartbeat(answer)) => Reply::Heartbeat(answer),
        Ok(rsac_master::Reply::Report(answer)) => Reply::Report(answer),
        Ok(rsac_master::Reply::Release(answer)) => Reply::Release(answer),
        Err(problem) => Reply::Refused(problem),
    }
}
